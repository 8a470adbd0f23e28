"""The command line: desktop, serve, practice, and the commands that a running instance carries out."""
