"""The tokens: adding, watching, changing and removing them."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from app.desktop.adding import Adding
from app.desktop.icons import Icons
from app.desktop.models.table_model import TableModel
from app.desktop.models.tokens import token_columns, token_lines
from app.desktop.operations import Operations
from app.desktop.pages.pool_bar import PoolBar
from app.desktop.pages.token_menu import TokenMenu
from app.desktop.widgets.empty_state import EmptyState
from app.desktop.widgets.page_frame import Page
from app.desktop.widgets.symbol import Symbol
from app.desktop.widgets.table import Table
from app.gateway.sign_in_desk import SignInWay
from app.gateway.snapshot import GatewaySnapshot, TokenState, TokenView


class BeginSignIn(Protocol):
    """Begins a sign-in, for a new token, or with an id for a new login of that token."""

    def __call__(self, token_id: str | None = None, way: SignInWay = SignInWay.BROWSER) -> None:
        """Begin in this way."""


class TokensPage(Page):
    """All tokens in a table, and what can be done with them.

    Args:
        icons: for symbols and buttons.
        operations: what the buttons do.
        adding: adds tokens from files and from the clipboard.
        sign_in: begins a sign-in.
    """

    def __init__(
        self,
        icons: Icons,
        operations: Operations,
        adding: Adding,
        sign_in: BeginSignIn,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._icons = icons
        self._operations = operations
        self._adding = adding
        self._sign_in = sign_in
        self._tokens: dict[str, TokenView] = {}
        self._model = TableModel(token_columns(), lambda name: icons.symbol(name, self.palette()), self)
        self.table = Table(self._model, self.tr("Tokens"))
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.table.customContextMenuRequested.connect(self._on_context_menu)
        self.table.selectionModel().selectionChanged.connect(self._update_buttons)
        self.menu = TokenMenu(icons, operations, sign_in, self)
        self.pool = PoolBar(icons, operations)
        self._help = QPushButton(self.tr("Try n&ow"))
        self._help_symbol = Symbol(icons, self._help, "sign-in")
        self._help.clicked.connect(self._on_help)
        self._enable = QPushButton(self.tr("&Disable"))
        self._enable.clicked.connect(self._on_enable)
        self._more = QPushButton(self.tr("&More"))
        self._more.clicked.connect(self._on_more)
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
                    "Sign in with your ChatGPT account; the sign-in is Waystation's own and signs nobody out. "
                    "You can also import auth.json files, drop them onto this window, or copy an access token or a "
                    "key and add it from the clipboard."
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
        self.pool.show_snapshot(snapshot)
        self._update_buttons()

    def selected(self) -> TokenView | None:
        """The selected token."""
        return self._tokens.get(self.table.selected_id() or "")

    def _filled(self) -> QWidget:
        buttons = QHBoxLayout()
        buttons.addWidget(self._make_sign_in())
        buttons.addWidget(self._make_other_ways())
        buttons.addStretch()
        for button in (self._help, self._enable, self._remove, self._more):
            buttons.addWidget(button)
        filled = QWidget()
        column = QVBoxLayout(filled)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(10)
        column.addLayout(buttons)
        column.addWidget(self.table)
        column.addWidget(self.pool)
        return filled

    def _make_sign_in(self) -> QPushButton:
        sign_in = QPushButton(self.tr("Sign in with Chat&GPT"))
        Symbol(self._icons, sign_in, "sign-in")
        sign_in.clicked.connect(lambda _checked=False: self._sign_in(None))
        return sign_in

    def _make_other_ways(self) -> QPushButton:
        others = QPushButton(self.tr("Other &ways"))
        menu = QMenu(others)
        menu.addAction(self.tr("Sign in with a &device code")).triggered.connect(
            lambda _checked=False: self._sign_in(None, SignInWay.DEVICE)
        )
        menu.addAction(self.tr("&Import auth.json…")).triggered.connect(self._adding.choose_files)
        menu.addAction(self.tr("Add from &clipboard")).triggered.connect(self._adding.from_clipboard)
        others.setMenu(menu)
        self._add_buttons.append(others)
        return others

    def _make_add_buttons(self) -> list[QPushButton]:
        from_file = QPushButton(self.tr("&Import auth.json…"))
        Symbol(self._icons, from_file, "file")
        from_file.clicked.connect(self._adding.choose_files)
        from_clipboard = QPushButton(self.tr("Add from &clipboard"))
        Symbol(self._icons, from_clipboard, "clipboard")
        from_clipboard.clicked.connect(self._adding.from_clipboard)
        self._add_buttons += [from_file, from_clipboard]
        return [self._make_sign_in(), from_file, from_clipboard]

    def _update_buttons(self) -> None:
        token = self.selected()
        free = not self._operations.is_busy("tokens")
        self._show_help(token)
        self._help.setEnabled(free)
        self._enable.setText(self.tr("&Disable") if token is None or token.enabled else self.tr("&Enable"))
        self._enable.setEnabled(token is not None and token.state is not TokenState.SEALED and free)
        self._more.setEnabled(token is not None and free)
        self._remove.setEnabled(token is not None and free)
        for button in self._add_buttons:
            button.setEnabled(not self._operations.is_busy("add_token"))

    def _show_help(self, token: TokenView | None) -> None:
        """The one thing that brings the selected token back; without any the button is not there."""
        state = token.state if token is not None else None
        if state is TokenState.SIGN_IN:
            self._help.setText(self.tr("Sign in &again"))
            self._help_symbol.show("sign-in")
        elif state is TokenState.RESTING:
            self._help.setText(self.tr("Try n&ow"))
            self._help_symbol.show("start")
        self._help.setVisible(state in (TokenState.SIGN_IN, TokenState.RESTING))

    def _on_busy_changed(self, group: str, _busy: bool) -> None:
        if group in ("tokens", "add_token"):
            self._update_buttons()

    def _on_help(self) -> None:
        token = self.selected()
        if token is not None and token.state is TokenState.SIGN_IN:
            self._sign_in(token.id)
        elif token is not None and token.state is TokenState.RESTING:
            self._operations.tokens.retry(token.id, token.label)

    def _on_enable(self) -> None:
        token = self.selected()
        if token is not None:
            self._operations.tokens.set_enabled(token.id, not token.enabled)

    def _on_remove(self) -> None:
        token = self.selected()
        if token is not None:
            self.menu.ask_to_remove(token)

    def _on_more(self) -> None:
        self._pop_up(self._more.mapToGlobal(QPoint(0, self._more.height())))

    def _on_context_menu(self, position: QPoint) -> None:
        self._pop_up(self.table.viewport().mapToGlobal(position))

    def _pop_up(self, where: QPoint) -> None:
        token = self.selected()
        if token is not None:
            self.menu.show_token(token, list(self._tokens))
            self.menu.popup(where)
