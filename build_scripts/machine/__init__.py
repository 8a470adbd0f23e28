"""What dev.py does to a machine so that Waystation can run and be tested on it. Standard library only."""
