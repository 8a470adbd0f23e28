"""What can be done with the selected token, as a menu: of the table, and of the button beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget

from app.core.token import TokenKind
from app.desktop import dialogs, formats, words
from app.desktop.icons import Icons
from app.desktop.operations import Operations
from app.desktop.proxy_dialog import ProxyDialog
from app.gateway.snapshot import TokenState, TokenView
from app.gateway.token_desk import MAX_LABEL


class TokenMenu(QMenu):
    """A menu about one token, filled anew for each; it asks where it needs to.

    Args:
        icons: for dialogs.
        operations: carry it out.
        sign_in: begins the sign-in that renews a token's login.
        removed: called with id and label when a token has been removed.
        parent: over whose window questions stand.
    """

    def __init__(
        self,
        icons: Icons,
        operations: Operations,
        sign_in: Callable[[str], None],
        removed: Callable[[str, str], None],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._icons = icons
        self._operations = operations
        self._sign_in = sign_in
        self._removed = removed
        self._owner = parent

    def show_token(self, token: TokenView, order: Sequence[str]) -> None:
        """Become the menu of this token.

        Args:
            token: that it is about.
            order: the ids of all tokens, as they stand.
        """
        self.clear()
        place = order.index(token.id) if token.id in order else 0
        opened = token.state is not TokenState.SEALED
        tokens = self._operations.tokens
        if token.kind is TokenKind.CHATGPT:
            self._entry(self.tr("&Sign in again…"), lambda: self._sign_in(token.id))
        self._entry(self.tr("&Try now"), lambda: tokens.retry(token.id, token.label), token.state is TokenState.RESTING)
        self._entry(self.tr("T&est"), lambda: tokens.test(token.id, token.label), opened)
        self.addSeparator()
        self._entry(
            self.tr("&Disable") if token.enabled else self.tr("&Enable"),
            lambda: tokens.set_enabled(token.id, not token.enabled),
            opened,
        )
        spare = self._entry(
            self.tr("S&pare: only when the others cannot"), lambda: tokens.set_spare(token.id, not token.spare)
        )
        spare.setCheckable(True)
        spare.setChecked(token.spare)
        self._entry(self.tr("Move &up"), lambda: self.move_token(token, order, -1), place > 0, "Alt+Up")
        self._entry(self.tr("Move dow&n"), lambda: self.move_token(token, order, 1), place + 1 < len(order), "Alt+Down")
        self.addSeparator()
        self._entry(self.tr("Rena&me…"), lambda: self.ask_for_name(token), keys="F2")
        self._entry(self.tr("Own pro&xy…"), lambda: self.ask_for_way(token), opened)
        self._entry(self.tr("&Remove"), lambda: self.remove(token), keys="Del")

    def remove(self, token: TokenView) -> None:
        """Remove it; that can be undone."""
        self._operations.tokens.remove(token.id, lambda: self._removed(token.id, token.label))

    def move_token(self, token: TokenView, order: Sequence[str], by: int) -> None:
        """Change its place among all tokens by so many, as far as there are places."""
        place = order.index(token.id)
        if 0 <= place + by < len(order):
            self._operations.tokens.order(_moved(order, place, by))

    def ask_for_name(self, token: TokenView) -> None:
        """Let the user rename it."""
        self._operations.run("ask", self._ask_for_name(token))

    def ask_for_way(self, token: TokenView) -> None:
        """Let the user choose its way upstream."""
        self._operations.run("ask", self._ask_for_way(token))

    def _entry(self, label: str, act: Callable[[], object], possible: bool = True, keys: str = "") -> QAction:
        # The table has the keys; the menu only tells of them.
        entry = self.addAction(f"{label}\t{keys}" if keys else label)
        entry.triggered.connect(lambda _checked=False: act())
        entry.setEnabled(possible)
        return entry

    async def _ask_for_name(self, token: TokenView) -> None:
        label = await dialogs.named(
            self._owner.window(), self.tr("Rename token"), self.tr("Name of the token:"), token.label, MAX_LABEL
        )
        if label is not None:
            self._operations.tokens.rename(token.id, label)

    async def _ask_for_way(self, token: TokenView) -> None:
        async def choose(text: str) -> None:
            await self._operations.tokens.set_proxy(token.id, text)

        dialog = ProxyDialog(
            self._icons,
            self._operations,
            self.tr("Proxy of “{label}”").format(label=formats.shortened(words.token_label(token.label), 60)),
            self.tr("The &same way as Waystation"),
            token.proxy,
            choose,
            self._owner.window(),
        )
        dialog.offer(await self._operations.pool.found_proxies())
        await dialogs.finished(dialog)


def _moved(order: Sequence[str], place: int, by: int) -> list[str]:
    moved = list(order)
    moved.insert(place + by, moved.pop(place))
    return moved
