"""What clients ask for besides turns: what goes up, what comes down, and on whose token."""

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
import zstandard

from app.core.policy import Policy, Strategy
from app.core.turn import Outcome, Usage
from app.gateway.clock import Clock
from app.gateway.sub_paths import METHODS, sub_path
from app.practice.server import PracticeUpstream
from tests.gateway.echo import Arrived, Echo, Reply, echoing
from tests.gateway.fresh import SetClock
from tests.gateway.house import API, KEY, PLUS, PRO, House, house
from tests.gateway.test_responses import codex_body
from tests.gateway.wire import RawAnswer, exchange, request_bytes

STATE = "x-codex-turn-state"
LIMIT = Reply(429, b'{"error":{"type":"usage_limit_reached","message":"m","resets_in_seconds":3600}}')
REFUSED = Reply(401, b'{"error":{"message":"Missing scopes: api.model.images.request"}}')
SSE = (("Content-Type", "text/event-stream"),)
#: In order, so that the first token has every session that does not say otherwise.
IN_ORDER = Policy(strategy=Strategy.IN_ORDER, wait_s=0)
ANY_TOKEN = (
    "alpha/search",
    "images/edits",
    "images/generations",
    "memories/trace_summarize",
    "realtime/calls",
)
LOGINS_ONLY = ("agent-identities/jwks", "analytics-events/events", "safety/arc", "thread/goal", "thread/goal/set")


def turn(state: str | None = None, used: int = 0) -> Reply:
    """The answer to a turn."""
    usage = {"input_tokens": used, "output_tokens": 0}
    completed = {"type": "response.completed", "response": {"id": "r", "status": "completed", "usage": usage}}
    body = b'data: {"type":"response.output_text.delta","delta":"pong"}\n\ndata: %b\n\n' % orjson.dumps(completed)
    return Reply(body=body, headers=SSE if state is None else (*SSE, (STATE, state)))


@asynccontextmanager
async def open_house(tmp_path: Path, who: Any = (PLUS, PRO), **options: Any) -> AsyncIterator[tuple[House, Echo]]:
    """A gateway whose upstream takes anything; the sign-in service is the practice upstream's."""
    options.setdefault("policy", IN_ORDER)
    practice = PracticeUpstream((), ())
    await practice.start()
    try:
        async with (
            echoing() as echo,
            house(tmp_path, who, practice=practice, endpoints=echo.endpoints(practice.auth_issuer), **options) as home,
        ):
            yield home, echo
    finally:
        await practice.stop()


async def talk(home: House, name: str = "0199-thread", *, state: str | None = None, on: int | None = None) -> None:
    """One turn of a session, which `on` gives to a token."""
    async with home.post("/responses", data=codex_body(prompt_cache_key=name)) as answer:
        assert answer.status == 200, await answer.read()
        await answer.read()
    await home.row()
    if on is not None:
        home.state.pool.sessions.put(
            home.session(name)._replace(home_token_id=f"t-{on:04d}", current_token_id=f"t-{on:04d}")
        )


def served_by(home: House, came: Arrived) -> int:
    """Whose token it came with."""
    secrets = [home.state.secrets[f"t-{number:04d}"].credential for number in range(len(home.who))]
    keys = [getattr(secret, "access_token", None) or getattr(secret, "key", "") for secret in secrets]
    return keys.index((came.header("Authorization") or "").removeprefix("Bearer "))


async def raw(home: House, path: str, body: bytes = b"{}", **more: Any) -> RawAnswer:
    method = more.get("method", "POST")
    return await exchange(home.port, request_bytes(home.port, body, path=f"/codex/v1/{path}", **more), method=method)


MULTIPART = (
    b'--x\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n'
    + bytes(range(256)) * 8
    + b"\r\n--x--\r\n"
)


