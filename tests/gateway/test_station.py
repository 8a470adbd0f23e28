"""Waiting at the station: turns that are held while every token is at its limit, before their clients see a byte."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest

from app.core.credential import login_from_api_key
from app.core.policy import Policy
from app.core.quota import Quota, Window
from app.core.turn import Outcome
from app.gateway import station
from app.gateway.clock import Clock
from app.gateway.station import Station
from app.practice.script import usage_limit_reached
from app.practice.server import PracticeUpstream
from tests.gateway.fresh import SetClock
from tests.gateway.house import API, PLUS, PRO, House, house
from tests.gateway.test_responses import CODEX_BODY, codex_body

HOUR = 3600.0

Answered = tuple[int, bytes, Any]


async def ask(running: House, body: bytes = CODEX_BODY, path: str = "/responses", **headers: str) -> Answered:
    async with running.post(path, data=body, headers=headers) as answer:
        return answer.status, await answer.read(), answer.headers


def chat(**more: Any) -> bytes:
    return orjson.dumps({"model": "gpt-5", "messages": [{"role": "user", "content": "pong"}], **more})


@asynccontextmanager
async def waiting(running: House, *bodies: bytes) -> AsyncIterator[list[asyncio.Task[Answered]]]:
    """Clients whose turns are held."""
    tasks = [running.start(ask(running, body)) for body in bodies or (CODEX_BODY,)]
    await running.until(lambda: len(running.state.station.held) == len(tasks))
    yield tasks


@pytest.fixture
async def full(tmp_path: Path) -> AsyncIterator[House]:
    """One token that is at its limit for five minutes."""
    async with house(tmp_path) as running:
        running.practice.exhaust(PLUS, resets_in=300)
        yield running


@pytest.fixture
def looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(station, "_LOOK_S", 0.02)


async def back(running: House, answer: asyncio.Task[Answered]) -> None:
    """The held turn is served, as if nothing had been."""
    async with asyncio.timeout(10):
        status, received, headers = await answer
    record = running.practice.turns[-1]
    assert status == 200
    assert received == record.sent
    assert "Retry-After" not in headers
    assert record.body == CODEX_BODY
    row = await running.wait_outcome(Outcome.COMPLETED)
    assert row.verbatim
    assert row.waited_ms is not None
    assert [attempt.error for attempt in row.attempts] == ["usage_limit_reached"]


async def test_a_held_turn_is_sent_unchanged_when_the_limit_ends(tmp_path: Path, looks_often: None) -> None:
    clock = SetClock()
    async with house(tmp_path, clock=Clock(clock.now, clock.monotonic)) as running:
        running.practice.exhaust(PLUS, resets_in=300)
        async with waiting(running) as (answer,):
            (held,) = running.state.station.held
            assert 290 < held.until - clock.now() < 301
            turn = running.state.active[held.turn_id]
            assert turn.session_id == running.session().id
            clock.pass_by(290)
            await asyncio.sleep(0.1)
            assert not answer.done()
            clock.pass_by(11)
            await back(running, answer)
        assert running.asked() == [0, 0]
        row = await running.row()
        assert row.waited_ms is not None
        assert 301_000 <= row.waited_ms < 310_000


async def test_fresh_quota_wakes_who_waits(full: House) -> None:
    async with waiting(full) as (answer,):
        full.practice.quota(PLUS).primary.used_percent = 0.0
        now = full.state.clock.now()
        told = Quota((Window("codex", "primary", 3.0, 300, now + HOUR),), now, whole=True)
        full.state.note_quota("t-0000", told)
        await back(full, answer)


async def test_try_again_wakes_who_waits_and_a_limit_that_stands_holds_on(full: House) -> None:
    async with waiting(full) as (answer,):
        full.state.try_again()
        await full.until(lambda: len(full.practice.turns) == 2)
        await full.until(lambda: full.rests(0) is not None)
        assert not answer.done()
        assert len(full.state.station.held) == 1
        full.practice.quota(PLUS).primary.used_percent = 0.0
        full.state.try_again("t-0000")
        async with asyncio.timeout(10):
            assert (await answer)[0] == 200
    row = await full.row()
    assert [attempt.error for attempt in row.attempts] == ["usage_limit_reached"] * 2
    assert full.asked() == [0, 0, 0]


async def test_a_token_that_is_added_serves_who_waits(full: House) -> None:
    async with waiting(full) as (answer,):
        full.practice.add(API)
        await full.desk.add(login_from_api_key(API.key), None)
        async with asyncio.timeout(10):
            assert (await answer)[0] == 200
    assert full.practice.turns[-1].label == API.label
    assert full.session().home_token_id == full.state.recent[-1].token_id != "t-0000"


async def test_a_token_that_is_enabled_serves_who_waits(tmp_path: Path) -> None:
    async with house(tmp_path, [PLUS, PRO], changes={1: {"enabled": False}}) as running:
        running.practice.exhaust(PLUS, resets_in=300)
        async with waiting(running) as (answer,):
            await running.desk.set_enabled("t-0001", True)
            await back(running, answer)
        assert running.asked() == [0, 1]


async def test_giving_up_answers_with_the_limit(full: House) -> None:
    async with waiting(full) as (answer,):
        (held,) = full.state.station.held
        full.state.station.give_up(held.turn_id)
        async with asyncio.timeout(5):
            status, body, headers = await answer
    error = orjson.loads(body)["error"]
    assert status == 429
    assert (error["type"], error["code"]) == ("usage_limit_reached", "usage_limit_reached")
    assert 290 <= error["resets_in_seconds"] <= 301
    assert abs(error["resets_at"] - time.time() - 300) < 5
    assert "Retry-After" not in headers
    assert "1 at its limit (back at" in error["message"]
    row = await full.wait_outcome(Outcome.REFUSED)
    assert (row.status, row.error) == (429, "usage_limit_reached")


async def test_moving_tries_the_chosen_token_whatever_its_rest_says(tmp_path: Path) -> None:
    async with house(tmp_path, [PLUS, PRO]) as running:
        for account in (PLUS, PRO):
            running.practice.exhaust(account, resets_in=300)
        async with waiting(running) as (answer,):
            (held,) = running.state.station.held
            running.practice.quota(PRO).primary.used_percent = 0.0
            running.state.station.move(held.turn_id, "t-0001")
            async with asyncio.timeout(10):
                assert (await answer)[0] == 200
        assert sorted(running.asked()[:2]) == [0, 1]
        assert running.asked()[2:] == [1]
        assert running.session().home_token_id == "t-0001"


async def test_moving_to_a_token_that_is_still_at_its_limit_holds_on(tmp_path: Path) -> None:
    async with house(tmp_path, [PLUS, PRO]) as running:
        for account in (PLUS, PRO):
            running.practice.exhaust(account, resets_in=300)
        async with waiting(running) as (answer,):
            (held,) = running.state.station.held
            running.state.station.move(held.turn_id, "t-0001")
            await running.until(lambda: len(running.practice.turns) == 3)
            await running.until(lambda: running.rests(1) is not None)
            assert not answer.done()
            assert running.asked()[2] == 1


async def test_a_client_that_leaves_is_forgotten(full: House) -> None:
    async with waiting(full) as (answer,):
        answer.cancel()
        with suppress(asyncio.CancelledError):
            await answer
        await full.until(lambda: not full.state.station.held)
    row = await full.wait_outcome(Outcome.CLIENT_LEFT)
    assert row.status is None
    full.practice.quota(PLUS).primary.used_percent = 0.0
    full.state.try_again()
    await asyncio.sleep(0.1)
    assert full.asked() == [0]


async def test_stopping_ends_held_turns_at_once(full: House) -> None:
    async with waiting(full, codex_body(prompt_cache_key="a"), codex_body(prompt_cache_key="b")) as answers:
        begun = time.monotonic()
        await full.server.stop(30.0)
        assert time.monotonic() - begun < 3
        done = await asyncio.gather(*answers, return_exceptions=True)
        for one in done:
            # An answer that is repeated elsewhere, or none; never a success, never one that ends a job.
            assert isinstance(one, aiohttp.ClientError) or one[0] == 503  # type: ignore[index]
    assert [row.error for row in full.state.recent] == ["gateway_stopped"] * 2
    assert not full.state.station.held


async def test_the_clock_set_forward_ends_the_wait(tmp_path: Path, looks_often: None) -> None:
    clock = SetClock()
    async with house(tmp_path, clock=Clock(clock.now, clock.monotonic)) as running:
        running.practice.exhaust(PLUS, resets_in=500)
        async with waiting(running) as (answer,):
            clock.jump(501)
            await back(running, answer)


async def test_the_clock_set_back_does_not_prolong_the_wait(tmp_path: Path, looks_often: None) -> None:
    clock, practice_clock = SetClock(), SetClock()
    practice = PracticeUpstream((), (), clock=practice_clock.now)
    await practice.start()
    try:
        async with house(tmp_path, practice=practice, clock=Clock(clock.now, clock.monotonic)) as running:
            practice.exhaust(PLUS, resets_in=500)
            async with waiting(running) as (answer,):
                (held,) = running.state.station.held
                clock.jump(-HOUR)
                await running.until(lambda: held.until - clock.now() < 501)
                assert held.until - clock.now() > 490
                assert not answer.done()
                assert running.asked() == [0]
                # From here on the time goes by for everybody.
                practice_clock.pass_by(501)
                clock.pass_by(501)
                await back(running, answer)
    finally:
        await practice.stop()


async def test_a_night_of_waiting_and_then_a_queue(tmp_path: Path, looks_often: None) -> None:
    clock = SetClock()
    policy = Policy(wait_s=6 * HOUR, turns_per_token=1)
    async with house(tmp_path, policy=policy, clock=Clock(clock.now, clock.monotonic)) as running:
        running.practice.exhaust(PLUS, resets_in=5 * HOUR)
        bodies = [codex_body(prompt_cache_key=f"session {number}") for number in range(5)]
        async with waiting(running, *bodies) as answers:
            clock.pass_by(5 * HOUR + 1)
            async with asyncio.timeout(20):
                assert [status for status, _, _ in await asyncio.gather(*answers)] == [200] * 5


async def test_who_would_wait_longer_than_the_user_wants_is_answered_at_once(tmp_path: Path) -> None:
    async with house(tmp_path, policy=Policy(wait_s=600)) as running:
        running.practice.exhaust(PLUS, resets_in=601)
        status, body, _ = await ask(running)
        assert (status, orjson.loads(body)["error"]["code"]) == (429, "usage_limit_reached")
        assert running.asked() == [0]
        # The pool remembers: nothing more goes up.
        assert (await ask(running))[0] == 429
        assert running.asked() == [0]


async def test_a_turn_is_held_for_the_users_time_in_all(tmp_path: Path, looks_often: None) -> None:
    clock = SetClock()
    async with house(tmp_path, clock=Clock(clock.now, clock.monotonic)) as running:
        running.practice.script(usage_limit_reached(400), usage_limit_reached(400))
        async with waiting(running) as (answer,):
            clock.pass_by(402)
            async with asyncio.timeout(10):
                status, _, _ = await answer
        assert status == 429
        assert len(running.practice.turns) == 2


async def test_turning_the_waiting_off_lets_who_waits_go(full: House) -> None:
    async with waiting(full) as (answer,):
        full.state.pool.policy = replace(full.state.pool.policy, wait_s=0)
        full.state.tokens_changed()
        async with asyncio.timeout(5):
            assert (await answer)[0] == 429
    assert (await ask(full))[0] == 429


async def test_a_limit_that_turns_out_longer_ends_the_wait(tmp_path: Path) -> None:
    async with house(tmp_path) as running:
        running.practice.script(usage_limit_reached(60), usage_limit_reached(HOUR))
        async with waiting(running) as (answer,):
            running.state.try_again()
            async with asyncio.timeout(5):
                status, body, _ = await answer
        assert status == 429
        assert 3590 < orjson.loads(body)["error"]["resets_in_seconds"] <= 3601
        assert len(running.asked()) == 2


async def test_the_station_is_bounded_in_turns(full: House) -> None:
    full.state.station = Station(full.state.clock, max_turns=2)
    bodies = [codex_body(prompt_cache_key=f"session {number}") for number in range(2)]
    async with waiting(full, *bodies):
        assert (await ask(full, codex_body(prompt_cache_key="third")))[0] == 429
        assert len(full.state.station.held) == 2


async def test_the_station_is_bounded_in_bytes(full: House) -> None:
    full.state.station = Station(full.state.clock, max_bytes=3 * len(CODEX_BODY) // 2)
    async with waiting(full):
        assert (await ask(full, codex_body(prompt_cache_key="second")))[0] == 429
        assert len(full.state.station.held) == 1


async def test_chat_does_not_wait_unless_it_asks_to(full: House) -> None:
    status, body, headers = await ask(full, chat(), "/chat/completions")
    error = orjson.loads(body)["error"]
    assert (status, error["code"]) == (429, "usage_limit_reached")
    assert 290 <= int(headers["Retry-After"]) <= 301
    assert headers["x-should-retry"] == "false"


@pytest.mark.parametrize("stream", [False, True])
async def test_chat_waits_when_it_asks_to(tmp_path: Path, stream: bool, looks_often: None) -> None:
    clock = SetClock()
    async with house(tmp_path, clock=Clock(clock.now, clock.monotonic)) as running:
        running.practice.exhaust(PLUS, resets_in=300)
        headers = {"x-waystation-wait": "310"}
        task = running.start(ask(running, chat(stream=stream), "/chat/completions", **headers))
        await running.until(lambda: running.state.station.held)
        clock.pass_by(301)
        status, body, _ = await task
        assert status == 200
        assert b"pong" in body
        row = await running.wait_outcome(Outcome.COMPLETED)
        assert row.waited_ms is not None
        assert row.waited_ms > 900
        assert running.asked() == [0, 0]


async def test_a_chat_that_asks_for_less_than_the_limit_lasts_is_answered_at_once(full: House) -> None:
    status, _, _ = await ask(full, chat(), "/chat/completions", **{"x-waystation-wait": "60"})
    assert status == 429


@pytest.mark.parametrize("text", ["soon", "10m"])
async def test_a_waiting_time_that_makes_no_sense_is_refused(full: House, text: str) -> None:
    status, body, _ = await ask(full, chat(), "/chat/completions", **{"x-waystation-wait": text})
    assert (status, orjson.loads(body)["error"]["param"]) == (400, "x-waystation-wait")
    assert full.asked() == []


@pytest.mark.parametrize("text", ["nan", "inf", "-5"])
async def test_odd_waiting_times_do_no_harm(full: House, text: str) -> None:
    task = full.start(ask(full, chat(), "/chat/completions", **{"x-waystation-wait": text}))
    await asyncio.wait([task], timeout=1.0)
    if not task.done():
        (held,) = full.state.station.held
        full.state.station.give_up(held.turn_id)
    assert (await task)[0] in (400, 429)


async def test_twenty_held_turns_come_back_one_first_and_then_the_others(tmp_path: Path, looks_often: None) -> None:
    clock = SetClock()
    async with house(tmp_path, clock=Clock(clock.now, clock.monotonic)) as running:
        running.practice.exhaust(PLUS, resets_in=300)
        bodies = [codex_body(prompt_cache_key=f"session {number}") for number in range(20)]
        async with waiting(running, *bodies) as answers:
            before = len(running.practice.turns)
            assert before <= 8
            most = 0
            clock.pass_by(301)

            async def watch() -> None:
                nonlocal most
                while True:
                    most = max(most, running.state.pool.active_turns("t-0000"))
                    await asyncio.sleep(0)

            watcher = running.start(watch())
            async with asyncio.timeout(20):
                done = await asyncio.gather(*answers)
            watcher.cancel()
            assert [status for status, _, _ in done] == [200] * 20
            assert len(running.practice.turns) == before + 20
            assert most <= 8


async def test_when_the_limit_still_stands_only_one_of_twenty_finds_out(tmp_path: Path) -> None:
    async with house(tmp_path) as running:
        running.practice.exhaust(PLUS, resets_in=300)
        bodies = [codex_body(prompt_cache_key=f"session {number}") for number in range(20)]
        async with waiting(running, *bodies) as answers:
            before = len(running.practice.turns)
            running.state.pool.set_rest("t-0000", replace(running.state.pool.health("t-0000").rest, probe_at=0.0))  # type: ignore[type-var]
            running.state.tokens_changed()
            await running.until(lambda: len(running.practice.turns) == before + 1)
            # All of them wait again, and none stands in a line that nobody calls.
            await running.until(lambda: len(running.state.station.held) == 20)
            assert len(running.practice.turns) == before + 1
            running.practice.quota(PLUS).primary.used_percent = 0.0
            running.state.try_again()
            async with asyncio.timeout(20):
                assert [status for status, _, _ in await asyncio.gather(*answers)] == [200] * 20
