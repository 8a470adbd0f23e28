"""What upstream says of quota, and which token serves by it; with real servers."""

import asyncio
import time
from pathlib import Path
from typing import Any

import orjson
import pytest

from app.core.policy import Policy, Strategy
from app.core.quota import Quota, Window
from app.gateway.clock import Clock
from app.gateway.quota_keeper import QuotaKeeper
from app.practice import refusals
from app.practice.accounts import PracticeAccount, practice_account
from app.practice.script import Turn
from app.practice.server import PracticeUpstream
from tests.gateway.fresh import SetClock
from tests.gateway.house import API, PLUS, PRO, House, house
from tests.gateway.test_responses import codex_body

THIRD = practice_account("third", "plus")
HOUR = 3600.0


async def ask(running: House, name: str | None = None, **more: Any) -> int:
    async with running.post("/responses", data=codex_body(prompt_cache_key=name, **more)) as answer:
        await answer.read()
        return int(answer.status)


def use(running: House, account: PracticeAccount, percent: float) -> None:
    running.practice.quota(account).primary.at(time.time()).used_percent = percent


async def test_headers_and_events_of_each_answer_are_remembered(tmp_path: Path) -> None:
    async with house(tmp_path) as running:
        use(running, PLUS, 40.0)
        assert await ask(running) == 200
        await running.row()
        quota = running.state.pool.quota("t-0000")
        assert quota is not None
        assert {(window.slot, window.used_percent) for window in quota.windows} >= {("primary", 42.0)}
        await running.store.flush()
        (stored,) = (await running.store.token_health()).values()
        assert stored[0] == quota


async def test_a_limits_headers_are_remembered_too(tmp_path: Path) -> None:
    async with house(tmp_path, policy=Policy(wait_s=0)) as running:
        running.practice.exhaust(PLUS, resets_in=HOUR)
        assert await ask(running) == 429
        quota = running.state.pool.quota("t-0000")
        assert quota is not None
        assert quota.left_percent(running.state.clock.now()) == 0


async def test_new_sessions_go_where_most_is_left(tmp_path: Path) -> None:
    async with house(tmp_path, [PLUS, PRO, THIRD]) as running:
        for account, percent in ((PLUS, 60.0), (PRO, 10.0), (THIRD, 90.0)):
            use(running, account, percent)
        for _ in range(3):
            assert await ask(running) == 200
        assert sorted(running.asked()) == [0, 1, 2]
        for _ in range(5):
            assert await ask(running) == 200
        assert running.asked()[3:] == [1] * 5


async def test_equal_tokens_take_turns(tmp_path: Path) -> None:
    async with house(tmp_path, [PLUS, PRO, THIRD]) as running:
        for _ in range(6):
            assert await ask(running) == 200
        assert running.asked() == [0, 1, 2] * 2


async def test_in_order_the_first_serves_until_it_is_spent(tmp_path: Path) -> None:
    clock = SetClock()
    policy = Policy(strategy=Strategy.IN_ORDER)
    async with house(tmp_path, [PLUS, PRO, THIRD], policy=policy, clock=Clock(clock.now, clock.monotonic)) as running:
        use(running, PLUS, 90.0)
        for _ in range(3):
            assert await ask(running) == 200
        assert running.asked() == [0, 0, 0]
        await running.desk.reorder(["t-0002", "t-0000"])
        assert await ask(running) == 200
        assert running.asked()[3:] == [2]
        running.practice.exhaust(THIRD, resets_in=HOUR)
        assert await ask(running) == 200
        assert await ask(running) == 200
        assert running.asked()[4:] == [2, 0, 0]
        clock.pass_by(HOUR + 1)
        assert await ask(running) == 200
        assert running.asked()[7:] == [2]


@pytest.mark.parametrize("strategy", Strategy)
async def test_a_spare_serves_only_when_the_others_cannot(tmp_path: Path, strategy: Strategy) -> None:
    policy = Policy(strategy=strategy, wait_s=0)
    async with house(tmp_path, [PLUS, PRO], policy=policy, changes={0: {"spare": True}}) as running:
        for number in range(4):
            assert await ask(running, f"s{number}") == 200
        assert running.asked() == [1] * 4
        running.practice.exhaust(PRO, resets_in=HOUR)
        assert await ask(running, "s0") == 200
        assert running.asked()[4:] == [1, 0]
        # The regular one is back: so is its session.
        running.practice.quota(PRO).primary.used_percent = 0.0
        running.state.try_again()
        assert await ask(running, "s0") == 200
        assert await ask(running, "new") == 200
        assert running.asked()[6:] == [1, 1]