@pytest.mark.parametrize("path", [*ANY_TOKEN, *LOGINS_ONLY])
@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b'{ "prompt" : "\xe4\xbd\xa0", "x":1, "x":2 }\n'),
        ("multipart/form-data; boundary=x", MULTIPART),
        ("application/sdp", b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\n"),
        ("application/octet-stream", b"\x28\xb5\x2f\xfd\x00"),
    ],
)
async def test_any_body_and_any_answer_pass_byte_for_byte(tmp_path: Path, path: str, kind: str, body: bytes) -> None:
    async with open_house(tmp_path, [PLUS]) as (home, echo):
        content = b"\x89PNG\r\n" + bytes(range(256))
        own = (("Content-Type", "image/png"), ("Location", "/v1/realtime/calls/rtc_1"), ("x-request-id", "req-1"))
        echo.usual = Reply(201, content, own)
        answer = await raw(home, f"{path}?a=%20b&c", body, headers=(("Content-Type", kind),))
        assert (answer.status, answer.body, answer.complete) == (201, content, True)
        assert [answer.header(name) for name, _ in own] == [value for _, value in own]
        (came,) = echo.arrived
        assert (came.method, came.path) == ("POST", f"/backend-api/codex/{path}?a=%20b&c")
        assert came.body == body
        assert came.header("Content-Type") == kind
        assert came.header("chatgpt-account-id") == PLUS.account_id
        assert KEY not in str(came.headers)
        row = await home.row()
        assert row.verbatim
        assert row.endpoint == path.removesuffix("/set")
        assert row.request_sha256 == hashlib.sha256(body).hexdigest()
        assert (row.status, row.outcome) == (201, Outcome.COMPLETED)
        assert (row.token_id, row.session_id) == ("t-0000", None)
        assert (row.request_bytes, row.response_bytes) == (len(body), len(content))
        assert not len(home.state.pool.sessions)


@pytest.mark.parametrize("method", METHODS)
async def test_any_method_passes(tmp_path: Path, method: str) -> None:
    async with open_house(tmp_path, [PLUS]) as (home, echo):
        empty = method in ("GET", "HEAD")
        answer = await raw(home, "thread/goal/get", b"" if empty else b"{}", method=method)
        assert answer.status == 200
        assert answer.body == (b"" if method == "HEAD" else b"{}")
        (came,) = echo.arrived
        assert (came.method, came.body) == (method, b"" if empty else b"{}")
        assert (came.header("Content-Length") is None) == empty


async def test_an_empty_post_stays_one(tmp_path: Path) -> None:
    async with open_house(tmp_path, [PLUS]) as (home, echo):
        assert (await raw(home, "thread/goal/clear", b"")).status == 200
        assert echo.arrived[0].header("Content-Length") == "0"


@pytest.mark.parametrize("status", [204, 304])
async def test_an_answer_without_a_body_passes(tmp_path: Path, status: int) -> None:
    async with open_house(tmp_path, [PLUS]) as (home, echo):
        echo.usual = Reply(status, b"", (("ETag", '"e"'),))
        answer = await raw(home, "agent-identities/jwks", b"", method="GET", headers=(("If-None-Match", '"e"'),))
        assert (answer.status, answer.header("ETag")) == (status, '"e"')
        assert echo.arrived[0].header("If-None-Match") == '"e"'
        assert (await home.row()).outcome is Outcome.COMPLETED


async def test_thirty_mebibytes_pass_and_sixty_five_are_refused(tmp_path: Path) -> None:
    async with open_house(tmp_path, [PLUS]) as (home, echo):
        body = b"\x00" * (30 << 20)
        echo.usual = Reply(200, body)
        async with home.post("/images/edits", data=body) as answer:
            assert hashlib.sha256(await answer.read()).digest() == hashlib.sha256(body).digest()
        assert echo.arrived[0].body == body
        async with home.post("/images/edits", data=b"\x00" * (65 << 20)) as answer:
            assert answer.status == 413
        assert len(echo.arrived) == 1


NAMED: list[tuple[dict[str, str], dict[str, Any]]] = [
    ({"thread-id": "mine"}, {}),
    ({"session-id": "mine"}, {}),
    ({"session_id": "mine"}, {}),
    ({"conversation_id": "mine"}, {}),
    ({}, {"prompt_cache_key": "mine"}),
    ({}, {"session_id": "mine"}),
    ({}, {"thread_id": "mine"}),
    ({}, {"threadId": "mine"}),
    # Codex names the session of a search like this.
    ({}, {"id": "mine"}),
    ({"session-id": "mine"}, {"id": "of something else"}),
    # All that Codex 0.169 says of it with an image.
    ({"x-codex-turn-metadata": '{"session_id":"mine","turn_id":"t"}'}, {"prompt": "a cat"}),
    ({"x-codex-turn-metadata": '{"session_id":"parent","thread_id":"mine"}'}, {}),
]


