"""`POST /responses`: what goes up and comes down, byte for byte."""

import asyncio
import gzip
import hashlib
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import brotli
import orjson
import pytest
import zstandard

from app.core.settings import GatewaySettings
from app.core.turn import Outcome
from app.practice.recorder import ReceivedRequest
from app.practice.script import Turn, failed, usage_limit_reached
from app.practice.server import PracticeUpstream
from tests.gateway.house import API, KEY, PLUS, PRO, House, house
from tests.gateway.wire import exchange, read_answer, request_bytes


def codex_input(text: str) -> list[dict[str, Any]]:
    return [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}]


def codex_body(**more: Any) -> bytes:
    """What Codex would send, as far as this gateway looks at it."""
    return orjson.dumps(
        {
            "model": "gpt-5-codex",
            "instructions": "You are Codex.",
            "input": codex_input("你好 pong"),
            "store": False,
            "stream": True,
            "prompt_cache_key": "0199-thread",
            **more,
        }
    )


CODEX_BODY = codex_body()


async def test_body_and_answer_pass_byte_for_byte(one: House) -> None:
    async with one.post("/responses", data=CODEX_BODY) as answer:
        received = await answer.read()
    record = one.practice.turns[-1]
    assert answer.status == 200
    assert record.body == CODEX_BODY
    assert received == record.sent
    row = await one.row()
    assert row.verbatim
    assert row.request_sha256 == hashlib.sha256(CODEX_BODY).hexdigest() == record.sha256
    assert row.edits == ()
    assert row.outcome is Outcome.COMPLETED
    assert row.usage is not None
    assert row.usage.output_tokens > 0
    assert row.response_bytes == len(received)
    assert row.first_byte_ms is not None


async def test_headers_pass_in_order_and_as_spelled(one: House) -> None:
    sent = (
        ("version", "0.169.0"),
        ("X-Codex-Turn-Metadata", '{"session_id":"一","sandbox":"none"}'),
        ("originator", "codex_exec"),
        ("session-id", "0199-thread"),
        ("x-unknown-To-us", "kept"),
        ("OpenAI-Beta", "responses=experimental"),
        ("User-Agent", "codex_exec/0.169.0"),
        ("accept", "text/event-stream"),
        ("content-type", "application/json"),
        ("x-twice", "1"),
        ("x-twice", "2"),
    )
    dropped = (
        ("Cookie", "a=b"),
        ("chatgpt-account-id", "somebody-else"),
        ("X-Forwarded-For", "10.0.0.1"),
        ("Forwarded", "for=10.0.0.1"),
        ("x-api-key", KEY),
        ("Accept-Encoding", "gzip, br"),
        ("TE", "trailers"),
        ("Proxy-Authorization", "Basic xyz"),
        ("Connection", "keep-alive, x-only-this-hop"),
        ("x-only-this-hop", "1"),
    )
    answer = await exchange(one.port, request_bytes(one.port, CODEX_BODY, headers=sent + dropped))
    assert answer.status == 200
    arrived = one.practice.turns[-1].headers
    assert [name for name, _ in arrived] == [
        "Host",
        "Authorization",
        "chatgpt-account-id",
        *(name for name, _ in sent),
        "Accept-Encoding",
        "Content-Length",
    ]
    # The record shows bytes as latin-1.
    as_bytes = [(name, value.encode().decode("latin-1")) for name, value in sent]
    assert [pair for pair in arrived if pair[0] in dict(sent)] == as_bytes
    assert dict(arrived)["Accept-Encoding"] == "identity"
    assert dict(arrived)["chatgpt-account-id"] == PLUS.account_id
    assert KEY not in str(arrived)


