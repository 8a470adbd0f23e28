"""With a proxy of the user's choice, nothing goes past it: no connection, and no look-up of a name."""

from __future__ import annotations

import asyncio
import inspect
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import WSMsgType, web

import app.upstream
from app.core.credential import ApiKey, ChatGPTLogin, TokenSecrets
from app.core.token import Token, TokenKind
from app.practice.server import PracticeUpstream
from app.upstream.answer import UpstreamAnswer
from app.upstream.client import Upstream
from app.upstream.endpoints import UpstreamEndpoints
from app.upstream.errors import NoAnswer, UpstreamUnreachable
from app.upstream.http import UpstreamHttp
from app.upstream.models import ModelLists
from app.upstream.proxies import ProxyFinder
from app.upstream.release_feed import ReleaseFeed
from app.upstream.sign_in import DeviceCode, DeviceGrant, SignInService
from app.upstream.socket import UpstreamSocket
from tests.support.ports import free_port
from tests.upstream.certificate import server_context
from tests.upstream.small_proxy import PASSWORD, SmallProxy, running

HOSTS = ("chatgpt.invalid", "openai.invalid", "auth.invalid")
KINDS = ("http", "https", "socks5")
LOGIN = Token("t-1", TokenKind.CHATGPT, "chatgpt:acc:user", "a", None, None, "acc", None, True, 0.0)
KEYED = Token("t-2", TokenKind.API_KEY, "api_key:x", "b", None, None, None, None, True, 0.0)


@dataclass
class StandIn:
    """Answers every question of the gateway in the same way, on one port, whatever name it was asked by."""

    port: int = 0
    connections: int = 0
    hosts: list[str] = field(default_factory=list)

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self.hosts.append(request.host.partition(":")[0])
        if "Upgrade" in request.headers:
            ws = web.WebSocketResponse()
            await ws.prepare(request)
            async for message in ws:
                await ws.send_str(message.data)
            return ws
        await request.read()
        everything: dict[str, Any] = {
            "access_token": PracticeUpstream().accounts[0].access_token,
            "device_auth_id": "d",
            "user_code": "u",
            "authorization_code": "c",
            "code_verifier": "v",
            "data": [{"id": "a-model"}],
            "tag_name": "v9.0",
        }
        return web.json_response(everything)


@asynccontextmanager
async def house(
    folder: Path, scheme: str, **of_proxy: Any
) -> AsyncIterator[tuple[UpstreamHttp, UpstreamEndpoints, SmallProxy, StandIn]]:
    """A proxy, what stands behind it, and a way out that knows neither."""
    tls = server_context(folder, *HOSTS)
    stand_in = StandIn()
    serve = web.Server(stand_in.answer)

    def connected() -> asyncio.BaseProtocol:
        stand_in.connections += 1
        return serve()

    chatgpt, openai, auth = (f"{scheme}://{host}" for host in HOSTS)
    async with AsyncExitStack() as stack:
        server = await asyncio.get_running_loop().create_server(
            connected, "127.0.0.1", 0, ssl=tls if scheme == "https" else None
        )
        await stack.enter_async_context(server)
        stack.push_async_callback(serve.shutdown, 0)
        stand_in.port = server.sockets[0].getsockname()[1]
        proxy = await stack.enter_async_context(running(SmallProxy(destination=stand_in.port, **of_proxy), tls))
        http = UpstreamHttp(ProxyFinder(lambda scheme, host: pytest.fail("the system was asked")))
        stack.push_async_callback(http.close)
        yield http, UpstreamEndpoints(f"{chatgpt}/backend-api/codex", f"{openai}/v1", auth), proxy, stand_in


