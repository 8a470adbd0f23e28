"""Logins that are kept fresh, for tests: practice upstream, real store and vault, and a clock that can be set."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from app.core.credential import (
    ChatGPTLogin,
    Login,
    TokenSecrets,
    login_from_access_token,
    secrets_from_json,
    secrets_to_json,
)
from app.core.errors import DataUnusable
from app.core.pool import Pool
from app.core.token import Token
from app.gateway.clock import Clock
from app.gateway.followed import FollowedFiles
from app.gateway.quota_keeper import QuotaKeeper
from app.gateway.refresher import Refresher
from app.gateway.state import GatewayState
from app.gateway.tasks import TaskSet
from app.gateway.token_desk import TokenDesk
from app.practice.accounts import PracticeAccount, practice_account
from app.practice.server import PracticeUpstream
from app.store.key_stores import KEY_FILE, FileStore
from app.store.store import Store
from app.store.vault import Vault, token_subject
from app.upstream.client import Upstream
from app.upstream.endpoints import UpstreamEndpoints
from app.upstream.http import UpstreamHttp
from app.upstream.sign_in import SignInService

HOUR = 3600.0
DAY = 24 * HOUR


class SetClock:
    """Wall time that a test can set; monotonic time goes with it when it goes forward by `pass_by`."""

    def __init__(self) -> None:
        self._wall = 0.0
        self._monotonic = 0.0

    def now(self) -> float:
        return time.time() + self._wall

    def monotonic(self) -> float:
        return time.monotonic() + self._monotonic

    def jump(self, seconds: float) -> None:
        """As when the computer slept, or its clock was set."""
        self._wall += seconds

    def pass_by(self, seconds: float) -> None:
        """Time goes by for everybody."""
        self._wall += seconds
        self._monotonic += seconds


class Desk(TokenDesk):
    """The real one, on a disk that can be full."""

    broken = False

    async def _write(self, token: Token, opened: TokenSecrets) -> None:
        if self.broken:
            raise DataUnusable("The disk is full.")
        await super()._write(token, opened)


@dataclass
class Rig:
    """Everything around the refresher."""

    practice: PracticeUpstream
    clock: SetClock
    store: Store
    vault: Vault
    state: GatewayState
    desk: Desk
    upstream: Upstream
    service: SignInService
    followed: FollowedFiles
    refresher: Refresher
    keeper: QuotaKeeper
    tasks: TaskSet = field(default_factory=TaskSet)

    async def add(self, name: str = "plus", *, lasts: float = HOUR, **changes: Any) -> PracticeAccount:
        """A signed-in account whose access token lasts so long from now; its token's id is `t-<name>`."""
        account = replace(practice_account(name, "plus"), expires_at=int(self.clock.now() + lasts))
        self.practice.add(account)
        login = login_from_access_token(
            account.access_token, refresh_token=account.refresh_token, id_token=account.id_token
        )
        await self.put(
            token_of(f"t-{name}", login, created_at=self.clock.now(), **changes), TokenSecrets(login.credential)
        )
        return account

    async def put(self, token: Token, opened: TokenSecrets) -> None:
        sealed = self.vault.seal(token_subject(token.id), secrets_to_json(opened))
        await self.store.put_token(token, sealed)
        self.state.secrets[token.id] = opened
        self.state.pool.put(token)

    def token(self, name: str = "plus") -> Token:
        token = self.state.pool.get(f"t-{name}")
        assert token is not None
        return token

    def login(self, name: str = "plus") -> ChatGPTLogin:
        """What is in use."""
        login = self.state.secrets[f"t-{name}"].credential
        assert isinstance(login, ChatGPTLogin)
        return login

    async def stored_login(self, name: str = "plus") -> ChatGPTLogin:
        """What a restart would find."""
        stored = next(item for item in await self.store.tokens() if item.token.id == f"t-{name}")
        login = secrets_from_json(self.vault.open(token_subject(f"t-{name}"), stored.sealed)).credential
        assert isinstance(login, ChatGPTLogin)
        return login

    async def until(self, look: Callable[[], Any], within: float = 10.0) -> None:
        """Wait until something is so."""
        async with asyncio.timeout(within):
            while not look():  # noqa: ASYNC110 - the background tells nobody
                await asyncio.sleep(0.01)


def token_of(token_id: str, login: Login, *, created_at: float, **changes: Any) -> Token:
    token = Token(
        id=token_id,
        kind=login.kind,
        identity=login.identity,
        label=token_id,
        email=login.email,
        plan=login.plan,
        account_id=login.account_id,
        expires_at=login.expires_at,
        enabled=True,
        created_at=created_at,
    )
    return replace(token, **changes)


@asynccontextmanager
async def rig(
    folder: Path, *, practice: PracticeUpstream | None = None, issuer: str | None = None
) -> AsyncIterator[Rig]:
    """Everything on a data folder, which may be one that another rig has left.

    Args:
        folder: of the data.
        practice: runs already, and goes on afterwards; None: one of its own.
        issuer: of a sign-in service in another process.
    """
    clock = SetClock()
    reading = Clock(clock.now, clock.monotonic)
    upstream_here = practice or PracticeUpstream((), (), clock=clock.now)
    if practice is None:
        await upstream_here.start()
    store = await Store.open(folder / "test.sqlite3")
    stored = await store.tokens()
    vault = Vault(FileStore(folder / KEY_FILE))
    await vault.unlock(has_sealed_rows=bool(stored))
    state = GatewayState(store, Pool(()), clock=reading)
    desk = Desk(state, vault)
    for item in stored:
        desk.admit_stored(item)
    endpoints = UpstreamEndpoints(
        upstream_here.chatgpt_base_url, upstream_here.openai_base_url, issuer or upstream_here.auth_issuer
    )
    http = UpstreamHttp()
    service = SignInService(endpoints, http)
    upstream = Upstream(endpoints, http)
    followed = FollowedFiles(state, desk, reading)
    refresher = Refresher(state, desk, service, reading, followed, uniform=lambda: 0.5)
    keeper = QuotaKeeper(state, upstream, refresher, reading, uniform=lambda: 0.5)
    tasks = TaskSet()
    try:
        yield Rig(
            upstream_here, clock, store, vault, state, desk, upstream, service, followed, refresher, keeper, tasks
        )
    finally:
        await tasks.close()
        await refresher.close(1.0)
        await desk.close()
        await state.close()
        await upstream.close()
        await store.close()
        if practice is None:
            await upstream_here.stop()
