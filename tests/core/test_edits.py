"""The closed list of body edits."""

from __future__ import annotations

import json

import pytest

from app.core.edits import EditPlan, plan_edits
from app.core.envelope import read_envelope
from app.core.session import bounded_name
from app.core.token import TokenKind

CODEX = (
    b'{"model":"gpt-5.5","instructions":"x","input":[],"stream":true,"store":false,"prompt_cache_key":"k","new_key":{}}'
)


def edited(body: bytes, kind: TokenKind, *, strict: bool = False) -> tuple[EditPlan, bytes]:
    plan = plan_edits(read_envelope(body, {}), kind, strict=strict)
    return plan, plan.apply(body)


@pytest.mark.parametrize("kind", list(TokenKind))
def test_a_codex_request_is_not_touched(kind: TokenKind) -> None:
    plan, sent = edited(CODEX, kind)
    assert plan == EditPlan()
    assert sent is CODEX


def test_a_codex_request_without_instructions_but_with_a_developer_message_is_not_touched() -> None:
    body = b'{"input":[{"type":"additional_tools","role":"developer"}],"stream":true,"store":false}'
    assert edited(body, TokenKind.CHATGPT) == (EditPlan(), body)


@pytest.mark.parametrize("kind", list(TokenKind))
def test_a_short_session_id_becomes_the_cache_key_in_place(kind: TokenKind) -> None:
    body = b'{"stream":true,"store":false,"instructions":"","session_id" : "\\u4f1a\\u8bdd","input":[]}'
    plan, sent = edited(body, kind)
    assert plan.names == ("session_id",)
    assert sent == body.replace(b"session_id", b"prompt_cache_key")


def test_a_long_session_id_goes_up_hashed() -> None:
    name = "会话" * 50
    body = json.dumps({"session_id": name, "input": []}).encode()
    _, sent = edited(body, TokenKind.API_KEY)
    assert json.loads(sent) == {"prompt_cache_key": bounded_name(name), "input": []}


def test_an_existing_cache_key_wins_over_the_alias_and_goes_up_unchanged() -> None:
    long_key = "k" * 100
    body = json.dumps({"prompt_cache_key": long_key, "session_id": "alias", "input": []}).encode()
    _, sent = edited(body, TokenKind.API_KEY)
    assert json.loads(sent) == {"prompt_cache_key": long_key, "input": []}


def test_a_null_cache_key_gives_way_to_the_alias() -> None:
    _, sent = edited(b'{"prompt_cache_key":null,"session_id":"a"}', TokenKind.API_KEY)
    assert json.loads(sent) == {"prompt_cache_key": "a"}


@pytest.mark.parametrize("alias", ["null", '""'])
def test_an_empty_alias_is_left_out(alias: str) -> None:
    _, sent = edited(b'{"session_id":' + alias.encode() + b"}", TokenKind.API_KEY)
    assert json.loads(sent) == {}


def test_a_plain_client_is_made_acceptable_to_the_chatgpt_backend() -> None:
    plan, sent = edited(b'{"model":"gpt-5","input":"hi"}', TokenKind.CHATGPT)
    assert plan.names == ("stream", "store", "input", "instructions")
    assert plan.aggregate
    assert json.loads(sent) == {
        "model": "gpt-5",
        "input": [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]}],
        "stream": True,
        "store": False,
        "instructions": "",
    }


@pytest.mark.parametrize("value", [b"false", b"null"])
def test_a_false_stream_is_aggregated(value: bytes) -> None:
    body = b'{"store":false,"instructions":"i","input":[],"stream":' + value + b"}"
    plan, sent = edited(body, TokenKind.CHATGPT)
    assert (plan.names, plan.aggregate) == (("stream",), True)
    assert sent == body.replace(value + b"}", b"true}")


def test_an_api_key_takes_a_plain_request_as_it_is() -> None:
    body = b'{"model":"gpt-5","input":"hi","stream":false,"store":true}'
    assert edited(body, TokenKind.API_KEY) == (EditPlan(), body)


@pytest.mark.parametrize("kind", list(TokenKind))
def test_strict_pass_through_edits_nothing(kind: TokenKind) -> None:
    body = b'{"model":"gpt-5","input":"hi","session_id":"a"}'
    assert edited(body, kind, strict=True) == (EditPlan(), body)
