"""Who may enter, and that every no has OpenAI's shape."""

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from app.gateway.doors import host_name, own_names
from tests.gateway.house import KEY, House, house
from tests.gateway.test_responses import CODEX_BODY
from tests.gateway.wire import RawAnswer, exchange, request_bytes


def error_of(answer: RawAnswer) -> dict[str, object]:
    assert answer.header("Content-Type") == "application/json"
    error: dict[str, object] = orjson.loads(answer.body)["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert isinstance(error["message"], str)
    return error


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:1", "127.8.9.10:8787", "localhost:99", "LOCALHOST.", "[::1]:8"]
)
async def test_loopback_names_enter_with_any_port(one: House, host: str) -> None:
    answer = await exchange(one.port, request_bytes(one.port, CODEX_BODY, host=host))
    assert answer.status == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8787",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "127.0.0.1@evil.example",
        "2130706433",
        "10.1.2.3:8787",
        "[fe80::1]:8787",
        "xn--55qx5d",
        " ",
    ],
)
@pytest.mark.parametrize("path", ["/codex/v1/responses", "/healthz", "/nowhere"])
async def test_other_names_are_refused_before_anything_else(one: House, host: str, path: str) -> None:
    answer = await exchange(one.port, request_bytes(one.port, b"{}", host=host, path=path, authorization=None))
    assert answer.status == 403
    assert error_of(answer)["code"] == "host_not_allowed"
    assert one.practice.received == []


async def test_a_loopback_gateway_does_not_answer_to_this_machines_name(one: House) -> None:
    answer = await exchange(one.port, request_bytes(one.port, CODEX_BODY, host=socket.gethostname()))
    assert answer.status == 403


async def test_a_gateway_on_all_addresses_answers_to_its_names_and_the_address_that_was_dialled(
    tmp_path: Path,
) -> None:
    async with house(tmp_path, host="0.0.0.0", allowed_hosts=["Station.Example"]) as running:
        for host in (*own_names(), "station.example:8787", "127.0.0.1", "localhost"):
            answer = await exchange(running.port, request_bytes(running.port, CODEX_BODY, host=host))
            assert answer.status == 200, host
        for host in ("evil.example", "10.1.2.3", "0.0.0.0.example"):
            answer = await exchange(running.port, request_bytes(running.port, CODEX_BODY, host=host))
            assert answer.status == 403, host


async def test_another_address_of_this_machine_is_its_own_name(tmp_path: Path) -> None:
    # 127.0.0.2 stands for an address in the local network: it is not what the gateway was bound to by name.
    async with house(tmp_path, host="0.0.0.0") as running:
        request = request_bytes(running.port, CODEX_BODY, host=f"127.0.0.2:{running.port}")
        answer = await exchange(running.port, request, host="127.0.0.2")
        assert answer.status == 200


@pytest.mark.parametrize("value", [f"Bearer {KEY}", KEY, f"bearer   {KEY} ", f"BEARER {KEY}"])
async def test_a_license_enters_bare_or_as_bearer(one: House, value: str) -> None:
    answer = await exchange(one.port, request_bytes(one.port, CODEX_BODY, authorization=value))
    assert answer.status == 200
    assert one.practice.turns[-1].header("Authorization") != value


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (None, None),
        ("", None),
        ("Bearer ", None),
        ("Bearer ws-somebody-elses-key", "invalid_api_key"),
        (f"Basic {KEY}", "invalid_api_key"),
        (f"Bearer {KEY}x", "invalid_api_key"),
    ],
)
async def test_without_a_valid_license_nobody_enters(one: House, value: str | None, code: str | None) -> None:
    for method, path in (("POST", "/codex/v1/responses"), ("GET", "/v1/models"), ("GET", "/nowhere")):
        answer = await exchange(one.port, request_bytes(one.port, method=method, path=path, authorization=value))
        assert answer.status == 401
        error = error_of(answer)
        assert error["code"] == code
        assert "somebody-elses" not in str(error)
    assert one.practice.received == []
    assert not one.state.recent


async def test_a_license_of_bytes_that_are_no_text_is_refused_like_any_other(one: House) -> None:
    request = request_bytes(one.port, CODEX_BODY).replace(KEY.encode(), b"\xff\xfe" * 8)
    answer = await exchange(one.port, request)
    assert (answer.status, error_of(answer)["code"]) == (401, "invalid_api_key")


async def test_only_the_authorization_header_carries_a_license(one: House) -> None:
    request = request_bytes(one.port, CODEX_BODY, authorization=None, headers=(("x-api-key", KEY), ("api-key", KEY)))
    assert (await exchange(one.port, request)).status == 401


async def test_health_needs_no_license(one: House) -> None:
    answer = await exchange(
        one.port, request_bytes(one.port, method="GET", path="/healthz", authorization=None), method="GET"
    )
    assert answer.status == 200
    assert orjson.loads(answer.body)["status"] == "ok"


async def test_a_web_page_gets_no_permission(one: House) -> None:
    page = (("Origin", "https://evil.example"), ("Access-Control-Request-Method", "POST"))
    asked = await exchange(one.port, request_bytes(one.port, method="OPTIONS", headers=page, authorization=None))
    assert asked.status == 405
    answered = await exchange(one.port, request_bytes(one.port, CODEX_BODY, headers=page[:1]))
    for answer in (asked, answered):
        assert not [name for name, _ in answer.headers if name.lower().startswith("access-control-")]


