"""What the user can do with one session."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from app.desktop import formats, words
from app.desktop.commanding import Commanding


class SessionOperations:
    """The user's operations on sessions."""

    def __init__(self, commanding: Commanding) -> None:
        self._commanding = commanding

    def pin(self, session_id: str, pinned: bool) -> None:
        """Keep it on its token whatever happens to that, or let it move again."""
        self._commanding.begin("sessions", self._commanding.do("session.pin", id=session_id, pinned=pinned))

    def move(self, session_id: str, token_id: str) -> None:
        """Give it another home; a turn of it that waits goes there at once, else its next one does."""
        self._commanding.begin("sessions", self._move(session_id, token_id))

    def forget(self, session_id: str) -> None:
        """Forget which token it belongs to."""
        self._commanding.begin("sessions", self._commanding.do("session.forget", id=session_id))

    async def _move(self, session_id: str, token_id: str) -> str:
        moved = await self._commanding.call("session.move", id=session_id, token_id=token_id)
        said = QCoreApplication.translate(
            "SessionOperations", "The session belongs to “{label}” now; its next request goes there."
        )
        return said.format(label=formats.shortened(words.token_label(moved["label"]), 60))
