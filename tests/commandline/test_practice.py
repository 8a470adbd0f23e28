"""Practice mode as somebody watches it: a day of history, clients that come by themselves, and a limit."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from app.commandline.practice import LAPTOP_LABEL, NIGHT_JOB_LABEL, practice_instance
from app.commandline.practice_history import history
from app.core.turn import Outcome
from app.gateway.handle import GatewayHandle
from app.gateway.snapshot import GatewaySnapshot, TokenState
from app.platform.logfile import LOG_FILE
from app.practice.conversations import CODEX, LAPTOP, NIGHT_JOB, conversation_name

NOW = datetime(2026, 3, 4, 15, 20).timestamp()
TOKENS = ("t-plus", "t-pro", "t-key")
LICENSES = {CODEX: "l-this", LAPTOP: "l-laptop", NIGHT_JOB: "l-job"}
PACE = 0.02


@pytest.fixture(autouse=True)
def root_logger_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, raises = list(root.handlers), root.level, logging.raiseExceptions
    yield
    logging.raiseExceptions = raises
    for handler in [item for item in root.handlers if item not in handlers]:
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)


@pytest.fixture
async def practice() -> AsyncIterator[GatewayHandle]:
    async with practice_instance(lambda: False, lambda: None, pace=PACE) as handle:
        await handle.call("gateway.start", port=0)
        yield handle


async def seen(handle: GatewayHandle, look: Callable[[GatewaySnapshot], bool], within: float = 25.0) -> GatewaySnapshot:
    """The first snapshot of which `look` is true."""
    deadline = time.monotonic() + within
    while not look(snapshot := handle.snapshot()):
        assert time.monotonic() < deadline, "it was never seen"
        await asyncio.sleep(0.01)
    return snapshot


async def test_its_log_is_where_the_window_says(tmp_path: Path) -> None:
    async with practice_instance(lambda: False, lambda: None, pace=PACE, log_folder=tmp_path) as handle:
        logging.getLogger("app").warning("Something to read.")
        assert handle.snapshot().tokens
    assert "Something to read." in (tmp_path / LOG_FILE).read_text("utf-8")


async def test_it_looks_lived_in_before_anybody_comes() -> None:
    async with practice_instance(lambda: False, lambda: None) as handle:
        snapshot = handle.snapshot()
        assert [token.label.partition(" (")[0] for token in snapshot.tokens] == ["Plus", "Pro", "API key"]
        assert [license.label for license in snapshot.licenses] == ["This computer", LAPTOP_LABEL, NIGHT_JOB_LABEL]
        assert all(license.last_used_at and license.created_at < license.last_used_at for license in snapshot.licenses)
        assert [license.last_peer for license in snapshot.licenses] == ["127.0.0.1", "192.168.1.23", "127.0.0.1"]
        assert [token.quota is not None for token in snapshot.tokens] == [True, True, False]
        assert len(snapshot.turns) == 200
        assert {row.license_id for row in snapshot.turns} <= {license.id for license in snapshot.licenses}
        assert {row.token_id for row in snapshot.turns} == {token.id for token in snapshot.tokens}
        names = {session.name for session in snapshot.sessions}
        assert {conversation_name("practice", CODEX, 0), "nightly-report"} <= names


async def test_while_one_watches_a_limit_is_reached_and_a_conversation_moves_and_the_token_returns(
    practice: GatewayHandle,
) -> None:
    def plus(snapshot: GatewaySnapshot) -> TokenState:
        return snapshot.tokens[0].state

    first = practice.snapshot()
    known = {row.id for row in first.turns}
    assert plus(first) is TokenState.READY
    resting = await seen(practice, lambda snapshot: plus(snapshot) is TokenState.RESTING)
    assert resting.tokens[0].rest_reason == "usage_limit_reached"
    moved = await seen(practice, lambda snapshot: any(row.attempts and row.id not in known for row in snapshot.turns))
    row = next(row for row in moved.turns if row.attempts and row.id not in known)
    assert (row.note, row.token_id, row.attempts[0].token_id) == ("limit", moved.tokens[1].id, moved.tokens[0].id)
    assert row.status == 200
    await seen(practice, lambda snapshot: plus(snapshot) is TokenState.READY)
    again = await seen(practice, lambda snapshot: snapshot.turns[0].token_id == snapshot.tokens[0].id)
    new = [row for row in again.turns if row.id not in known]
    # The one turn that can fail is one over a socket that meets the limit: its client comes back and posts.
    failed = [row for row in new if row.outcome not in (Outcome.COMPLETED, Outcome.CLIENT_LEFT)]
    assert {(row.endpoint, row.status) for row in failed} <= {("responses/websocket", 429)}
    assert {row.endpoint for row in new} == {"responses", "responses/websocket", "chat/completions"}
    assert {row.license_id for row in new} == {license.id for license in again.licenses}
    assert max(row.usage.cached_tokens / row.usage.input_tokens for row in new if row.usage) > 0.8


async def test_it_ends_at_once_in_the_middle_of_turns_and_nothing_is_left(
    practice: GatewayHandle, caplog: pytest.LogCaptureFixture
) -> None:
    await seen(practice, lambda snapshot: snapshot.active_turns > 0)
    await practice.call("gateway.stop")
    assert practice.snapshot().active_turns == 0
    await practice.call("gateway.start")
    await seen(practice, lambda snapshot: snapshot.active_turns > 0)
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


async def test_a_quiet_one_has_the_tokens_alone() -> None:
    async with practice_instance(lambda: False, lambda: None, visited=False, pace=PACE) as handle:
        await handle.call("gateway.start", port=0)
        await asyncio.sleep(0.3)
        snapshot = handle.snapshot()
    assert (len(snapshot.tokens), snapshot.licenses, snapshot.sessions, snapshot.turns) == (3, (), (), ())


def test_yesterday_is_the_same_each_time_and_adds_up() -> None:
    past = history(NOW, TOKENS, LICENSES)
    assert past == history(NOW, TOKENS, LICENSES)
    assert past != history(NOW, TOKENS, LICENSES, seed="another")
    assert 200 <= len(past.turns) <= 1_000
    assert len({row.id for row in past.turns}) == len(past.turns)
    times = [row.started_at for row in past.turns]
    assert times == sorted(times)
    assert times[0] >= NOW - 25 * 3600
    assert times[-1] < NOW
    by_session = Counter(row.session_id for row in past.turns)
    assert {session.id: session.turns for session in past.sessions} == dict(by_session)
    for session in past.sessions:
        usages = [row.usage for row in past.turns if row.session_id == session.id and row.usage]
        assert session.input_tokens == sum(usage.input_tokens for usage in usages)
        assert session.cached_tokens < session.input_tokens or not usages
    assert {row.outcome for row in past.turns} == {Outcome.COMPLETED, Outcome.FAILED, Outcome.CLIENT_LEFT}
    assert any(row.attempts for row in past.turns)


@pytest.mark.parametrize("hour", range(0, 24, 3))
def test_yesterday_has_something_in_most_hours_whenever_it_is_now(hour: int) -> None:
    past = history(datetime(2026, 3, 4, hour, 40).timestamp(), TOKENS, LICENSES)
    hours = {int(row.started_at // 3600) for row in past.turns}
    assert len(hours) >= 20


def test_the_conversations_that_go_on_are_at_home_on_both_logins_and_the_job_stays_on_the_key() -> None:
    homes = {session.names[0]: session.home_token_id for session in history(NOW, TOKENS, LICENSES).sessions}
    for visitor in (CODEX, LAPTOP):
        assert [homes[conversation_name("practice", visitor, number)] for number in (0, 1)] == ["t-plus", "t-pro"]
    job = [session for session in history(NOW, TOKENS, LICENSES).sessions if session.license_id == "l-job"]
    assert [(session.home_token_id, session.pinned) for session in job] == [("t-key", True)]
