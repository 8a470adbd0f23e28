"""Asking for quota, against the practice upstream."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.credential import ApiKey, TokenSecrets
from app.core.health import PROBE_S
from app.core.quota import Quota, Window
from app.core.rest import Rest
from app.core.token import TokenKind
from app.gateway.quota_keeper import APART_S, SILENT_S, Asked, due_at
from app.practice import refusals
from app.practice.accounts import PracticeAccount
from app.practice.script import Turn
from tests.gateway.fresh import DAY, HOUR, Rig, rig

NOW = 1_800_000_000.0


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Rig]:
    async with rig(tmp_path) as running:
        yield running


def asked(here: Rig) -> int:
    return sum(record.path.endswith("/wham/usage") for record in here.practice.received)


async def steps(here: Rig, seconds: float, step: float = 1.0) -> list[float]:
    """Let so much time go by; returns when questions were asked, in seconds from now."""
    times = []
    gone = 0.0
    while True:
        before = asked(here)
        await here.keeper.step()
        if asked(here) > before:
            times.append(gone)
        if gone >= seconds:
            return times
        here.clock.pass_by(step)
        gone += step


def limit(here: Rig, account: PracticeAccount, name: str = "plus", *, resets_in: float = 5 * HOUR) -> Rest:
    """The token has run into its limit, as a turn would report it."""
    here.practice.exhaust(account, resets_in=resets_in)
    rest: Rest = here.state.pool.health(f"t-{name}").limit(here.clock.now(), resets_in, None)
    here.state.rest(f"t-{name}", rest)
    return rest


async def test_quota_is_known_shortly_after_the_start_without_a_turn(here: Rig) -> None:
    await here.add()
    assert len(await steps(here, 10)) == 1
    quota = here.state.pool.quota("t-plus")
    assert quota is not None
    assert [(window.slot, window.used_percent) for window in quota.windows] == [("primary", 0.0), ("secondary", 0.0)]
    assert not here.practice.turns
    await here.store.flush()
    health = await here.store.token_health()
    assert health["t-plus"][0] is not None


async def test_tokens_are_asked_about_one_after_the_other(here: Rig) -> None:
    for number in range(4):
        await here.add(f"a{number}")
    times = await steps(here, 120)
    assert len(times) == 4
    assert all(later - earlier >= APART_S for earlier, later in itertools.pairwise(times))
    assert all(here.state.pool.quota(f"t-a{number}") for number in range(4))


async def test_a_silent_token_is_asked_about_every_half_hour_or_so(here: Rig) -> None:
    await here.add()
    await steps(here, 10)
    times = await steps(here, 3 * HOUR, 30)
    assert len(times) == 5
    assert all(later - earlier >= SILENT_S for earlier, later in itertools.pairwise(times))


async def test_news_from_turns_makes_questions_needless(here: Rig) -> None:
    await here.add()
    await steps(here, 10)
    before = asked(here)
    for _ in range(12):
        here.state.note_quota("t-plus", Quota((Window("codex", "primary", 3.0),), here.clock.now()))
        assert await steps(here, 600, 60) == []
    assert asked(here) == before


async def test_after_a_limit_the_reset_is_confirmed_and_turns_are_spared(here: Rig) -> None:
    account = await here.add()
    await steps(here, 30)
    limit(here, account)
    times = await steps(here, 20)
    assert times == [5.0]
    rest = here.state.pool.rest("t-plus", here.clock.now())
    assert rest is not None
    assert rest.probe_at == pytest.approx(here.clock.now() - 15 + PROBE_S, abs=1)
    times = await steps(here, HOUR, 10)
    assert 4 <= len(times) <= 12
    rest = here.state.pool.rest("t-plus", here.clock.now())
    assert rest is not None
    assert rest.probe_at > here.clock.now()
    assert not here.practice.turns


async def test_a_limit_that_ends_early_ends_the_rest(here: Rig) -> None:
    account = await here.add()
    limit(here, account)
    await steps(here, 30)
    here.practice.quota(account).primary.used_percent = 1.0
    waiting = here.tasks.start(here.keeper.run(), "keeper")
    here.clock.pass_by(900)
    here.keeper.poke()
    await here.until(lambda: here.state.pool.rest("t-plus", here.clock.now()) is None)
    assert not waiting.done()
    assert not here.practice.turns


async def test_a_limit_that_is_moved_moves_the_rest(here: Rig) -> None:
    account = await here.add()
    limit(here, account, resets_in=5 * HOUR)
    here.practice.exhaust(account, resets_in=HOUR)
    start = here.clock.now()
    await steps(here, 10)
    rest = here.state.pool.rest("t-plus", here.clock.now())
    assert rest is not None
    assert rest.until == pytest.approx(start + HOUR, abs=2)


async def test_those_at_their_limit_come_first(here: Rig) -> None:
    await here.add("first")
    limit(here, await here.add("last"), "last")
    await here.keeper.step()
    here.clock.pass_by(10)
    await here.keeper.step()
    assert here.state.pool.quota("t-first") is None
    assert here.state.pool.quota("t-last") is not None


@pytest.mark.parametrize(
    "change", [{"enabled": False}, {"sign_in_needed": "followed_login_stale"}, {"kind": TokenKind.API_KEY}]
)
async def test_who_is_never_asked_about(here: Rig, change: dict[str, object]) -> None:
    await here.add()
    await here.put(replace(here.token(), **change), here.state.secrets["t-plus"])  # type: ignore[arg-type]
    assert await steps(here, 2 * HOUR, 30) == []


async def test_a_token_without_an_opened_credential_is_passed_over(here: Rig) -> None:
    await here.add()
    here.state.secrets["t-plus"] = TokenSecrets(ApiKey("sk-1"))
    assert await steps(here, 60) == []


async def test_a_refused_login_is_refreshed_once_and_asked_about_again(here: Rig) -> None:
    account = await here.add()
    here.practice.revoke(account)
    await steps(here, 5)
    assert here.state.pool.quota("t-plus") is not None
    assert len(here.practice.refreshes(account)) == 1


async def test_a_login_that_stays_refused_is_not_asked_about_over_and_over(here: Rig) -> None:
    account = await here.add()
    here.practice.always(refusals.unauthorized("token_invalidated"), on="usage")
    times = await steps(here, HOUR, 30)
    assert len(times) <= 5
    assert len(here.practice.refreshes(account)) <= 5
    assert here.token().sign_in_needed is None


@pytest.mark.parametrize(
    "fault",
    [
        refusals.refusal(404, {}),
        refusals.refusal(503, {}),
        refusals.refusal(200, {"no": "limits"}),
        Turn(cut_at="request"),
    ],
)
async def test_failures_are_asked_about_ever_less_often(here: Rig, fault: Turn) -> None:
    await here.add()
    here.practice.always(fault, on="usage")
    times = await steps(here, 6 * HOUR, 60)
    assert 4 <= len(times) <= 12
    here.practice.clear_script()
    await steps(here, 2 * HOUR, 60)
    assert here.state.pool.quota("t-plus") is not None


async def test_that_there_is_no_way_upstream_is_seen_before_any_turn(here: Rig) -> None:
    await here.add()
    await here.practice.stop()
    await steps(here, 60, 10)
    assert here.state.way_lost.is_set()


async def test_an_answer_withdraws_what_was_offered_as_a_way_upstream(here: Rig) -> None:
    await here.add()
    here.state.offered_proxies = ("http://127.0.0.1:7890",)
    await steps(here, 60, 10)
    assert here.state.offered_proxies == ()


@pytest.mark.expects_errors("asking for the quota of token t-plus failed")
async def test_a_fault_of_the_program_does_not_end_the_asking(here: Rig) -> None:
    await here.add()
    usage = here.upstream.usage

    async def broken(*_: object) -> dict[str, object]:
        raise RuntimeError("a bug")

    here.upstream.usage = broken  # type: ignore[method-assign]
    await steps(here, 10)
    here.upstream.usage = usage  # type: ignore[method-assign]
    await steps(here, HOUR, 30)
    assert here.state.pool.quota("t-plus") is not None


async def test_after_a_sleep_it_asks_anew(here: Rig) -> None:
    account = await here.add(lasts=10 * DAY)
    limit(here, account)
    await steps(here, 30)
    before = asked(here)
    # Only the wall clock goes on while the computer sleeps.
    here.clock.jump(DAY)
    await steps(here, 30)
    assert asked(here) == before + 1


async def test_a_clock_that_is_put_back_does_not_end_the_asking(here: Rig) -> None:
    await here.add(lasts=10 * DAY)
    await steps(here, 30)
    here.clock.jump(-DAY)
    before = asked(here)
    await steps(here, HOUR, 30)
    assert asked(here) == before + 1


async def test_a_clock_that_is_put_back_right_at_the_start_does_not_keep_it_from_asking(here: Rig) -> None:
    await here.add(lasts=10 * DAY)
    here.clock.jump(-DAY)
    assert len(await steps(here, 30)) == 1


async def test_it_ends_when_it_is_cancelled(here: Rig) -> None:
    await here.add()
    here.practice.always(Turn(hang_at="headers"), on="usage")
    task = here.tasks.start(here.keeper.run(), "keeper")
    here.clock.pass_by(10)
    here.keeper.poke()
    await here.practice.wait_received(1)
    async with asyncio.timeout(5):
        await here.tasks.close()
    assert task.cancelled()


_times = st.floats(0, 3 * DAY).map(lambda ago: NOW - ago)


@given(
    seen_at=st.none() | _times | st.just(NOW + DAY),
    limited_since=st.none() | _times,
    asked=st.none() | st.builds(Asked, _times, st.integers(0, 100), st.floats(0, 1)),
    started_at=_times,
)
def test_it_is_gentle_and_never_forgets(
    seen_at: float | None, limited_since: float | None, asked: Asked | None, started_at: float
) -> None:
    quota = None if seen_at is None else Quota((), seen_at)
    due = due_at(quota, limited_since, asked, started_at=started_at, now=NOW)
    assert due <= NOW + HOUR
    if asked is not None and (limited_since is None or asked.at >= limited_since):
        assert due >= asked.at + 300