@pytest.fixture
def outgoing(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The ports that this process connects to; a look-up of a name fails."""
    ports: list[int] = []
    connect, look_up = socket.socket.connect, socket.getaddrinfo

    def connecting(sock: socket.socket, address: Any) -> None:
        if sock.family in (socket.AF_INET, socket.AF_INET6):
            ports.append(address[1])
        connect(sock, address)

    def looking_up(host: Any, *arguments: Any, **options: Any) -> Any:
        assert host in ("127.0.0.1", b"127.0.0.1"), f"{host} was looked up"
        return look_up(host, *arguments, **options)

    monkeypatch.setattr(socket.socket, "connect", connecting)
    monkeypatch.setattr(socket, "getaddrinfo", looking_up)
    return ports


def every_call(http: UpstreamHttp, endpoints: UpstreamEndpoints, own: str | None) -> dict[str, Callable[[], Any]]:
    """Each public call that asks upstream, or the release feed, by its name; `own` is the token's proxy."""
    upstream, sign_in = Upstream(endpoints, http, patience_s=0.0), SignInService(endpoints, http)
    login, key = TokenSecrets(ChatGPTLogin("at"), own), TokenSecrets(ApiKey("sk"), own)
    device, grant = DeviceCode("d", "u", "", 0.0, 10.0), DeviceGrant("c", "v")

    async def passed_through() -> UpstreamAnswer:
        (await upstream.pass_through(LOGIN, login, "POST", "/responses", [], b"{}")).close()
        return await upstream.pass_through(KEYED, key, "POST", "/responses", [], b"{}")

    async def offered() -> object:
        await ModelLists(upstream).offered(LOGIN, login)
        return await ModelLists(upstream).offered(KEYED, key)

    # It is asked for nobody's token.
    of_all = {} if own else {"ask": lambda: ReleaseFeed(http).ask(f"{endpoints.openai_base_url}/releases/latest")}
    return of_all | {
        "pass_through": passed_through,
        "translated": lambda: upstream.translated(LOGIN, login, "/responses", b"{}", "l", "s"),
        "socket": lambda: upstream.socket(LOGIN, login, "/responses", []),
        "get": lambda: upstream.get(LOGIN, login, "/accounts/check", base=endpoints.wham_base_url),
        "usage": lambda: upstream.usage(LOGIN, login),
        "knock": lambda: upstream.knock(own),
        "offered": offered,
        "codex_list": lambda: ModelLists(upstream).codex_list(LOGIN, login, "client_version=0", []),
        "exchange": lambda: sign_in.exchange(code="c", verifier="v", redirect_uri="r", proxy=own),
        "exchange_device": lambda: sign_in.exchange_device(grant, own),
        "refresh": lambda: sign_in.refresh("rt", reason="proactive_expiry", proxy=own),
        "start_device": lambda: sign_in.start_device(own),
        "poll_device": lambda: sign_in.poll_device(device, own),
        "wait_for_device": lambda: sign_in.wait_for_device(device, own),
        "revoke": lambda: sign_in.revoke("rt", own),
    }


async def finished(call: Awaitable[Any]) -> None:
    answer = await call
    assert answer or answer is None
    if isinstance(answer, UpstreamSocket):
        await answer.send_frame(b"there and back", WSMsgType.TEXT)
        assert (await answer.receive(timeout=10)).data == b"there and back"
        answer.hang_up()
    if isinstance(answer, aiohttp.ClientResponse | UpstreamAnswer):
        assert answer.status == 200
        while answer is not None and not answer.closed:
            await (answer.readany() if isinstance(answer, UpstreamAnswer) else answer.read())


def test_no_call_is_forgotten_here() -> None:
    known = every_call(UpstreamHttp(), UpstreamEndpoints(), None).keys()
    public = {
        name
        for kind in (Upstream, SignInService, ModelLists, ReleaseFeed)
        for name, _ in inspect.getmembers(kind, inspect.iscoroutinefunction)
        if not name.startswith("_") and name not in ("close", "same_way")
    }
    # `same_way` compares a socket that is open with the way that is chosen now.
    assert known == public


def test_only_one_module_opens_connections() -> None:
    folder = Path(app.upstream.__file__).parent
    opens = re.compile(r"ClientSession\(|Connector\(|open_connection\(|create_connection\(|urlopen\(")
    assert {path.name for path in folder.glob("*.py") if opens.search(path.read_text())} <= {
        "http.py",
        # Makes the connector of `http.py`, for a proxy.
        "socks.py",
        # Asks this machine alone.
        "local_proxies.py",
    }


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("login", [False, True], ids=["open", "password"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("whose", ["token", "application"])
async def test_everything_goes_through_the_proxy(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    outgoing: list[int],
    whose: str,
    kind: str,
    login: bool,
    scheme: str,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))
    async with house(tmp_path, scheme, kind=kind, login=login) as (http, endpoints, proxy, stand_in):
        own = proxy.address if whose == "token" else None
        http.proxies.choose("http://127.0.0.1:9" if whose == "token" else proxy.address)
        for name, call in every_call(http, endpoints, own).items():
            before = len(stand_in.hosts)
            await finished(call())
            assert len(stand_in.hosts) > before, name
        assert set(stand_in.hosts) == set(HOSTS)
        assert {target.partition(":")[0] for target in proxy.asked} == set(HOSTS)
        # Only the proxy itself connects to what stands behind it.
        assert stand_in.connections == len(proxy.asked) == outgoing.count(stand_in.port)
        assert set(outgoing) == {stand_in.port, proxy.port}


async def test_an_explicit_proxy_serves_this_machine_too(tmp_path: Path) -> None:
    async with house(tmp_path, "http", kind="http") as (http, _, proxy, stand_in):
        (await http.send("GET", "http://localhost/", [], proxy=proxy.address)).close()
        http.proxies.choose(proxy.address)
        (await http.send("GET", "http://127.0.0.1:1/", [])).close()
        assert len(stand_in.hosts) == 2


async def test_direct_means_without_any_proxy(tmp_path: Path) -> None:
    async with house(tmp_path, "http", kind="http") as (http, _, proxy, stand_in):
        http.proxies.choose(proxy.address)
        address = f"http://127.0.0.1:{stand_in.port}/"
        (await http.send("GET", address, [], proxy="direct")).close()
        http.proxies.choose("direct")
        (await http.send("GET", address, [])).close()
        assert proxy.asked == []
        assert len(stand_in.hosts) == 2


async def refusal(http: UpstreamHttp, endpoints: UpstreamEndpoints, own: str) -> NoAnswer:
    """The same one for a turn, for a refresh, and for a WebSocket."""
    calls = every_call(http, endpoints, own)
    found: list[NoAnswer] = []
    for name in ("translated", "refresh", "socket"):
        with pytest.raises(UpstreamUnreachable) as caught:
            await calls[name]()
        assert "secret" not in f"{caught.value} {caught.value!r} {caught.value.details}"
        found.append(caught.value)
    assert found[0].message.replace(HOSTS[0], "") == found[1].message.replace(HOSTS[2], "")
    assert found[0].message == found[2].message
    assert not found[0].sent
    return found[0]


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("given", ["wrong", "none"])
async def test_a_wrong_password_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, outgoing: list[int], given: str, kind: str, scheme: str
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))
    async with house(tmp_path, scheme, kind=kind, login=True) as (http, endpoints, proxy, stand_in):
        own = proxy.with_password("wrong-secret") if given == "wrong" else f"{kind}://127.0.0.1:{proxy.port}"
        problem = await refusal(http, endpoints, own)
        assert f"proxy 127.0.0.1:{proxy.port}" in problem.message
        assert "right user name and password" in problem.message
        assert "proxy of this token" in problem.message
        assert not problem.passing
        assert (stand_in.connections, set(outgoing)) == (0, {proxy.port})


