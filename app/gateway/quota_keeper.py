"""Knows the quota of ChatGPT logins without spending turns: asks `wham/usage`, gently.

Answers of turns tell the quota along the way; this asks when there are none: at the start, after a limit was reached,
and when a token has been silent for long.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Protocol

from app.core.credential import ChatGPTLogin, TokenSecrets
from app.core.errors import WaystationError
from app.core.health import LIMIT, LONGEST_REST_S, PROBE_S
from app.core.quota import CODEX, Quota
from app.core.quota_reading import quota_from_usage
from app.core.token import Token, TokenKind
from app.gateway.clock import Clock
from app.gateway.refresher import Refresher, RefreshResult
from app.gateway.state import GatewayState
from app.upstream.errors import NoAnswer, UsageRefused

#: All tokens together ask no more often than this. In seconds, like all that follow.
APART_S = 20.0
#: News younger than this need not be asked for at the start.
NEWS_S = 300.0
#: From a reached limit to the first question, and between the later ones at least and at most.
AFTER_LIMIT_S = 5.0
RESTING_S = (300.0, 900.0)
#: A token without any news for so long is asked about.
SILENT_S = 1800.0
_START_S = 3.0
_FAILED_S = 300.0
_LONGEST_FAILED_S = 3600.0
#: The clock is looked at so often: after a sleep, everything is due anew.
_LOOK_S = 30.0

_log = logging.getLogger(__name__)


class Tells(Protocol):
    """Upstream, as far as it is needed here; see `Upstream.usage`."""

    async def usage(self, token: Token, secrets: TokenSecrets) -> dict[str, Any]:
        """The body of `wham/usage`."""


@dataclass(frozen=True, slots=True)
class Asked:
    """When a token was asked about last, in Unix seconds, how many times in a row in vain, and a number at random."""

    at: float
    failures: int
    jitter: float


def due_at(
    quota: Quota | None, limited_since: float | None, asked: Asked | None, *, started_at: float, now: float
) -> float:
    """When to ask about a token.

    Args:
        quota: what is known of it.
        limited_since: since when it rests because of its limit; None: it does not.
        asked: the last time; None: not since the start.
        started_at: when this program began to ask.
        now: as all of them in Unix seconds.
    """
    longest = _LONGEST_FAILED_S
    # News from the future was noted before the clock was put back: nobody knows how old it is.
    heard_at = quota.seen_at if quota is not None and quota.seen_at <= now else None
    if limited_since is not None:
        due = limited_since + AFTER_LIMIT_S
        longest = RESTING_S[1]
        if asked is not None and asked.at >= limited_since:
            due = asked.at + RESTING_S[0] + (RESTING_S[1] - RESTING_S[0]) * asked.jitter
    elif asked is None:
        due = started_at + _START_S
        if heard_at is not None and heard_at > started_at - NEWS_S:
            due = heard_at + SILENT_S
    else:
        due = max(asked.at, heard_at or 0.0) + SILENT_S * (1 + 0.2 * asked.jitter)
    if asked is not None and asked.failures:
        due = max(due, asked.at + min(_FAILED_S * 2.0 ** min(asked.failures - 1, 10), longest))
    return due


class QuotaKeeper:
    """Asks for quota. `run` does all of it; nothing here depends on anybody looking.

    Args:
        state: of the gateway.
        upstream: where to ask.
        refresher: for a login that is refused.
        clock: wall time for what is due, monotonic time for the distance between questions.
        uniform: 0 to 1 at random.
    """

    def __init__(
        self,
        state: GatewayState,
        upstream: Tells,
        refresher: Refresher,
        clock: Clock,
        *,
        uniform: Callable[[], float] = random.random,
    ) -> None:
        self._state = state
        self._upstream = upstream
        self._refresher = refresher
        self._clock = clock
        self._uniform = uniform
        self._started_at = clock.now()
        self._asked: dict[str, Asked] = {}
        self._limited_since: dict[str, float] = {}
        self._last: float | None = None
        self._woken = asyncio.Event()

    async def run(self) -> None:
        """Ask whenever it is time, one at a time, until cancelled."""
        while True:
            self._woken.clear()
            pause = await self.step()
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._woken.wait()

    async def step(self) -> float:
        """Ask about one token if it is time; returns how many seconds later to look again. Never raises."""
        found = self._next()
        if found is None:
            return _LOOK_S
        token, due = found
        pause = max(due - self._clock.now(), self._too_early())
        if pause > 0:
            return min(pause, _LOOK_S)
        try:
            await self._ask(token)
        except Exception:
            _log.exception("asking for the quota of token %s failed", token.id)
        return 0.0

    def poke(self) -> None:
        """A token has begun to rest, or tokens have changed: see who is next."""
        self._woken.set()

    def _next(self) -> tuple[Token, float] | None:
        """Whom to ask about next, and when; those at their limit first, since somebody may be waiting for them."""
        now = self._clock.now()
        self._believe_the_clock(now)
        pool = self._state.pool
        found: list[tuple[bool, float, Token]] = []
        limited = set()
        for token in pool.tokens:
            if token.kind is not TokenKind.CHATGPT or pool.unusable(token) is not None:
                continue
            rest = pool.rest(token.id, now)
            since = None
            if rest is not None and rest.reason == LIMIT:
                limited.add(token.id)
                since = self._limited_since.setdefault(token.id, now)
            due = due_at(pool.quota(token.id), since, self._asked.get(token.id), started_at=self._started_at, now=now)
            found.append((since is None or due > now, due, token))
        self._limited_since = {token: at for token, at in self._limited_since.items() if token in limited}
        self._asked = {token: asked for token, asked in self._asked.items() if pool.get(token) is not None}
        if not found:
            return None
        _, due, token = min(found, key=lambda item: item[:2])
        return token, due

    def _believe_the_clock(self, now: float) -> None:
        """What was noted lies in the past, also when the clock has been put back since."""
        self._started_at = min(self._started_at, now)
        self._limited_since = {token: min(at, now) for token, at in self._limited_since.items()}
        self._asked = {token: replace(asked, at=min(asked.at, now)) for token, asked in self._asked.items()}

    def _too_early(self) -> float:
        return 0.0 if self._last is None else self._last + APART_S - self._clock.monotonic()

    async def _ask(self, token: Token) -> None:
        self._last = self._clock.monotonic()
        before = self._asked.get(token.id)
        failures = (before.failures if before else 0) + 1
        self._asked[token.id] = Asked(self._clock.now(), failures, self._uniform())
        body = await self._usage(token)
        now = self._clock.now()
        quota = None if body is None else quota_from_usage(body, now)
        if quota is not None:
            self._asked[token.id] = Asked(now, 0, self._uniform())
            self._state.note_quota(token.id, quota)
            self._confirm_limit(token.id, quota, now)

    async def _usage(self, token: Token) -> dict[str, Any] | None:
        may_refresh = True
        while True:
            opened = self._state.secrets.get(token.id)
            if opened is None or not isinstance(opened.credential, ChatGPTLogin):
                return None
            try:
                body = await self._upstream.usage(token, opened)
            except WaystationError as error:
                refused = error if isinstance(error, UsageRefused) else None
                if isinstance(error, NoAnswer) and not error.sent and opened.proxy is None:
                    self._state.way_lost.set()
                _log.info("the quota of token %s cannot be had: %s", token.id, error.code)
            else:
                if opened.proxy is None:
                    self._state.way_found()
                return body
            if refused is None or refused.status != 401 or not may_refresh:
                return None
            may_refresh = False
            used = opened.credential.access_token
            if await self._refresher.refresh(token.id, "unauthorized_recovery", used) is not RefreshResult.RENEWED:
                return None

    def _confirm_limit(self, token_id: str, quota: Quota, now: float) -> None:
        """What is known need not be tried with a turn."""
        rest = self._state.pool.rest(token_id, now)
        if rest is None or rest.reason != LIMIT or not (quota.limit_reached or quota.left_percent(now) <= 0):
            return
        ends = [
            window.resets_at
            for window in quota.windows
            if window.limit == CODEX and window.resets_at is not None and window.used_at(now) >= 100.0
        ]
        until = min(max(ends, default=rest.until), now + LONGEST_REST_S)
        self._state.rest(token_id, replace(rest, until=until, probe_at=now + PROBE_S))
