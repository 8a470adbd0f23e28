"""Alembic's environment. Found by this package's path, so that it needs no `alembic.ini` and works in a bundle."""
