"""Turns as a table: the log of requests."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from itertools import takewhile

from PySide6.QtCore import QCoreApplication

from app.core.turn import Outcome, TurnRow
from app.desktop import amounts, formats, turn_words, words
from app.desktop.codex_words import client_words
from app.desktop.export import Names
from app.desktop.models.lines import Cell
from app.desktop.models.matching import Matching
from app.desktop.models.rows_model import RowColumn
from app.gateway.snapshot import GatewaySnapshot, SessionView

_RANKS = {outcome: rank for rank, outcome in enumerate(Outcome)}
_NAME_LENGTH = 22
# Of sessions, before all but the live ones are forgotten.
_MOST_NAMES = 50_000
_STATUSES = {status: str(status) for status in range(100, 600)}


class TurnTable:
    """What the table says of turns, with what it has to know besides them."""

    def __init__(self) -> None:
        self._tokens: dict[str, str] = {}
        self._licenses: dict[str, str] = {}
        self._sessions: dict[str, str] = {}
        self._seen: object = None
        self._newest = 0.0
        self._now = 0.0

    def know(self, snapshot: GatewaySnapshot, now: float) -> bool:
        """Take what is true now; whether equal rows say something else than before."""
        before = (self._tokens, self._licenses, date.fromtimestamp(self._now))
        self._tokens = {token.id: words.token_label(token.label) for token in snapshot.tokens}
        self._licenses = {owner.id: words.license_label(owner.label) for owner in snapshot.licenses}
        self._now = now
        if snapshot.sessions is not self._seen:
            self._seen = snapshot.sessions
            if len(self._sessions) > _MOST_NAMES:
                self._sessions, self._newest = {}, 0.0
            # Those of yesterday keep their names for long. The last active come first: the others are known.
            since, self._newest = self._newest, max((s.last_active_at for s in snapshot.sessions[:1]), default=0.0)
            fresh: Iterable[SessionView] = snapshot.sessions
            if since:
                fresh = takewhile(lambda session: session.last_active_at >= since, fresh)
            self._sessions.update({session.id: session.name for session in fresh})
        return before != (self._tokens, self._licenses, date.fromtimestamp(now))

    def columns(self) -> tuple[RowColumn[TurnRow], ...]:
        """What the table says of a turn; those from `SHOWN` on stand below others."""
        return (
            RowColumn(QCoreApplication.translate("Tables", "Time"), 10, self._time, lambda row: row.started_at),
            RowColumn(
                QCoreApplication.translate("Tables", "Result"),
                16,
                _result,
                lambda row: _RANKS[row.outcome],
                stretch=True,
            ),
            RowColumn(QCoreApplication.translate("Tables", "Model"), 16, _model, _model_order, stretch=True),
            RowColumn(QCoreApplication.translate("Tables", "Token"), 15, self._token, self._token_order, stretch=True),
            RowColumn(
                QCoreApplication.translate("Tables", "Total"),
                10,
                _total,
                lambda row: row.total_ms,
                numeric=True,
                hint=QCoreApplication.translate("Tables", "From the request's arrival to the end of the answer"),
            ),
            RowColumn(
                QCoreApplication.translate("Tables", "Tokens"),
                11,
                _used,
                lambda row: row.usage.input_tokens + row.usage.output_tokens if row.usage else -1,
                numeric=True,
                hint=QCoreApplication.translate("Tables", "What the model read and wrote, in tokens of text"),
            ),
            RowColumn(
                QCoreApplication.translate("Tables", "Session"),
                20,
                self._session,
                self._session_order,
                stretch=True,
                folds=1,
            ),
            RowColumn(QCoreApplication.translate("Tables", "Endpoint"), 0, _endpoint, lambda row: row.endpoint),
            RowColumn(QCoreApplication.translate("Tables", "Body"), 0, _body, _body_order),
            RowColumn(QCoreApplication.translate("Tables", "Client"), 0, _client, lambda row: row.client.casefold()),
            RowColumn(QCoreApplication.translate("Tables", "License"), 0, self._license, self._license_order),
            RowColumn(QCoreApplication.translate("Tables", "First byte"), 0, _first_byte, _first_byte_ms),
            RowColumn(
                QCoreApplication.translate("Tables", "In"),
                0,
                lambda row: _amount(row.usage and row.usage.input_tokens),
                lambda row: row.usage.input_tokens if row.usage else -1,
            ),
            RowColumn(
                QCoreApplication.translate("Tables", "Cached"),
                0,
                lambda row: _amount(row.usage and row.usage.cached_tokens),
                lambda row: row.usage.cached_tokens if row.usage else -1,
            ),
            RowColumn(
                QCoreApplication.translate("Tables", "Out"),
                0,
                lambda row: _amount(row.usage and row.usage.output_tokens),
                lambda row: row.usage.output_tokens if row.usage else -1,
            ),
        )

    #: How many columns are shown by themselves.
    SHOWN = 7
    #: "Time" among them.
    TIME = 0

    def filter(
        self, typed: str, outcome: str | None, token_id: str | None, license_id: str | None
    ) -> Callable[[TurnRow], bool] | None:
        """What is looked for: words, an `Outcome`, a token, a license; None: nothing in particular."""
        wanted = Matching(typed)
        if not wanted and outcome is None and token_id is None and license_id is None:
            return None

        def accepts(row: TurnRow) -> bool:
            return (
                (outcome is None or row.outcome == outcome)
                and (token_id is None or row.token_id == token_id)
                and (license_id is None or row.license_id == license_id)
                and (not wanted or wanted.accepts(*self._texts(row)) or row.id == typed)
            )

        return accepts

    def names(self) -> Names:
        """The names as they are now, for another thread."""
        return Names(dict(self._tokens), dict(self._licenses), dict(self._sessions))

    def token_label(self, token_id: str | None) -> str:
        """The name of a token; of one that is gone, or of none, a dash."""
        return self._tokens.get(token_id or "", formats.NOTHING)

    def license_label(self, license_id: str | None) -> str:
        """The name of a license; of none, a dash."""
        return self._licenses.get(license_id or "", formats.NOTHING)

    def session_name(self, session_id: str | None) -> str:
        """The name of a session; our own id where its name is not known; of none, a dash."""
        return self._sessions.get(session_id or "", session_id or formats.NOTHING)

    def _texts(self, row: TurnRow) -> tuple[str | None, ...]:
        return (
            row.model,
            row.effort,
            row.client,
            row.endpoint,
            row.error,
            _STATUSES.get(row.status or 0),
            self._tokens.get(row.token_id or ""),
            self._licenses.get(row.license_id or ""),
            self._sessions.get(row.session_id or "", row.session_id),
        )

    def _time(self, row: TurnRow) -> Cell:
        return Cell(
            formats.moment(row.started_at, self._now),
            below=_endpoint(row).text,
            hint=formats.full_moment(row.started_at),
        )

    def _token(self, row: TurnRow) -> Cell:
        return Cell(
            self.token_label(row.token_id),
            below=self.license_label(row.license_id),
            hint=turn_words.reason(row.note) or None,
        )

    def _token_order(self, row: TurnRow) -> str:
        return self._tokens.get(row.token_id or "", "").casefold()

    def _license(self, row: TurnRow) -> Cell:
        return Cell(self.license_label(row.license_id))

    def _license_order(self, row: TurnRow) -> str:
        return self._licenses.get(row.license_id or "", "").casefold()

    def _session(self, row: TurnRow) -> Cell:
        name = self.session_name(row.session_id)
        return Cell(formats.shortened(name, _NAME_LENGTH), below=row.peer, hint=name)

    def _session_order(self, row: TurnRow) -> str:
        return self.session_name(row.session_id).casefold()


def outcomes() -> list[tuple[str, str]]:
    """What the result can be looked for by: values for `TurnTable.filter`, and their names."""
    return [
        (Outcome.COMPLETED.value, QCoreApplication.translate("Tables", "Completed")),
        (Outcome.FAILED.value, QCoreApplication.translate("Tables", "Failed")),
        (Outcome.REFUSED.value, QCoreApplication.translate("Tables", "Refused")),
        (Outcome.CLIENT_LEFT.value, QCoreApplication.translate("Tables", "Client left")),
    ]


def _result(row: TurnRow) -> Cell:
    parts = ["" if row.status is None else str(row.status), words.outcome(row.outcome), row.error or ""]
    lines = [" · ".join(part for part in dict.fromkeys(parts) if part), turn_words.body_in_full(row)]
    return Cell(
        turn_words.result(row),
        icon=turn_words.symbol(row),
        below="" if row.sent_sha256 is None else turn_words.body(row),
        hint="\n".join([*lines, *(turn_words.edit(name) for name in row.edits)]),
    )


def _model(row: TurnRow) -> Cell:
    return Cell(turn_words.model(row), below=client_words(row.client) or formats.NOTHING)


def _model_order(row: TurnRow) -> str:
    return f"{row.model or ''} {row.effort or ''}".casefold()


def _first_byte(row: TurnRow) -> Cell:
    return Cell(formats.duration(row.first_byte_ms))


def _first_byte_ms(row: TurnRow) -> float:
    return -1.0 if row.first_byte_ms is None else row.first_byte_ms


def _total(row: TurnRow) -> Cell:
    said = QCoreApplication.translate("Tables", "first {time}")
    below = "" if row.first_byte_ms is None else said.format(time=formats.duration(row.first_byte_ms))
    return Cell(formats.duration(row.total_ms), below=below or " ")


def _used(row: TurnRow) -> Cell:
    if row.usage is None:
        return Cell(formats.NOTHING, below=" ")
    said = QCoreApplication.translate("Tables", "{input} in, {cached} of it cached; {output} out")
    return Cell(
        f"{amounts.compact(row.usage.input_tokens)} + {amounts.compact(row.usage.output_tokens)}",
        below=turn_words.cached(row.usage),
        hint=said.format(
            input=formats.count(row.usage.input_tokens),
            cached=formats.count(row.usage.cached_tokens),
            output=formats.count(row.usage.output_tokens),
        ),
    )


def _amount(number: int | None) -> Cell:
    return Cell(formats.count(number))


def _endpoint(row: TurnRow) -> Cell:
    return Cell(words.endpoint(row.endpoint), hint=row.endpoint)


def _body(row: TurnRow) -> Cell:
    return Cell(turn_words.body(row))


def _body_order(row: TurnRow) -> int:
    return -1 if row.sent_sha256 is None else len(row.edits)


def _client(row: TurnRow) -> Cell:
    return Cell(client_words(row.client) or formats.NOTHING, hint=row.client or None)
