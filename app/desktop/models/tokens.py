"""The tokens as a table of two-line rows, which the user may put into another order by dragging."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QCoreApplication, QMimeData, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QIcon

from app.core.quota import Quota, Window
from app.desktop import formats, token_words, words
from app.desktop.counts import Counts
from app.desktop.design.colours import Tone
from app.desktop.models.lines import Cell
from app.desktop.models.rows_model import RowColumn, RowsModel
from app.desktop.widgets.gauge import reading
from app.desktop.widgets.two_lines import BAR, BELOW
from app.gateway.snapshot import TokenState, TokenView

_Index = QModelIndex | QPersistentModelIndex
_Choose = Callable[[Quota | None], Window | None]
_NO_INDEX = QModelIndex()
_ROW = "application/x-waystation-token"
_LABEL, _STATE, _SHORT, _LONG, _USE = range(5)

#: Symbols of states, with their tones; the words beside them say the same.
SYMBOLS = {
    TokenState.READY: ("state-ready", Tone.POSITIVE),
    TokenState.DISABLED: ("state-disabled", Tone.NEUTRAL),
    TokenState.RESTING: ("state-resting", Tone.WARNING),
    TokenState.SEALED: ("state-sealed", Tone.ERROR),
    TokenState.SIGN_IN: ("warning", Tone.ERROR),
}
_SPARE = ("state-spare", Tone.POSITIVE)
TONES = dict([*SYMBOLS.values(), _SPARE])
# What is usable comes first.
_RANKS = {
    state: rank
    for rank, state in enumerate(
        (TokenState.READY, TokenState.RESTING, TokenState.SIGN_IN, TokenState.SEALED, TokenState.DISABLED)
    )
}


def symbol_of(token: TokenView) -> str:
    """The name of the symbol of a token's state."""
    spare = token.spare and token.state is TokenState.READY
    return (_SPARE if spare else SYMBOLS[token.state])[0]


def account_line(token: TokenView) -> str:
    """Whose it is and what plan: `so•••@example.com · Plus`."""
    parts = (token.email or words.token_kind(token.kind), words.plan(token.plan))
    return " · ".join(part for part in parts if part)


