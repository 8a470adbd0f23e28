"""The tokens: adding, enabling, removing them."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from app.desktop import dialogs, formats, words
from app.desktop.icons import Icons
from app.desktop.models.table_model import TableModel
from app.desktop.models.tokens import token_columns, token_lines
from app.desktop.operations import Operations
from app.desktop.widgets.empty_state import EmptyState
from app.desktop.widgets.symbol import Symbol
from app.desktop.widgets.table import Table
from app.gateway.snapshot import GatewaySnapshot, TokenState, TokenView


class TokensPage(QWidget):
    """All tokens in a table, and what can be done with them.

    Args:
        icons: for symbols and buttons.
        operations: what the buttons do.
        choose_file: asks for an auth.json and adds it.
    """

    def __init__(
        self, icons: Icons, operations: Operations, choose_file: Callable[[], None], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._icons = icons
        self._operations = operations
        self._choose_file = choose_file
        self._tokens: dict[str, TokenView] = {}
        self._model = TableModel(token_columns(), lambda name: icons.symbol(name, self.palette()), self)
        self.table = Table(self._model, self.tr("Tokens"))
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.table.customContextMenuRequested.connect(self._on_context_menu)
        self.table.selectionModel().selectionChanged.connect(self._update_buttons)
        self._enable = QPushButton(self.tr("&Disable"))
        self._enable.clicked.connect(self._on_enable)
        self._remove = QPushButton(self.tr("&Remove…"))
        self._remove.clicked.connect(self._on_remove)
        self._add_buttons: list[QPushButton] = []
        self._stack = QStackedWidget()
        self._stack.addWidget(
            EmptyState(
                icons,
                "key",
                self.tr("No token yet"),
                self.tr(
                    "A token is a ChatGPT login or an OpenAI API key. Waystation answers your clients with it. "
                    "Import the login that Codex has saved on this computer, or copy an access token or a key "
                    "and add it from the clipboard. You can also drop an auth.json onto this window."
                ),
                self._make_add_buttons(),
            )
        )
        self._stack.addWidget(self._filled())
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._stack)
        operations.busy_changed.connect(self._on_busy_changed)
        self._update_buttons()

    def show_snapshot(self, snapshot: GatewaySnapshot, now: float) -> None:
        """Show these tokens; `now` is in Unix seconds."""
        self._tokens = {token.id: token for token in snapshot.tokens}
        self._model.update_lines(token_lines(snapshot, now))
        self._stack.setCurrentIndex(1 if snapshot.tokens else 0)
        self._update_buttons()

    def selected(self) -> TokenView | None:
        """The selected token."""
        return self._tokens.get(self.table.selected_id() or "")

    def _filled(self) -> QWidget:
        buttons = QHBoxLayout()
        for button in self._make_add_buttons():
            buttons.addWidget(button)
        buttons.addStretch()
        buttons.addWidget(self._enable)
        buttons.addWidget(self._remove)
        filled = QWidget()
        column = QVBoxLayout(filled)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(10)
        column.addLayout(buttons)
        column.addWidget(self.table)
        return filled

    def _make_add_buttons(self) -> list[QPushButton]:
        from_file = QPushButton(self.tr("&Import auth.json…"))
        Symbol(self._icons, from_file, "file")
        from_file.clicked.connect(self._choose_file)
        from_clipboard = QPushButton(self.tr("Add from the &clipboard"))
        Symbol(self._icons, from_clipboard, "clipboard")
        from_clipboard.clicked.connect(self._operations.add_token_from_clipboard)
        self._add_buttons += [from_file, from_clipboard]
        return [from_file, from_clipboard]

    def _update_buttons(self) -> None:
        token = self.selected()
        free = not self._operations.is_busy("tokens")
        self._enable.setText(self.tr("&Disable") if token is None or token.enabled else self.tr("&Enable"))
        self._enable.setEnabled(token is not None and token.state is not TokenState.SEALED and free)
        self._remove.setEnabled(token is not None and free)
        for button in self._add_buttons:
            button.setEnabled(not self._operations.is_busy("add_token"))

    def _on_busy_changed(self, group: str, _busy: bool) -> None:
        if group in ("tokens", "add_token"):
            self._update_buttons()

    def _on_enable(self) -> None:
        token = self.selected()
        if token is not None:
            self._operations.set_token_enabled(token.id, not token.enabled)

    def _on_remove(self) -> None:
        token = self.selected()
        if token is not None:
            self._operations.run("ask", self._ask_and_remove(token))

    async def _ask_and_remove(self, token: TokenView) -> None:
        label = formats.shortened(words.token_label(token.label), 60)
        if await dialogs.confirmed(
            self.window(),
            self.tr("Remove token"),
            self.tr("Remove the token “{label}”?").format(label=label),
            yes=self.tr("Remove"),
            explanation=self.tr(
                "Its credentials are deleted from this computer. Its sessions go on with another token. "
                "The account itself is not touched."
            ),
        ):
            self._operations.remove_token(token.id)

    def _on_context_menu(self, position: QPoint) -> None:
        token = self.selected()
        if token is None:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(self._enable.text(), self._on_enable).setEnabled(self._enable.isEnabled())
        if token.state is TokenState.RESTING:
            menu.addAction(self.tr("&Try again now"), self._operations.reset_pool)
        menu.addAction(self._remove.text(), self._on_remove).setEnabled(self._remove.isEnabled())
        menu.popup(self.table.viewport().mapToGlobal(position))