@pytest.mark.parametrize(("headers", "body"), NAMED)
@pytest.mark.parametrize("packed", [False, True])
async def test_the_sessions_token_serves_it(
    tmp_path: Path, headers: dict[str, str], body: dict[str, Any], packed: bool
) -> None:
    async with open_house(tmp_path) as (home, echo):
        echo.usual = turn()
        await talk(home, "mine", on=1)
        before = home.session("mine")
        data = orjson.dumps({"model": "gpt-image-2"} | body)
        if packed:
            headers = headers | {"Content-Encoding": "zstd"}
            data = zstandard.ZstdCompressor().compress(data)
        echo.usual = Reply()
        async with home.post("/alpha/search", data=data, headers=headers) as answer:
            assert answer.status == 200
        assert served_by(home, echo.arrived[-1]) == 1
        assert echo.arrived[-1].body == data
        row = await home.row()
        assert (row.session_id, row.note, row.model) == (before.id, "kept", "gpt-image-2")
        # It is no turn of the session.
        assert home.session("mine") == before
        assert before.model == "gpt-5-codex"


async def test_without_a_session_the_pool_chooses(tmp_path: Path) -> None:
    async with open_house(tmp_path, policy=Policy()) as (home, echo):
        for metadata in ("{}", "{broken", '{"session_id":7}', "[]"):
            unknown = (("session-id", "nobody-knows"), ("x-codex-turn-metadata", metadata))
            assert (await raw(home, "images/generations", headers=unknown)).status == 200
        assert sorted(served_by(home, came) for came in echo.arrived) == [0, 0, 1, 1]
        assert not len(home.state.pool.sessions)


async def test_another_licenses_session_is_none(tmp_path: Path) -> None:
    async with open_house(tmp_path) as (home, echo):
        echo.usual = turn()
        await talk(home, "mine", on=1)
        session = home.session("mine")
        home.state.pool.sessions.forget(session.id)
        home.state.pool.sessions.put(session._replace(license_id="l-0002"))
        await raw(home, "alpha/search", headers=(("session-id", "mine"),))
        assert served_by(home, echo.arrived[-1]) == 0


async def test_while_its_token_rests_another_serves_and_the_session_stays(tmp_path: Path) -> None:
    async with open_house(tmp_path) as (home, echo):
        echo.usual = turn()
        await talk(home)
        home.state.pool.health("t-0000").limit(home.state.clock.now(), 600.0, None)
        before = home.session()
        echo.usual = Reply()
        await raw(home, "images/generations", headers=(("thread-id", "0199-thread"),))
        assert served_by(home, echo.arrived[-1]) == 1
        assert home.session() == before
        assert (await home.row()).note == "limit"


async def test_a_pinned_sessions_request_goes_nowhere_else(tmp_path: Path) -> None:
    async with open_house(tmp_path) as (home, echo):
        echo.usual = turn()
        await talk(home)
        home.state.pool.sessions.put(home.session()._replace(pinned=True))
        home.state.pool.health("t-0000").limit(home.state.clock.now(), 600.0, None)
        answer = await raw(home, "alpha/search", headers=(("thread-id", "0199-thread"),))
        assert answer.status == 429
        assert len(echo.arrived) == 1


async def test_a_turn_state_goes_to_whom_issued_it_alone(tmp_path: Path) -> None:
    async with open_house(tmp_path) as (home, echo):
        echo.replies.append(turn("state of plus"))
        await talk(home)
        for path in ("alpha/search", "images/generations", "responses/compact"):
            mine = (("thread-id", "0199-thread"), (STATE, "state of plus"))
            await raw(home, path, headers=mine)
            assert (served_by(home, echo.arrived[-1]), echo.arrived[-1].header(STATE)) == (0, "state of plus")
        # A sub-path's own turn state counts as well.
        echo.replies.append(Reply(headers=((STATE, "of a search"),)))
        assert (await raw(home, "alpha/search", headers=mine)).header(STATE) == "of a search"
        # The session moves; what the old account issued does not follow it.
        home.state.pool.health("t-0000").limit(home.state.clock.now(), 600.0, None)
        echo.replies.append(turn("state of pro"))
        await talk(home)
        assert (served_by(home, echo.arrived[-1]), home.session().moves) == (1, 1)
        for state, arrives in (("state of plus", None), ("of a search", None), ("state of pro", "state of pro")):
            for path in ("alpha/search", "responses/compact"):
                await raw(home, path, headers=(("thread-id", "0199-thread"), (STATE, state)))
                assert (served_by(home, echo.arrived[-1]), echo.arrived[-1].header(STATE)) == (1, arrives)


