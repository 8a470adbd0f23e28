"""Counted things in the user's language, whose plural forms differ."""

from __future__ import annotations

from PySide6.QtCore import QObject


class Counts(QObject):
    """Numbers of things in words. lupdate knows plural forms only in calls of `tr` with a plain name."""

    def tokens(self, n: int) -> str:
        """So many tokens."""
        return self.tr("%n token(s)", "", n)

    def live_sessions(self, n: int) -> str:
        """So many sessions that were used in the last 24 hours."""
        return self.tr("%n session(s) in 24 h", "", n)

    def sessions(self, n: int) -> str:
        """So many sessions."""
        return self.tr("%n session(s)", "", n)

    def running(self, n: int) -> str:
        """So many turns that run."""
        return self.tr("%n request(s) running", "", n)

    def busy(self, n: int) -> str:
        """So many turns that run, where there is little room."""
        return self.tr("%n running", "", n)

    def moves(self, n: int) -> str:
        """So many moves of a session."""
        return self.tr("%n move(s)", "", n)

    def edits(self, n: int) -> str:
        """So many edits of a request's body."""
        return self.tr("%n edit(s)", "", n)

    def added(self, n: int) -> str:
        """So many tokens were added."""
        return self.tr("%n token(s) added.", "", n)

    def recognised(self, n: int) -> str:
        """So many logins are in a text."""
        return self.tr("Recognised: %n login(s).", "", n)

    def more_sessions(self, n: int) -> str:
        """So many sessions beside those that are named."""
        return self.tr("%n more…", "", n)

    def renewed(self, n: int) -> str:
        """So many tokens were there already."""
        return self.tr("%n token(s) were here already; their credentials are renewed.", "", n)

    def waiting(self, n: int) -> str:
        """So many turns wait at the station, until `{time}`."""
        return self.tr("%n request(s) are waiting at the station until {time}: all tokens are at their limit.", "", n)

    def outside(self, n: int) -> str:
        """So many tokens are refused by upstream."""
        return self.tr("%n token(s) need a new sign-in or a new key.", "", n)