async def test_upstreams_headers_come_back(one: House) -> None:
    own = (
        ("x-codex-turn-state", "opaque"),
        ("openai-model", "gpt-5-codex"),
        ("x-request-id", "req-1"),
        ("Set-Cookie", "__cf=1"),
        ("alt-svc", "h3"),
        ("Access-Control-Allow-Origin", "*"),
        ("etag", '"e"'),
    )
    one.practice.script(Turn(headers=own))
    answer = await exchange(one.port, request_bytes(one.port, CODEX_BODY))
    for name, value in own:
        passes = name.lower() not in ("set-cookie", "alt-svc", "access-control-allow-origin")
        assert (answer.header(name) == value) is passes, name
    assert answer.header("x-codex-primary-used-percent") is not None
    assert answer.header("Content-Type") == "text/event-stream; charset=utf-8"


def _zstd_without_size(data: bytes) -> bytes:
    packer = zstandard.ZstdCompressor(write_content_size=False).compressobj()
    return packer.compress(data) + packer.flush()


PACKED: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("zstd", zstandard.ZstdCompressor().compress),
    ("zstd", _zstd_without_size),
    ("gzip", gzip.compress),
    ("br", brotli.compress),
    ("deflate", zlib.compress),
    ("gzip, zstd", lambda data: zstandard.ZstdCompressor().compress(gzip.compress(data))),
    ("identity", bytes),
]


@pytest.mark.parametrize(("encoding", "pack"), PACKED)
async def test_a_compressed_body_stays_compressed(one: House, encoding: str, pack: Callable[[bytes], bytes]) -> None:
    packed = pack(CODEX_BODY)
    async with one.post("/responses", data=packed, headers={"Content-Encoding": encoding}) as answer:
        assert answer.status == 200, await answer.text()
        await answer.read()
    record = one.practice.turns[-1]
    assert record.body == packed
    assert record.header("Content-Encoding") == encoding
    row = await one.row()
    assert row.verbatim
    assert row.model == "gpt-5-codex"
    session = next(iter(one.state.pool.sessions))
    assert session.names == ("0199-thread",)


async def test_a_compressed_body_that_needs_an_edit_goes_up_plain(one: House) -> None:
    packed = gzip.compress(codex_body(prompt_cache_key=None, session_id="alias"))
    async with one.post("/responses", data=packed, headers={"Content-Encoding": "gzip"}) as answer:
        assert answer.status == 200, await answer.text()
    record = one.practice.turns[-1]
    assert record.header("Content-Encoding") is None
    assert orjson.loads(record.body)["prompt_cache_key"] == "alias"
    row = await one.row()
    assert row.edits == ("session_id", "content-encoding")
    assert not row.verbatim


@pytest.mark.parametrize("encoding", ["zstd", "gzip", "br", "deflate"])
async def test_a_decompression_bomb_is_refused(one: House, encoding: str) -> None:
    plain = b'{"model":"' + b"a" * (80 << 20)
    pack = dict(PACKED)[encoding]
    async with one.post("/responses", data=pack(plain), headers={"Content-Encoding": encoding}) as answer:
        assert answer.status == 413
        error = (await answer.json(content_type=None))["error"]
    assert error["code"] == "request_too_large"
    assert one.practice.received == []


@pytest.mark.parametrize("encoding", ["zstd", "gzip", "br", "deflate"])
async def test_damaged_compression_is_refused(one: House, encoding: str) -> None:
    packed = dict(PACKED)[encoding](CODEX_BODY)
    for body in (b"not packed at all", packed[: len(packed) // 2]):
        async with one.post("/responses", data=body, headers={"Content-Encoding": encoding}) as answer:
            assert answer.status == 400
            assert (await answer.json(content_type=None))["error"]["message"]
    assert one.practice.received == []


async def test_an_unknown_encoding_is_refused(one: House) -> None:
    async with one.post("/responses", data=CODEX_BODY, headers={"Content-Encoding": "lzma"}) as answer:
        assert answer.status == 415


async def test_thirty_mebibytes_pass(one: House) -> None:
    body = codex_body(input=codex_input("A" * (30 << 20)))
    async with one.post("/responses", data=body) as answer:
        assert answer.status == 200
        received = await answer.read()
    record = one.practice.turns[-1]
    assert record.sha256 == hashlib.sha256(body).hexdigest()
    assert received == record.sent


@pytest.mark.parametrize("announced", [True, False])
async def test_sixty_five_mebibytes_are_refused_in_shape(one: House, announced: bool) -> None:
    body = b" " * (65 << 20)

    async def pieces() -> Any:
        for start in range(0, len(body), 1 << 20):
            yield body[start : start + (1 << 20)]

    async with one.post("/responses", data=body if announced else pieces()) as answer:
        assert answer.status == 413
        error = (await answer.json(content_type=None))["error"]
    assert error["code"] == "request_too_large"
    assert one.practice.received == []
    assert (await one.row()).outcome is Outcome.REFUSED


async def test_a_body_that_is_not_utf8_gets_advice(one: House) -> None:
    body = '{"model":"gpt-5","input":"你好"}'.encode("gbk")
    async with one.post("/responses", data=body) as answer:
        assert answer.status == 400
        error = (await answer.json(content_type=None))["error"]
    assert "UTF-8" in error["message"]
    assert one.practice.received == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b'{"model":}', b'{"session_id":7}'])