async def test_a_turn_state_alone_finds_its_account(tmp_path: Path) -> None:
    async with open_house(tmp_path) as (home, echo):
        home.state.pool.health("t-0000").limit(home.state.clock.now(), 600.0, None)
        echo.replies.append(turn("state of pro"))
        await talk(home)
        home.state.try_again()
        for path in ("alpha/search", "responses"):
            body = b"{}" if path == "alpha/search" else codex_body(prompt_cache_key=None)
            echo.replies.append(Reply() if path == "alpha/search" else turn())
            await raw(home, path, body, headers=((STATE, "state of pro"),))
            assert (served_by(home, echo.arrived[-1]), echo.arrived[-1].header(STATE)) == (1, "state of pro")


async def test_a_refused_login_is_renewed_once(tmp_path: Path) -> None:
    time = SetClock()
    async with open_house(tmp_path, [PLUS], clock=Clock(time.now, time.monotonic)) as (home, echo):
        echo.replies.append(REFUSED)
        assert (await raw(home, "images/generations")).status == 200
        first, second = (came.header("Authorization") for came in echo.arrived)
        assert first != second
        assert len(home.practice.refreshes(PLUS)) == 1
        row = await home.row()
        assert [attempt.token_id for attempt in row.attempts] == ["t-0000"]
        # Refused again, it is this one thing that the account may not do: that is the answer, and it goes on.
        echo.usual = REFUSED
        for seconds, asked in ((0, 3), (60, 5)):
            time.pass_by(seconds)
            answer = await raw(home, "images/generations")
            assert (answer.status, answer.body) == (401, REFUSED.body)
            assert len(echo.arrived) == asked
        assert home.token(0).sign_in_needed is None
        assert home.rests(0) is None


async def test_an_api_key_that_lacks_a_right_keeps_serving_turns(tmp_path: Path) -> None:
    async with open_house(tmp_path, [API]) as (home, echo):
        echo.usual = REFUSED
        answer = await raw(home, "images/generations")
        assert (answer.status, answer.body) == (401, REFUSED.body)
        assert (len(echo.arrived), echo.arrived[0].path) == (1, "/v1/images/generations")
        assert echo.arrived[0].header("chatgpt-account-id") is None
        assert home.token(0).sign_in_needed is None


async def test_a_limit_is_tried_elsewhere_and_nobody_rests_for_it(tmp_path: Path) -> None:
    async with open_house(tmp_path) as (home, echo):
        echo.usual = turn()
        await talk(home)
        before = home.session()
        echo.usual = Reply()
        echo.by_credential = {PLUS.access_token: LIMIT}
        mine = (("thread-id", "0199-thread"),)
        assert (await raw(home, "alpha/search", headers=mine)).status == 200
        assert [served_by(home, came) for came in echo.arrived] == [0, 0, 1]
        assert [attempt.error for attempt in (await home.row()).attempts] == ["usage_limit_reached"]
        assert home.rests(0) is None
        assert home.session() == before
        # Where all have reached it, upstream says so itself.
        echo.usual = LIMIT
        answer = await raw(home, "alpha/search", headers=mine)
        assert (answer.status, answer.body) == (429, LIMIT.body)
        assert (home.rests(0), home.rests(1)) == (None, None)


@pytest.mark.parametrize("wait_s", [0, 600])
async def test_upstreams_word_of_a_limit_does_not_wait_for_others(tmp_path: Path, wait_s: int) -> None:
    async with open_house(tmp_path, policy=replace(IN_ORDER, wait_s=wait_s)) as (home, echo):
        home.state.pool.health("t-0001").limit(home.state.clock.now(), 60.0, None)
        echo.usual = LIMIT
        async with asyncio.timeout(10):
            answer = await raw(home, "alpha/search")
        assert (answer.status, answer.body) == (429, LIMIT.body)
        assert (await home.row()).outcome is Outcome.FAILED


