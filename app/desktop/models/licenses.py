"""The licenses as a table of two-line rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from PySide6.QtCore import QCoreApplication, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QIcon

from app.core.license import LicenseState, LicenseUsage
from app.desktop import formats, words
from app.desktop.amounts import compact
from app.desktop.codex_words import client_name
from app.desktop.design.colours import Tone
from app.desktop.models.lines import Cell
from app.desktop.models.rows_model import RowColumn, RowsModel
from app.desktop.widgets.two_lines import BAR, BELOW
from app.gateway.license_desk import LicenseView

_Index = QModelIndex | QPersistentModelIndex
_LABEL, _USED, _TODAY, _MONTH, _EXPIRES = range(5)
# Less left of a budget than this, in percent, is little.
_LITTLE = 20

#: Symbols of states, with their tones; the words beside them say the same.
TONES = {
    "state-ready": Tone.POSITIVE,
    "state-resting": Tone.WARNING,
    "state-sealed": Tone.ERROR,
    "state-disabled": Tone.NEUTRAL,
}


@dataclass(frozen=True, slots=True)
class LicenseRow:
    """A license with what it used in the last 30 days; None while that is not known."""

    view: LicenseView
    usage: LicenseUsage | None


class LicensesModel(RowsModel[LicenseRow]):
    """Cells answer `BELOW` and `BAR` beside Qt's own roles.

    Args:
        symbol: draws the symbol of a state.
        parent: its owner.
    """

    def __init__(self, symbol: Callable[[str], QIcon], parent: QObject | None = None) -> None:
        self._now = 0.0
        super().__init__(self._columns(), lambda row: row.view.id, symbol, parent)

    def show_rows(self, rows: Sequence[LicenseRow], now: float) -> None:
        """Become these licenses; `now` is in Unix seconds."""
        passed = now // 3600 != self._now // 3600
        self._now = now
        self.update_rows(rows)
        if passed:
            # What a time is called depends on how near it is.
            self.redraw()

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """See QAbstractItemModel; `BELOW` is a text, `BAR` a tuple of percent and tone, or None."""
        if role not in (BELOW, BAR, Qt.ItemDataRole.AccessibleTextRole):
            return super().data(index, role)
        row = self.row(index.row()) if index.isValid() else None
        if row is None:
            return None
        if role == BAR:
            return _bar(row.view) if index.column() == _TODAY else None
        below = self._below(row, index.column())
        if role == BELOW:
            return below
        return ", ".join(part for part in (str(self.data(index)), below) if part)

    def _columns(self) -> tuple[RowColumn[LicenseRow], ...]:
        return (
            RowColumn(
                QCoreApplication.translate("Tables", "License"),
                17,
                lambda row: Cell(words.license_label(row.view.label), icon=_symbol(row.view)),
                order=lambda row: words.license_label(row.view.label).casefold(),
                stretch=True,
            ),
            RowColumn(
                QCoreApplication.translate("Tables", "Last used"),
                17,
                lambda row: self._moment(row.view.last_used_at, _last_hint(row.view)) or Cell(_never()),
                order=lambda row: row.view.last_used_at or 0.0,
                stretch=True,
            ),
            RowColumn(
                QCoreApplication.translate("Tables", "Today"),
                11,
                lambda row: Cell(today(row.view), hint=_today_hint(row.view)),
                order=lambda row: row.view.used_today,
                hint=QCoreApplication.translate("Tables", "Tokens of text used since midnight, and the daily budget"),
            ),
            RowColumn(
                QCoreApplication.translate("Tables", "30 days"),
                11,
                lambda row: Cell(_total(row.usage), hint=usage_words(row.usage)),
                order=lambda row: _sum(row.usage),
                hint=QCoreApplication.translate("Tables", "Tokens of text used in the last 30 days"),
            ),
            RowColumn(
                QCoreApplication.translate("Tables", "Expires"),
                15,
                lambda row: self._moment(row.view.expires_at) or Cell(_no_end()),
                order=lambda row: row.view.expires_at or float("inf"),
            ),
        )

    def _moment(self, at: float | None, hint: str = "") -> Cell | None:
        if at is None:
            return None
        said = "\n".join(part for part in (formats.full_moment(at), hint) if part)
        return Cell(formats.minute(at, self._now), hint=said)

    def _below(self, row: LicenseRow, column: int) -> str:
        view = row.view
        if column == _LABEL:
            return state_words(view)
        if column == _USED:
            return whence(view)
        if column == _TODAY and view.daily_tokens is None:
            return QCoreApplication.translate("Licenses", "no budget")
        if column == _MONTH and row.usage is not None and row.usage.turns:
            return self.tr("%n request(s)", "", row.usage.turns)
        if column == _EXPIRES:
            said = QCoreApplication.translate("Licenses", "created {time}")
            return said.format(time=datetime.fromtimestamp(view.created_at).date().isoformat())
        return ""


def state_words(view: LicenseView) -> str:
    """Whether it lets in now."""
    match view.state:
        case LicenseState.REVOKED:
            return QCoreApplication.translate("Licenses", "Revoked")
        case LicenseState.EXPIRED:
            return QCoreApplication.translate("Licenses", "Expired")
        case LicenseState.VALID if spent(view):
            return QCoreApplication.translate("Licenses", "Budget used up")
        case LicenseState.VALID:
            return QCoreApplication.translate("Licenses", "Valid")


def whence(view: LicenseView) -> str:
    """The computer and the client that used it last; empty when nobody did."""
    peer = view.last_peer or ""
    if peer.startswith("127.") or peer == "::1":
        peer = QCoreApplication.translate("Licenses", "this computer")
    return " · ".join(part for part in (peer, client_name(view.last_client or "")) if part)


def today(view: LicenseView) -> str:
    """What it used since midnight, of how much."""
    if view.daily_tokens is None:
        return compact(view.used_today) if view.used_today else "0"
    said = QCoreApplication.translate("Licenses", "{used} of {budget}")
    return said.format(used=compact(view.used_today), budget=compact(view.daily_tokens))


def usage_words(usage: LicenseUsage | None) -> str:
    """What it used in the last 30 days, in a sentence; empty while that is not known."""
    if usage is None:
        return ""
    if not usage.turns:
        return QCoreApplication.translate("Licenses", "Not used in the last 30 days.")
    said = QCoreApplication.translate(
        "Licenses",
        "Requests in the last 30 days: {turns}. Tokens in: {input}, of them cached: {cached}; out: {output}.",
    )
    return said.format(
        turns=formats.count(usage.turns),
        input=formats.count(usage.input_tokens),
        cached=formats.count(usage.cached_tokens),
        output=formats.count(usage.output_tokens),
    )


def spent(view: LicenseView) -> bool:
    """Whether its budget of today is used up."""
    return view.daily_tokens is not None and view.used_today >= view.daily_tokens


def _never() -> str:
    return QCoreApplication.translate("Licenses", "never")


def _no_end() -> str:
    return QCoreApplication.translate("Licenses", "no expiry")


def _bar(view: LicenseView) -> tuple[int, Tone] | None:
    """What is left of today's budget."""
    if view.daily_tokens is None:
        return None
    left = max(0, round(100 * (1 - view.used_today / view.daily_tokens)))
    return left, Tone.POSITIVE if left > _LITTLE else Tone.WARNING


def _last_hint(view: LicenseView) -> str:
    return "\n".join(part for part in (view.last_peer, view.last_client) if part)


def _symbol(view: LicenseView) -> str:
    match view.state:
        case LicenseState.REVOKED:
            return "state-disabled"
        case LicenseState.EXPIRED:
            return "state-sealed"
        case LicenseState.VALID:
            return "state-resting" if spent(view) else "state-ready"


def _today_hint(view: LicenseView) -> str:
    used = formats.count(view.used_today)
    if view.daily_tokens is None:
        return QCoreApplication.translate("Licenses", "{used} tokens since midnight; no daily budget").format(used=used)
    said = QCoreApplication.translate("Licenses", "{used} tokens since midnight, of {budget} a day")
    return said.format(used=used, budget=formats.count(view.daily_tokens))


def _sum(usage: LicenseUsage | None) -> int:
    return usage.input_tokens + usage.output_tokens if usage else 0


def _total(usage: LicenseUsage | None) -> str:
    return formats.NOTHING if usage is None else compact(_sum(usage))
