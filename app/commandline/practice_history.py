"""A made-up yesterday for practice mode: turns, sessions and quota as if it had run for a day.

The same for the same seed and time. Nothing of it was ever sent.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random

from app.core.session import Session
from app.core.turn import Attempt, Outcome, TurnRow, Usage
from app.practice.conversations import CODEX, LAPTOP, NIGHT_JOB, conversation_name

_DAY_S = 86_400.0
#: How many conversations begin in each hour of a day, by the clock on the wall.
_CODEX_BY_HOUR = (0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 2, 2, 1, 1, 2, 3, 2, 2, 1, 1, 1, 2, 1, 0)
_LAPTOP_BY_HOUR = (0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 1, 1, 1, 1, 2, 1, 1, 0, 0, 1, 0, 0, 0)
_JOB_BY_HOUR = (1, 2, 2, 2, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)
_LAN_PEER = "192.168.1.23"


@dataclass(frozen=True, slots=True)
class _Client:
    """How one client asks."""

    name: str
    by_hour: Sequence[int]
    agent: str
    peer: str
    endpoint: str
    models: Sequence[tuple[str, str | None]]
    edits: tuple[str, ...]
    live: int


_CLIENTS = (
    _Client(
        CODEX,
        _CODEX_BY_HOUR,
        "codex_cli_rs/0.169.0 (practice) xterm",
        "127.0.0.1",
        "responses",
        (("gpt-6.1-sol", "low"), ("gpt-6-luna", "medium"), ("gpt-5.5", "high")),
        (),
        2,
    ),
    _Client(
        LAPTOP,
        _LAPTOP_BY_HOUR,
        "OpenAI/Python 2.8.1",
        _LAN_PEER,
        "chat/completions",
        (("gpt-5-codex-high", "high"), ("gpt-5-high", "high"), ("gpt-5.5", None)),
        ("translated",),
        2,
    ),
    _Client(
        NIGHT_JOB,
        _JOB_BY_HOUR,
        "python-httpx/0.28.1",
        "127.0.0.1",
        "responses",
        (("gpt-5-mini", "low"),),
        (),
        1,
    ),
)


@dataclass(frozen=True, slots=True)
class History:
    """What has been: the turns, the oldest first, and the sessions that they belonged to."""

    turns: tuple[TurnRow, ...]
    sessions: tuple[Session, ...]


def history(now: float, tokens: Sequence[str], licenses: Mapping[str, str], *, seed: str = "practice") -> History:
    """The last 24 hours.

    Args:
        now: Unix seconds.
        tokens: ids of the two sample logins and of the API key.
        licenses: license ids by visitor, see `app.practice.conversations`.
        seed: that of the visitors: their first conversations have begun already.
    """
    turns: list[TurnRow] = []
    sessions: dict[str, Session] = {}
    for client in _CLIENTS:
        random = Random(f"{seed}/{client.name}/history")  # noqa: S311 - a story, no secret
        for number, (began, live) in enumerate(_beginnings(client, now, random)):
            name = conversation_name(seed, client.name, live) if live is not None else f"{client.name}-{number}"
            # Of those that go on, one is at home on each login; the night job is kept on the key by the user.
            home = tokens[2] if client.name == NIGHT_JOB else tokens[(number if live is None else live) % 2]
            teller = _Teller(client, random, licenses[client.name], home, tokens, seed)
            rows, session = teller.told(name, began, now, live=live is not None)
            turns += rows
            if rows:
                sessions[session.id] = _continued(sessions.get(session.id), session)
    return History(tuple(sorted(turns, key=lambda row: row.started_at)), tuple(sessions.values()))


def _continued(before: Session | None, now: Session) -> Session:
    """One session out of two parts of it."""
    if before is None:
        return now
    return now._replace(
        created_at=before.created_at,
        turns=before.turns + now.turns,
        input_tokens=before.input_tokens + now.input_tokens,
        cached_tokens=before.cached_tokens + now.cached_tokens,
        output_tokens=before.output_tokens + now.output_tokens,
    )


def _beginnings(client: _Client, now: float, random: Random) -> Iterator[tuple[float, int | None]]:
    """When conversations began, in Unix seconds; with the visitors' own number for those that still go on."""
    first_hour = now - _DAY_S
    for step in range(24):
        at = first_hour + step * 3600.0
        for _ in range(client.by_hour[datetime.fromtimestamp(at).hour]):
            began = at + random.uniform(0.0, 3000.0)
            if began < now - 3600.0 and client.name != NIGHT_JOB:
                yield began, None
            elif began < now - 3600.0:
                yield began, 0
    for live in range(client.live):
        yield now - random.uniform(900.0, 1800.0), live