@pytest.mark.parametrize(
    "reply",
    [
        Reply(400, b'{"detail":"bad"}'),
        Reply(403, b'{"error":{"code":"forbidden","message":"no"}}'),
        Reply(404, b'{"detail":"Not Found"}'),
        Reply(404, b"<html>nothing here</html>", (("Content-Type", "text/html"),)),
        Reply(429, b'{"error":{"code":"rate_limit_exceeded","message":"images"}}', (("Retry-After", "3600"),)),
        Reply(500, b'{"error":{"code":"server_error","message":"x"}}'),
        Reply(503, b"", (("Retry-After", "9"),)),
        Reply(302, b"", (("Location", "https://elsewhere.example/"),)),
    ],
)
async def test_any_other_answer_is_the_answer(tmp_path: Path, reply: Reply) -> None:
    async with open_house(tmp_path) as (home, echo):
        echo.usual = turn()
        await talk(home)
        echo.usual = reply
        for _ in range(4):
            answer = await raw(home, "images/generations")
            assert (answer.status, answer.body) == (reply.status, reply.body)
            assert [answer.header(name) for name, _ in reply.headers] == [value for _, value in reply.headers]
        assert len(echo.arrived) == 5
        assert (home.rests(0), home.token(0).sign_in_needed) == (None, None)


async def test_what_upstream_may_have_done_is_not_done_twice(tmp_path: Path) -> None:
    async with open_house(tmp_path) as (home, echo):
        echo.usual = Reply(cut=True)
        codex = (("originator", "codex_exec"), ("User-Agent", "codex_exec/0.169.0"))
        assert [(await raw(home, "images/generations", headers=who)).status for who in ((), codex)] == [502, 400]
        assert len(echo.arrived) == 2
        row = await home.row()
        assert (row.outcome, row.error, row.sent_sha256) == (Outcome.FAILED, "upstream_unreachable", row.request_sha256)


async def test_what_upstream_cannot_have_seen_goes_by_another_way(tmp_path: Path) -> None:
    nowhere = "http://127.0.0.1:9"
    async with open_house(tmp_path) as (home, echo):
        secrets = home.state.secrets["t-0000"]
        home.state.secrets["t-0000"] = replace(secrets, proxy=nowhere)
        home.state.pool.put(replace(home.token(0), proxy=nowhere))
        assert (await raw(home, "images/generations")).status == 200
        assert [served_by(home, came) for came in echo.arrived] == [1]
        assert [attempt.token_id for attempt in (await home.row()).attempts] == ["t-0000"]


@pytest.mark.parametrize("path", LOGINS_ONLY)
async def test_what_only_logins_have_is_asked_of_no_api_key(tmp_path: Path, path: str) -> None:
    async with open_house(tmp_path, [API]) as (home, echo):
        answer = await raw(home, path)
        assert answer.status == 400
        assert "of a kind that cannot serve this request" in orjson.loads(answer.body)["error"]["message"]
        assert echo.arrived == []


async def test_of_a_session_on_an_api_key_a_login_is_asked_for_what_only_logins_have(tmp_path: Path) -> None:
    async with open_house(tmp_path, [API, PRO]) as (home, echo):
        echo.usual = turn()
        await talk(home, on=0)
        mine = (("thread-id", "0199-thread"),)
        await raw(home, "safety/arc", headers=mine)
        await raw(home, "images/generations", headers=mine)
        assert [served_by(home, came) for came in echo.arrived[1:]] == [1, 0]
        assert echo.arrived[-1].path == "/v1/images/generations"