async def test_a_key_that_costs_money_serves_when_the_logins_cannot(tmp_path: Path) -> None:
    async with house(tmp_path, [API, PLUS], policy=Policy(wait_s=0)) as running:
        assert await ask(running) == 200
        assert await ask(running) == 200
        assert running.asked() == [1, 1]
        running.practice.exhaust(PLUS, resets_in=HOUR)
        assert await ask(running) == 200
        assert running.asked()[2:] == [1, 0]


async def test_a_limit_is_tried_again_by_one_turn_after_a_quarter_of_an_hour(tmp_path: Path) -> None:
    clock = SetClock()
    gate = asyncio.Event()
    async with house(tmp_path, policy=Policy(wait_s=0), clock=Clock(clock.now, clock.monotonic)) as running:
        running.practice.exhaust(PLUS, resets_in=5 * HOUR)
        assert await ask(running) == 429
        clock.pass_by(14 * 60)
        assert await ask(running) == 429
        assert running.asked() == [0]
        clock.pass_by(61)
        assert await ask(running) == 429
        assert running.asked() == [0, 0]
        assert await ask(running) == 429
        assert running.asked() == [0, 0]
        # Upstream has let it go early.
        running.practice.quota(PLUS).primary.used_percent = 0.0
        clock.pass_by(15 * 60 + 1)
        running.practice.script(Turn(hold=gate, hold_at="headers"))
        tasks = [running.start(ask(running)) for _ in range(4)]
        await running.until(lambda: len(running.practice.turns) == 3)
        await running.until(lambda: len(running.state.turnstile) == 3)
        gate.set()
        assert await asyncio.gather(*tasks) == [200] * 4
        assert running.rests(0) is None


async def test_asking_for_quota_ends_a_rest_and_an_answer_of_before_does_not(tmp_path: Path) -> None:
    async with house(tmp_path, policy=Policy(wait_s=0)) as running:
        running.practice.exhaust(PLUS, resets_in=HOUR)
        assert await ask(running) == 429
        now = running.state.clock.now()
        running.state.note_quota("t-0000", Quota((Window("codex", "primary", 3.0, 300, now + HOUR),), now))
        assert running.rests(0) is not None
        keeper = QuotaKeeper(running.state, running.upstream, running.refresher, running.state.clock)
        task = running.start(keeper.run())
        running.practice.quota(PLUS).primary.used_percent = 0.0
        running.state.on_rest = keeper.poke
        keeper.poke()
        await running.until(lambda: running.rests(0) is None)
        task.cancel()
        assert await ask(running) == 200
        assert running.asked() == [0, 0]


async def test_limits_and_rests_outlive_a_restart(tmp_path: Path) -> None:
    practice = PracticeUpstream((), ())
    await practice.start()
    try:
        async with house(tmp_path, [PLUS, PRO], practice=practice, policy=Policy(wait_s=0)) as running:
            practice.exhaust(PLUS, resets_in=HOUR)
            assert await ask(running) == 200
            assert running.asked() == [0, 1]
        async with house(tmp_path, [PLUS, PRO], practice=practice, policy=Policy(wait_s=0)) as running:
            rest = running.rests(0)
            assert rest is not None
            assert HOUR - 10 < rest[1] <= HOUR + 1
            for _ in range(3):
                assert await ask(running) == 200
            assert running.asked()[2:] == [1] * 3
    finally:
        await practice.stop()


async def test_a_turn_that_began_before_the_limit_does_not_end_it(tmp_path: Path) -> None:
    gate = asyncio.Event()
    async with house(tmp_path, policy=Policy(wait_s=0)) as running:
        running.practice.script(Turn(hold=gate, hold_at="headers"))
        early = running.start(ask(running, "early"))
        await running.until(lambda: running.practice.turns)
        running.practice.script(
            refusals.usage_limit("plus", time.time(), HOUR),
        )
        assert await ask(running, "late") == 429
        gate.set()
        assert await early == 200
        await running.row()
        assert running.rests(0) is not None


async def test_a_limit_within_an_answer_counts_from_then_on(tmp_path: Path) -> None:
    async with house(tmp_path, policy=Policy(wait_s=0)) as running:
        limit = Turn(
            fail_at="response.output_text.delta",
            failure=("usage_limit_reached", "The usage limit has been reached"),
            failure_more={"resets_in_seconds": HOUR},
        )
        running.practice.script(limit)
        async with running.post("/responses", data=codex_body()) as answer:
            assert answer.status == 200
            assert b"usage_limit_reached" in await answer.read()
        rest = running.rests(0)
        assert rest is not None
        assert rest[0] == "usage_limit_reached"
        async with running.post("/responses", data=codex_body()) as answer:
            assert answer.status == 429
            assert orjson.loads(await answer.read())["error"]["code"] == "usage_limit_reached"
        assert running.asked() == [0]
