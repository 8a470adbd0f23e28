"""The way out: proxies, failures in words, and what is never kept."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from app.upstream.errors import NoAnswer, UpstreamTimeout, UpstreamUnreachable, failure_of
from app.upstream.http import UpstreamHttp
from app.upstream.proxies import Proxy, ProxyFinder, is_loopback, parse_proxy, system_proxy

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listening(talk: Talk) -> AsyncIterator[int]:
    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


@asynccontextmanager
async def serving(handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]) -> AsyncIterator[int]:
    runner = web.ServerRunner(web.Server(handler))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@asynccontextmanager
async def going_out(proxy: Proxy | None = None, **options: float) -> AsyncIterator[UpstreamHttp]:
    http = UpstreamHttp(ProxyFinder(lambda scheme, host: proxy), **options)
    try:
        yield http
    finally:
        await http.close()


async def hello(request: web.BaseRequest) -> web.Response:
    return web.Response(text=f"{request.method} {request.path_qs} {len(await request.read())}")


async def test_an_http_proxy_is_asked_with_its_password_and_upstream_never_sees_it() -> None:
    seen: list[tuple[str, str | None]] = []

    async def proxy(request: web.BaseRequest) -> web.Response:
        # The parser gives the absolute address as host and path.
        seen.append((request.headers["Host"], request.headers.get("Proxy-Authorization")))
        return web.Response(text="through the proxy")

    async with serving(proxy) as port:
        found = parse_proxy(f"http://user:p%40ss@127.0.0.1:{port}")
        assert found is not None
        assert "p@ss" not in repr(found)
        async with going_out(found) as http:
            answer = await http.send("GET", "http://upstream.invalid/x", [("Authorization", "Bearer t")])
            assert await answer.text() == "through the proxy"
    assert seen == [("upstream.invalid", "Basic dXNlcjpwQHNz")]


async def test_a_tunnel_through_an_http_proxy_is_opened_with_its_password() -> None:
    heads: list[bytes] = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async with listening(proxy) as port:
        problem = await failure("https://upstream.invalid/x", parse_proxy(f"http://user:p%40ss@127.0.0.1:{port}"))
    assert "answered 502" in problem.message
    assert heads[0].startswith(b"CONNECT upstream.invalid:443 ")
    assert b"Proxy-Authorization: Basic dXNlcjpwQHNz\r\n" in heads[0]
    assert b"secret-token" not in heads[0]


async def test_a_socks_proxy_looks_up_the_name() -> None:
    asked: list[bytes] = []

    async with serving(hello) as port:

        async def socks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            _, methods = await reader.readexactly(2)
            await reader.readexactly(methods)
            writer.write(b"\x05\x00")
            head = await reader.readexactly(5)
            asked.append(await reader.readexactly(head[4]))
            await reader.readexactly(2)
            writer.write(b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x00")
            inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                inner_writer.write(await reader.readuntil(b"\r\n\r\n"))
                writer.write(await inner_reader.readuntil(b"GET /x 0"))
                await writer.drain()
            finally:
                inner_writer.close()
                writer.close()

        async with listening(socks) as socks_port:
            found = parse_proxy(f"socks5h://127.0.0.1:{socks_port}")
            async with going_out(found) as http:
                answer = await http.send("GET", "http://upstream.invalid/x", [])
                assert await answer.text() == "GET /x 0"
    assert asked == [b"upstream.invalid"]


async def test_this_machine_is_never_reached_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    http = UpstreamHttp()
    async with serving(hello) as port:
        answer = await http.send("GET", f"http://127.0.0.1:{port}/", [])
        assert answer.status == 200
        answer.close()
    await http.close()


async def test_passwords_in_netrc_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))

    async def echo(request: web.BaseRequest) -> web.Response:
        return web.Response(text=request.headers.get("Authorization", "none"))

    async with serving(echo) as port, going_out() as http:
        answer = await http.send("GET", f"http://127.0.0.1:{port}/", [("Authorization", "Bearer mine")])
        assert await answer.text() == "Bearer mine"
        answer = await http.send("GET", f"http://127.0.0.1:{port}/", [])
        assert await answer.text() == "none"


async def test_cookies_are_not_kept_redirects_not_followed_bodies_not_decoded() -> None:
    cookies: list[str | None] = []

    async def handler(request: web.BaseRequest) -> web.Response:
        cookies.append(request.headers.get("Cookie"))
        headers = {"Set-Cookie": "a=b", "Location": "/elsewhere", "Content-Encoding": "gzip"}
        return web.Response(status=302, headers=headers, body=b"not gzip at all")

    async with serving(handler) as port, going_out() as http:
        for _ in range(2):
            answer = await http.send("GET", f"http://127.0.0.1:{port}/", [])
            assert answer.status == 302
            assert await answer.read() == b"not gzip at all"
    assert cookies == [None, None]


async def test_only_the_given_headers_go_out() -> None:
    seen: list[tuple[str, str]] = []

    async def handler(request: web.BaseRequest) -> web.Response:
        seen.extend((name.decode(), value.decode()) for name, value in request.raw_headers)
        return web.Response()

    async with serving(handler) as port, going_out() as http:
        (await http.send("POST", f"http://127.0.0.1:{port}/a%20b?c=%2F", [("x-One", "1")], b"body")).close()
    assert [name for name, _ in seen] == ["Host", "x-One", "Content-Length"]


async def test_large_bodies_arrive_whole() -> None:
    async def handler(request: web.BaseRequest) -> web.Response:
        size = 0
        while chunk := await request.content.readany():
            size += len(chunk)
        return web.Response(text=f"{size} {request.headers['Content-Length']}")

    async with serving(handler) as port, going_out() as http:
        answer = await http.send("POST", f"http://127.0.0.1:{port}/", [], b"a" * (3 << 20))
        assert await answer.text() == f"{3 << 20} {3 << 20}"


async def failure(url: str, proxy: Proxy | None = None, **options: float) -> NoAnswer:
    async with going_out(proxy, **options) as http:
        with pytest.raises(NoAnswer) as caught:
            await http.send("POST", url, [("Authorization", "Bearer secret-token")], b"{}")
    assert "secret" not in caught.value.message
    return caught.value


async def closed_port() -> int:
    async with listening(lambda reader, writer: asyncio.sleep(0)) as port:
        return port


async def test_a_refused_connection_is_told() -> None:
    problem = await failure(f"http://127.0.0.1:{await closed_port()}/")
    assert isinstance(problem, UpstreamUnreachable)
    assert "connection refused" in problem.message
    assert (problem.sent, problem.passing) == (False, True)


async def test_an_unknown_name_is_told_as_dns() -> None:
    problem = await failure("https://no-such-host.invalid/x?secret=1")
    assert "no-such-host.invalid" in problem.message
    assert "DNS" in problem.message
    assert not problem.sent


async def test_a_dead_proxy_is_told_without_its_password() -> None:
    for scheme in ("http", "socks5"):
        proxy = parse_proxy(f"{scheme}://user:secret@127.0.0.1:{await closed_port()}")
        problem = await failure("https://chatgpt.com/x", proxy)
        assert "proxy 127.0.0.1" in problem.message
        assert not problem.sent


@pytest.mark.parametrize("status", [407, 403])
async def test_a_proxy_that_refuses_is_told(status: int) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n" % status)
        writer.close()

    async with listening(refuse) as port:
        problem = await failure("https://chatgpt.com/x", parse_proxy(f"http://127.0.0.1:{port}"))
    assert "does not let Waystation through" in problem.message
    assert ("password" in problem.message) is (status == 407)
    assert (problem.sent, problem.passing) == (False, False)


async def test_what_speaks_no_tls_is_told() -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 No\r\n\r\n")
        writer.close()

    async with listening(plain) as port:
        problem = await failure(f"https://127.0.0.1:{port}/")
    assert "encrypted" in problem.message
    assert not problem.sent


async def test_hanging_up_without_an_answer_is_told() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"{}")
        writer.close()

    async with listening(hang_up) as port:
        problem = await failure(f"http://127.0.0.1:{port}/")
    assert "without an answer" in problem.message
    assert problem.sent


async def test_silence_is_a_timeout() -> None:
    over = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await over.wait()
        writer.close()

    async with listening(silent) as port:
        problem = await failure(f"http://127.0.0.1:{port}/", read_timeout_s=0.1)
        over.set()
    assert isinstance(problem, UpstreamTimeout)
    assert (problem.sent, problem.passing) == (True, False)


def test_an_untrusted_certificate_is_told() -> None:
    key = aiohttp.client_reqrep.ConnectionKey("chatgpt.com", 443, True, True, None, None, None, None)
    error = aiohttp.ClientConnectorCertificateError(key, ssl.SSLCertVerificationError("self signed"))
    problem = failure_of(error, "chatgpt.com", None)
    assert problem is not None
    assert "certificate" in problem.message
    assert not problem.passing


def test_other_exceptions_are_none_of_ours() -> None:
    assert failure_of(KeyError(), "chatgpt.com", None) is None


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"HTTPS_PROXY": "http://proxy:1"}, "http://proxy:1"),
        ({"https_proxy": "proxy:1"}, "http://proxy:1"),
        ({"ALL_PROXY": "socks5://u:p@proxy:1"}, "socks5://proxy:1"),
        ({"HTTPS_PROXY": "http://proxy:1", "NO_PROXY": "chatgpt.com"}, None),
        ({"HTTPS_PROXY": "http://proxy:1", "NO_PROXY": "*"}, None),
        ({"HTTP_PROXY": "http://proxy:1"}, None),
        ({"HTTPS_PROXY": "gopher://proxy:1"}, None),
        ({}, None),
    ],
)
def test_the_environment_names_the_proxy(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], expected: str | None
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    found = system_proxy("https", "chatgpt.com")
    assert (None if found is None else found.url) == (None if expected is None else URL(expected))
    assert system_proxy("https", "127.0.0.1") is None


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("[::1]", True),
        ("LOCALHOST.", True),
        ("10.0.0.1", False),
    ],
)
def test_this_machine_is_recognised(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected
