"""What build.py does to make installers: a package for each system, and what chooses among them."""
