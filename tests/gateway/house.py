"""A whole gateway without Qt: real server, real store, practice upstream."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import aiohttp

from app.core.credential import Login, TokenSecrets, login_from_auth_json, secrets_to_json
from app.core.license import License
from app.core.policy import Policy
from app.core.pool import Pool
from app.core.session import Session
from app.core.settings import GatewaySettings
from app.core.token import Token
from app.core.turn import Outcome, TurnRow
from app.gateway.clock import Clock
from app.gateway.model_desk import ModelDesk
from app.gateway.refresher import Refresher
from app.gateway.server import GatewayServer
from app.gateway.state import GatewayState
from app.gateway.token_desk import TokenDesk
from app.practice.accounts import PracticeAccount, PracticeApiKey, practice_account, practice_api_key
from app.practice.recorder import ReceivedRequest
from app.practice.server import PracticeUpstream
from app.store.key_stores import KEY_FILE, FileStore
from app.store.store import Store
from app.store.vault import Vault, token_subject
from app.upstream.client import Upstream
from app.upstream.endpoints import UpstreamEndpoints
from app.upstream.http import UpstreamHttp
from app.upstream.models import ModelLists
from app.upstream.sign_in import SignInService
from tests.support.ports import free_port

KEY = "ws-test-license-key"

_T = TypeVar("_T")

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
    desk: TokenDesk
    refresher: Refresher
    upstream: Upstream
    models: ModelDesk
    who: tuple[PracticeAccount | PracticeApiKey, ...]
    client: aiohttp.ClientSession = field(repr=False)
    clients: list[asyncio.Task[Any]] = field(default_factory=list, repr=False)

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

    def start(self, client: Coroutine[Any, Any, _T]) -> asyncio.Task[_T]:
        """Let a client do something meanwhile; it leaves at the end of the test at the latest."""
        task = asyncio.get_running_loop().create_task(client)
        self.clients.append(task)
        return task

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

    async def until(self, look: Callable[[], Any], within: float = 10.0) -> None:
        """Wait until something is so."""
        async with asyncio.timeout(within):
            while not look():  # noqa: ASYNC110 - what is looked at tells nobody
                await asyncio.sleep(0.005)

    def token(self, number: int) -> Token:
        """The token of the account with this number."""
        token = self.state.pool.get(f"t-{number:04d}")
        assert token is not None
        return token

    def asked(self) -> list[int]:
        """Whose tokens upstream was asked with, turn by turn, as numbers."""
        return [self.number(record) for record in self.practice.turns]

    def number(self, record: ReceivedRequest) -> int:
        """Whose token a request came with."""
        owners = [account.owner for account in self.who]
        return -1 if record.credential is None else owners.index(record.credential.owner)

    def session(self, name: str = "0199-thread") -> Session:
        """The session of this name."""
        found = self.state.pool.sessions.find("l-0001", (name,))
        assert found is not None
        return found

    def rests(self, number: int) -> tuple[str, float] | None:
        """Why and how much longer a token rests, in seconds."""
        now = self.state.clock.now()
        rest = self.state.pool.rest(f"t-{number:04d}", now)
        return None if rest is None else (rest.reason, rest.until - now)


@asynccontextmanager
async def house(
    tmp_path: Path,
    who: Iterable[PracticeAccount | PracticeApiKey] = (PLUS,),
    *,
    practice: PracticeUpstream | None = None,
    endpoints: UpstreamEndpoints | None = None,
    host: str = "127.0.0.1",
    patience_s: float = 0.0,
    policy: Policy | None = None,
    settings: GatewaySettings | None = None,
    clock: Clock | None = None,
    changes: Mapping[int, Mapping[str, Any]] | None = None,
    read_timeout_s: float = 60.0,
    **server_options: Any,
) -> AsyncIterator[House]:
    """A gateway that is listening; `tmp_path` keeps its database, so that a second one continues the first.

    Args:
        tmp_path: of the data.
        who: has a token each, `t-0000` and so on, unless the data holds it already.
        practice: runs already, and goes on afterwards; None: one of its own.
        endpoints: of upstream.
        host: to listen on.
        patience_s: of `Upstream`.
        policy, settings: the user's choices.
        clock: of everything here, and of the practice upstream where that is its own.
        changes: of the tokens' fields, by number.
        read_timeout_s: of `UpstreamHttp`.
        server_options: of `GatewayServer`.
    """
    who = tuple(who)
    clock = clock or Clock()
    upstream = practice or PracticeUpstream((), (), clock=clock.now)
    upstream.add(*who)
    if practice is None:
        await upstream.start(port=free_port())
    store = await Store.open(tmp_path / "test.sqlite3")
    stored = await store.tokens()
    vault = Vault(FileStore(tmp_path / KEY_FILE))
    await vault.unlock(has_sealed_rows=bool(stored))
    pool = Pool((), await store.sessions(0.0), policy)
    owner = License("l-0001", "test", hashlib.sha256(KEY.encode()).hexdigest(), 0.0)
    state = GatewayState(store, pool, [owner], clock=clock, settings=settings)
    desk = TokenDesk(state, vault)
    for item in stored:
        desk.admit_stored(item)
    for number, account in enumerate(who):
        login = login_from_auth_json(account.auth_json())
        token = replace(token_of(login, number), **(changes or {}).get(number, {}))
        if pool.get(token.id) is None:
            opened = TokenSecrets(login.credential)
            await store.put_token(token, vault.seal(token_subject(token.id), secrets_to_json(opened)))
            state.secrets[token.id] = opened
            pool.put(token)
    for token_id, (quota, rest) in (await store.token_health()).items():
        if quota is not None:
            pool.note_quota(token_id, quota, clock.now())
        pool.set_rest(token_id, rest)
    endpoints = endpoints or UpstreamEndpoints(
        upstream.chatgpt_base_url, upstream.openai_base_url, upstream.auth_issuer
    )
    http = UpstreamHttp(read_timeout_s=read_timeout_s)
    client_of_upstream = Upstream(endpoints, http, patience_s=patience_s)
    refresher = Refresher(state, desk, SignInService(endpoints, http), clock, uniform=lambda: 0.5)
    models = ModelDesk(state, ModelLists(client_of_upstream, clock.monotonic))
    models.restore(await store.settings())
    server = GatewayServer(state, client_of_upstream, models, refresher=refresher, **server_options)
    port = await server.start(host, free_port())
    session = aiohttp.ClientSession(auto_decompress=False, timeout=aiohttp.ClientTimeout(total=30))
    running = House(upstream, store, state, server, port, desk, refresher, client_of_upstream, models, who, session)
    try:
        yield running
    finally:
        for task in running.clients:
            task.cancel()
        await asyncio.gather(*running.clients, return_exceptions=True)
        await session.close()
        await server.stop(1.0)
        await models.close()
        await refresher.close(1.0)
        await desk.close()
        # What nobody has closed is cut off by closing the connections below.
        leaked = sum(not line.idle for line in http._lines.values())
        await state.close()
        await client_of_upstream.close()
        await store.close()
        if practice is None:
            await upstream.stop()
    assert not leaked, "an answer of upstream's was not closed"
    assert {token.id: count for token in pool.tokens if (count := pool.active_turns(token.id))} == {}
    assert not state.active
    assert not state.station.held
    assert not len(state.turnstile)
