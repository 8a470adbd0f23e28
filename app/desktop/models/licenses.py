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
from app.desktop.codex_words import client_words
from app.desktop.design.colours import Tone
from app.desktop.models.lines import Cell
from app.desktop.models.rows_model import RowColumn
from app.desktop.models.two_line_rows import TwoLineRows
from app.desktop.widgets.two_lines import BAR, Line
from app.gateway.license_desk import LicenseView

_Index = QModelIndex | QPersistentModelIndex
_TODAY = 2
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


class LicensesModel(TwoLineRows[LicenseRow]):
    """Cells answer `BAR` too: how much of today's budget is left.

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
        """See QAbstractItemModel; `BAR` is a tuple of percent and tone, or None."""
        if role != BAR:
            return super().data(index, role)
        row = self.row(index.row()) if index.isValid() and index.column() == _TODAY else None
        return None if row is None else _bar(row.view)

    def line(self, index: _Index) -> Line:
        """See `TwoLineRows`."""
        icon, side, said, below, _ = super().line(index)
        return icon, side, said, below, self.data(index, BAR)

    def _columns(self) -> tuple[RowColumn[LicenseRow], ...]:
        return (
            RowColumn(
                QCoreApplication.translate("Tables", "License"),
                17,
                _label,
                order=lambda row: words.license_label(row.view.label).casefold(),
                stretch=True,
            ),
            RowColumn(
                QCoreApplication.translate("Tables", "Last used"),
                17,
                self._last_used,
                order=lambda row: row.view.last_used_at or 0.0,
                stretch=True,
            ),
            RowColumn(
                QCoreApplication.translate("Tables", "Today"),
                11,
                _today,
                order=lambda row: row.view.used_today,
                hint=QCoreApplication.translate("Tables", "Tokens of text used since midnight, and the daily budget"),
            ),
            RowColumn(
                QCoreApplication.translate("Tables", "30 days"),
                11,
                self._month,
                order=lambda row: _sum(row.usage),
                hint=QCoreApplication.translate("Tables", "Tokens of text used in the last 30 days"),
            ),
            RowColumn(
                QCoreApplication.translate("Tables", "Expires"),
                15,
                self._expires,
                order=lambda row: row.view.expires_at or float("inf"),
            ),
        )

    def _last_used(self, row: LicenseRow) -> Cell:
        view = row.view
        if view.last_used_at is None:
            return Cell(QCoreApplication.translate("Licenses", "never"))
        parts = (formats.full_moment(view.last_used_at), view.last_peer, view.last_client)
        hint = "\n".join(part for part in parts if part)
        return Cell(formats.minute(view.last_used_at, self._now), hint=hint, below=whence(view))

    def _month(self, row: LicenseRow) -> Cell:
        turns = row.usage.turns if row.usage is not None else 0
        return Cell(
            formats.NOTHING if row.usage is None else compact(_sum(row.usage)),
            hint=usage_words(row.usage),
            below=self.tr("%n request(s)", "", turns) if turns else "",
        )

    def _expires(self, row: LicenseRow) -> Cell:
        ends = row.view.expires_at
        created = QCoreApplication.translate("Licenses", "created {time}")
        below = created.format(time=datetime.fromtimestamp(row.view.created_at).date().isoformat())
        if ends is None:
            return Cell(QCoreApplication.translate("Licenses", "no expiry"), below=below)
        return Cell(formats.minute(ends, self._now), hint=formats.full_moment(ends), below=below)


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
    return " · ".join(part for part in (peer, client_words(view.last_client or "")) if part)


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


def _bar(view: LicenseView) -> tuple[int, Tone] | None:
    """What is left of today's budget."""
    if view.daily_tokens is None:
        return None
    left = max(0, round(100 * (1 - view.used_today / view.daily_tokens)))
    return left, Tone.POSITIVE if left > _LITTLE else Tone.WARNING


def _symbol(view: LicenseView) -> str:
    match view.state:
        case LicenseState.REVOKED:
            return "state-disabled"
        case LicenseState.EXPIRED:
            return "state-sealed"
        case LicenseState.VALID:
            return "state-resting" if spent(view) else "state-ready"


def _label(row: LicenseRow) -> Cell:
    return Cell(words.license_label(row.view.label), icon=_symbol(row.view), below=state_words(row.view))


def _today(row: LicenseRow) -> Cell:
    used, budget = row.view.used_today, row.view.daily_tokens
    if budget is None:
        hint = QCoreApplication.translate("Licenses", "{used} tokens since midnight; no daily budget")
        below = QCoreApplication.translate("Licenses", "no budget")
        return Cell(compact(used), hint=hint.format(used=formats.count(used)), below=below)
    said = QCoreApplication.translate("Licenses", "{used} of {budget}")
    hint = QCoreApplication.translate("Licenses", "{used} tokens since midnight, of {budget} a day")
    return Cell(
        said.format(used=compact(used), budget=compact(budget)),
        hint=hint.format(used=formats.count(used), budget=formats.count(budget)),
    )


def _sum(usage: LicenseUsage | None) -> int:
    return usage.input_tokens + usage.output_tokens if usage else 0
