"""The installer for Windows: per user, compiled by makensis from waystation.nsi and what make.py fills in."""
