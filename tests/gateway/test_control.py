"""The control channel answers whoever knows its secret, whatever strings clients have brought in."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from app.core.credential import login_from_api_key
from app.gateway.commands import Commands
from app.gateway.control import ControlServer
from app.gateway.gateway import Gateway
from app.store.key_stores import KeyStoreKind
from app.upstream.endpoints import UpstreamEndpoints

SECRET = "control-secret"


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    opened = await Gateway.open(tmp_path, UpstreamEndpoints(), key_store_kind=KeyStoreKind.MEMORY)
    yield opened
    await opened.close()


@pytest.fixture
async def address(gateway: Gateway) -> AsyncIterator[str]:
    control = ControlServer(Commands(gateway, show=lambda: False, quit=lambda: None), SECRET)
    yield f"http://127.0.0.1:{await control.start()}/command"
    await control.stop()


async def ask(address: str, name: str, headers: dict[str, str]) -> tuple[int, bytes]:
    body = json.dumps({"name": name, "params": {}})
    async with aiohttp.ClientSession() as client, client.post(address, data=body, headers=headers) as answer:
        return answer.status, await answer.read()


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer somebody-else"},
        {"Authorization": f"Bearer {SECRET}", "Origin": "https://example.com"},
        {"Authorization": f"Bearer {SECRET}", "Host": "example.com"},
    ],
)
async def test_nobody_else_gets_an_answer(address: str, headers: dict[str, str]) -> None:
    assert await ask(address, "status", headers) == (403, b"")


async def test_a_session_named_by_half_a_character_is_listed(address: str, gateway: Gateway) -> None:
    added = await gateway.tokens.add(login_from_api_key("sk-not-a-real-key"), None)
    now = gateway.state.clock.now()
    gateway.state.pool.open_session("l-1", ("\ud800",), added.token, now=now, new_session_id="s-1")
    status, body = await ask(address, "session.list", {"Authorization": f"Bearer {SECRET}"})
    (listed,) = json.loads(body)["result"]
    assert (status, listed["name"], listed["token_id"]) == (200, "?", added.token.id)
