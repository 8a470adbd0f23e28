"""What differs by operating system or by the user's programs: folders, the instance's lock, shells, Codex."""
