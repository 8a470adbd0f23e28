"""Setting Codex up: what was found, what would be written, and whether it works."""
