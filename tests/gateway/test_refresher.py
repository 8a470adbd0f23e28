"""Keeping logins fresh, against the practice sign-in service."""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.core.credential import ApiKey, ChatGPTLogin, TokenSecrets, login_from_access_token
from app.core.token import TokenKind
from app.gateway.refresher import AT_ONCE, RefreshResult
from app.practice import refusals
from app.practice.accounts import PracticeAccount
from app.practice.script import Turn
from app.upstream.sign_in import Renewed
from tests.gateway.fresh import DAY, HOUR, Rig, rig

REFUSED = "unauthorized_recovery"
ROOT = Path(__file__).parents[2]


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Rig]:
    async with rig(tmp_path) as running:
        yield running


def start(here: Rig) -> None:
    here.tasks.start(here.refresher.run(), "refresher")


async def test_a_refresh_gives_a_new_pair_that_is_stored(here: Rig) -> None:
    account = await here.add()
    assert await here.refresher.refresh("t-plus", REFUSED, account.access_token) is RefreshResult.RENEWED
    new = here.practice.newest(account)
    assert here.login() == ChatGPTLogin(new.access_token, new.refresh_token, new.id_token)
    assert await here.stored_login() == here.login()
    assert here.token().expires_at == new.expires_at
    assert here.token().refreshed_at is not None
    assert here.practice.refreshes(account)[0].reason == REFUSED


async def test_fifty_callers_make_one_refresh(here: Rig) -> None:
    account = await here.add()
    here.practice.script(Turn(header_delay=0.1), on="token")
    results = await asyncio.gather(
        *(here.refresher.refresh("t-plus", REFUSED, account.access_token) for _ in range(50))
    )
    assert set(results) == {RefreshResult.RENEWED}
    assert len(here.practice.refreshes(account)) == 1


async def test_who_comes_too_late_gets_what_is_there_already(here: Rig) -> None:
    account = await here.add()
    await here.refresher.refresh("t-plus", REFUSED, account.access_token)
    assert await here.refresher.refresh("t-plus", REFUSED, account.access_token) is RefreshResult.RENEWED
    assert len(here.practice.refreshes(account)) == 1


async def test_a_caller_who_leaves_does_not_stop_the_refresh(here: Rig) -> None:
    account = await here.add()
    gate = asyncio.Event()
    here.practice.script(Turn(hold=gate, hold_at="headers"), on="token")
    callers = [
        here.tasks.start(here.refresher.refresh("t-plus", REFUSED, account.access_token), "caller") for _ in range(3)
    ]
    await here.practice.wait_received(1)
    for caller in callers[:2]:
        caller.cancel()
    await asyncio.wait(callers[:2])
    gate.set()
    assert await callers[2] is RefreshResult.RENEWED
    assert len(here.practice.refreshes(account)) == 1
    assert (await here.stored_login()).refresh_token == here.practice.newest(account).refresh_token


async def test_the_refresh_goes_on_when_all_callers_have_left(here: Rig) -> None:
    account = await here.add()
    gate = asyncio.Event()
    here.practice.script(Turn(hold=gate, hold_at="headers"), on="token")
    caller = here.tasks.start(here.refresher.refresh("t-plus", REFUSED, account.access_token), "caller")
    await here.practice.wait_received(1)
    caller.cancel()
    await asyncio.wait([caller])
    gate.set()
    await here.until(lambda: here.login().refresh_token == here.practice.newest(account).refresh_token)


async def test_many_generations_follow_each_other_without_reuse(here: Rig) -> None:
    account = await here.add()
    for _ in range(6):
        used = here.login().access_token
        here.clock.pass_by(HOUR)
        results = await asyncio.gather(*(here.refresher.refresh("t-plus", REFUSED, used) for _ in range(5)))
        assert set(results) == {RefreshResult.RENEWED}
    refreshes = here.practice.refreshes(account)
    assert len(refreshes) == 6
    assert all(refresh.granted for refresh in refreshes)
    assert here.practice.most_refreshes_at_once(account) == 1