async def test_what_is_no_json_object_is_refused_with_400(one: House, body: bytes) -> None:
    async with one.post("/responses", data=body) as answer:
        assert answer.status == 400
        error = (await answer.json(content_type=None))["error"]
    assert set(error) == {"message", "type", "param", "code"}


async def test_duplicate_and_unknown_keys_and_odd_spacing_pass(one: House) -> None:
    body = (
        b'\r\n{ "model" : "gpt-5" ,"x_new":{"a":[1,2 , 3]},"x_new":"\xe4\xbd\xa0", "stream":true,"store":false,'
        b'"instructions":"\\u4f60", "input":[{"type":"message","role":"user","content":[]}] }\n'
    )
    one.practice.always(Turn(text="fine"))
    await (await one.post("/responses", data=body)).read()
    # The simulated backend refuses the unknown key, which is upstream's right; the bytes are what counts.
    assert one.practice.turns[-1].body == body
    assert (await one.row()).verbatim


@pytest.mark.parametrize(
    ("body", "sent"),
    [
        (b'{"input":"\\ud800","stream":true,"store":false,"instructions":""}', b'"text":"\\ud800"'),
        (b'{"\\ud800":1,"session_id":"s\\udfff","input":[],"stream":true}', b'{"store":false,"instructions":"",'),
    ],
)
async def test_lone_surrogates_pass_through_edits(one: House, body: bytes, sent: bytes) -> None:
    # The simulated backend refuses them, which is upstream's right.
    async with one.post("/responses", data=body) as answer:
        await answer.read()
    assert sent in one.practice.turns[-1].body


async def test_an_encoding_of_bytes_that_are_no_text_is_refused(one: House) -> None:
    request = request_bytes(one.port, CODEX_BODY, headers=(("Content-Encoding", "UNREADABLE"),))
    answer = await exchange(one.port, request.replace(b"UNREADABLE", b"\xff\xfe"))
    assert answer.status == 415


@pytest.mark.parametrize("piece", [1, 7, 1000])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
async def test_odd_splits_and_line_ends_come_through(one: House, piece: int, newline: str) -> None:
    one.practice.script(Turn(piece=piece, newline=newline))
    async with one.post("/responses", data=CODEX_BODY) as answer:
        received = await answer.read()
    assert received == one.practice.turns[-1].sent
    row = await one.row()
    assert row.usage is not None
    assert row.outcome is Outcome.COMPLETED


@pytest.mark.parametrize("content_type", [None, "application/json", "text/plain"])
async def test_events_come_as_they_are_made_whatever_the_content_type(one: House, content_type: str | None) -> None:
    gate = asyncio.Event()
    one.practice.script(Turn(hold=gate, hold_at="response.output_item.added", content_type=content_type))
    async with one.post("/responses", data=CODEX_BODY) as answer:
        first = b""
        while b"response.output_item.added" not in first:
            async with asyncio.timeout(10):
                first += await answer.content.readany()
        # Upstream has not sent more, and waits for this:
        assert not gate.is_set()
        assert b"response.completed" not in first
        gate.set()
        rest = await answer.read()
    assert first + rest == one.practice.turns[-1].sent
    assert answer.headers["Content-Type"].startswith(content_type or "text/event-stream")
    assert (await one.row()).outcome is Outcome.COMPLETED