class TokensModel(RowsModel[TokenView]):
    """Cells answer `BELOW` and `BAR` beside Qt's own roles.

    Signals:
        reordered: the user dragged a row; all ids as they shall stand.

    Args:
        symbol: draws the symbol of a state.
        parent: its owner.
    """

    reordered = Signal(list)

    def __init__(self, symbol: Callable[[str], QIcon], parent: QObject | None = None) -> None:
        cells = _Cells()
        super().__init__(cells.columns(), lambda token: token.id, symbol, parent)
        self._cells = cells
        self._free = True

    def show_tokens(self, tokens: Sequence[TokenView], now: float) -> None:
        """Become these tokens, in the user's order; `now` is in Unix seconds."""
        passed = int(now // 60) != int(self._cells.now // 60)
        self._cells.now = now
        self.update_rows(tokens)
        if passed:
            self.redraw()

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """See QAbstractItemModel; `BELOW` is a text, `BAR` a tuple of percent and tone, or None."""
        if role not in (BELOW, BAR, Qt.ItemDataRole.AccessibleTextRole):
            return super().data(index, role)
        token = self.row(index.row()) if index.isValid() else None
        if token is None:
            return None
        if role == BAR:
            return self._cells.bar(token, index.column())
        below = self._cells.below(token, index.column())
        if role == BELOW:
            return below
        return ", ".join(part for part in (str(self.data(index)), below) if part)

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sorted rows cannot be dragged: they do not stand in the user's order."""
        self._free = column < 0
        super().sort(column, order)

    def flags(self, index: _Index) -> Qt.ItemFlag:
        """See QAbstractItemModel."""
        if not self._free:
            return super().flags(index)
        # Between rows, never on one.
        more = Qt.ItemFlag.ItemIsDragEnabled if index.isValid() else Qt.ItemFlag.ItemIsDropEnabled
        return super().flags(index) | more

    def supportedDropActions(self) -> Qt.DropAction:
        """See QAbstractItemModel."""
        return Qt.DropAction.MoveAction

    def mimeTypes(self) -> list[str]:
        """See QAbstractItemModel."""
        return [_ROW]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        """The id of the row that is dragged."""
        data = QMimeData()
        token_id = self.line_id(indexes[0].row()) if indexes else None
        data.setData(_ROW, (token_id or "").encode())
        return data

    def dropMimeData(
        self, data: QMimeData, action: Qt.DropAction, row: int, column: int, parent: _Index = _NO_INDEX
    ) -> bool:
        """Ask for the new order; the rows move when the gateway has it."""
        moved = self.number_of(bytes(data.data(_ROW).data()).decode())
        if moved is None or not self._free:
            return False
        before = [token.id for token in self.shown]
        place = row if row >= 0 else len(before)
        after = [*before[:place], before[moved], *before[place:]]
        del after[moved if moved < place else moved + 1]
        if after != before:
            self.reordered.emit(after)
        return True


class _Cells:
    """What the cells say, at `now`, in Unix seconds."""

    def __init__(self) -> None:
        self.now = 0.0

    def columns(self) -> tuple[RowColumn[TokenView], ...]:
        """What the table says of a token."""
        left = QCoreApplication.translate("Tables", "What is left of the quota, and when it is full again")
        return (
            RowColumn(
                QCoreApplication.translate("Tables", "Token"),
                24,
                lambda token: Cell(words.token_label(token.label), hint=_label_hint(token)),
                lambda token: words.token_label(token.label).casefold(),
                stretch=True,
            ),
            RowColumn(
                QCoreApplication.translate("Tables", "State"),
                17,
                self._state,
                lambda token: (_RANKS[token.state], token.rest_until or 0.0),
                stretch=True,
            ),
            RowColumn(
                QCoreApplication.translate("Tables", "Left (5 h)"),
                11,
                lambda token: self._left(token, token_words.short_window),
                lambda token: self._share(token, token_words.short_window),
                hint=left,
            ),
            RowColumn(
                QCoreApplication.translate("Tables", "Left (week)"),
                15,
                lambda token: self._left(token, token_words.long_window),
                lambda token: self._share(token, token_words.long_window),
                hint=left,
            ),
            RowColumn(
                QCoreApplication.translate("Tables", "In use"),
                9,
                lambda token: Cell(Counts().sessions(token.sessions) if token.sessions else formats.NOTHING),
                lambda token: (token.active_turns, token.sessions),
                hint=QCoreApplication.translate("Tables", "Sessions of the last 24 hours, and requests that run now"),
            ),
        )

    def below(self, token: TokenView, column: int) -> str:
        """The second line of a cell."""
        if column == _LABEL:
            return account_line(token)
        if column == _STATE and token.state is TokenState.READY and token.last_error_at is not None:
            said = QCoreApplication.translate("Tables", "failed at {time}")
            return said.format(time=formats.minute(token.last_error_at, self.now))
        if column == _USE and token.active_turns:
            return Counts().busy(token.active_turns)
        return ""

    def bar(self, token: TokenView, column: int) -> tuple[int, Tone] | None:
        """The gauge of a cell."""
        if column not in (_SHORT, _LONG):
            return None
        choose = token_words.short_window if column == _SHORT else token_words.long_window
        window = choose(token.quota)
        if window is None:
            return None
        said = reading(window, (), self.now)
        return said.left_percent, said.tone

    def _state(self, token: TokenView) -> Cell:
        return Cell(
            token_words.state(token, self.now), icon=symbol_of(token), hint=token_words.state_hint(token, self.now)
        )

    def _left(self, token: TokenView, choose: _Choose) -> Cell:
        quota, window = token.quota, choose(token.quota)
        hint = None if quota is None else token_words.quota_hint(quota, self.now)
        return Cell(formats.NOTHING if window is None else token_words.left(window, self.now), hint=hint)

    def _share(self, token: TokenView, choose: _Choose) -> float:
        window = choose(token.quota)
        return -1.0 if window is None else 100.0 - window.used_at(self.now)


def _label_hint(token: TokenView) -> str:
    return f"{words.token_label(token.label)}\n{account_line(token)}"
