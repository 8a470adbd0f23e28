"""What is read of a request in order to route it."""

from __future__ import annotations

import json

import pytest

from app.core.envelope import read_envelope
from app.core.errors import Refusal
from app.core.session import bounded_name

SEED_SESSION = (
    "prompt_cache_key的别名，会话ID（可选），如果不变的话，"
    "系统会为该会话分配一个固定的token进行对话，直到该token上限或异常才会切换token"
)


def test_names_are_ordered_from_the_body_to_the_headers() -> None:
    body = json.dumps({"prompt_cache_key": "key", "session_id": "alias"}).encode()
    headers = {"thread-id": "thread", "session-id": "key", "session_id": "old", "x-session-id": "other"}
    assert read_envelope(body, headers).names == ("key", "alias", "thread", "old", "other")


def test_a_name_of_more_than_64_characters_is_hashed_and_stays_stable() -> None:
    assert len(SEED_SESSION) > 64
    (name,) = read_envelope(json.dumps({"session_id": SEED_SESSION}).encode(), {}).names
    assert name == bounded_name(SEED_SESSION)
    assert len(name) == 64
    assert name.isascii()


def test_blank_names_name_nothing() -> None:
    assert read_envelope(b'{"session_id":"","prompt_cache_key":null}', {"session-id": " "}).names == ()


@pytest.mark.parametrize("alias", ["5", "[]", "true", "{}"])
def test_a_session_id_that_is_no_string_is_refused(alias: str) -> None:
    with pytest.raises(Refusal) as refused:
        read_envelope(b'{"session_id":' + alias.encode() + b"}", {})
    assert (refused.value.status, refused.value.param, refused.value.error_code) == (400, "session_id", "invalid_type")


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b'"text"', b"null", b"[" * 100_000])
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        read_envelope(body, {})
    assert refused.value.status == 400


def test_a_body_in_gbk_is_told_that_it_is_not_utf8() -> None:
    with pytest.raises(Refusal, match="not UTF-8"):
        read_envelope('{"input":"你是什么模型"}'.encode("gbk"), {})


@pytest.mark.parametrize("body", [rb'{"model":"m","input":"\ud83d"}', b'\xef\xbb\xbf{"model":"m"}'])
def test_what_other_parsers_take_is_left_for_upstream_to_judge(body: bytes) -> None:
    assert read_envelope(body, {}).model == "m"


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_a_number_that_json_cannot_write_is_refused_where_the_body_is_made_anew(number: str) -> None:
    body = b'{"model":"m","tools":[{"default":' + number.encode() + b"}]}"
    assert read_envelope(body, {}).model == "m"
    with pytest.raises(Refusal, match=r"could not parse the JSON body.* NaN") as refused:
        read_envelope(body, {}, rewritten=True)
    assert (refused.value.status, refused.value.error_type, refused.value.param) == (400, "invalid_request_error", None)
    assert refused.value.error_code is None
    # Its name within a text is no number.
    assert read_envelope(b'\xef\xbb\xbf{"model":"NaN","top_p":0.5}', {}, rewritten=True).model == "NaN"


def test_effort_and_stream_are_read_in_both_dialects() -> None:
    responses = read_envelope(b'{"reasoning":{"effort":"high"},"stream":true}', {})
    chat = read_envelope(b'{"reasoning_effort":"low","stream":false}', {})
    assert (responses.effort, responses.stream) == ("high", True)
    assert (chat.effort, chat.stream) == ("low", False)


def test_the_content_is_not_in_the_repr() -> None:
    assert "secret words" not in repr(read_envelope(b'{"input":"secret words"}', {}))
