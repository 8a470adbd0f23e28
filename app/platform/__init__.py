"""What differs by operating system or by the user's programs: shells, Codex's files, autostart, proxies."""
