"""Whoever was turned away at the door is remembered for a while, without anything secret."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from app.gateway.commands import Commands
from app.gateway.door_log import MOST
from app.gateway.gateway import Gateway
from app.store.key_stores import KeyStoreKind
from app.upstream.endpoints import UpstreamEndpoints

RIGHT = "ws-right-license-of-a-test"
WRONG = "ws-wrong-license-of-a-test"
OLD = "ws-revoked-license-of-a-test"
SESSION = "01a2068e-bba1-7d01-ac83-b35da9e9aa22"


class Door:
    """A gateway that listens, and a client in front of it."""

    def __init__(self, gateway: Gateway, client: aiohttp.ClientSession) -> None:
        self._commands = Commands(gateway, show=lambda: False, quit=lambda: None)
        self._client = client
        self._origin = gateway.snapshot().base_url.removesuffix("/codex/v1")

    async def knock(self, method: str, path: str, key: str | None, headers: dict[str, str] | None = None) -> int:
        shown = {} if key is None else {"Authorization": f"Bearer {key}"}
        asked = self._client.request(method, self._origin + path, headers=shown | (headers or {}), data=b"{}")
        async with asked as answer:
            return answer.status

    async def log(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = await self._commands.execute("door.log", {})
        return found


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    gateway = await Gateway.open(tmp_path, UpstreamEndpoints(), key_store_kind=KeyStoreKind.MEMORY, live=False)
    await gateway.licenses.create("right", RIGHT)
    revoked = await gateway.licenses.create("old", OLD)
    await gateway.licenses.revoke(revoked.license.id)
    await gateway.start("127.0.0.1", 0)
    async with aiohttp.ClientSession() as client:
        yield Door(gateway, client)
    await gateway.stop(0.0)
    await gateway.close()


async def test_a_wrong_license_is_remembered_masked_with_the_conversation_that_showed_it(door: Door) -> None:
    headers = {"User-Agent": "codex_exec/0.169.0", "session-id": SESSION}
    assert await door.knock("POST", "/codex/v1/responses?key=secret", WRONG, headers) == 401
    (row,) = await door.log()
    assert (row["method"], row["path"], row["status"]) == ("POST", "/codex/v1/responses", 401)
    assert (row["client"], row["session"], row["peer"]) == ("codex_exec/0.169.0", SESSION, "127.0.0.1")
    assert (row["license"], row["license_state"]) == ("ws-…st", None)
    assert WRONG not in json.dumps(row)


async def test_a_revoked_license_and_none_at_all_are_told_apart(door: Door) -> None:
    assert await door.knock("POST", "/codex/v1/responses", OLD) == 401
    assert await door.knock("POST", "/codex/v1/responses", None) == 401
    newest, oldest = await door.log()
    assert (newest["license"], newest["license_state"]) == (None, None)
    assert oldest["license_state"] == "revoked"


async def test_an_unknown_path_is_remembered_without_what_may_be_a_key(door: Door) -> None:
    assert await door.knock("POST", f"/{RIGHT}/responses", RIGHT) == 404
    assert await door.knock("POST", "/codex/v1/sk-short/x", RIGHT) == 404
    assert [row["path"] for row in await door.log()] == ["/codex/v1/…/x", "/…/responses"]


async def test_a_foreign_host_is_remembered(door: Door) -> None:
    assert await door.knock("POST", "/codex/v1/responses", RIGHT, {"Host": "evil.example:80"}) == 403
    (row,) = await door.log()
    assert (row["host"], row["code"]) == ("evil.example:80", "host_not_allowed")


async def test_what_comes_in_is_no_matter_of_this_log(door: Door) -> None:
    assert await door.knock("POST", "/codex/v1/responses", RIGHT) == 400
    assert await door.log() == []


async def test_a_websocket_is_refused_at_the_door_only_for_its_license(door: Door) -> None:
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket"}
    assert await door.knock("GET", "/codex/v1/responses", RIGHT, upgrade) == 426
    assert await door.log() == []
    assert await door.knock("GET", "/codex/v1/responses", OLD, upgrade) == 426
    (row,) = await door.log()
    assert (row["status"], row["license_state"]) == (426, "revoked")


async def test_only_the_last_are_remembered(door: Door) -> None:
    for number in range(MOST + 5):
        await door.knock("POST", f"/nowhere/{number}", RIGHT)
    rows = await door.log()
    assert len(rows) == MOST
    assert rows[0]["path"] == f"/nowhere/{MOST + 4}"
