"""Whether the gateway can be reached at the address that Codex has, and lets its license in."""

from __future__ import annotations

import asyncio
import http.client
import secrets
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from app.platform.codex_check_report import CheckCode
from app.platform.ports import port_owner, reserved_ports

Call: TypeAlias = Callable[[str, dict[str, Any]], Awaitable[Any]]
"""Gives the running instance a command."""

_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Knock:
    """What came of a request to an address.

    Attributes:
        problem: why nobody answered; empty: somebody did.
        server: what that calls itself.
        row: of our door's log; None: whoever answered is not our gateway.
    """

    problem: str = ""
    server: str = ""
    row: Mapping[str, Any] | None = None

    @property
    def let_in(self) -> bool:
        """Whether it got further than the license: then only the path was wrong."""
        return self.row is not None and self.row["status"] == 404


async def knock(address: str, call: Call, key: str | None = None) -> Knock:
    """Ask for something at an address that is nowhere, by the direct way, and look whether our door has seen it.

    HEAD without a license counts as no guess.

    Args:
        address: a base address, such as `http://127.0.0.1:8787/codex/v1`.
        call: asks the instance.
        key: a license, for an address that is known to be ours.
    """
    name = f"check-{secrets.token_hex(6)}"
    try:
        server = await asyncio.to_thread(_asked, f"{address}/{name}", key)
    except (OSError, ValueError, http.client.HTTPException) as error:
        return Knock(_word(error))
    rows = await call("door.log", {})
    return Knock("", server, next((row for row in rows if name in row["path"]), None))


def _asked(url: str, key: str | None) -> str:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "https":
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(host, parts.port, timeout=_TIMEOUT_S)
    else:
        connection = http.client.HTTPConnection(host, parts.port, timeout=_TIMEOUT_S)
    try:
        headers = {"User-Agent": "waystation-check"} | ({"Authorization": f"Bearer {key}"} if key else {})
        connection.request("HEAD", parts.path, headers=headers)
        return (connection.getresponse().getheader("Server") or "")[:60]
    finally:
        connection.close()


def _word(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer"
    if isinstance(error, ssl.SSLError):
        return error.reason or "TLS"
    return getattr(error, "strerror", None) or type(error).__name__


@dataclass(frozen=True, slots=True)
class NotListening:
    """Why the gateway does not run."""

    code: CheckCode
    values: Mapping[str, str] = field(default_factory=dict)


async def why_not_listening(
    status: Mapping[str, Any],
    *,
    owner: Callable[[int], str | None] = port_owner,
    reserved: Callable[[], tuple[range, ...]] = reserved_ports,
) -> NotListening | None:
    """Why, by what the instance says of itself; None: it listens.

    Args:
        status: the answer to the command of that name.
        owner: names the program that has a port; may block.
        reserved: names the ports that Windows keeps; may block.
    """
    if status["state"] in ("running", "starting"):
        return None
    if status["state"] != "failed":
        return NotListening(CheckCode.GATEWAY_STOPPED)
    port = int(status["port"])
    if status.get("problem_code") != "port_busy":
        return NotListening(CheckCode.GATEWAY_FAILED, {"problem": str(status["problem"])})
    if status["problem_details"].get("reason") == "in_use":
        program = await asyncio.to_thread(owner, port)
        return NotListening(CheckCode.PORT_TAKEN, {"port": str(port), "program": program or "?"})
    ranges = [found for found in await asyncio.to_thread(reserved) if port in found]
    shown = ", ".join(f"{found.start}-{found.stop - 1}" for found in ranges)
    return NotListening(CheckCode.PORT_RESERVED, {"port": str(port), "ranges": shown or "?"})


async def whose(address: str, server: str, *, owner: Callable[[int], str | None] = port_owner) -> str:
    """The program that answers at an address that is not ours."""
    parts = urlsplit(address)
    program = None
    if parts.hostname in ("127.0.0.1", "localhost", "::1"):
        program = await asyncio.to_thread(owner, parts.port or 80)
    return program or server or "?"
