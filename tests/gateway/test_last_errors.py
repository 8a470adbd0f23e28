"""What a token's last try said is shown until it succeeds again."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.core.credential import login_from_auth_json
from app.core.policy import Policy
from app.core.quota import CODEX, PRIMARY, Quota, Window
from app.gateway.snapshot import TokenView, token_view
from app.gateway.token_check import TokenCheck
from app.practice import refusals
from app.practice.script import Turn, failed, usage_limit_reached
from tests.gateway.fresh import Rig, rig
from tests.gateway.house import PLUS, PRO, House, house
from tests.gateway.test_failover import ask


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[House]:
    async with house(tmp_path, [PLUS, PRO], policy=Policy(wait_s=0)) as running:
        yield running


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Rig]:
    async with rig(tmp_path) as running:
        yield running


def view(running: House, number: int = 0) -> TokenView:
    state = running.state
    return token_view(state, running.token(number), Counter(), state.clock.now())


async def test_a_turns_failure_stands_until_a_turn_succeeds(two: House) -> None:
    assert view(two).last_error is None
    two.practice.script(usage_limit_reached(3600))
    assert (await ask(two))[0] == 200
    await two.row()
    seen = view(two)
    assert seen.last_error == "usage_limit_reached"
    assert seen.last_error_at is not None
    assert abs(seen.last_error_at - two.state.clock.now()) < 60
    assert (view(two, 1).last_error, view(two, 1).last_error_at) == (None, None)
    two.state.try_again()
    await two.desk.set_enabled("t-0001", False)
    assert view(two).last_error == "usage_limit_reached"
    assert (await ask(two))[0] == 200
    assert view(two).last_error is None


async def test_a_failure_in_the_middle_of_an_answer_counts_too(two: House) -> None:
    two.practice.script(failed("server_error", "Trouble.", at="response.output_text.done"))
    assert (await ask(two))[0] == 200
    await two.row()
    assert view(two).last_error == "server_error"


@pytest.mark.parametrize("failure", [refusals.detail("Bad input.", 400), refusals.detail("No such model.", 404)])
async def test_what_is_wrong_with_the_request_says_nothing_of_the_token(two: House, failure: Turn) -> None:
    two.practice.script(failure)
    assert (await ask(two))[0] in (400, 404)
    assert view(two).last_error is None


async def test_a_failed_and_a_good_test_are_told(two: House) -> None:
    check = TokenCheck(two.state, two.upstream, two.refresher)
    two.practice.script(refusals.detail("Forbidden.", 403), on="usage")
    assert (await check.check("t-0000")).code == "forbidden"
    assert view(two).last_error == "forbidden"
    assert (await check.check("t-0000")).code is None
    assert view(two).last_error is None


async def test_a_refusal_that_a_refresh_healed_is_over(two: House) -> None:
    two.practice.script(failed("token_expired", "Signed out."))
    assert (await ask(two))[0] == 200
    await two.row()
    assert view(two).last_error is None


async def test_a_refused_refresh_stands_until_the_login_comes_anew(here: Rig) -> None:
    account = await here.add()
    here.practice.script(refusals.refusal(503, {"error": "busy"}), on="token")
    await here.refresher.refresh("t-plus", "proactive_expiry")
    first = here.state.last_errors["t-plus"]
    here.clock.pass_by(61)
    here.practice.script(refusals.refresh_refused("refresh_token_expired"), on="token")
    await here.refresher.refresh("t-plus", "proactive_expiry")
    second = here.state.last_errors["t-plus"]
    assert second.code == "refresh_token_expired" == here.token().sign_in_needed != first.code
    assert second.at - first.at > 60
    await here.desk.add(login_from_auth_json(account.auth_json()), None)
    assert here.state.last_errors == {}


async def test_a_refresh_that_works_ends_a_refresh_that_failed(here: Rig) -> None:
    await here.add()
    here.practice.script(refusals.refusal(503, {"error": "busy"}), on="token")
    await here.refresher.refresh("t-plus", "proactive_expiry")
    assert here.state.last_errors
    here.clock.pass_by(61)
    await here.refresher.refresh("t-plus", "proactive_expiry")
    assert here.state.last_errors == {}


async def test_what_was_known_of_a_removed_token_is_forgotten(two: House) -> None:
    two.practice.script(usage_limit_reached(3600))
    assert (await ask(two))[0] == 200
    await two.row()
    await two.desk.remove("t-0000")
    assert two.state.last_errors == {}
    two.state.token_failed("t-0000", "late")
    assert two.state.last_errors == {}
    await two.desk.restore("t-0000")
    assert view(two).last_error is None


async def test_answers_tell_when_a_window_runs_out(two: House) -> None:
    now = two.state.clock.now()
    resets_at = now + 3 * 3600
    two.state.note_quota("t-0000", Quota((Window(CODEX, PRIMARY, 60.0, 300, resets_at),), now))
    (forecast,) = view(two).forecasts
    assert (forecast.limit, forecast.slot) == (CODEX, PRIMARY)
    # 60 % in two hours.
    assert forecast.runs_out_at is not None
    assert abs(forecast.runs_out_at - (now + 80 * 60)) <= 120
    assert view(two, 1).forecasts == ()
    await two.desk.remove("t-0000")
    two.state.note_quota("t-0000", Quota((Window(CODEX, PRIMARY, 90.0, 300, resets_at),), now))
    await asyncio.sleep(0)
    assert two.state.pace.forecasts("t-0000", None, now) == ()