@pytest.mark.parametrize("seed", range(6))
async def test_whoever_asks_when_a_login_is_never_refreshed_twice_at_once(here: Rig, seed: int) -> None:
    chance = random.Random(seed)
    accounts = {name: await here.add(name) for name in ("plus", "pro")}
    start(here)
    callers: list[asyncio.Task[RefreshResult]] = []
    for _ in range(60):
        name = chance.choice(list(accounts))
        match chance.randrange(7):
            case 0 | 1:
                used = chance.choice([here.login(name).access_token, accounts[name].access_token, None])
                callers.append(here.tasks.start(here.refresher.refresh(f"t-{name}", REFUSED, used), "caller"))
            case 2 if callers:
                chance.choice(callers).cancel()
            case 3:
                here.clock.pass_by(chance.choice([1, 31, 400, HOUR, DAY]))
            case 4:
                here.clock.jump(chance.choice([-DAY, -60, 60, DAY]))
                here.refresher.poke()
            case 5:
                # What is slow is slow after the service has seen it, and what is lost is lost before.
                fault = chance.choice([Turn(header_delay=0.05), refusals.refusal(503, {}), Turn(cut_at="request")])
                here.practice.script(fault, on="token")
            case _:
                pass
        await asyncio.sleep(chance.choice([0, 0.002, 0.02]))
    await asyncio.wait_for(asyncio.gather(*callers, return_exceptions=True), 20)
    assert sum(len(here.practice.refreshes(account)) for account in accounts.values()) > 1
    for name, account in accounts.items():
        assert here.practice.most_refreshes_at_once(account) <= 1
        assert "refresh_token_reused" not in {refresh.code for refresh in here.practice.refreshes(account)}
        assert here.token(name).sign_in_needed is None
        await here.until(lambda name=name, account=account: _is_newest(here, name, account))  # type: ignore[misc]
        assert (await here.stored_login(name)).refresh_token == here.login(name).refresh_token


def _is_newest(here: Rig, name: str, account: PracticeAccount) -> bool:
    return here.login(name).refresh_token == here.practice.newest(account).refresh_token


async def test_what_the_service_leaves_out_stays_as_it_was(here: Rig) -> None:
    account = await here.add()
    here.practice.sign_in.leave_out = frozenset({"refresh_token", "id_token"})
    assert await here.refresher.refresh("t-plus", REFUSED) is RefreshResult.RENEWED
    assert here.login() == ChatGPTLogin(
        here.practice.newest(account).access_token, account.refresh_token, account.id_token
    )


async def test_an_answer_without_an_access_token_still_saves_what_it_has(here: Rig) -> None:
    account = await here.add()
    here.practice.sign_in.leave_out = frozenset({"access_token", "id_token"})
    assert await here.refresher.refresh("t-plus", REFUSED) is RefreshResult.LATER
    stored = await here.stored_login()
    assert (stored.access_token, stored.refresh_token) == (
        account.access_token,
        here.practice.newest(account).refresh_token,
    )


@pytest.mark.parametrize(
    "code",
    [
        "refresh_token_expired",
        "refresh_token_reused",
        "refresh_token_invalidated",
        "invalid_grant",
        "account_deactivated",
        "account_suspended",
    ],
)
async def test_a_dead_login_needs_a_new_sign_in_and_is_not_asked_for_again(here: Rig, code: str) -> None:
    account = await here.add(lasts=60)
    here.practice.end_refreshing(account, code)
    start(here)
    await here.until(lambda: here.token().sign_in_needed == code)
    here.clock.jump(DAY)
    here.refresher.poke()
    assert await here.refresher.refresh("t-plus", REFUSED, account.access_token) is RefreshResult.SIGN_IN
    assert len(here.practice.refreshes(account)) == 1


@pytest.mark.parametrize("fault", [refusals.refusal(503, {"error": "busy"}), Turn(cut_at="request")])
async def test_a_passing_failure_leaves_the_login_as_it_is(here: Rig, fault: Turn) -> None:
    account = await here.add(lasts=60)
    here.practice.script(fault, on="token")
    assert await here.refresher.refresh("t-plus", REFUSED, account.access_token) is RefreshResult.LATER
    assert here.token().sign_in_needed is None
    assert here.login().access_token == account.access_token
    # Not again at once, whoever asks.
    assert await here.refresher.refresh("t-plus", REFUSED, account.access_token) is RefreshResult.LATER
    here.clock.pass_by(31)
    assert await here.refresher.refresh("t-plus", REFUSED, account.access_token) is RefreshResult.RENEWED


