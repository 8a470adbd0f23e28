"""All ways to add a token, as the menu of one button."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtWidgets import QMenu, QWidget

from app.desktop import dialogs
from app.desktop.adding import Adding
from app.desktop.icons import Icons
from app.desktop.key_dialog import KeyDialog
from app.desktop.operations import Operations
from app.desktop.removed_dialog import RemovedDialog
from app.gateway.sign_in_desk import SignInWay


class AddMenu(QMenu):
    """The ways to add a token, and the one back to a removed one.

    Args:
        icons: for dialogs.
        operations: carry it out.
        adding: adds tokens from files, from the clipboard and from what is typed.
        sign_in: begins a sign-in in this way.
        parent: over whose window dialogs stand.
    """

    def __init__(
        self,
        icons: Icons,
        operations: Operations,
        adding: Adding,
        sign_in: Callable[[SignInWay], None],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._icons = icons
        self._operations = operations
        self._adding = adding
        self._owner = parent
        self._entry(self.tr("Sign in with the &browser"), lambda: sign_in(SignInWay.BROWSER))
        self._entry(self.tr("Sign in with a &device code"), lambda: sign_in(SignInWay.DEVICE))
        self.addSeparator()
        self._entry(self.tr("&Import auth.json…"), adding.choose_files)
        self._entry(self.tr("Add from &clipboard"), adding.from_clipboard)
        self._entry(self.tr("Type or paste a &key…"), lambda: operations.run("ask", self._ask_for_key()))
        # It can be done any time, and is no entry that does something.
        self._entry(self.tr("Or drop files onto this window"), lambda: None)
        self.actions()[-1].setEnabled(False)
        self.addSeparator()
        self._entry(self.tr("&Removed tokens…"), lambda: operations.run("ask", self._show_removed()))

    def _entry(self, label: str, act: Callable[[], object]) -> None:
        self.addAction(label).triggered.connect(lambda _checked=False: act())

    async def _ask_for_key(self) -> None:
        await dialogs.finished(KeyDialog(self._icons, self._operations, self._adding.add_text, self._owner.window()))

    async def _show_removed(self) -> None:
        removed = await self._operations.tokens.removed()
        restore = self._operations.tokens.restore
        await dialogs.finished(RemovedDialog(self._icons, removed, restore, time.time(), self._owner.window()))
