"""What a release is made of, once every system has made its installers: files with their sums, and notes."""
