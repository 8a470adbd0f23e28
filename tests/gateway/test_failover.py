"""Each failure of upstream, with real servers: what the client gets, who is asked, and what is remembered."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
import zstandard

from app.core.policy import Policy
from app.core.pool import Reason
from app.core.turn import Outcome
from app.gateway.clock import Clock
from app.practice import refusals
from app.practice.accounts import PracticeAccount, practice_account
from app.practice.script import Behaviour, Turn, failed, usage_limit_reached
from tests.gateway.fresh import SetClock
from tests.gateway.house import API, PLUS, PRO, House, house
from tests.gateway.test_responses import CODEX_BODY, codex_body

THIRD = practice_account("third", "plus")
HOUR = 3600.0
ZSTD = zstandard.ZstdCompressor().compress(CODEX_BODY)


def chat(**more: Any) -> bytes:
    messages = [{"role": "user", "content": "pong"}]
    return orjson.dumps({"model": "gpt-5-codex", "messages": messages, "prompt_cache_key": "0199-thread", **more})


@dataclass(frozen=True)
class Way:
    """How a client asks."""

    name: str
    path: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


WAYS = (
    Way("stream", "/responses", CODEX_BODY),
    Way("whole", "/responses", codex_body(stream=False)),
    Way("zstd", "/responses", ZSTD, (("Content-Encoding", "zstd"),)),
    Way("chat", "/chat/completions", chat()),
    Way("chat stream", "/chat/completions", chat(stream=True)),
)

Answer = tuple[int, bytes, Any]


async def ask(running: House, way: Way = WAYS[0]) -> Answer:
    async with running.post(way.path, data=way.body, headers=dict(way.headers)) as answer:
        return answer.status, await answer.read(), answer.headers


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[House]:
    """Two tokens, and a session whose home is the first; nobody waits at the station."""
    async with house(tmp_path, [PLUS, PRO], policy=Policy(wait_s=0)) as running:
        assert (await ask(running))[0] == 200
        assert running.session().home_token_id == "t-0000"
        await running.row()
        yield running


@dataclass(frozen=True)
class Case:
    """A failure, and what follows for the token that had it.

    Attributes:
        failure: of upstream.
        code: in the turn's row.
        moves: the session's home moves with it; else it is lent.
        rest: why it rests, and for how long in seconds; None: it does not rest.
        sends: how often each token was asked.
    """

    failure: Behaviour
    code: str
    moves: bool = False
    rest: tuple[str, float] | None = None
    sends: tuple[int, ...] = (0, 1)
    sign_in: bool = False


CASES = {
    "usage limit": Case(usage_limit_reached(HOUR), "usage_limit_reached", True, ("usage_limit_reached", HOUR)),
    "usage limit, old": Case(
        usage_limit_reached(HOUR, resets_at=False), "usage_limit_reached", True, ("usage_limit_reached", HOUR)
    ),
    "usage limit, in the stream": Case(
        failed("usage_limit_reached", "The usage limit has been reached", resets_in_seconds=HOUR),
        "usage_limit_reached",
        True,
        ("usage_limit_reached", HOUR),
    ),
    "long rate limit": Case(refusals.rate_limited(40, None), "rate_limit_exceeded", False, ("rate_limit_exceeded", 40)),
    "no credit": Case(refusals.insufficient_quota(), "insufficient_quota", True, ("insufficient_quota", HOUR)),
    "not in the plan": Case(refusals.usage_not_included(), "usage_not_included", True, ("usage_not_included", HOUR)),
    "deactivated": Case(refusals.account_refused(), "account_deactivated", True, sign_in=True),
    "deactivated workspace": Case(refusals.deactivated_workspace(), "deactivated_workspace", True, sign_in=True),
    "suspended": Case(refusals.account_refused("account_suspended"), "account_suspended", True, sign_in=True),
    "revoked": Case(
        refusals.error("Revoked.", code="token_revoked", status=403), "token_revoked", True, None, (0, 0, 1), True
    ),
    "workspace's limit": Case(
        refusals.error("Try again in 1h.", code="workspace_member_usage_limit_reached", status=429),
        "workspace_member_usage_limit_reached",
        True,
        ("usage_limit_reached", HOUR),
    ),
    "usage limit, by its words": Case(
        refusals.detail("The usage limit has been reached. Please try again in 1h.", 403),
        "http_403",
        True,
        ("usage_limit_reached", HOUR),
    ),
    "no billing": Case(
        refusals.error("Inactive.", code="billing_not_active", status=429),
        "billing_not_active",
        True,
        ("billing_not_active", HOUR),
    ),
    "payment required": Case(refusals.detail("Payment Required", 402), "http_402", True, ("http_402", HOUR)),
    "forbidden": Case(refusals.detail("Forbidden.", 403), "http_403", True, ("http_403", HOUR)),
    "another rate limit": Case(
        refusals.error("Too fast.", code="requests", status=429),
        "requests",
        False,
        ("rate_limit_exceeded", 5),
        (0, 0, 1),
    ),
    "at capacity": Case(refusals.error("Selected model is at capacity.", status=429), "rate_limit_exceeded"),
    "request timeout": Case(refusals.detail("Timeout", 408), "upstream_timeout"),
    "too early": Case(refusals.detail("Too Early", 425), "http_425"),
    "cloudflare's page of a dead server": Case(refusals.page("<html>cloudflare 522</html>", 522), "cloudflare"),
    "server error": Case(refusals.server_error(), "server_error"),
    "bad gateway": Case(refusals.server_error(502), "upstream_error"),
    "overloaded": Case(refusals.overloaded(), "server_is_overloaded"),
    "slow down": Case(refusals.slow_down(), "slow_down"),
    "overloaded, in the stream": Case(failed("server_is_overloaded", "Busy."), "server_is_overloaded"),
    "broken": Case(Turn(cut_at="response.created"), "upstream_stream_truncated"),
    "no answer": Case(Turn(cut_at="headers"), "upstream_unreachable"),
}


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
@pytest.mark.parametrize("name", CASES)
async def test_a_failure_is_served_by_the_other_token(
    two: House, name: str, way: Way, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    case = CASES[name]
    two.practice.always(case.failure, account=PLUS)
    status, received, _ = await ask(two, way)
    assert status == 200
    assert two.asked()[1:] in ([*case.sends], [0, *case.sends])
    assert two.number(two.practice.turns[-1]) == 1
    row = await two.wait_outcome(Outcome.COMPLETED)
    assert {(one.token_id, one.error) for one in row.attempts} == {("t-0000", case.code)}
    assert (row.token_id, row.error, row.status) == ("t-0001", None, 200)
    session = two.session()
    assert session.current_token_id == "t-0001"
    assert session.home_token_id == ("t-0001" if case.moves else "t-0000")
    assert (session.lent_at is not None) is (not case.moves)
    rest = two.rests(0)
    assert (rest is None) is (case.rest is None)
    if rest is not None and case.rest is not None:
        assert rest[0] == case.rest[0]
        assert abs(rest[1] - case.rest[1]) < 5
    assert (two.token(0).sign_in_needed == case.code) is case.sign_in
    sent = two.practice.turns[-1]
    if way.path == "/responses":
        assert row.verbatim is (way.name != "whole")
        if way.name != "whole":
            assert sent.body == way.body
            assert received == sent.sent
        else:
            assert orjson.loads(received)["status"] == "completed"
    else:
        assert b"pong" in received
        assert b"error" not in received
    text = "\n".join(record.getMessage() for record in caplog.records)
    assert case.code in text
    for secret in (PLUS.access_token, PRO.access_token, PLUS.refresh_token, "pong", PLUS.email):
        assert secret not in text


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
async def test_a_short_rate_limit_is_waited_for_on_the_same_token(two: House, way: Way) -> None:
    two.practice.script(refusals.rate_limited(None, "200ms"))
    assert (await ask(two, way))[0] == 200
    assert two.asked() == [0, 0, 0]
    row = await two.row()
    assert [one.error for one in row.attempts] == ["rate_limit_exceeded"]
    assert row.total_ms > 190
    assert two.session().moves == 0
    assert two.rests(0) is None


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
async def test_a_model_that_a_token_may_not_have_is_asked_of_another_and_remembered(two: House, way: Way) -> None:
    two.practice.deny_model(PLUS, "gpt-5-codex")
    assert (await ask(two, way))[0] == 200
    assert (await ask(two, way))[0] == 200
    assert two.asked() == [0, 0, 1, 1]
    assert two.session().home_token_id == "t-0000"
    rows = list(two.state.recent)
    assert [row.note for row in rows[1:]] == [Reason.MODEL, Reason.KEPT]
    # Another model is still its own.
    body = codex_body(model="gpt-5")
    assert (await ask(two, replace(WAYS[0], body=body)))[0] == 200
    assert two.asked()[4:] == [0]


async def test_a_model_that_nobody_has_is_told_in_upstreams_own_words(two: House) -> None:
    for account in (PLUS, PRO):
        two.practice.deny_model(account, "gpt-5-codex")
    for _ in range(2):
        status, body, _ = await ask(two)
        assert status == 400
        assert "model is not supported" in orjson.loads(body)["detail"]
    assert len(two.asked()) <= 1 + 2 + 2


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
async def test_a_page_of_cloudflares_is_explained_and_the_session_stays(two: House, way: Way) -> None:
    two.practice.always(refusals.cloudflare_challenge())
    status, body, _ = await ask(two, way)
    assert status in (400, 502)
    error = orjson.loads(body)["error"]
    assert "Cloudflare" in error["message"]
    assert "<html" not in body.decode()
    row = await two.wait_outcome(Outcome.FAILED)
    assert row.error == "cloudflare"
    # Both have the same way upstream: what stands before one stands before the other.
    assert set(two.asked()) == {0}
    assert two.session().current_token_id == "t-0000"
    assert two.rests(0) is None


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (refusals.page("<html>Not here</html>", 404), "upstream_error"),
        (refusals.page("<html>Who are you?</html>", 401), "upstream_error"),
        (refusals.page("<html>Welcome to our Wi-Fi</html>"), "upstream_error"),
        (
            refusals.error("Country not supported", code="unsupported_country_region_territory", status=403),
            "unsupported_country_region_territory",
        ),
    ],
    ids=str,
)
async def test_what_stands_before_upstream_costs_no_token_and_no_home(
    two: House, failure: Behaviour, code: str, way: Way
) -> None:
    two.practice.always(failure, account=PLUS)
    status, _, _ = await ask(two, way)
    assert status >= 400 or code == "upstream_error"
    assert (await two.wait_outcome(Outcome.FAILED)).error == code
    assert set(two.asked()) == {0}
    assert (two.session().current_token_id, two.rests(0)) == ("t-0000", None)
    assert two.token(0).sign_in_needed is None


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
@pytest.mark.parametrize("account", [PLUS, PRO])
async def test_what_the_client_did_wrong_is_never_tried_again(two: House, way: Way, account: PracticeAccount) -> None:
    wrong = refusals.error("Invalid value: 'x'.", param="x", code="invalid_value")
    two.practice.always(wrong)
    status, body, _ = await ask(two, way)
    assert (status, orjson.loads(body)["error"]["code"]) == (400, "invalid_value")
    assert two.asked() == [0, 0]
    row = await two.wait_outcome(Outcome.FAILED)
    assert (row.error, row.attempts, row.token_id) == ("invalid_value", (), "t-0000")
    assert two.session().moves == 0


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
async def test_when_upstream_is_down_its_own_answer_is_the_answer_and_nobody_rests(two: House, way: Way) -> None:
    two.practice.always(refusals.server_error(503))
    status, body, _ = await ask(two, way)
    assert status in (502, 503)
    assert orjson.loads(body)["error"]["type"] == "server_error"
    assert {0, 1} == set(two.asked()[1:])
    assert len(two.asked()) <= 1 + 8
    row = await two.wait_outcome(Outcome.FAILED)
    assert row.error == "server_error"
    assert len(row.attempts) == len(two.asked()) - 2
    assert two.rests(0) is None
    assert two.rests(1) is None
    two.practice.always(None)
    assert (await ask(two, way))[0] == 200
    assert two.session().current_token_id == "t-0000"


async def test_a_token_rests_after_repeated_faults_of_its_own(two: House) -> None:
    # The other one works.
    assert (await ask(two, replace(WAYS[0], body=codex_body(prompt_cache_key="other"))))[0] == 200
    assert two.asked() == [0, 1]
    two.practice.always(refusals.server_error(), account=PLUS)
    for _ in range(3):
        assert (await ask(two))[0] == 200
        await two.row()
        assert two.session().home_token_id == "t-0000"
    assert two.asked()[2:] == [0, 1, 0, 1, 0, 1]
    assert two.rests(0) is not None
    assert (await ask(two))[0] == 200
    assert two.asked()[8:] == [1]


# --- both at once --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
async def test_when_all_are_at_their_limit_the_client_hears_the_earliest_time(two: House, way: Way) -> None:
    two.practice.exhaust(PLUS, resets_in=2 * HOUR)
    two.practice.exhaust(PRO, resets_in=HOUR)
    for _ in range(2):
        status, body, headers = await ask(two, way)
        error = orjson.loads(body)["error"]
        assert (status, error["code"]) == (429, "usage_limit_reached")
        assert HOUR - 5 < error["resets_in_seconds"] <= HOUR + 1
        assert "2 tokens: 2 at their limit (first back at" in error["message"]
        assert ("Retry-After" in headers) is (way.path != "/responses")
    assert two.asked() == [0, 0, 1]
    row = await two.wait_outcome(Outcome.REFUSED)
    assert row.error == "usage_limit_reached"


async def test_the_message_counts_the_reasons(tmp_path: Path) -> None:
    who = [PLUS, PRO, THIRD]
    changes = {2: {"sign_in_needed": "refresh_token_reused"}}
    async with house(tmp_path, who, policy=Policy(wait_s=0), changes=changes) as running:
        for account in (PLUS, PRO):
            running.practice.exhaust(account, resets_in=HOUR)
        _, body, headers = await ask(running)
        message = orjson.loads(body)["error"]["message"]
        assert message.startswith("3 tokens: 2 at their limit (first back at ")
        assert message.endswith("), 1 needs sign-in.")
        assert headers["x-codex-promo-message"] == f"Waystation: {message.rstrip('.')}"


async def test_who_need_only_wait_for_seconds_is_told_to_wait_though_another_is_at_its_limit(two: House) -> None:
    two.practice.exhaust(PLUS, resets_in=HOUR)
    two.practice.script(refusals.rate_limited(40, None), account=PRO)
    status, body, headers = await ask(two)
    # Codex shows a limit and stops, but waits by itself when told for how long.
    assert (status, orjson.loads(body)["error"]["code"]) == (429, "rate_limit_exceeded")
    assert 35 < int(headers["Retry-After"]) <= 41


async def test_a_limit_ends_and_its_session_stays_where_it_moved(tmp_path: Path) -> None:
    clock = SetClock()
    async with house(tmp_path, [PLUS, PRO], clock=Clock(clock.now, clock.monotonic)) as running:
        assert (await ask(running))[0] == 200
        running.practice.exhaust(PLUS, resets_in=HOUR)
        assert (await ask(running))[0] == 200
        clock.pass_by(2 * HOUR)
        assert (await ask(running))[0] == 200
        assert running.asked() == [0, 0, 1, 1]


async def test_a_loan_ends_when_the_home_is_well_again(two: House) -> None:
    two.practice.script(refusals.overloaded(), account=PLUS)
    assert (await ask(two))[0] == 200
    assert (await ask(two))[0] == 200
    assert two.asked() == [0, 0, 1, 0]
    notes = [row.note for row in two.state.recent]
    assert notes == [Reason.NEW_SESSION, Reason.LENT, Reason.RETURNED]


# --- renewing ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
async def test_a_refused_login_is_renewed_and_tried_again_on_the_same_token(two: House, way: Way) -> None:
    two.practice.revoke(PLUS)
    assert (await ask(two, way))[0] == 200
    assert len(two.practice.refreshes(PLUS)) == 1
    assert two.practice.refreshes(PLUS)[0].reason == "unauthorized_recovery"
    assert [record.status for record in two.practice.turns] == [200, 401, 200]
    assert two.session().moves == 0
    row = await two.row()
    assert [(one.token_id, one.error) for one in row.attempts] == [("t-0000", "token_invalidated")]
    assert two.token(0).sign_in_needed is None
    # What is in use is what a restart would find.
    (stored, _) = await two.store.tokens()
    assert stored.token == two.token(0)


async def test_thirty_turns_with_an_expired_login_renew_it_once(tmp_path: Path) -> None:
    clock = SetClock()
    old = replace(PLUS, expires_at=int(clock.now()) - 10)
    policy = Policy(turns_per_token=30)
    async with house(tmp_path, [old], policy=policy, clock=Clock(clock.now, clock.monotonic)) as running:
        ways = [replace(WAYS[0], body=codex_body(prompt_cache_key=f"s{number}")) for number in range(30)]
        answers = await asyncio.gather(*(ask(running, way) for way in ways))
        assert [status for status, _, _ in answers] == [200] * 30
        assert len(running.practice.refreshes(old)) == 1
        assert [record.status for record in running.practice.turns].count(200) == 30
        await running.row()


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
async def test_a_login_that_is_signed_out_moves_the_session(two: House, way: Way) -> None:
    two.practice.sign_out(PLUS)
    assert (await ask(two, way))[0] == 200
    assert two.token(0).sign_in_needed is not None
    assert two.session().home_token_id == "t-0001"
    assert two.asked()[1:] == [-1, 1]
    # A restart remembers.
    await two.state.close()
    stored = await two.store.tokens()
    assert stored[0].token.sign_in_needed == two.token(0).sign_in_needed
    assert (await ask(two, way))[0] == 200
    assert len(two.practice.refreshes(PLUS)) == 1


async def test_a_login_that_is_renewed_and_refused_again_is_not_renewed_twice(two: House) -> None:
    two.practice.always(refusals.unauthorized(), account=PLUS)
    assert (await ask(two))[0] == 200
    assert len(two.practice.refreshes(PLUS)) == 1
    assert two.asked() == [0, 0, 0, 1]
    assert two.token(0).sign_in_needed == "token_invalidated"


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
async def test_when_two_tokens_refuse_a_turn_no_third_is_tried(tmp_path: Path, way: Way) -> None:
    async with house(tmp_path, [PLUS, PRO, THIRD]) as running:
        for account in (PLUS, PRO, THIRD):
            running.practice.sign_out(account)
        status, body, _ = await ask(running, way)
        error = orjson.loads(body)["error"]
        assert (status, error["code"]) == (400 if way.path == "/responses" else 503, "no_available_token")
        assert "two tokens in a row" in error["message"]
        assert "2 need sign-in" in error["message"]
        assert len(running.practice.turns) == 2
        row = await running.wait_outcome(Outcome.REFUSED)
        assert len(row.attempts) == 2
        # The third one is still untouched.
        assert len([n for n in range(3) if running.token(n).sign_in_needed is None]) == 1


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
async def test_an_api_key_that_is_refused_needs_the_user_and_another_token_serves(tmp_path: Path, way: Way) -> None:
    async with house(tmp_path, [API, PLUS], changes={1: {"spare": True}}) as running:
        running.practice.revoke(API)
        assert (await ask(running, way))[0] == 200
        assert running.token(0).sign_in_needed == "invalid_api_key"
        assert len([r for r in running.practice.received if r.status == 401]) == 1
        row = await running.row()
        assert [(one.token_id, one.error) for one in row.attempts] == [("t-0000", "invalid_api_key")]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
async def test_a_refused_api_key_is_not_told_to_sign_in(tmp_path: Path, way: Way) -> None:
    async with house(tmp_path, [API]) as running:
        running.practice.revoke(API)
        _, body, _ = await ask(running, way)
        assert orjson.loads(body)["error"]["message"] == (
            "No token of Waystation can serve this. 1 token: 1 with a refused API key. Add a new API key in Waystation."
        )


async def test_a_sign_in_service_that_cannot_be_reached_costs_no_login(two: House) -> None:
    two.practice.revoke(PLUS)
    two.practice.always(Turn(cut_at="request"), on="token")
    assert (await ask(two))[0] == 200
    assert two.token(0).sign_in_needed is None
    assert two.number(two.practice.turns[-1]) == 1
    two.practice.restore(PLUS)
    two.practice.clear_script()
    assert (await ask(two))[0] == 200


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
async def test_without_the_sign_in_service_the_only_login_is_tried_again_later(tmp_path: Path, way: Way) -> None:
    async with house(tmp_path) as running:
        running.practice.revoke(PLUS)
        running.practice.always(refusals.server_error(503), on="token")
        status, body, headers = await ask(running, way)
        assert (status, orjson.loads(body)["error"]["code"]) == (429, "rate_limit_exceeded")
        assert int(headers["Retry-After"]) > 0
        assert running.token(0).sign_in_needed is None
        await running.wait_outcome(Outcome.REFUSED)


# --- who leaves ----------------------------------------------------------------------------------------------------


PHASES: dict[str, Callable[[asyncio.Event], Behaviour]] = {
    "before the headers": lambda gate: Turn(hold=gate, hold_at="headers"),
    "before the first event": lambda gate: Turn(hold=gate, hold_at=0),
    "while it is held back": lambda gate: Turn(hold=gate, hold_at="response.created"),
    "in the middle": lambda gate: Turn(hold=gate, hold_at="response.output_text.delta"),
    "in a pause": lambda gate: refusals.rate_limited(None, "4s"),
}


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
@pytest.mark.parametrize("phase", PHASES)
async def test_a_client_may_leave_at_any_time(two: House, phase: str, way: Way) -> None:
    gate = asyncio.Event()
    two.practice.always(PHASES[phase](gate))
    client = two.start(ask(two, way))
    await two.until(lambda: len(two.practice.turns) == 2)
    await asyncio.sleep(0.05)
    assert two.state.pool.active_turns("t-0000") == (phase != "in a pause")
    client.cancel()
    await two.wait_outcome(Outcome.CLIENT_LEFT)
    assert two.state.pool.active_turns("t-0000") == 0
    record = await two.practice.wait_finished(two.practice.turns[1], 5)
    assert record.client_left is (phase != "in a pause")
    await asyncio.sleep(0.05)
    assert len(two.practice.turns) == 2


async def test_a_client_that_leaves_while_a_login_is_renewed_does_not_stop_that(two: House) -> None:
    gate = asyncio.Event()
    two.practice.revoke(PLUS)
    two.practice.script(Turn(hold=gate, hold_at="headers"), on="token")
    client = two.start(ask(two))
    await two.until(lambda: two.practice.refreshes(PLUS))
    client.cancel()
    await two.wait_outcome(Outcome.CLIENT_LEFT)
    gate.set()
    await two.until(lambda: two.token(0).refreshed_at is not None)
    assert (await ask(two))[0] == 200
    assert len(two.practice.refreshes(PLUS)) == 1
    assert two.session().moves == 0


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
async def test_a_token_that_is_removed_while_its_turn_fails_is_simply_gone(two: House, way: Way) -> None:
    gate = asyncio.Event()
    two.practice.script(replace(failed("server_error", "Broken."), hold=gate, hold_at=0))
    client = two.start(ask(two, way))
    await two.until(lambda: len(two.practice.turns) == 2)
    await two.desk.remove("t-0000")
    gate.set()
    assert (await client)[0] == 200
    assert two.number(two.practice.turns[-1]) == 1
    assert two.session().home_token_id == "t-0001"


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
@pytest.mark.parametrize("phase", [*PHASES, "in line"])
async def test_stopping_ends_a_turn_in_any_phase_and_its_row_says_so(two: House, phase: str, way: Way) -> None:
    gate = asyncio.Event()
    two.practice.always(PHASES.get(phase, PHASES["before the headers"])(gate))
    if phase == "in line":
        two.state.pool.policy = Policy(turns_per_token=1)
        two.start(ask(two))
        await two.until(lambda: len(two.practice.turns) == 2)
    client = two.start(ask(two, way))
    await two.until(lambda: len(two.practice.turns) == 2)
    await two.until(lambda: phase != "in line" or len(two.state.turnstile))
    begun = asyncio.get_running_loop().time()
    await two.server.stop(0.2)
    assert asyncio.get_running_loop().time() - begun < 2
    (answer,) = await asyncio.gather(client, return_exceptions=True)
    if way.path == "/responses":
        assert isinstance(answer, aiohttp.ClientError)
    else:
        # Nobody who reads a chat takes a connection that ends for a failure; one that has begun is told in its stream.
        assert not isinstance(answer, BaseException)
        assert answer[0] == (200 if phase == "in the middle" and "stream" in way.name else 503)
        assert b'"code":"gateway_stopped"' in answer[1]
    rows = list(two.state.recent)[1:]
    assert {(row.outcome, row.error) for row in rows} == {(Outcome.FAILED, "gateway_stopped")}
    assert two.state.pool.active_turns("t-0000") == 0
