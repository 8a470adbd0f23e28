"""The tokens: adding, watching, changing and removing them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, Protocol

from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtGui import QHideEvent, QIcon, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QAbstractItemView, QPushButton, QSplitter, QStackedWidget

from app.core.token import TokenKind
from app.desktop import words
from app.desktop.adding import Adding
from app.desktop.design import colours, space
from app.desktop.icons import Icons
from app.desktop.models.tokens import TONES, TokensModel
from app.desktop.operations import Operations
from app.desktop.pages.add_menu import AddMenu
from app.desktop.pages.token_detail import DetailActions, TokenDetail
from app.desktop.pages.token_menu import TokenMenu
from app.desktop.pages.undo_notices import UndoNotices
from app.desktop.preferences import Preferences
from app.desktop.widgets.empty_state import EmptyState
from app.desktop.widgets.page_frame import PageFrame
from app.desktop.widgets.symbol import Symbol
from app.desktop.widgets.table import Table
from app.desktop.widgets.two_lines import use_two_lines
from app.gateway.sign_in_desk import SignInWay
from app.gateway.snapshot import GatewaySnapshot, TokenState, TokenView

# From this width on, in pixels, the detail stands beside the list, otherwise below it.
_WIDE = 760
_SIDE_BY_SIDE = [640, 300]


class BeginSignIn(Protocol):
    """Begins a sign-in, for a new token, or with an id for a new login of that token."""

    def __call__(self, token_id: str | None = None, way: SignInWay = SignInWay.BROWSER) -> None:
        """Begin in this way."""


class TokensPage(PageFrame):
    """A list of all tokens, everything about the selected one, and what can be done with them.

    Args:
        icons: for symbols and buttons.
        operations: what the buttons do.
        preferences: where the sizes are kept.
        adding: adds tokens from files, from the clipboard and from what is typed.
        sign_in: begins a sign-in.
        open_session: turns to a session; None: to all of them.
    """

    def __init__(
        self,
        icons: Icons,
        operations: Operations,
        preferences: Preferences,
        adding: Adding,
        sign_in: BeginSignIn,
        open_session: Callable[[str | None], None],
    ) -> None:
        add = QPushButton()
        super().__init__(self.tr("Tokens"), actions=[add])
        self.add = add
        self._icons = icons
        self._operations = operations
        self._preferences = preferences
        self._adding = adding
        self._sign_in = sign_in
        self._snapshot: GatewaySnapshot | None = None
        self._tokens: dict[str, TokenView] = {}
        self._now = 0.0
        self.add.setText(self.tr("&Add token"))
        Symbol(icons, self.add, "add")
        self.add.setMenu(self._make_menu())
        self._model = TokensModel(self._symbol, self)
        self._model.reordered.connect(operations.tokens.order)
        self.table = Table(self._model, self.tr("Tokens"))
        use_two_lines(self.table)
        self._let_drag()
        self.table.arrange(preferences.geometry("tokens.table"))
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.table.customContextMenuRequested.connect(self._on_context_menu)
        self.table.selectionModel().selectionChanged.connect(self._show_detail)
        self.undo = UndoNotices(icons, operations.tokens.restore)
        self.menu = TokenMenu(icons, operations, sign_in, self.undo.show_removed, self)
        self.detail = TokenDetail(
            icons,
            DetailActions(
                help=self._on_help,
                sign_in=lambda token: sign_in(token.id),
                choose_way=self.menu.ask_for_way,
                test=lambda token: operations.tokens.test(token.id, token.label),
                enable=lambda token: operations.tokens.set_enabled(token.id, not token.enabled),
                more=lambda button: self._pop_up(button.mapToGlobal(QPoint(0, button.height()))),
                open_session=open_session,
            ),
        )
        self._split = QSplitter()
        self._lay_out()
        self._add_shortcuts()
        operations.busy_changed.connect(self._on_busy_changed)
        self._update_adding()

    def show_snapshot(self, snapshot: GatewaySnapshot, now: float) -> None:
        """Show these tokens; `now` is in Unix seconds."""
        first = not self._tokens
        self._snapshot, self._now = snapshot, now
        self._tokens = {token.id: token for token in snapshot.tokens}
        self._model.show_tokens(snapshot.tokens, now)
        if first and snapshot.tokens:
            # Only then: in place of one that has gone, another would take the press of a button that was meant for it.
            self.table.select_row(0)
        self._stack.setCurrentIndex(1 if snapshot.tokens else 0)
        self.add.setVisible(bool(snapshot.tokens))
        self.set_sentence(_summary(snapshot) if len(snapshot.tokens) > 1 else "")
        self.undo.show_present(self._tokens)
        self._show_detail()

    def sight(self) -> Any:
        """See `Page`: also the removals that can still be undone."""
        return self.table.sight(), self._split.orientation(), self._split.sizes(), self.undo.offered()

    def show_sight(self, sight: Any) -> None:
        """See `Page`."""
        table, orientation, sizes, offered = sight
        if self._split.orientation() is orientation:
            self._split.setSizes(sizes)
        self.table.show_sight(table)
        for token_id, label in offered.items():
            self.undo.show_removed(token_id, label)

    def selected(self) -> TokenView | None:
        """The selected token."""
        return self._tokens.get(self.table.selected_id() or "")

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The detail stands where it has room."""
        super().resizeEvent(event)
        wanted = Qt.Orientation.Horizontal if event.size().width() >= _WIDE else Qt.Orientation.Vertical
        if self._split.orientation() is not wanted:
            self._split.setOrientation(wanted)
            self._split.setSizes([10, 10] if wanted is Qt.Orientation.Vertical else _SIDE_BY_SIDE)

    def hideEvent(self, event: QHideEvent) -> None:
        """Remember what the user arranged."""
        super().hideEvent(event)
        self._preferences.keep_geometry("tokens.table", self.table.arrangement())

    def _symbol(self, name: str) -> QIcon:
        return self._icons.tinted(name, colours.mark(TONES[name], self.palette()))

    def _let_drag(self) -> None:
        self.table.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.table.setDragDropOverwriteMode(False)
        self.table.setDefaultDropAction(Qt.DropAction.MoveAction)

    def _make_menu(self) -> AddMenu:
        return AddMenu(self._icons, self._operations, self._adding, lambda way: self._sign_in(None, way), self)

    def _lay_out(self) -> None:
        self._split.setChildrenCollapsible(False)
        self._split.setHandleWidth(space.M)
        self._split.addWidget(self.table)
        self._split.addWidget(self.detail)
        self._split.setStretchFactor(0, 1)
        self._split.setSizes(_SIDE_BY_SIDE)
        self.table.setMinimumSize(QSize(260, 110))
        self._stack = QStackedWidget()
        self._stack.addWidget(self._empty())
        self._stack.addWidget(self._split)
        self.body.setSpacing(space.S)
        self.body.addWidget(self.undo)
        self.body.addWidget(self._stack, 1)

    def _empty(self) -> EmptyState:
        sign_in = QPushButton(self.tr("Sign in with Chat&GPT"))
        Symbol(self._icons, sign_in, "sign-in")
        sign_in.clicked.connect(lambda _checked=False: self._sign_in(None))
        self._from_clipboard = QPushButton(self.tr("Add from &clipboard"))
        Symbol(self._icons, self._from_clipboard, "clipboard")
        self._from_clipboard.clicked.connect(self._adding.from_clipboard)
        others = QPushButton(self.tr("Other &ways"))
        others.setMenu(self._make_menu())
        return EmptyState(
            self._icons,
            "key",
            self.tr("No token yet"),
            self.tr(
                "A token is a ChatGPT login or an OpenAI API key. Waystation answers your clients with it. "
                "Sign in with your ChatGPT account; the sign-in is Waystation's own and signs nobody out. "
                "You can also import auth.json files, drop them onto this window, or copy an access token or a "
                "key and add it from the clipboard."
            ),
            [sign_in, self._from_clipboard, others],
        )

    def _add_shortcuts(self) -> None:
        keys: dict[str, Callable[[TokenView], None]] = {
            "Del": self.menu.remove,
            "F2": self.menu.ask_for_name,
            "Alt+Up": lambda token: self.menu.move_token(token, list(self._tokens), -1),
            "Alt+Down": lambda token: self.menu.move_token(token, list(self._tokens), 1),
        }
        for key, act in keys.items():
            shortcut = QShortcut(QKeySequence(key), self.table)
            shortcut.setContext(Qt.ShortcutContext.WidgetShortcut)
            shortcut.activated.connect(lambda act=act: self._with_selected(act))

    def _with_selected(self, act: Callable[[TokenView], None]) -> None:
        token = self.selected()
        if token is not None and not self._operations.is_busy("tokens"):
            act(token)

    def _show_detail(self) -> None:
        token = self.selected()
        self.detail.setVisible(token is not None)
        if token is not None and self._snapshot is not None:
            self.detail.show_token(token, self._snapshot, self._now, busy=self._operations.is_busy("tokens"))

    def _update_adding(self) -> None:
        free = not self._operations.is_busy("add_token")
        self.add.setEnabled(free)
        self._from_clipboard.setEnabled(free)

    def _on_busy_changed(self, group: str, busy: bool) -> None:
        if group == "tokens":
            self.detail.show_busy(busy)
        elif group == "add_token":
            self._update_adding()

    def _on_help(self, token: TokenView) -> None:
        if token.state is TokenState.SIGN_IN and token.kind is TokenKind.CHATGPT:
            self._sign_in(token.id)
        elif token.state is TokenState.RESTING:
            self._operations.tokens.retry(token.id, token.label)

    def _on_context_menu(self, position: QPoint) -> None:
        self._pop_up(self.table.viewport().mapToGlobal(position))

    def _pop_up(self, where: QPoint) -> None:
        token = self.selected()
        if token is not None:
            self.menu.show_token(token, list(self._tokens))
            self.menu.popup(where)


def _summary(snapshot: GatewaySnapshot) -> str:
    """How many tokens are in each state: `Ready: 3 · Resting: 1`."""
    order = list(TokenState)
    tokens = sorted(snapshot.tokens, key=lambda token: order.index(token.state))
    found = Counter(words.token_state(token) for token in tokens)
    return " · ".join(f"{state}: {number}" for state, number in found.items())
