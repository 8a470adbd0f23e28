"""The live sessions as a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from enum import StrEnum

from PySide6.QtCore import QCoreApplication

from app.desktop import amounts, formats, held, words
from app.desktop.codex_words import client_words
from app.desktop.counts import Counts
from app.desktop.models.lines import Cell
from app.desktop.models.matching import Matching
from app.desktop.models.rows_model import RowColumn
from app.gateway.snapshot import GatewaySnapshot, HeldView, SessionView

_NAME_LENGTH = 22


class Doing(StrEnum):
    """What a session does now, in the order in which it matters."""

    WAITING = "waiting"
    ANSWERING = "answering"
    IDLE = "idle"


_RANKS = {doing: rank for rank, doing in enumerate(Doing)}
_SYMBOLS = {Doing.WAITING: "waiting", Doing.ANSWERING: "state-active", Doing.IDLE: "state-idle"}


class SessionTable:
    """What the table says of sessions, with what it has to know besides them."""

    def __init__(self) -> None:
        self._labels: dict[str, str] = {}
        self._waiting: dict[str, list[HeldView]] = {}
        self._now = 0.0

    def know(self, snapshot: GatewaySnapshot, now: float) -> bool:
        """Take what is true now; whether equal rows say something else than before."""
        before = (self._labels, self._waiting, _day(self._now))
        self._labels = {token.id: words.token_label(token.label) for token in snapshot.tokens}
        self._waiting = held.by_session(snapshot)
        self._now = now
        return before != (self._labels, self._waiting, _day(now))

    def columns(self) -> tuple[RowColumn[SessionView], ...]:
        """What the table says of a session; those from `SHOWN` on stand below others."""
        return (
            RowColumn(QCoreApplication.translate("Tables", "Session"), 22, self._name, _name_order, stretch=True),
            RowColumn(QCoreApplication.translate("Tables", "State"), 12, self._state, self._state_order),
            RowColumn(
                QCoreApplication.translate("Tables", "Token"),
                19,
                self._token,
                self._token_order,
                stretch=True,
                hint=QCoreApplication.translate("Tables", "The token that serves it now, and below it its home"),
            ),
            RowColumn(
                QCoreApplication.translate("Tables", "Last activity"), 14, self._last, lambda row: row.last_active_at
            ),
            RowColumn(QCoreApplication.translate("Tables", "Model"), 15, _model, _model_order, stretch=True, folds=2),
            RowColumn(
                QCoreApplication.translate("Tables", "Requests"),
                5,
                _turns,
                lambda row: row.turns,
                numeric=True,
                folds=1,
            ),
            RowColumn(
                QCoreApplication.translate("Tables", "Tokens"),
                10,
                _used,
                lambda row: row.input_tokens + row.output_tokens,
                numeric=True,
                hint=QCoreApplication.translate("Tables", "What the model read and wrote, in tokens of text"),
            ),
            RowColumn(QCoreApplication.translate("Tables", "Client"), 0, _client, _client_order),
            RowColumn(QCoreApplication.translate("Tables", "Home"), 0, self._home, self._home_order),
            RowColumn(QCoreApplication.translate("Tables", "License"), 0, _license, _license_order),
            RowColumn(QCoreApplication.translate("Tables", "Cached"), 0, _cached, _cached_share),
            RowColumn(QCoreApplication.translate("Tables", "Started"), 0, self._started, lambda row: row.created_at),
        )

    #: How many columns are shown by themselves.
    SHOWN = 7
    #: "Last activity" among them.
    LAST_ACTIVITY = 3

    def filter(self, typed: str, state: str | None, token_id: str | None) -> Callable[[SessionView], bool] | None:
        """What is looked for: words, one of `session_states`, and a token; None: nothing in particular."""
        words_wanted = Matching(typed)
        if not words_wanted and state is None and token_id is None:
            return None

        def accepts(row: SessionView) -> bool:
            return (
                (token_id is None or token_id in (row.token_id, row.home_token_id))
                and (state is None or self.is_in(row, state))
                and words_wanted.accepts(
                    row.name,
                    row.client,
                    row.model,
                    words.license_label(row.license_label),
                    self.token_label(row.token_id, row.token_label),
                    self.token_label(row.home_token_id),
                )
            )

        return accepts

    def is_in(self, row: SessionView, state: str) -> bool:
        """Whether a session is in one of `session_states`."""
        if state == "lent":
            return row.lent_at is not None
        return row.pinned if state == "pinned" else self.doing(row).value == state

    def doing(self, row: SessionView) -> Doing:
        """What it does now."""
        if row.id in self._waiting:
            return Doing.WAITING
        return Doing.ANSWERING if row.active_turns else Doing.IDLE

    def waiting(self, session_id: str) -> Sequence[HeldView]:
        """Its turns that wait at the station."""
        return self._waiting.get(session_id, ())

    def token_label(self, token_id: str, otherwise: str = "") -> str:
        """The name of a token; of one that is gone, a dash."""
        return self._labels.get(token_id) or words.token_label(otherwise) or formats.NOTHING

    def _name(self, row: SessionView) -> Cell:
        return Cell(formats.shortened(row.name, _NAME_LENGTH), hint=row.name, below=_client(row).text)

    def _state(self, row: SessionView) -> Cell:
        doing, waiting = self.doing(row), self.waiting(row.id)
        if not waiting:
            return Cell(words.session_state(active=doing is Doing.ANSWERING), icon=_SYMBOLS[doing])
        until = QCoreApplication.translate("Tables", "until {time}")
        return Cell(
            QCoreApplication.translate("Tables", "Waiting"),
            icon=_SYMBOLS[doing],
            hint=waiting_hint(waiting, self._now),
            below=until.format(time=formats.minute(min(turn.until for turn in waiting), self._now)),
        )

    def _state_order(self, row: SessionView) -> int:
        return _RANKS[self.doing(row)]

    def _token(self, row: SessionView) -> Cell:
        label, home = self.token_label(row.token_id, row.token_label), self.token_label(row.home_token_id)
        if row.lent_at is not None:
            hint = QCoreApplication.translate("Tables", "{token}, on loan from {home} since {time}")
            return Cell(
                label,
                below=QCoreApplication.translate("Tables", "on loan; home: {home}").format(home=home),
                hint=hint.format(token=label, home=home, time=formats.minute(row.lent_at, self._now)),
            )
        if moves_next(row):
            said = QCoreApplication.translate("Tables", "from the next request: {home}")
            return Cell(label, below=said.format(home=home))
        if row.pinned:
            return Cell(
                label, below=QCoreApplication.translate("Tables", "home, pinned"), icon="pin", hint=pinned_hint()
            )
        return Cell(label, below=QCoreApplication.translate("Tables", "home"))

    def _token_order(self, row: SessionView) -> str:
        return self.token_label(row.token_id, row.token_label).casefold()

    def _home(self, row: SessionView) -> Cell:
        return Cell(self.token_label(row.home_token_id))

    def _home_order(self, row: SessionView) -> str:
        return self.token_label(row.home_token_id).casefold()

    def _last(self, row: SessionView) -> Cell:
        said = QCoreApplication.translate("Tables", "began {time}")
        return Cell(
            formats.moment(row.last_active_at, self._now),
            below=said.format(time=formats.minute(row.created_at, self._now)),
            hint=formats.full_moment(row.last_active_at),
        )

    def _started(self, row: SessionView) -> Cell:
        return Cell(formats.moment(row.created_at, self._now), hint=formats.full_moment(row.created_at))


def session_states() -> list[tuple[str, str]]:
    """What the state can be looked for by: values for `SessionTable.filter`, and their names."""
    return [
        (Doing.ANSWERING.value, words.session_state(active=True)),
        (Doing.WAITING.value, QCoreApplication.translate("Tables", "Waiting")),
        (Doing.IDLE.value, words.session_state(active=False)),
        ("lent", QCoreApplication.translate("Tables", "On loan")),
        ("pinned", QCoreApplication.translate("Tables", "Pinned")),
    ]


def moves_next(row: SessionView) -> bool:
    """Whether the user has moved it, and its next turn goes there."""
    return row.home_token_id != row.token_id and row.lent_at is None


def pinned_hint() -> str:
    """What a pin means."""
    return QCoreApplication.translate(
        "Tables", "Pinned: it stays on its token and waits for it. Only you can move it to another."
    )


def waiting_hint(waiting: Sequence[HeldView], now: float) -> str:
    """Since when turns wait, and for how long."""
    said = QCoreApplication.translate(
        "Tables", "At the station since {since}: every token is at its limit, the first is back at {until}."
    )
    return said.format(
        since=formats.minute(min(turn.since for turn in waiting), now),
        until=formats.minute(min(turn.until for turn in waiting), now),
    )


def _name_order(row: SessionView) -> str:
    return row.name.casefold()


def _client(row: SessionView) -> Cell:
    return Cell(client_words(row.client) or formats.NOTHING, hint=row.client or None)


def _client_order(row: SessionView) -> str:
    return row.client.casefold()


def _model(row: SessionView) -> Cell:
    return Cell(row.model or formats.NOTHING, below=_license(row).text)


def _model_order(row: SessionView) -> str:
    return (row.model or "").casefold()


def _license(row: SessionView) -> Cell:
    return Cell(words.license_label(row.license_label) or formats.NOTHING)


def _license_order(row: SessionView) -> str:
    return words.license_label(row.license_label).casefold()


def _turns(row: SessionView) -> Cell:
    return Cell(formats.count(row.turns), below=Counts().moves(row.moves) if row.moves else " ")


def _used(row: SessionView) -> Cell:
    used = row.input_tokens + row.output_tokens
    if not used:
        return Cell(formats.NOTHING)
    said = QCoreApplication.translate("Tables", "{input} read, of which {cached} from the cache; {output} written")
    hint = said.format(
        input=formats.count(row.input_tokens),
        cached=formats.count(row.cached_tokens),
        output=formats.count(row.output_tokens),
    )
    share = QCoreApplication.translate("Tables", "{percent} cached")
    return Cell(
        amounts.compact(used), below=share.format(percent=formats.percent(round(100 * _cached_share(row)))), hint=hint
    )


def _cached(row: SessionView) -> Cell:
    share = round(100 * _cached_share(row))
    return Cell(formats.percent(share) if row.input_tokens else formats.NOTHING)


def _cached_share(row: SessionView) -> float:
    return row.cached_tokens / row.input_tokens if row.input_tokens else 0.0


def _day(at: float) -> date:
    return date.fromtimestamp(at)