@pytest.mark.parametrize("streams", [False, True])
async def test_what_images_use_is_counted(tmp_path: Path, streams: bool) -> None:
    usage = {"input_tokens": 50, "output_tokens": 4_000, "total_tokens": 4_050}
    whole = orjson.dumps({"created": 1, "data": [{"b64_json": "A" * 400_000}], "usage": usage})
    async with open_house(tmp_path, [PLUS]) as (home, echo):
        echo.usual = Reply(200, b"data: " + whole + b"\n\n", SSE) if streams else Reply(200, whole)
        async with home.post("/images/generations", data=b'{"model":"gpt-image-2"}') as answer:
            assert await answer.read() == echo.usual.body
        row = await home.row()
        assert row.outcome is Outcome.COMPLETED
        assert row.usage == (None if streams else Usage(50, 0, 4_000, 0))
        if not streams:
            assert home.state.budget.used("l-0001", home.state.clock.now()) == 4_050


async def test_an_answer_comes_as_it_is_made(tmp_path: Path) -> None:
    gate = asyncio.Event()

    async def slowly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n\x00\x01\x02\x03")
        await gate.wait()
        writer.write(b"\x04\x05\x06\x07")
        writer.close()

    server = await asyncio.start_server(slowly, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    echo = Echo(f"http://127.0.0.1:{port}")
    async with server, house(tmp_path, endpoints=echo.endpoints("http://127.0.0.1:9")) as home, asyncio.timeout(10):
        for path in ("alpha/search", "images/generations"):
            gate.clear()
            async with home.post(f"/{path}", data=b"") as answer:
                assert await answer.content.readexactly(4) == b"\x00\x01\x02\x03"
                gate.set()
                assert await answer.read() == b"\x04\x05\x06\x07"


async def test_a_client_that_leaves_ends_it_upstream(tmp_path: Path) -> None:
    left = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await reader.read()
        left.set()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    echo = Echo(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    async with server, house(tmp_path, endpoints=echo.endpoints("http://127.0.0.1:9")) as home:
        _reader, writer = await asyncio.open_connection("127.0.0.1", home.port)
        writer.write(request_bytes(home.port, b"", method="GET", path="/codex/v1/agent-identities/jwks"))
        await home.until(lambda: home.state.pool.active_turns("t-0000"))
        writer.close()
        async with asyncio.timeout(10):
            await left.wait()
        await home.wait_outcome(Outcome.CLIENT_LEFT)


async def test_who_has_no_license_gets_nothing(tmp_path: Path) -> None:
    async with open_house(tmp_path) as (home, echo):
        for authorization in (None, "Bearer wrong"):
            assert (await raw(home, "images/generations", authorization=authorization)).status == 401
        asked = await raw(home, "images/generations", method="OPTIONS", authorization=None)
        assert (asked.status, asked.header("Allow")) == (405, ", ".join(METHODS))
        assert echo.arrived == []


@pytest.mark.parametrize(
    "tail",
    ["", "images", "images/variations", "thread/goal/a/b", "thread/goal/%2e%2e", "thread/goals", "wham/usage", "files"],
)
async def test_what_is_no_sub_path_is_404(tmp_path: Path, tail: str) -> None:
    assert sub_path(tail) is None
    async with open_house(tmp_path) as (home, echo):
        answer = await raw(home, tail)
        assert answer.status == 404
        error = orjson.loads(answer.body)["error"]
        assert (error["code"], error["type"]) == ("unknown_url", "invalid_request_error")
        assert echo.arrived == []


async def test_openais_own_prefix_serves_as_well(tmp_path: Path) -> None:
    async with open_house(tmp_path, [API]) as (home, echo), aiohttp.ClientSession() as client:
        url = f"{home.origin}/v1/images/generations/"
        async with client.post(url, data=b"{}", headers={"Authorization": f"Bearer {KEY}"}) as answer:
            assert answer.status == 200
        assert echo.arrived[0].path == "/v1/images/generations"


async def test_the_log_says_which_path_was_wanted_and_no_secret(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_house(tmp_path, [PLUS]) as (home, _):
        with caplog.at_level(logging.INFO, "app.gateway.routes"):
            await raw(home, "wham/usage?key=secret")
            await raw(home, f"files/{KEY}/sk-secret/{'a' * 400}/{'b/' * 400}")
    lines = [record.getMessage() for record in caplog.records]
    assert lines[0] == "no such path: POST /codex/v1/wham/usage, with license l-0001"
    assert len(lines[1]) < 300
    assert not [word for word in ("secret", KEY, "aaa") if word in caplog.text]
