"""The listener that the browser comes back to: what ends it, what does not, and that nothing of it stays."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp
import pytest

from app.core.errors import InvalidInput
from app.upstream.callback import CallbackListener, PortsBusy, parse_callback
from app.upstream.errors import SignInRefused
from tests.support.ports import free_ports

STATE = "state-of-this-sign-in"


@contextmanager
def occupied(*ports: int) -> Iterator[None]:
    taken = [socket.create_server(("127.0.0.1", port)) for port in ports]
    try:
        yield
    finally:
        for sock in taken:
            sock.close()


def nobody_listens(port: int) -> bool:
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with socket.socket(family) as sock:
            if sock.connect_ex((address, port)) == 0:
                return False
    return True


async def get(url: str, *, host: str | None = None, method: str = "GET", **headers: str) -> tuple[int, str]:
    given = headers | ({"Host": host} if host else {})
    async with aiohttp.ClientSession() as session, session.request(method, url, headers=given) as answer:
        return answer.status, await answer.text()


def callback(port: int, query: str, host: str = "127.0.0.1") -> str:
    return f"http://{host}:{port}/auth/callback?{query}"


async def test_the_browser_brings_the_code() -> None:
    ports = free_ports(2)
    async with CallbackListener(STATE, ports=ports) as listener:
        assert listener.redirect_uri == f"http://127.0.0.1:{ports[0]}/auth/callback"
        status, text = await get(callback(ports[0], f"code=ac-1&state={STATE}&scope=openid"))
        assert (await listener.wait()).code == "ac-1"
        assert "ac-1" not in repr(await listener.wait())
    assert status == 200
    assert "登录已确认" in text
    assert "You can close this page" in text
    assert "<script" not in text
    assert nobody_listens(ports[0])


async def test_the_page_arrives_although_the_listener_ends_at_once() -> None:
    ports = free_ports(2)

    async def listen(ready: asyncio.Event) -> str:
        async with CallbackListener(STATE, ports=ports) as listener:
            ready.set()
            return (await listener.wait()).code

    ready = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        listening = group.create_task(listen(ready))
        await ready.wait()
        status, text = await get(callback(ports[0], f"code=ac-1&state={STATE}"))
    assert (status, listening.result()) == (200, "ac-1")
    assert text.rstrip().endswith("</html>")


async def test_a_taken_port_leaves_the_other_one() -> None:
    ports = free_ports(2)
    with occupied(ports[0]):
        async with CallbackListener(STATE, ports=ports) as listener:
            assert listener.redirect_uri == f"http://127.0.0.1:{ports[1]}/auth/callback"
            await get(callback(ports[1], f"code=c&state={STATE}"))
            await listener.wait()
    assert nobody_listens(ports[1])


async def test_two_taken_ports_are_told_with_their_owner() -> None:
    ports = free_ports(2)
    with occupied(*ports), pytest.raises(PortsBusy) as caught:
        async with CallbackListener(STATE, ports=ports, port_owner={ports[1]: "code (4711)"}.get):
            pytest.fail("it must not listen")
    assert f"port {ports[1]} is used by code (4711)" in caught.value.message
    assert f"port {ports[0]} is used by another program" in caught.value.message
    assert "device code" in caught.value.message
    assert caught.value.details == {"port": ports[1], "program": "code (4711)", "ports": f"{ports[0]}, {ports[1]}"}


async def test_two_taken_ports_are_told_without_an_owner() -> None:
    ports = free_ports(2)
    with occupied(*ports), pytest.raises(PortsBusy) as caught:
        async with CallbackListener(STATE, ports=ports):
            pytest.fail("it must not listen")
    assert caught.value.details["program"] is None


@pytest.mark.parametrize("query", ["code=c&state=another", "code=c", "error=access_denied&state=another", ""])
async def test_another_state_is_sent_away_and_the_wait_goes_on(query: str) -> None:
    ports = free_ports(2)
    async with CallbackListener(STATE, ports=ports) as listener:
        status, text = await get(callback(ports[0], query))
        assert status == 400
        assert "这不是当前的登录" in text
        await get(callback(ports[0], f"code=right&state={STATE}"))
        assert (await listener.wait()).code == "right"


async def test_a_callback_without_a_code_does_not_end_the_wait() -> None:
    ports = free_ports(2)
    async with CallbackListener(STATE, ports=ports) as listener:
        assert (await get(callback(ports[0], f"state={STATE}")))[0] == 400
        await get(callback(ports[0], f"code=right&state={STATE}"))
        assert (await listener.wait()).code == "right"


@pytest.mark.parametrize(
    ("query", "reason", "word"),
    [
        ("error=access_denied&error_description=secret", "access_denied", "refused in the browser"),
        ("error=access_denied&error_description=x+missing_codex_entitlement", "missing_codex_entitlement", "workspace"),
        ("error=server_error", "server_error", "did not work"),
        ("error=%3Cscript%3Esecret", "error", "did not work"),
    ],
)
async def test_an_error_of_the_service_is_a_refusal(query: str, reason: str, word: str) -> None:
    ports = free_ports(2)
    async with CallbackListener(STATE, ports=ports) as listener:
        status, text = await get(callback(ports[0], f"{query}&state={STATE}"))
        assert status == 200
        assert "登录未完成" in text
        assert "secret" not in text
        with pytest.raises(SignInRefused, match=word) as caught:
            await listener.wait()
    assert caught.value.reason == reason
    assert "secret" not in caught.value.message


async def test_codex_may_have_the_port() -> None:
    ports = free_ports(2)
    async with CallbackListener(STATE, ports=ports) as listener:
        assert (await get(f"http://127.0.0.1:{ports[0]}/cancel"))[0] == 200
        with pytest.raises(SignInRefused) as caught:
            await listener.wait()
    assert caught.value.reason == "cancelled"
    assert nobody_listens(ports[0])


async def test_no_web_page_may_cancel() -> None:
    ports = free_ports(2)
    async with CallbackListener(STATE, ports=ports) as listener:
        url = f"http://127.0.0.1:{ports[0]}/cancel"
        assert (await get(url, **{"Sec-Fetch-Site": "cross-site"}))[0] == 403
        assert (await get(url, Origin="https://evil.example"))[0] == 403
        await get(callback(ports[0], f"code=c&state={STATE}"))
        assert (await listener.wait()).code == "c"


async def test_a_foreign_host_is_refused() -> None:
    ports = free_ports(2)
    async with CallbackListener(STATE, ports=ports) as listener:
        for host in (
            "evil.example",
            f"evil.example:{ports[0]}",
            "127.0.0.1",
            "127.0.0.1:1",
            f"localhost.evil:{ports[0]}",
        ):
            status, _ = await get(callback(ports[0], f"code=bad&state={STATE}"), host=host)
            assert status == 403
        status, _ = await get(callback(ports[0], f"code=c&state={STATE}"), host=f"LOCALHOST:{ports[0]}")
        assert status == 200
        assert (await listener.wait()).code == "c"


@pytest.mark.skipif(not socket.has_ipv6, reason="needs IPv6")
async def test_localhost_may_be_ipv6() -> None:
    ports = free_ports(2)
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no ::1")
    async with CallbackListener(STATE, ports=ports) as listener:
        assert (await get(callback(ports[0], f"code=c&state={STATE}", host="[::1]")))[0] == 200
        assert (await listener.wait()).code == "c"
    assert nobody_listens(ports[0])


async def test_what_browsers_ask_besides_changes_nothing() -> None:
    ports = free_ports(2)
    async with CallbackListener(STATE, ports=ports) as listener:
        root = f"http://127.0.0.1:{ports[0]}"
        answers = await asyncio.gather(
            *(get(f"{root}/favicon.ico") for _ in range(5)),
            get(f"{root}/apple-touch-icon.png"),
            get(root),
        )
        assert [status for status, _ in answers] == [404] * 7
        assert (await get(callback(ports[0], f"code=c&state={STATE}"), method="HEAD"))[0] == 405
        assert (await get(callback(ports[0], f"code=c&state={STATE}"), method="POST"))[0] == 405
        answers = await asyncio.gather(
            *(get(callback(ports[0], f"code=first&state={STATE}")) for _ in range(3)), get(f"{root}/favicon.ico")
        )
        assert [status for status, _ in answers] == [200, 200, 200, 404]
        assert (await listener.wait()).code == "first"


@pytest.mark.parametrize("step", ["just listening", "waiting", "half a request", "an idle connection"])
async def test_nothing_listens_after_a_cancel(step: str) -> None:
    ports = free_ports(2)
    ready = asyncio.Event()

    async def sign_in() -> None:
        async with CallbackListener(STATE, ports=ports) as listener:
            ready.set()
            if step == "just listening":
                await asyncio.Event().wait()
            await listener.wait()

    async with asyncio.TaskGroup() as group:
        running = group.create_task(sign_in())
        await ready.wait()
        writer = None
        if step in ("half a request", "an idle connection"):
            _, writer = await asyncio.open_connection("127.0.0.1", ports[0])
            writer.write(b"GET /auth/callback?code=c HTTP/1.1\r\n" if step == "half a request" else b"")
            await writer.drain()
        await asyncio.sleep(0.01)
        async with asyncio.timeout(3):
            running.cancel()
            await asyncio.wait([running])
        assert running.cancelled()
        assert nobody_listens(ports[0])
        if writer is not None:
            writer.close()


async def test_who_waits_when_it_ends_is_told() -> None:
    async with asyncio.TaskGroup() as group, CallbackListener(STATE, ports=free_ports(2)) as listener:
        waiting = group.create_task(refusal(listener))
        await asyncio.sleep(0)
    assert waiting.result().reason == "cancelled"


async def refusal(listener: CallbackListener) -> SignInRefused:
    with pytest.raises(SignInRefused) as caught:
        await listener.wait()
    return caught.value


async def test_the_code_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    ports = free_ports(2)
    async with CallbackListener(STATE, ports=ports):
        await get(callback(ports[0], f"code=ac-secret&state={STATE}"))
    messages = [record.getMessage() for record in caplog.records if not record.name.startswith("aiohttp.client")]
    assert not [message for message in messages if "ac-secret" in message]


@pytest.mark.parametrize(
    "text",
    [
        f"http://127.0.0.1:1455/auth/callback?code=ac-1&state={STATE}",
        f"  http://localhost:1457/auth/callback?code=ac-1&scope=openid+email&state={STATE}\n",
        f"http://127.0.0.1:1455/auth/callback?code=ac\n-1&state={STATE[:5]}\n  {STATE[5:]}",
        f"?code=ac-1&state={STATE}",
        f"code=ac-1&state={STATE}",
        f'"http://127.0.0.1:1455/auth/callback?code=ac-1&state={STATE}"',
        f"http://127.0.0.1:1455/auth/callback?code=ac-1&state={STATE}#",
        f"127.0.0.1:1455/auth/callback?code=ac-1&state={STATE}",
    ],
)
def test_a_pasted_address_gives_the_code(text: str) -> None:
    assert parse_callback(text, STATE) == "ac-1"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "whole address"),
        ("ac-secret", "whole address"),
        ("https://chatgpt.com/", "whole address"),
        ("http://[::1", "whole address"),
        (f"http://127.0.0.1:1455/auth/callback?state={STATE}", "whole address"),
        ("http://127.0.0.1:1455/auth/callback?code=ac-secret", "whole address"),
        ("http://127.0.0.1:1455/auth/callback?code=ac-secret&state=another", "another sign-in"),
        (f"https://auth.openai.com/oauth/authorize?code_challenge=x&state={STATE}", "starts the sign-in"),
    ],
)
def test_what_is_no_answer_is_refused_in_words(text: str, word: str) -> None:
    with pytest.raises(InvalidInput, match=word) as caught:
        parse_callback(text, STATE)
    assert "secret" not in caught.value.message


def test_a_pasted_refusal_is_a_refusal() -> None:
    with pytest.raises(SignInRefused) as caught:
        parse_callback(f"http://127.0.0.1:1455/auth/callback?error=access_denied&state={STATE}", STATE)
    assert caught.value.reason == "access_denied"
