"""The sections of the settings page, one module each."""
