"""The header edits, both ways."""

import pytest

from app.core.credential import ApiKey, ChatGPTLogin
from app.core.token import Token, TokenKind
from app.upstream.headers import lines_to_client, to_client, to_upstream

LOGIN = Token("t-1", TokenKind.CHATGPT, "chatgpt:acc:user", "a", None, None, "acc", None, True, 0.0)
KEYED = Token("t-2", TokenKind.API_KEY, "api_key:x", "b", None, None, None, None, True, 0.0)
SECRET = ChatGPTLogin("at-secret", "rt-secret")


def test_ours_stands_where_the_clients_stood() -> None:
    headers = [(b"a", b"1"), (b"authorization", b"ws-license"), (b"b", b"2"), (b"Authorization", b"again")]
    assert to_upstream(headers, LOGIN, SECRET) == [
        ("a", "1"),
        ("Authorization", "Bearer at-secret"),
        ("chatgpt-account-id", "acc"),
        ("b", "2"),
        ("Accept-Encoding", "identity"),
    ]


def test_an_api_key_names_no_account() -> None:
    headers = to_upstream([(b"ChatGPT-Account-Id", b"somebody")], KEYED, ApiKey("sk-secret"))
    assert headers == [("Authorization", "Bearer sk-secret"), ("Accept-Encoding", "identity")]


@pytest.mark.parametrize(
    "name",
    [
        "Host",
        "Connection",
        "Keep-Alive",
        "TE",
        "Trailer",
        "Transfer-Encoding",
        "Upgrade",
        "Proxy-Authorization",
        "Proxy-Connection",
        "Cookie",
        "X-Forwarded-For",
        "x-forwarded-anything",
        "X-Waystation-Wait",
        "Forwarded",
        "Via",
        "X-Real-IP",
        "Content-Length",
        "Expect",
        "Accept-Encoding",
        "x-api-key",
        "API-Key",
    ],
)
def test_what_is_not_for_upstream_is_dropped(name: str) -> None:
    assert [value for _, value in to_upstream([(name.encode(), b"dropped")], KEYED, ApiKey("k"))] == [
        "Bearer k",
        "identity",
    ]


def test_what_connection_names_is_of_this_hop() -> None:
    headers = [(b"connection", b"close, X-Mine"), (b"Connection", b"x-also"), (b"x-mine", b"1"), (b"X-Also", b"2")]
    assert to_upstream(headers, KEYED, ApiKey("k"))[1:] == [("Accept-Encoding", "identity")]
    assert to_client(headers) == []
    assert lines_to_client(headers) == ([], set())


def test_what_connection_names_goes_with_all_else_that_is_dropped_and_ours_stays() -> None:
    headers = [
        (b"Authorization", b"Bearer theirs"),
        (b"x-mine", b"1"),
        (b"Content-Encoding", b"zstd"),
        (b"x-turn", b"2"),
        (b"Connection", b"keep-alive, authorization, X-Mine, accept-encoding"),
        (b"a", b"b"),
    ]
    sent = to_upstream(headers, KEYED, ApiKey("k"), decoded=True, drop=frozenset({"x-turn"}))
    assert sent == [("Authorization", "Bearer k"), ("a", "b"), ("Accept-Encoding", "identity")]
    assert to_client(headers[1:], reencoded=True) == [("x-turn", "2"), ("a", "b")]


def test_content_encoding_is_dropped_only_with_the_encoding() -> None:
    headers = [(b"Content-Encoding", b"zstd")]
    assert ("Content-Encoding", "zstd") in to_upstream(headers, KEYED, ApiKey("k"))
    assert ("Content-Encoding", "zstd") not in to_upstream(headers, KEYED, ApiKey("k"), decoded=True)


def test_values_keep_their_bytes() -> None:
    value = "模型 \x09 é".encode() + b"\xe9"
    sent = dict(to_upstream([(b"x-any", value)], KEYED, ApiKey("k")))["x-any"]
    assert sent.encode("utf-8", "surrogateescape") == value


def test_an_answer_keeps_all_but_this_hops_and_cors() -> None:
    kept = [
        (b"Content-Type", b"text/event-stream"),
        (b"x-codex-primary-used-percent", b"1"),
        (b"Retry-After", b"5"),
        (b"ETag", b"x"),
        (b"x-request-id", b"r"),
        (b"x-request-id", b"again"),
        (b"openai-model", b"m"),
        (b"Content-Encoding", b"gzip"),
        (b"Content-Length", b"5"),
    ]
    dropped = [
        (b"Set-Cookie", b"a"),
        (b"Transfer-Encoding", b"chunked"),
        (b"Alt-Svc", b"h3"),
        (b"Access-Control-Allow-Origin", b"*"),
        (b"Strict-Transport-Security", b"max-age=1"),
    ]
    text = [(name.decode(), value.decode()) for name, value in kept]
    assert to_client(kept + dropped) == text
    assert to_client(kept + dropped, reencoded=True) == text[1:7]
    lines, names = lines_to_client(kept + dropped)
    assert b"".join(lines) == b"".join(name + b": " + value + b"\r\n" for name, value in kept)
    assert names == {name.lower() for name, _ in text}


def test_a_line_of_an_answers_head_is_upstreams_to_the_byte() -> None:
    assert lines_to_client([(b"X-ODD", b"\xe9 \t\xff")]) == ([b"X-ODD: \xe9 \t\xff\r\n"], {"x-odd"})