@pytest.mark.parametrize(
    "path", ["/codex/v1/responses", "/v1/responses", "/codex/v1/responses/", "//codex/v1//responses"]
)
async def test_the_ways_to_the_same_endpoint(one: House, path: str) -> None:
    assert (await exchange(one.port, request_bytes(one.port, CODEX_BODY, path=path))).status == 200


@pytest.mark.parametrize(
    "path", ["/", "/codex/responses", "/codex/v1", "/codex/v1/completions", "/codex/v1/../v1/models"]
)
async def test_unknown_paths_are_404_and_say_where_to_go(one: House, path: str) -> None:
    answer = await exchange(one.port, request_bytes(one.port, b"{}", path=path))
    assert answer.status == 404
    assert "/codex/v1" in str(error_of(answer)["message"])


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/codex/v1/responses", "POST"),
        ("PUT", "/codex/v1/responses", "POST"),
        ("DELETE", "/codex/v1/chat/completions", "POST"),
        ("POST", "/codex/v1/models", "GET"),
        ("POST", "/codex/v1/models/gpt-5", "GET"),
        ("POST", "/healthz", "GET"),
    ],
)
async def test_wrong_methods_are_405_with_allow(one: House, method: str, path: str, allowed: str) -> None:
    answer = await exchange(one.port, request_bytes(one.port, method=method, path=path))
    assert answer.status == 405
    assert answer.header("Allow") == allowed
    assert error_of(answer)["code"] == "method_not_allowed"


async def test_head_of_responses_is_harmless(one: House) -> None:
    # `codex doctor` asks; any answer will do, and nothing goes upstream.
    answer = await exchange(one.port, request_bytes(one.port, method="HEAD"), method="HEAD")
    assert answer.status == 405
    assert one.practice.received == []


@pytest.mark.parametrize("authorization", ["Bearer wrong-license", None])
async def test_a_websocket_without_a_license_is_told_426(one: House, authorization: str | None) -> None:
    upgrade = (
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    )
    answer = await exchange(
        one.port, request_bytes(one.port, method="GET", headers=upgrade, authorization=authorization), method="GET"
    )
    assert answer.status == 426
    assert error_of(answer)["message"]
    assert one.practice.received == []


@pytest.mark.parametrize(
    "request_text",
    [
        b"nonsense\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nBad Header: secret-value\r\n\r\n",
        b"POST /codex/v1/responses HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: abc\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Big: " + b"a" * 300_000 + b"\r\n\r\n",
    ],
)
async def test_what_is_no_http_gets_our_shape_and_leaves_nothing_in_the_log(
    one: House, request_text: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await exchange(one.port, request_text)
    assert answer.status == 400
    error_of(answer)
    assert "secret-value" not in caplog.text


async def test_long_headers_pass(one: House) -> None:
    metadata = "m" * 50_000
    answer = await exchange(
        one.port, request_bytes(one.port, CODEX_BODY, headers=(("x-codex-turn-metadata", metadata),))
    )
    assert answer.status == 200
    assert one.practice.turns[-1].header("x-codex-turn-metadata") == metadata


async def test_a_client_that_waits_for_100_continue_is_asked_for_its_body(one: House) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", one.port)
    head = request_bytes(one.port, CODEX_BODY, headers=(("Expect", "100-continue"),)).removesuffix(CODEX_BODY)
    writer.write(head)
    async with asyncio.timeout(10):
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(CODEX_BODY)
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
    writer.close()
    assert one.practice.turns[-1].header("Expect") is None


async def test_a_body_that_is_too_large_is_refused_before_it_is_sent(one: House) -> None:
    request = request_bytes(one.port, headers=(("Expect", "100-continue"),))
    request = request.replace(b"Content-Length: 0", b"Content-Length: 70000000")
    answer = await exchange(one.port, request)
    assert answer.status == 413
    assert error_of(answer)["code"] == "request_too_large"


async def test_a_bug_is_500_without_a_word_of_it(one: House, expect_errors: object) -> None:
    expect_errors("answering POST failed: KeyError")  # type: ignore[operator]
    del one.state.secrets["t-0000"]
    answer = await exchange(one.port, request_bytes(one.port, CODEX_BODY))
    assert answer.status == 500
    assert error_of(answer)["code"] == "internal_error"
    assert b"KeyError" not in answer.body
    row = await one.row()
    assert (row.status, row.error) == (500, "internal_error")


async def test_a_bug_before_a_turn_has_begun_ends_it_too(
    one: House, expect_errors: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise KeyError

    expect_errors("answering POST failed: KeyError")
    monkeypatch.setattr("app.core.budget.BudgetBook.check", broken)
    assert (await exchange(one.port, request_bytes(one.port, CODEX_BODY))).status == 500
    row = await one.row()
    assert (row.status, row.error) == (500, "internal_error")


def test_host_names_are_read_without_port_and_brackets() -> None:
    cases = {
        "Example:80": "example",
        "example.": "example",
        "example:": "example",
        "[::1]:80": "::1",
        "[fe80::1%eth0]": "fe80::1",
        "::1": "::1",
        "1.2.3.4": "1.2.3.4",
        "a:b": "a:b",
        "": "",
    }
    assert {header: host_name(header) for header in cases} == cases
