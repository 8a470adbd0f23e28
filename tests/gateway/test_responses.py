"""`POST /responses`: what goes up and comes down, byte for byte."""

import hashlib

import orjson

from tests.gateway.house import House

CODEX_BODY = orjson.dumps(
    {
        "model": "gpt-5-codex",
        "instructions": "You are Codex.",
        "input": [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "你好 say pong"}]}],
        "store": False,
        "stream": True,
        "prompt_cache_key": "0199-thread",
    }
)


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
    assert row.usage is not None
    assert row.response_bytes == len(received)