async def test_a_fault_of_the_program_is_told_and_does_not_run_hot(here: Rig, expect_errors: object) -> None:
    await here.add(lasts=60)
    calls = 0

    async def broken(*_: object, **__: object) -> None:
        nonlocal calls
        calls += 1
        raise RuntimeError("a bug")

    assert callable(expect_errors)
    expect_errors("background task refresh t-plus failed")
    here.service.refresh = broken  # type: ignore[method-assign, assignment]
    start(here)
    await here.until(lambda: calls)
    assert await here.refresher.refresh("t-plus", REFUSED) is RefreshResult.LATER
    await asyncio.sleep(0.1)
    assert calls == 1


async def test_what_cannot_be_refreshed(here: Rig) -> None:
    account = await here.add()
    for change in ({"enabled": False}, {"kind": TokenKind.API_KEY}):
        await here.put(replace(here.token(), **change), here.state.secrets["t-plus"])  # type: ignore[arg-type]
        assert await here.refresher.refresh("t-plus", REFUSED) is RefreshResult.NEVER
    await here.put(here.token(), TokenSecrets(ApiKey("sk-1")))
    assert await here.refresher.refresh("t-plus", REFUSED) is RefreshResult.NEVER
    await here.put(replace(here.token(), kind=TokenKind.CHATGPT), TokenSecrets(ChatGPTLogin(account.access_token)))
    assert await here.refresher.refresh("t-plus", REFUSED) is RefreshResult.NEVER
    assert await here.refresher.refresh("t-nobody", REFUSED) is RefreshResult.NEVER
    assert not here.practice.received


async def test_the_schedule_refreshes_five_minutes_before_the_end(here: Rig) -> None:
    early, late = await here.add("early", lasts=299), await here.add("late", lasts=400)
    start(here)
    await here.until(lambda: here.practice.refreshes(early))
    assert not here.practice.refreshes(late)
    assert here.practice.refreshes(early)[0].reason == "proactive_expiry"
    here.clock.pass_by(101)
    here.refresher.poke()
    await here.until(lambda: here.login("late").access_token != late.access_token)


async def test_after_a_day_of_sleep_everything_is_refreshed_at_once_a_few_at_a_time(here: Rig) -> None:
    accounts = [await here.add(f"a{number}") for number in range(9)]
    here.practice.always(Turn(header_delay=0.05), on="token")
    start(here)
    here.clock.jump(DAY)
    here.refresher.poke()
    most = 0
    async with asyncio.timeout(10):
        while any(here.login(f"a{n}").access_token == account.access_token for n, account in enumerate(accounts)):
            running = sum(one.running for account in accounts for one in here.practice.refreshes(account))
            most = max(most, running)
            await asyncio.sleep(0.005)
    assert 1 < most <= AT_ONCE
    assert all(len(here.practice.refreshes(account)) == 1 for account in accounts)


async def test_a_resting_token_is_kept_fresh(here: Rig) -> None:
    account = await here.add(lasts=100)
    rest = here.state.pool.health("t-plus").limit(here.clock.now(), 5 * HOUR, None)
    here.state.rest("t-plus", rest)
    start(here)
    await here.until(lambda: here.login().access_token != account.access_token)
    assert here.state.pool.rest("t-plus", here.clock.now()) == rest


async def test_a_clock_far_ahead_makes_no_loop(here: Rig) -> None:
    account = await here.add()
    here.practice.sign_in.access_life = -HOUR
    start(here)
    here.clock.jump(DAY)
    here.refresher.poke()
    await here.until(lambda: here.login().access_token != account.access_token)
    for _ in range(5):
        here.refresher.poke()
        await asyncio.sleep(0.02)
    assert len(here.practice.refreshes(account)) == 1
    here.clock.jump(61)
    here.refresher.poke()
    await here.until(lambda: len(here.practice.refreshes(account)) == 2)


async def test_a_new_access_token_that_is_refused_too_is_not_renewed_over_and_over(here: Rig) -> None:
    account = await here.add()
    assert await here.refresher.refresh("t-plus", REFUSED, account.access_token) is RefreshResult.RENEWED
    assert await here.refresher.refresh("t-plus", REFUSED, here.login().access_token) is RefreshResult.LATER
    assert len(here.practice.refreshes(account)) == 1


