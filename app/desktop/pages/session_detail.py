"""The details of one session: what it is, what can be done with it, and its timeline."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.desktop import formats, words
from app.desktop.codex_words import client_words
from app.desktop.counts import Counts
from app.desktop.design.colours import Tone
from app.desktop.icons import Icons
from app.desktop.models.rows_model import RowsModel
from app.desktop.models.sessions import SessionTable, moves_next, waiting_hint
from app.desktop.models.timeline import Entry, TimelineTable, timeline
from app.desktop.turn_log import TurnLog
from app.desktop.widgets.detail_pane import DetailPane
from app.desktop.widgets.elided_label import ElidedLabel
from app.desktop.widgets.log_foot import LogFoot
from app.desktop.widgets.notice import Notice, Remedy
from app.desktop.widgets.table import Table
from app.desktop.widgets.toned_symbol import toned_symbol
from app.gateway.snapshot import SessionView

_LEAST_ENTRIES = 2


class SessionDetail(DetailPane):
    """About the selected session.

    Args:
        icons: for symbols.
        known: what there is to know besides the session.
        log: of its turns.
        actions: what can be done with it.
        remedies: what can be done while a turn of it waits.
    """

    def __init__(
        self,
        icons: Icons,
        known: SessionTable,
        log: TurnLog,
        actions: Sequence[QWidget],
        remedies: Sequence[Remedy],
    ) -> None:
        super().__init__(icons, actions)
        self._icons = icons
        self._known = known
        self._log = log
        self._remedies = remedies
        self._now = 0.0
        self._about = ElidedLabel(quiet=True)
        self.notice: Notice | None = None
        self._entries = TimelineTable(known.token_label)
        self._model: RowsModel[Entry] = RowsModel(
            self._entries.columns(),
            lambda entry: entry.id,
            lambda name: toned_symbol(icons, name, self.palette()),
            self,
        )
        self.table = _Timeline(self._model, self.tr("Timeline of the session"))
        self.body.addWidget(self._about)
        self.body.addWidget(self.table, 1)
        self.body.addWidget(LogFoot(log, self.table, counts=False))
        log.changed.connect(self._show_entries)

    def show_session(self, session: SessionView, now: float, *, anew: bool) -> None:
        """Show this session; `now` is in Unix seconds.

        Args:
            session: the selected one.
            now: the time.
            anew: what the cells say may be different, though the turns are the same.
        """
        self._now = now
        self.heading.setText(session.name)
        self._about.setText(self._summary(session))
        self._show_notice(session)
        if anew:
            self._entries.now = now
            self._model.redraw()

    def _summary(self, session: SessionView) -> str:
        home = self._known.token_label(session.home_token_id)
        token = self._known.token_label(session.token_id, session.token_label)
        if session.pinned:
            where = self.tr("Pinned to {home}").format(home=home)
        elif moves_next(session):
            where = self.tr("On {token}; from its next request on {home}").format(token=token, home=home)
        elif session.lent_at is not None:
            said = self.tr("On loan to {token} since {time}; belongs to {home}")
            where = said.format(token=token, home=home, time=formats.minute(session.lent_at, self._now))
        else:
            where = self.tr("Belongs to {home}").format(home=home)
        parts = [
            where,
            client_words(session.client) or formats.NOTHING,
            session.model or "",
            words.license_label(session.license_label),
            Counts().moves(session.moves) if session.moves else "",
        ]
        return " · ".join(part for part in parts if part not in ("", formats.NOTHING))

    def _show_notice(self, session: SessionView) -> None:
        waiting = self._known.waiting(session.id)
        text = waiting_hint(waiting, self._now) if waiting else ""
        if (self.notice.text if self.notice is not None else "") == text:
            return
        if self.notice is not None:
            self.notice.hide()
            self.notice.deleteLater()
            self.notice = None
        if text:
            self.notice = Notice(self._icons, Tone.WARNING, text, self._remedies, symbol="waiting")
            self.body.insertWidget(1, self.notice)

    def _show_entries(self) -> None:
        self._entries.now = self._entries.now or self._now
        self._model.update_rows(timeline(self._log.rows, whole=self._log.complete))


class _Timeline(Table):
    """As high as there is room; however low the window is, some of it can be seen."""

    def __init__(self, model: RowsModel[Entry], name: str) -> None:
        super().__init__(model, name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)

    def minimumSizeHint(self) -> QSize:
        """By this, and not by a minimum height, a layout with wrapped texts reckons how high it must be."""
        return QSize(super().minimumSizeHint().width(), self.height_of(_LEAST_ENTRIES))
