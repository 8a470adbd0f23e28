"""Who was turned away at the door, or asked for a path that does not exist: for the user who looks for a mistake."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from app.core.errors import Refusal
from app.core.license import key_from_authorization, license_sha256, masked_key
from app.gateway.state import GatewayState

#: How many are remembered.
MOST = 50
_MAX_CLIENT = 200
_MAX_PATH = 200
_MAX_SESSION = 100
#: What a turn answers with its own row in the history is none of this.
_STATUSES = frozenset({401, 405})
_CODES = frozenset({"host_not_allowed", "unknown_url"})
#: Codex's own names for a conversation, the newest first.
_SESSION_HEADERS = ("session-id", "session_id", "conversation_id")
#: A part of a path that is no key: those are longer.
_HARMLESS = re.compile(r"(?!sk-|ws-)[\w.:~-]{0,24}")
_ID = re.compile(r"[\w-]+")


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """One request that got no further than the door.

    Attributes:
        at: when it was answered, in Unix seconds.
        peer: its IP address.
        method, path: what it asked for; no query, and nothing in the path that may be a key.
        host: the host that it was for, without the port.
        client: what it called itself.
        session: the conversation that its headers name, or None.
        status, code: what it was answered.
        license: the key that it showed, masked; None: it showed none.
        license_sha256: of that key.
    """

    at: float
    peer: str
    method: str
    path: str
    host: str
    client: str
    session: str | None
    status: int
    code: str | None
    license: str | None
    license_sha256: str | None = field(repr=False)


class DoorLog:
    """The last of them, in memory only.

    Args:
        state: knows the time, and by now perhaps the license.
    """

    def __init__(self, state: GatewayState) -> None:
        self._state = state
        self._seen: deque[TurnedAway] = deque(maxlen=MOST)

    def note(self, request: web.BaseRequest, refusal: Refusal) -> None:
        """Remember a request, if it is the door that has refused it."""
        # A WebSocket is refused with 426 for whatever reason, most of which are no matter of the door.
        why = refusal.__cause__ if isinstance(refusal.__cause__, Refusal) else refusal
        if why.status not in _STATUSES and why.error_code not in _CODES:
            return
        headers = request.headers
        key = key_from_authorization(headers.get("Authorization"))
        session = next((headers[name] for name in _SESSION_HEADERS if name in headers), None)
        self._seen.append(
            TurnedAway(
                at=self._state.clock.now(),
                peer=request.remote or "",
                method=request.method[:20],
                path=shown_path(request.rel_url.raw_path),
                host=_named(headers.get("Host", "")),
                client=headers.get("User-Agent", "")[:_MAX_CLIENT],
                session=session[:_MAX_SESSION] if session and _ID.fullmatch(session) else None,
                status=refusal.status,
                code=refusal.error_code,
                license=masked_key(key) if key is not None else None,
                license_sha256=license_sha256(key) if key is not None else None,
            )
        )

    def rows(self) -> list[dict[str, Any]]:
        """All of them, the newest first, as JSON can carry them.

        `license_state` says what the gateway knows of the license now: `valid`, `expired`, `revoked`, or None for one
        that it does not know.
        """
        now = self._state.clock.now()
        known = {item.sha256: item.state(now).value for item in self._state.licenses.values()}
        return [
            {
                "at": row.at,
                "peer": row.peer,
                "method": row.method,
                "path": row.path,
                "host": row.host,
                "client": row.client,
                "session": row.session,
                "status": row.status,
                "code": row.code,
                "license": row.license,
                "license_state": known.get(row.license_sha256 or ""),
            }
            for row in reversed(self._seen)
        ]


def shown_path(path: str) -> str:
    """A path as it may be remembered: bounded, and without what may be a key."""
    parts = (part if _HARMLESS.fullmatch(part) else "…" for part in path[: _MAX_PATH * 2].split("/"))
    return "/".join(parts)[:_MAX_PATH]


def _named(host: str) -> str:
    return "".join(ch for ch in host[:100] if ch.isalnum() or ch in ".-_:[]")