async def test_what_upstream_says_first_comes_two_seconds_later_at_the_latest(one: House) -> None:
    gate = asyncio.Event()
    one.practice.script(Turn(hold=gate, hold_at="response.created"))
    async with asyncio.timeout(10), one.post("/responses", data=CODEX_BODY) as answer:
        assert answer.status == 200
        first = await answer.content.readany()
        assert not gate.is_set()
        gate.set()
        rest = await answer.read()
    assert first + rest == one.practice.turns[-1].sent


async def test_bytes_that_are_no_events_pass(one: House) -> None:
    raw = bytes(range(256)) * 40
    one.practice.script(Turn(raw=raw, content_type="text/event-stream"))
    async with one.post("/responses", data=CODEX_BODY) as answer:
        assert await answer.read() == raw


async def test_a_client_that_leaves_ends_the_upstream_turn(one: House) -> None:
    one.practice.script(Turn(hang_at="response.output_item.added"))
    answer = await one.post("/responses", data=CODEX_BODY)
    await answer.content.readany()
    answer.close()
    record = one.practice.turns[-1]
    await one.practice.wait_finished(record)
    assert record.client_left
    row = await one.wait_outcome(Outcome.CLIENT_LEFT)
    assert one.state.pool.active_turns("t-0000") == 0
    assert row.status == 200


async def test_a_client_that_leaves_before_the_answer_ends_the_upstream_turn(one: House) -> None:
    one.practice.script(Turn(hang_at="headers"))
    _reader, writer = await asyncio.open_connection("127.0.0.1", one.port)
    writer.write(request_bytes(one.port, CODEX_BODY))
    await one.practice.wait_received(1)
    writer.close()
    record = one.practice.turns[-1]
    await one.practice.wait_finished(record)
    assert record.client_left
    row = await one.wait_outcome(Outcome.CLIENT_LEFT)
    assert row.status is None


async def test_a_client_that_leaves_after_the_last_event_has_completed(one: House) -> None:
    # Codex closes the connection as soon as it has read response.completed.
    one.practice.script(Turn(hang_at="response.completed"))
    answer = await one.post("/responses", data=CODEX_BODY)
    seen = b""
    while b"response.completed" not in seen:
        seen += await answer.content.readany()
    answer.close()
    row = await one.wait_outcome(Outcome.COMPLETED)
    assert row.usage is not None


async def test_a_broken_upstream_stream_is_broken_for_the_client_too(one: House) -> None:
    one.practice.script(Turn(cut_at="response.output_text.delta"))
    answer = await exchange(one.port, request_bytes(one.port, CODEX_BODY))
    assert answer.status == 200
    assert not answer.complete
    assert answer.body == one.practice.turns[-1].sent
    row = await one.wait_outcome(Outcome.FAILED)
    assert row.error == "upstream_stream_truncated"


async def test_a_broken_upstream_stream_is_a_reset_for_http_1_0(one: House) -> None:
    one.practice.script(Turn(cut_at="response.output_text.delta"))
    reader, writer = await asyncio.open_connection("127.0.0.1", one.port)
    writer.write(request_bytes(one.port, CODEX_BODY, version="1.0"))
    with pytest.raises(ConnectionResetError):
        await reader.read()
    writer.close()


async def test_a_proper_end_without_the_last_event_stays_a_proper_end(one: House) -> None:
    one.practice.script(Turn(end_at="response.output_text.delta"))
    answer = await exchange(one.port, request_bytes(one.port, CODEX_BODY))
    assert answer.complete
    assert answer.body == one.practice.turns[-1].sent
    row = await one.wait_outcome(Outcome.FAILED)
    assert row.error == "upstream_stream_truncated"


async def test_a_failure_within_the_stream_passes_and_is_remembered(one: House) -> None:
    one.practice.script(failed("context_length_exceeded", "Too long."))
    async with one.post("/responses", data=CODEX_BODY) as answer:
        assert await answer.read() == one.practice.turns[-1].sent
    row = await one.wait_outcome(Outcome.FAILED)
    assert row.error == "context_length_exceeded"