class _Teller:
    """Tells conversations of one client."""

    def __init__(
        self, client: _Client, random: Random, license_id: str, home: str, tokens: Sequence[str], seed: str
    ) -> None:
        self._client = client
        self._random = random
        self._license_id = license_id
        self._home = home
        self._tokens = tokens
        self._seed = seed

    def told(self, name: str, began: float, now: float, *, live: bool) -> tuple[list[TurnRow], Session]:
        """One conversation: its turns, and the session as they leave it."""
        random, client = self._random, self._client
        model, effort = random.choice(client.models)
        token, moves = self._home, 0
        session_id = f"s-{self._digest(client.name, name)[:8]}"
        rows: list[TurnRow] = []
        prompt, at = random.randint(5_000, 9_000), began
        for number in range(random.randint(4, 16)):
            if at > now - 45.0:
                break
            prompt += random.randint(300, 2_600)
            row = self._row(session_id, f"{name}/{began:.0f}/{number}", at, token, number, prompt, model, effort)
            if not live and number == 5 and token == self._tokens[0] and random.random() < 0.3:
                # The first login had reached its limit, and the conversation went on with the second.
                attempt = Attempt(token, "usage_limit_reached", round(random.uniform(90.0, 240.0), 1))
                token, moves = self._tokens[1], 1
                edits = (*row.edits, "foreign_reasoning") if client.name == CODEX else row.edits
                sent = self._digest("sent", row.id)
                row = replace(row, token_id=token, note="limit", attempts=(attempt,), edits=edits, sent_sha256=sent)
            rows.append(row)
            at += random.uniform(25.0, 200.0)
        usages = [row.usage for row in rows if row.usage is not None]
        return rows, Session(
            id=session_id,
            license_id=self._license_id,
            names=(name,),
            home_token_id=token,
            current_token_id=token,
            created_at=began,
            last_active_at=rows[-1].started_at if rows else began,
            turns=len(rows),
            moves=moves,
            pinned=client.name == NIGHT_JOB,
            client=client.agent,
            model=model,
            input_tokens=sum(usage.input_tokens for usage in usages),
            cached_tokens=sum(usage.cached_tokens for usage in usages),
            output_tokens=sum(usage.output_tokens for usage in usages),
        )

    def _row(
        self,
        session_id: str,
        key: str,
        at: float,
        token: str,
        number: int,
        prompt: int,
        model: str,
        effort: str | None,
    ) -> TurnRow:
        random, client = self._random, self._client
        received = self._digest("received", key)
        translated = client.endpoint != "responses"
        spoken, thought = random.randint(60, 1_800), random.choice((0, 64, 256, 900)) if effort != "low" else 32
        cached = 0 if number == 0 else int(prompt * random.uniform(0.62, 0.94)) // 128 * 128
        first_byte = random.uniform(320.0, 2_400.0)
        row = TurnRow(
            id=f"r-{self._digest('turn', key)[:16]}",
            started_at=at,
            endpoint=client.endpoint,
            license_id=self._license_id,
            session_id=session_id,
            token_id=token,
            client=client.agent,
            peer=client.peer,
            model=model,
            effort=effort,
            stream=client.name != NIGHT_JOB,
            status=200,
            error=None,
            outcome=Outcome.COMPLETED,
            first_byte_ms=round(first_byte, 1),
            total_ms=round(first_byte + spoken * random.uniform(4.0, 9.0), 1),
            request_bytes=prompt * 4,
            response_bytes=spoken * 180,
            request_sha256=received,
            sent_sha256=self._digest("sent", key) if translated else received,
            edits=client.edits,
            usage=Usage(prompt, cached, spoken + thought, thought),
            note="kept" if number else "new_session",
        )
        luck = random.random()
        if luck < 0.02:
            failure = {"status": 502, "error": "upstream_unreachable", "outcome": Outcome.FAILED}
            return replace(row, **failure, usage=None, first_byte_ms=None, response_bytes=0)  # type: ignore[arg-type]
        if luck < 0.05 and row.stream:
            return replace(row, outcome=Outcome.CLIENT_LEFT, usage=None, response_bytes=spoken * 60)
        return row

    def _digest(self, *parts: str) -> str:
        return hashlib.sha256("\x00".join((self._seed, *parts)).encode()).hexdigest()
