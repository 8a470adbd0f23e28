"""What outlives a restart: SQLite through SQLAlchemy Core, its migrations, and the vault that seals secrets."""
