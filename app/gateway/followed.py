"""Logins that are read from Codex's own `auth.json` again whenever it changes.

Codex refreshes them, and only Codex: a refresh token is good for one use. That file is never written here.
"""

from __future__ import annotations

import asyncio
import logging
import os
from dataclasses import dataclass
from pathlib import Path

from app.core.credential import ChatGPTLogin, Login, login_from_auth_json
from app.core.errors import WaystationError
from app.core.token import Token
from app.gateway.clock import Clock
from app.gateway.state import GatewayState
from app.gateway.token_desk import TokenDesk
from app.store.bridge import settled, start_daemon

#: Why a followed login does not serve: it has ended, and Codex has not refreshed it.
STALE = "followed_login_stale"
#: How often a file is looked at while turns use its login, and otherwise. In seconds.
IN_USE_S = 5.0
IDLE_S = 60.0
#: A file system that does not answer must not keep a turn waiting.
_READ_S = 5.0
#: Codex's file has a few thousand bytes.
_MAX_BYTES = 1 << 20

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Stamp:
    """What tells one state of a file from another without reading it."""

    modified_ns: int
    size: int
    inode: int


class FollowedFiles:
    """Follows the files of all tokens that have one. `run` looks at them; `reread` is for turns that were refused.

    Args:
        state: of the gateway.
        desk: where logins are kept.
        clock: wall time for ends of logins, monotonic time for how often a file is looked at.
    """

    def __init__(self, state: GatewayState, desk: TokenDesk, clock: Clock) -> None:
        self._desk = desk
        self._state = state
        self._clock = clock
        self._stamps: dict[str, _Stamp] = {}
        self._looked: dict[str, float] = {}
        self._refused: dict[str, str] = {}
        self._reading: dict[str, asyncio.Lock] = {}

    async def run(self) -> None:
        """Look at the files, until cancelled."""
        while True:
            followed = await self.look()
            await asyncio.sleep(IN_USE_S if followed else IDLE_S)

    async def look(self) -> int:
        """Look at the files whose time has come; returns how many are followed. Never raises."""
        followed = [token for token in self._state.pool.tokens if token.follows is not None]
        for token in followed:
            if self._is_due(token):
                await self._look(token)
        return len(followed)

    async def reread(self, token_id: str, refused: str) -> bool:
        """Upstream refused this access token: whether the file, looked at now, has given another one.

        If not, the login does not serve until it does.
        """
        self._refused[token_id] = refused
        token = self._state.pool.get(token_id)
        if token is None:
            return False
        await self._look(token)
        login = self._state.login(token_id)
        return login is not None and login.access_token != refused

    def _is_due(self, token: Token) -> bool:
        looked = self._looked.get(token.id)
        interval = IN_USE_S if self._state.pool.active_turns(token.id) else IDLE_S
        # A loop that wakes a little early must not wait for one more round.
        return looked is None or self._clock.monotonic() - looked >= interval - 0.5

    async def _look(self, token: Token) -> None:
        """Take over what the file holds, if it is this login and another access token; never raises."""
        async with self._reading.setdefault(token.id, asyncio.Lock()):
            self._looked[token.id] = self._clock.monotonic()
            try:
                await self._take_over(token)
            except (WaystationError, OSError, ValueError) as error:
                # Missing, half-written, another program's, or it cannot be kept: what is in use stays in use.
                _log.debug("token %s: its file gives nothing new: %s", token.id, type(error).__name__)
        self._judge(token.id)

    async def _take_over(self, token: Token) -> None:
        path = Path(token.follows or "")
        known = self._stamps.get(token.id)
        async with asyncio.timeout(_READ_S):
            stamp, text = await settled(start_daemon(f"follow {token.id}", lambda: _read(path, known)))
        if text is None:
            return
        login = login_from_auth_json(text)
        if self._wants(token, login) and isinstance(login.credential, ChatGPTLogin):
            # The refresh token stays in the file: it is Codex's to use.
            await self._desk.renewed(token.id, login.credential.access_token, None, login.credential.id_token)
            _log.info("token %s was read anew from the file that it follows", token.id)
        # Not before: what could not be kept, or was half-written, is read again.
        self._stamps[token.id] = stamp

    def _wants(self, token: Token, login: Login) -> bool:
        current = self._state.login(token.id)
        if login.identity != token.identity or current is None:
            return False
        if isinstance(login.credential, ChatGPTLogin) and login.credential.access_token == current.access_token:
            return False
        now = self._clock.now()
        return not (_ended(login.expires_at, now) and not _ended(token.expires_at, now))

    def _judge(self, token_id: str) -> None:
        """Note that a login serves no longer, or that it serves again."""
        token, login = self._state.pool.get(token_id), self._state.login(token_id)
        if token is None or token.follows is None or login is None:
            return
        dead = _ended(token.expires_at, self._clock.now()) or login.access_token == self._refused.get(token_id)
        if dead and token.sign_in_needed is None:
            self._state.sign_in_needed(token_id, STALE)
        elif not dead and token.sign_in_needed == STALE:
            self._state.sign_in_needed(token_id, None)


def _ended(expires_at: float | None, now: float) -> bool:
    return expires_at is not None and expires_at <= now


def _read(path: Path, known: _Stamp | None) -> tuple[_Stamp, str | None]:
    """The file's stamp and text; no text when it is as `known`.

    Raises:
        OSError: it cannot be read.
        ValueError: it is not text, or far too long.
    """
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        stamp = _Stamp(status.st_mtime_ns, status.st_size, status.st_ino)
        if stamp == known:
            return stamp, None
        data = file.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise ValueError("too long")
    return stamp, data.decode()
