"""Counted things in the user's language, whose plural forms differ."""

from __future__ import annotations

from PySide6.QtCore import QObject


class Counts(QObject):
    """Numbers of things in words. lupdate knows plural forms only in calls of `tr` with a plain name."""

    def tokens(self, n: int) -> str:
        """So many tokens."""
        return self.tr("%n token(s)", "", n)

    def live_sessions(self, n: int) -> str:
        """So many live sessions."""
        return self.tr("%n live session(s)", "", n)

    def running(self, n: int) -> str:
        """So many turns that run."""
        return self.tr("%n request(s) running", "", n)

    def edits(self, n: int) -> str:
        """So many edits of a request's body."""
        return self.tr("%n edit(s)", "", n)
