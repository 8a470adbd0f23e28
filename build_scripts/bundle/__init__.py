"""What build.py does to freeze Waystation: environment, icons, licenses, PyInstaller, and a look at the result."""
