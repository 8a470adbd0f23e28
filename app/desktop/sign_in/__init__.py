"""Signing in with ChatGPT: the dialog, what it says, and who leads it."""