async def test_upstreams_refusal_comes_as_it_is(one: House) -> None:
    body = codex_body(max_output_tokens=5)
    async with one.post("/responses", data=body) as answer:
        assert answer.status == 400
        assert await answer.read() == one.practice.turns[-1].sent
    row = await one.wait_outcome(Outcome.FAILED)
    assert row.status == 400


async def test_a_reached_limit_says_when_the_token_is_back(one: House) -> None:
    one.practice.script(usage_limit_reached(3600))
    async with one.post("/responses", data=CODEX_BODY) as answer:
        assert answer.status == 429
        error = orjson.loads(await answer.read())["error"]
        assert "Retry-After" not in answer.headers
    assert error["type"] == "usage_limit_reached"
    assert 3500 < error["resets_in_seconds"] <= 3601
    assert error["message"].startswith("1 token: 1 at its limit (back at ")
    row = await one.wait_outcome(Outcome.REFUSED)
    assert row.error == "usage_limit_reached"
    assert [(item.token_id, item.error) for item in row.attempts] == [("t-0000", "usage_limit_reached")]
    now = one.state.clock.now()
    rest = one.state.pool.rest("t-0000", now)
    assert rest is not None
    assert 3500 < rest.until - now <= 3601


async def test_a_limit_far_in_the_future_is_bounded(one: House) -> None:
    one.practice.script(usage_limit_reached(400 * 24 * 3600))
    await (await one.post("/responses", data=CODEX_BODY)).read()
    await one.row()
    now = one.state.clock.now()
    rest = one.state.pool.rest("t-0000", now)
    assert rest is not None
    assert rest.until - now <= 8 * 24 * 3600


async def test_a_caller_without_stream_gets_one_object(one: House) -> None:
    body = orjson.dumps({"model": "gpt-5", "input": "你是什么模型", "stream": False})
    async with one.post("/responses", data=body) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers["x-codex-plan-type"] == "plus"
        content = orjson.loads(await answer.read())
    assert content["object"] == "response"
    assert content["status"] == "completed"
    assert "gpt-5" in content["output"][-1]["content"][0]["text"]
    row = await one.wait_outcome(Outcome.COMPLETED)
    assert row.edits == ("stream", "store", "input", "instructions")
    assert row.usage is not None
    assert row.stream is False


@pytest.mark.parametrize(
    ("turn", "status", "code"),
    [
        (failed("context_length_exceeded", "Too long."), 400, "context_length_exceeded"),
        (Turn(cut_at="response.output_text.delta"), 502, "upstream_stream_truncated"),
        (Turn(end_at="response.output_text.delta"), 502, "upstream_stream_truncated"),
    ],
)
async def test_a_caller_without_stream_gets_failures_as_http_errors(
    one: House, turn: Turn, status: int, code: str
) -> None:
    one.practice.script(turn)
    body = orjson.dumps({"model": "gpt-5", "input": "hi"})
    async with one.post("/responses", data=body) as answer:
        assert answer.status == status
        assert orjson.loads(await answer.read())["error"]["code"] == code
    assert (await one.wait_outcome(Outcome.FAILED)).error == code


async def test_an_api_key_goes_without_account_and_without_edits(tmp_path: Path) -> None:
    async with house(tmp_path, [API]) as running:
        body = orjson.dumps({"model": "gpt-5", "input": "hi"})
        async with running.post("/responses", data=body, headers={"chatgpt-account-id": "x"}) as answer:
            assert answer.status == 200
            received = await answer.read()
        record = running.practice.turns[-1]
        assert record.path == "/v1/responses"
        assert record.body == body
        assert received == record.sent
        assert record.header("chatgpt-account-id") is None
        assert record.header("Authorization") == f"Bearer {API.key}"
        row = await running.wait_outcome(Outcome.COMPLETED)
        assert row.usage is not None


