"""What the tables show, as lines of text with stable ids."""