async def test_a_pair_that_cannot_be_saved_is_used_and_saved_later(here: Rig) -> None:
    account = await here.add()
    here.desk.broken = True
    assert await here.refresher.refresh("t-plus", REFUSED, account.access_token) is RefreshResult.RENEWED
    new = here.practice.newest(account)
    assert here.login() == ChatGPTLogin(new.access_token, new.refresh_token, new.id_token)
    assert here.token().expires_at == new.expires_at
    assert (await here.stored_login()).refresh_token == account.refresh_token
    here.desk.broken = False
    async with asyncio.timeout(5):
        while await here.stored_login() != here.login():  # noqa: ASYNC110 - the store tells nobody
            await asyncio.sleep(0.05)


async def test_a_pair_that_could_not_be_saved_is_saved_at_the_end(here: Rig) -> None:
    account = await here.add()
    here.desk.broken = True
    await here.refresher.refresh("t-plus", REFUSED, account.access_token)
    here.desk.broken = False
    await here.refresher.close()
    await here.desk.close()
    assert await here.stored_login() == here.login()


@pytest.mark.expects_errors("could not be saved: it needs a new sign-in")
async def test_a_pair_that_can_never_be_saved_is_told_of(here: Rig) -> None:
    account = await here.add()
    here.desk.broken = True
    await here.refresher.refresh("t-plus", REFUSED, account.access_token)
    await here.refresher.close()
    await here.desk.close()


async def test_an_unsaved_pair_does_not_replace_a_new_sign_in(here: Rig) -> None:
    account = await here.add()
    here.desk.broken = True
    await here.refresher.refresh("t-plus", REFUSED, account.access_token)
    mine = login_from_access_token(account.access_token, refresh_token="rt_signed_in_anew")
    here.desk.broken = False
    await here.desk.add(mine, None)
    await here.desk.close()
    assert (await here.stored_login()).refresh_token == "rt_signed_in_anew"


@pytest.mark.parametrize("refused", [False, True])
async def test_a_sign_in_during_a_refresh_wins(here: Rig, refused: bool) -> None:
    account = await here.add()
    if refused:
        here.practice.end_refreshing(account)
    gate = asyncio.Event()
    answered = here.service.refresh

    async def slowly(*args: Any, **kwargs: Any) -> Renewed:
        try:
            return await answered(*args, **kwargs)
        finally:
            await gate.wait()

    here.service.refresh = slowly  # type: ignore[method-assign]
    caller = here.tasks.start(here.refresher.refresh("t-plus", REFUSED, account.access_token), "caller")
    await here.practice.wait_received(1)
    mine = TokenSecrets(ChatGPTLogin(here.login().access_token, "rt_signed_in_anew"))
    await here.put(here.token(), mine)
    gate.set()
    assert await caller is RefreshResult.RENEWED
    assert here.state.secrets["t-plus"] == mine
    assert here.token().sign_in_needed is None
    assert (await here.stored_login()).refresh_token == "rt_signed_in_anew"


async def test_an_access_token_that_is_added_during_a_refresh_does_not_lose_the_pair(here: Rig) -> None:
    account = await here.add()
    gate = asyncio.Event()
    here.practice.script(Turn(hold=gate, hold_at="headers"), on="token")
    caller = here.tasks.start(here.refresher.refresh("t-plus", REFUSED, account.access_token), "caller")
    await here.practice.wait_received(1)
    await here.desk.add(login_from_access_token(replace(account, generation=9).access_token), None)
    gate.set()
    assert await caller is RefreshResult.RENEWED
    assert here.login().refresh_token == here.practice.newest(account).refresh_token
    assert await here.stored_login() == here.login()


@pytest.mark.parametrize("own", ["rt_signed_in_anew", None])
async def test_a_sign_in_that_is_being_stored_when_the_pair_comes_wins_unless_it_cannot_be_renewed(
    here: Rig, own: str | None
) -> None:
    account = await here.add()
    mine = ChatGPTLogin(replace(account, generation=9).access_token, own)
    async with here.desk._changing:
        caller = here.tasks.start(here.refresher.refresh("t-plus", REFUSED, account.access_token), "caller")
        await here.until(lambda: here.desk._changing._waiters)
        await here.put(here.token(), TokenSecrets(mine))
    assert await caller is RefreshResult.RENEWED
    new = here.practice.newest(account)
    assert here.login().refresh_token == (own or new.refresh_token)
    assert here.login().access_token == (mine.access_token if own else new.access_token)
    assert await here.stored_login() == here.login()


