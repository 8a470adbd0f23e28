"""What the upstream remembers of requests and answers."""

import hashlib

import orjson

from app.practice.recorder import Recorder
from app.practice.server import PracticeUpstream
from tests.practice.client import Client, Clock, codex_body


async def test_a_record_holds_the_request_and_the_answer_as_they_were(client: Client) -> None:
    raw = orjson.dumps(codex_body("你好"), option=orjson.OPT_INDENT_2)
    answer = await client.codex(raw, headers={"X-Odd-Case": "Value"})
    record = client.upstream.received[-1]
    assert (record.method, record.path) == ("POST", "/backend-api/codex/responses")
    assert ("X-Odd-Case", "Value") in record.headers
    assert record.header("x-odd-case") == "Value"
    assert record.body == raw
    assert record.sha256 == hashlib.sha256(raw).hexdigest()
    assert record.sent == answer.body
    assert record.sent_sha256 == hashlib.sha256(answer.body).hexdigest()
    assert (record.status, record.outcome) == (200, "completed")
    assert record.account_id == client.upstream.accounts[0].account_id
    assert record.email == "plus.practice@example.com"


async def test_refusals_are_recorded_too_with_their_reason(client: Client) -> None:
    await client.codex(codex_body(top_p=1))
    record = client.upstream.received[-1]
    assert (record.status, record.outcome) == (400, "completed")
    assert "top_p" in record.problem


async def test_a_record_shows_no_body_and_no_secret(client: Client) -> None:
    await client.codex(codex_body("the secret question"))
    shown = repr(client.upstream.received[-1])
    assert "secret question" not in shown
    assert client.upstream.accounts[0].access_token not in shown


async def test_only_the_last_requests_are_kept(clock: Clock) -> None:
    upstream = PracticeUpstream(clock=clock, keep=3)
    await upstream.start()
    try:
        async with Client(upstream) as client:
            for number in range(5):
                await client.codex(codex_body(f"question {number}"))
        assert [record.number for record in upstream.received] == [3, 4, 5]
    finally:
        await upstream.stop()


async def test_the_oldest_bodies_go_when_they_weigh_too_much() -> None:
    recorder = Recorder(keep=10, keep_bytes=25)
    for _ in range(4):
        await recorder.open("POST", "/", [], b"0123456789", 0.0)
    assert [len(record.body) for record in recorder.requests] == [0, 0, 10, 10]
    assert all(record.sha256 for record in recorder.requests)