async def test_compaction_passes_verbatim(one: House) -> None:
    body = orjson.dumps({"model": "gpt-5.3-codex", "input": codex_input("long"), "instructions": "C."})
    async with one.post("/responses/compact?a=%20b", data=body) as answer:
        assert answer.status == 200
        received = await answer.read()
    record = one.practice.received[-1]
    assert record.path == "/backend-api/codex/responses/compact?a=%20b"
    assert record.body == body
    assert received == record.sent
    assert (await one.wait_outcome(Outcome.COMPLETED)).verbatim


CODEX_0_80 = {"User-Agent": "codex_exec/0.80.0 (Debian 12.0.0; x86_64) xterm", "originator": "codex_exec"}


async def begin(running: House, name: str) -> list[dict[str, Any]]:
    """The first turn of a conversation, as Codex 0.80 has it; its history then."""
    history = [*codex_input("where"), *codex_input(f"question {name}")]
    body = codex_body(input=history, prompt_cache_key=name, reasoning={"effort": "low"})
    async with running.post("/responses", data=body, headers=CODEX_0_80) as answer:
        lines = (line.removeprefix(b"data: ") for line in (await answer.read()).splitlines() if line[:6] == b"data: ")
        events = [orjson.loads(line) for line in lines]
    return [*history, *(event["item"] for event in events if event["type"] == "response.output_item.done")]


async def compact_nameless(running: House, history: list[dict[str, Any]]) -> ReceivedRequest:
    """A compaction as Codex 0.80 and 0.100 ask for it; what upstream got."""
    body = orjson.dumps({"model": "gpt-5-codex", "input": history, "instructions": "C."})
    async with running.post("/responses/compact", data=body, headers=CODEX_0_80) as answer:
        assert answer.status == 200
    assert running.practice.received[-1].body == body
    return running.practice.received[-1]


async def test_a_compaction_that_names_no_conversation_goes_where_its_conversation_is(tmp_path: Path) -> None:
    async with house(tmp_path, [PLUS, PRO]) as running:
        histories = [await begin(running, name) for name in ("a", "b", "c")]
        homes = running.asked()
        assert set(homes) == {0, 1}
        asked = [running.number(await compact_nameless(running, history)) for history in histories]

        assert asked == homes
        # What was read elsewhere could not be read here again.
        assert [one.status for one in running.practice.received if one.path.endswith("/compact")] == [200] * 3


async def test_after_a_restart_it_goes_where_the_clients_last_conversation_is(tmp_path: Path) -> None:
    practice = PracticeUpstream((), ())
    await practice.start()
    async with house(tmp_path, [PLUS, PRO], practice=practice) as running:
        await begin(running, "a")
        history = await begin(running, "b")
        homes = running.asked()
    async with house(tmp_path, [PLUS, PRO], practice=practice) as running:
        assert running.number(await compact_nameless(running, history)) == homes[1] != homes[0]
    await practice.stop()


async def test_without_any_token_codex_hears_it_once(tmp_path: Path) -> None:
    async with house(tmp_path, []) as running, running.post("/responses", data=CODEX_BODY) as answer:
        assert answer.status == 400
        error = orjson.loads(await answer.read())["error"]
        assert error["code"] == "no_available_token"
        assert "add a ChatGPT login" in error["message"]
        row = await running.row()
        assert row.outcome is Outcome.REFUSED
        assert row.sent_sha256 is None


async def test_strict_pass_through_edits_nothing(tmp_path: Path) -> None:
    async with house(tmp_path, settings=GatewaySettings(strict=True)) as running:
        body = orjson.dumps({"model": "gpt-5", "input": "hi", "session_id": "s"})
        async with running.post("/responses", data=body) as answer:
            assert answer.status == 400
        assert running.practice.turns[-1].body == body


async def test_a_second_request_on_the_same_connection_after_an_answer(one: House) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", one.port)
    for _ in range(3):
        writer.write(request_bytes(one.port, CODEX_BODY))
        async with asyncio.timeout(10):
            answer = await read_answer(reader)
        assert answer.complete
        assert answer.body == one.practice.turns[-1].sent
    writer.close()
    assert len(one.practice.turns) == 3
