"""Keeps ChatGPT logins fresh: by the schedule, and for turns that upstream refused.

A refresh token is good for one use. So there is one refresh per token at a time; nobody who stops waiting stops it;
and the new pair is stored before anybody uses it.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from enum import StrEnum
from typing import Protocol

from app.core.credential import ChatGPTLogin
from app.core.errors import InvalidInput, NotFound, WaystationError
from app.core.refreshing import Tried, failed, may_recover, plan, refreshable, renewed
from app.core.token import Token
from app.gateway.clock import Clock
from app.gateway.followed import FollowedFiles
from app.gateway.state import GatewayState
from app.gateway.tasks import TaskSet
from app.gateway.token_desk import TokenDesk
from app.upstream.errors import SignInRefused
from app.upstream.sign_in import Reason, Renewed

#: How often the clock is looked at: after a sleep, what came due meanwhile is refreshed so soon.
LOOK_S = 30.0
#: Refreshes of different tokens that run at the same time.
AT_ONCE = 4
#: How long closing waits for refreshes that run: what they bring exists nowhere else.
CLOSE_S = 10.0

_log = logging.getLogger(__name__)


class RefreshResult(StrEnum):
    """What became of a refresh."""

    #: Another access token is in use than the one that was refused.
    RENEWED = "renewed"
    #: It did not work this time, or was tried just now; the token is what it was.
    LATER = "later"
    #: Only a new sign-in helps.
    SIGN_IN = "sign_in"
    #: Not one that can be refreshed: an API key, one without a refresh token, a disabled or removed one.
    NEVER = "never"


class Renews(Protocol):
    """The sign-in service, as far as it is needed here; see `SignInService.refresh`."""

    async def refresh(self, refresh_token: str, *, reason: Reason, proxy: str | None = None) -> Renewed:
        """Renew a login."""


class Refresher:
    """Refreshes logins. `run` is the schedule; `refresh` is for everybody else.

    Args:
        state: of the gateway.
        desk: where renewed logins are kept.
        service: the sign-in service.
        clock: wall time.
        followed: the logins that are read from Codex's file instead; None: there are none.
        uniform: 0 to 1 at random.
    """

    def __init__(
        self,
        state: GatewayState,
        desk: TokenDesk,
        service: Renews,
        clock: Clock,
        followed: FollowedFiles | None = None,
        *,
        uniform: Callable[[], float] = random.random,
    ) -> None:
        self._desk = desk
        self._state = state
        self._service = service
        self._clock = clock
        self._followed = followed
        self._uniform = uniform
        self._tried: dict[str, Tried] = {}
        self._running: dict[str, asyncio.Task[RefreshResult]] = {}
        self._at_once = asyncio.Semaphore(AT_ONCE)
        self._woken = asyncio.Event()
        self._tasks = TaskSet()
        self._closing = False

    async def refresh(self, token_id: str, because: Reason, used: str | None = None) -> RefreshResult:
        """Refresh a login now, or wait for the refresh that is running already.

        Args:
            token_id: whose.
            because: of what, in the words that Codex gives the service.
            used: the access token that upstream refused; if another one is in use by now, that is the answer.
        """
        token, login = self._state.pool.get(token_id), self._state.login(token_id)
        if token is None or login is None:
            return RefreshResult.NEVER
        if used is not None and login.access_token != used:
            return RefreshResult.RENEWED
        if token.follows is not None:
            return await self._reread(token, login)
        if token.sign_in_needed is not None:
            return RefreshResult.SIGN_IN
        if not refreshable(token, has_refresh_token=login.refresh_token is not None):
            return RefreshResult.NEVER
        running = self._running.get(token_id)
        if running is None:
            if self._closing or not may_recover(self._tried.get(token_id), self._clock.now()):
                return RefreshResult.LATER
            running = self._start(token_id, because)
        # Unlike awaiting the task, this neither cancels it nor is cancelled with it.
        await asyncio.wait([running])
        if running.cancelled() or running.exception() is not None:
            return RefreshResult.LATER
        return running.result()

    async def run(self) -> None:
        """Refresh what comes due, until cancelled."""
        while True:
            self._woken.clear()
            now = self._clock.now()
            tokens = tuple(self._refreshable())
            self._tried = {token.id: self._tried[token.id] for token in tokens if token.id in self._tried}
            due, following = plan(tokens, self._tried, now)
            for token_id in due:
                if token_id not in self._running and not self._closing:
                    self._start(token_id, "proactive_expiry")
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S if following is None else min(LOOK_S, following - now)):
                    await self._woken.wait()

    def poke(self) -> None:
        """Tokens have changed: look at the schedule now."""
        self._woken.set()

    async def close(self, wait_s: float = CLOSE_S) -> None:
        """Start no more, and wait for what runs.

        Args:
            wait_s: how long to wait; then it is given up.
        """
        self._closing = True
        if self._running:
            await asyncio.wait(tuple(self._running.values()), timeout=wait_s)
        await self._tasks.close()

    def _refreshable(self) -> Iterator[Token]:
        for token in self._state.pool.tokens:
            login = self._state.login(token.id)
            if login is not None and refreshable(token, has_refresh_token=login.refresh_token is not None):
                yield token

    async def _reread(self, token: Token, login: ChatGPTLogin) -> RefreshResult:
        """Upstream refused a login that is not ours to refresh: perhaps Codex has refreshed it."""
        if self._followed is not None and await self._followed.reread(token.id, login.access_token):
            return RefreshResult.RENEWED
        return RefreshResult.SIGN_IN

    def _start(self, token_id: str, because: Reason) -> asyncio.Task[RefreshResult]:
        before = self._tried.get(token_id)
        # Whatever happens to the task, the schedule does not come back at once.
        self._tried[token_id] = failed(before, self._clock.now(), jitter=self._uniform())
        task = self._tasks.start(self._refresh(token_id, because, before), f"refresh {token_id}")
        self._running[token_id] = task
        task.add_done_callback(lambda _: self._ended(token_id))
        return task

    def _ended(self, token_id: str) -> None:
        del self._running[token_id]
        self.poke()

    async def _refresh(self, token_id: str, because: Reason, before: Tried | None) -> RefreshResult:
        async with self._at_once:
            opened, login = self._state.secrets.get(token_id), self._state.login(token_id)
            if self._closing or opened is None or login is None or login.refresh_token is None:
                return RefreshResult.LATER
            try:
                pair = await self._service.refresh(login.refresh_token, reason=because, proxy=opened.proxy)
            except WaystationError as error:
                self._tried[token_id] = failed(before, self._clock.now(), jitter=self._uniform())
                return self._not_renewed(token_id, login, error)
        try:
            token = await self._desk.renewed(
                token_id, pair.access_token, pair.refresh_token, pair.id_token, replaces=login.refresh_token
            )
        except (NotFound, InvalidInput):
            # Removed, or sealed, meanwhile.
            token = None
        if token is None:
            return self._replaced(token_id)
        now = self._clock.now()
        if pair.access_token is None:
            self._tried[token_id] = failed(before, now, jitter=self._uniform())
            self._state.token_failed(token_id, "no_access_token")
            _log.warning("token %s: the sign-in service gave no new access token", token_id)
            return RefreshResult.LATER
        self._tried[token_id] = renewed(token, before, now)
        _log.info("token %s was refreshed (%s)", token_id, because)
        return RefreshResult.RENEWED

    def _replaced(self, token_id: str) -> RefreshResult:
        """The user signed in anew, or removed it, meanwhile: what became of the old login is no news."""
        return RefreshResult.NEVER if self._state.login(token_id) is None else RefreshResult.RENEWED

    def _not_renewed(self, token_id: str, login: ChatGPTLogin, error: WaystationError) -> RefreshResult:
        refused = error if isinstance(error, SignInRefused) else None
        code = refused.reason if refused else error.code
        _log.warning("token %s could not be refreshed: %s", token_id, code)
        if self._state.login(token_id) == login:
            self._state.token_failed(token_id, code)
        if refused is None or not refused.permanent:
            return RefreshResult.LATER
        if self._state.login(token_id) != login:
            return self._replaced(token_id)
        self._state.sign_in_needed(token_id, refused.reason)
        return RefreshResult.SIGN_IN
