"""What the user can do about new versions of Waystation."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from app.core.errors import InvalidInput, WaystationError
from app.desktop.commanding import Commanding
from app.desktop.messages import Told
from app.desktop.opening import open_page

#: The group of what is chosen, and that of the question itself, which may take a while.
UPDATES = "updates"
CHECK = "check for updates"


class UpdateOperations:
    """The user's operations on new versions."""

    def __init__(self, commanding: Commanding) -> None:
        self._commanding = commanding

    def agree(self, agreed: bool) -> None:
        """Whether the release feed may be asked once a day."""
        self._commanding.begin(UPDATES, self._commanding.do("update.agree", agreed=agreed))

    def check(self) -> None:
        """Ask the release feed now."""
        self._commanding.begin(CHECK, self._check())

    def skip(self, version: str | None) -> None:
        """Do not speak of this version any more; None: speak of it after all."""
        self._commanding.begin(UPDATES, self._commanding.do("update.skip", version=version))

    def use_feed(self, address: str) -> None:
        """Ask this release feed from now on; an empty text: the one that this build brings."""
        self._commanding.begin(UPDATES, self._commanding.do("update.feed", address=address or None))

    def open_page(self, address: str) -> None:
        """Open the page of a release in the user's browser."""
        self._commanding.begin("page", self._open_page(address))

    async def _check(self) -> None:
        try:
            await self._commanding.do("update.check")
        except InvalidInput:
            raise
        except WaystationError:
            # The card says what failed, for as long as it is so.
            return

    async def _open_page(self, address: str) -> None:
        if not open_page(address):
            said = QCoreApplication.translate("UpdateOperations", "No program opened the page. It is {address}")
            raise Told(said.format(address=address))