async def test_a_token_that_is_removed_meanwhile_is_no_fault(here: Rig) -> None:
    account = await here.add()
    gate = asyncio.Event()
    here.practice.script(Turn(hold=gate, hold_at="headers"), on="token")
    caller = here.tasks.start(here.refresher.refresh("t-plus", REFUSED, account.access_token), "caller")
    await here.practice.wait_received(1)
    await here.store.remove_token("t-plus", here.clock.now())
    here.state.pool.remove("t-plus")
    here.state.secrets.clear()
    gate.set()
    await caller
    assert await here.store.tokens() == []


async def test_closing_waits_for_a_refresh_that_runs(here: Rig) -> None:
    account = await here.add()
    here.practice.script(Turn(header_delay=0.3), on="token")
    caller = here.tasks.start(here.refresher.refresh("t-plus", REFUSED, account.access_token), "caller")
    await here.practice.wait_received(1)
    await here.refresher.close()
    assert await here.stored_login() == here.login()
    assert here.login().refresh_token == here.practice.newest(account).refresh_token
    assert await caller is RefreshResult.RENEWED
    # And then no more.
    here.clock.pass_by(DAY)
    assert await here.refresher.refresh("t-plus", REFUSED) is RefreshResult.LATER
    assert len(here.practice.refreshes(account)) == 1


async def test_closing_does_not_wait_for_ever(here: Rig) -> None:
    account = await here.add()
    here.practice.script(Turn(hang_at="headers"), on="token")
    caller = here.tasks.start(here.refresher.refresh("t-plus", REFUSED, account.access_token), "caller")
    await here.practice.wait_received(1)
    async with asyncio.timeout(5):
        await here.refresher.close(0.2)
        assert await caller is RefreshResult.LATER


async def test_no_secret_is_logged(here: Rig, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", logger="app")
    account = await here.add()
    here.practice.script(refusals.refusal(503, {"error": account.refresh_token}), on="token")
    await here.refresher.refresh("t-plus", REFUSED)
    here.clock.pass_by(60)
    here.desk.broken = True
    await here.refresher.refresh("t-plus", REFUSED)
    here.desk.broken = False
    assert "t-plus" in caplog.text
    for secret in (account.refresh_token, account.access_token, here.login().refresh_token, here.login().access_token):
        assert secret is not None
        assert secret not in caplog.text


async def begin_child(here: Rig, tmp_path: Path) -> tuple[asyncio.subprocess.Process, PracticeAccount]:
    """A process that refreshes a token of a data folder of its own, against this practice upstream."""
    folder = tmp_path / "child"
    folder.mkdir()
    async with rig(folder, practice=here.practice) as before:
        account = await before.add(lasts=DAY)
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.gateway.refreshing_child",
        folder,
        here.practice.auth_issuer,
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    return child, account


async def test_a_process_that_is_killed_while_it_asks_keeps_the_old_pair(here: Rig, tmp_path: Path) -> None:
    here.practice.script(Turn(hang_at="request"), on="token")
    child, account = await begin_child(here, tmp_path)
    try:
        await here.practice.wait_received(1, 30)
    finally:
        child.kill()
        await child.wait()
    async with rig(tmp_path / "child", practice=here.practice) as after:
        assert after.login().refresh_token == account.refresh_token
        assert await after.refresher.refresh("t-plus", REFUSED) is RefreshResult.RENEWED


@pytest.mark.parametrize("pairs", [1, 7])
async def test_no_pair_that_was_in_use_is_lost_when_the_process_is_killed(
    here: Rig, tmp_path: Path, pairs: int
) -> None:
    here.practice.script(*(Turn() for _ in range(pairs)), Turn(hang_at="request"), on="token")
    child, account = await begin_child(here, tmp_path)
    assert child.stdout is not None
    try:
        async with asyncio.timeout(30):
            used = [(await child.stdout.readline()).split()[1].decode() for _ in range(pairs)]
    finally:
        # At once: nothing is closed in an orderly way.
        child.kill()
        await child.wait()
    here.practice.clear_script()
    assert len(set(used)) == pairs
    async with rig(tmp_path / "child", practice=here.practice) as after:
        assert after.login().refresh_token == used[-1] == here.practice.newest(account).refresh_token
        assert await after.refresher.refresh("t-plus", REFUSED) is RefreshResult.RENEWED
    assert "refresh_token_reused" not in {refresh.code for refresh in here.practice.refreshes(account)}
