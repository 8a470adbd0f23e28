"""The disk image of macOS."""
