"""A whole gateway without Qt: real server, real store, practice upstream."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from app.core.credential import Login, TokenSecrets, login_from_access_token, login_from_api_key
from app.core.license import License
from app.core.pool import Pool
from app.core.token import Token
from app.core.turn import Outcome, TurnRow
from app.gateway.server import GatewayServer
from app.gateway.state import GatewayState
from app.practice.accounts import PracticeAccount, PracticeApiKey, practice_account, practice_api_key
from app.practice.server import PracticeUpstream
from app.store.store import Store
from app.upstream.client import Upstream
from app.upstream.endpoints import UpstreamEndpoints

KEY = "ws-test-license-key"

PLUS = practice_account("plus", "plus")
PRO = practice_account("pro", "pro")
API = practice_api_key("api")


def token_of(login: Login, number: int) -> Token:
    """A token row for a login."""
    return Token(
        id=f"t-{number:04d}",
        kind=login.kind,
        identity=login.identity,
        label=f"token {number}",
        email=login.email,
        plan=login.plan,
        account_id=login.account_id,
        expires_at=login.expires_at,
        enabled=True,
        created_at=float(number),
    )


@dataclass
class House:
    """One running gateway with everything around it."""

    practice: PracticeUpstream
    store: Store
    state: GatewayState
    server: GatewayServer
    port: int
    client: aiohttp.ClientSession = field(repr=False)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def base(self) -> str:
        return f"{self.origin}/codex/v1"

    def post(self, path: str, **kwargs: Any) -> Any:
        """A POST with the license, unless `headers` says otherwise."""
        kwargs.setdefault("headers", {})
        kwargs["headers"] = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json", **kwargs["headers"]}
        return self.client.post(self.base + path, **kwargs)

    def get(self, path: str, **kwargs: Any) -> Any:
        """A GET with the license."""
        return self.client.get(self.base + path, headers={"Authorization": f"Bearer {KEY}"}, **kwargs)

    async def row(self) -> TurnRow:
        """The row of the last turn, once no turn runs any more."""
        async with asyncio.timeout(10):
            while self.state.active:  # noqa: ASYNC110 - a turn ends without an event to wait for
                await asyncio.sleep(0.005)
        return self.state.recent[-1]

    async def wait_outcome(self, outcome: Outcome) -> TurnRow:
        row = await self.row()
        assert row.outcome is outcome, row
        return row


@asynccontextmanager
async def house(
    tmp_path: Path,
    who: Iterable[PracticeAccount | PracticeApiKey] = (PLUS,),
    *,
    practice: PracticeUpstream | None = None,
    endpoints: UpstreamEndpoints | None = None,
    host: str = "127.0.0.1",
    patience_s: float = 0.0,
    **server_options: Any,
) -> AsyncIterator[House]:
    """A gateway that is listening; `tmp_path` keeps its database, so that a second one continues the first."""
    who = tuple(who)
    upstream = practice or PracticeUpstream((), ())
    upstream.add(*who)
    if practice is None:
        await upstream.start()
    store = await Store.open(tmp_path / "test.sqlite3")
    pool = Pool((), await store.sessions(0.0))
    owner = License("l-0001", "test", hashlib.sha256(KEY.encode()).hexdigest(), 0.0)
    state = GatewayState(store, pool, [owner])
    for number, account in enumerate(who):
        secret = account.access_token if isinstance(account, PracticeAccount) else account.key
        login = login_from_access_token(secret) if isinstance(account, PracticeAccount) else login_from_api_key(secret)
        token = token_of(login, number)
        pool.put(token)
        state.secrets[token.id] = TokenSecrets(login.credential)
    client_of_upstream = Upstream(
        endpoints or UpstreamEndpoints(upstream.chatgpt_base_url, upstream.openai_base_url), patience_s=patience_s
    )
    server = GatewayServer(state, client_of_upstream, **server_options)
    port = await server.start(host, 0)
    session = aiohttp.ClientSession(auto_decompress=False, timeout=aiohttp.ClientTimeout(total=30))
    try:
        yield House(upstream, store, state, server, port, session)
    finally:
        await session.close()
        await server.stop(1.0)
        await client_of_upstream.close()
        await store.close()
        if practice is None:
            await upstream.stop()