@pytest.mark.parametrize("kind", KINDS)
async def test_a_proxy_that_lets_nobody_through_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, outgoing: list[int], kind: str
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))
    async with house(tmp_path, "https", kind=kind, login=True, refuses=403) as (http, endpoints, proxy, stand_in):
        problem = await refusal(http, endpoints, proxy.address)
        assert f"The proxy 127.0.0.1:{proxy.port} " in problem.message
        assert ("has no way to" if kind == "socks5" else "it answered 403") in problem.message
        assert (stand_in.connections, set(outgoing)) == (0, {proxy.port})


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("kind", KINDS)
async def test_a_dead_proxy_is_told(tmp_path: Path, outgoing: list[int], kind: str, scheme: str) -> None:
    async with house(tmp_path, scheme, kind=kind, login=True) as (http, endpoints, proxy, stand_in):
        port = free_port()
        problem = await refusal(http, endpoints, f"{kind}://user:{PASSWORD}@127.0.0.1:{port}")
        assert f"cannot reach the proxy 127.0.0.1:{port}" in problem.message
        assert "proxy of this token" in problem.message
        assert problem.passing
        assert (stand_in.connections, set(outgoing), proxy.asked) == (0, {port}, [])


async def test_a_proxy_that_cannot_be_understood_is_not_passed_by(tmp_path: Path, outgoing: list[int]) -> None:
    async with house(tmp_path, "http", kind="http") as (http, endpoints, _, stand_in):
        problem = await refusal(http, endpoints, "gopher://user:secret@127.0.0.1:1")
        assert "proxy of this token cannot be used" in problem.message
        assert not problem.passing
        assert (stand_in.connections, outgoing) == (0, [])


async def test_connections_of_ways_that_are_not_used_are_closed(tmp_path: Path) -> None:
    async with house(tmp_path, "http", kind="http") as (http, _, proxy, _stand_in):
        held = await http.send("GET", "http://chatgpt.invalid/", [], proxy=proxy.with_password("first"))
        for number in range(40):
            answer = await http.send("GET", "http://chatgpt.invalid/", [], proxy=proxy.with_password(str(number)))
            await answer.read()
        assert len(http._lines) == 16
        # Who is still reading is not disturbed.
        assert await held.read()
