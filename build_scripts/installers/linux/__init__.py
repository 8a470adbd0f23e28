"""What Linux installs Waystation by."""
