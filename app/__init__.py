"""Waystation (驿站): a desktop gateway that pools Codex tokens behind one address."""

__version__ = "0.1.0"
