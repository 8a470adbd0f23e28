"""`waystation practice`: an instance of its own on the simulated upstream, with three sample tokens.

It looks lived in: a day of history, and clients that come by themselves.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from app.commandline.options import InstanceOptions
from app.commandline.owner import owned_gateway
from app.commandline.practice_history import history
from app.core.quota_reading import quota_from_usage
from app.gateway.commands import Commands
from app.gateway.gateway import Gateway
from app.gateway.handle import GatewayHandle
from app.gateway.snapshot import RunState
from app.platform.instance import InstanceLock
from app.platform.logfile import log_to_file
from app.platform.paths import log_dir
from app.practice.conversations import CODEX, LAPTOP, NIGHT_JOB
from app.practice.server import PracticeUpstream
from app.practice.tides import raise_tides
from app.practice.visitors import VisitorKeys, Visitors
from app.store.key_stores import KeyStoreKind
from app.store.store import DATABASE_FILE, Store
from app.upstream.endpoints import UpstreamEndpoints

#: The visitors' licenses besides the one of this computer. Like all samples they are named in both languages.
LAPTOP_LABEL = "Laptop (practice 练习)"
NIGHT_JOB_LABEL = "Night job (practice 练习)"
#: How long the samples say that they have been here.
_AGE_S = 9 * 86_400.0


@asynccontextmanager
async def practice_instance(
    show: Callable[[], bool],
    quit: Callable[[], None],
    *,
    visited: bool = True,
    pace: float = 1.0,
    seed: str = "practice",
    log_folder: Path | None = None,
) -> AsyncIterator[GatewayHandle]:
    """The practice upstream and a gateway on it; everything is gone afterwards.

    Args:
        show, quit: of the window, and of the process.
        visited: with a history, and with clients that come by themselves.
        pace: multiplies the times of what the clients do, and of the quota windows.
        seed: fixes what they do.
        log_folder: where the log goes; None: with everything else.
    """
    # It remembers whole requests, for tests; here the last few are enough.
    upstream = PracticeUpstream(keep=20)
    await upstream.start()
    try:
        with tempfile.TemporaryDirectory(prefix="waystation-practice-", ignore_cleanup_errors=True) as folder:
            endpoints = UpstreamEndpoints(upstream.chatgpt_base_url, upstream.openai_base_url, upstream.auth_issuer)
            data_dir = Path(folder)
            lock = InstanceLock(data_dir)
            lock.acquire()
            log_to_file(log_folder or log_dir(data_dir))
            # A file: what is sealed here is opened by a second gateway, right after this one. It goes with the folder.
            options = InstanceOptions(data_dir, endpoints, KeyStoreKind.FILE)
            async with AsyncExitStack() as stack:
                try:
                    house = await _furnished(options, upstream, visited=visited)
                    if visited:
                        raise_tides(upstream, upstream.accounts, pace=pace)
                        await _lived_in(options, upstream, house, time.time(), seed)
                except BaseException:
                    lock.release()
                    raise
                handle = await stack.enter_async_context(owned_gateway(options, lock, show, quit))
                if visited:
                    await stack.enter_async_context(Visitors(_address(handle), house.keys, seed=seed, pace=pace))
                print(
                    f"Its data folder is {folder}. In another terminal, `waystation setup codex --data-dir {folder}` "
                    "prints the set-up of Codex for it.",
                    flush=True,
                )
                yield handle
    finally:
        await upstream.stop()


@dataclass(frozen=True, slots=True)
class _House:
    """What is in the practice gateway: token ids in their order, license ids by visitor, and the visitors' keys."""

    tokens: tuple[str, ...]
    licenses: dict[str, str] = field(default_factory=dict)
    keys: VisitorKeys = field(default_factory=lambda: VisitorKeys("", "", ""), repr=False)


async def _furnished(options: InstanceOptions, upstream: PracticeUpstream, *, visited: bool) -> _House:
    """Add the sample tokens, and the visitors' licenses, by the commands that a user would give."""
    gateway = await Gateway.open(options.data_dir, options.endpoints, key_store_kind=options.key_store_kind, live=False)
    try:
        commands = Commands(gateway, show=lambda: False, quit=lambda: None)

        async def call(name: str, **params: Any) -> Any:
            return await commands.execute(name, params)

        for account in upstream.accounts:
            await call("token.import", text=account.auth_json(), label=account.label)
        for key in upstream.api_keys:
            await call("token.add", api_key=key.key, label=key.label)
        tokens = tuple(token["id"] for token in await call("token.list"))
        if not visited:
            return _House(tokens)
        made = {
            CODEX: await call("license.default"),
            LAPTOP: await call("license.create", label=LAPTOP_LABEL),
            NIGHT_JOB: await call("license.create", label=NIGHT_JOB_LABEL),
        }
        ids = {visitor: issued["id"] for visitor, issued in made.items()}
        return _House(tokens, ids, VisitorKeys(made[CODEX]["key"], made[LAPTOP]["key"], made[NIGHT_JOB]["key"]))
    finally:
        await gateway.close()


async def _lived_in(options: InstanceOptions, upstream: PracticeUpstream, house: _House, now: float, seed: str) -> None:
    """Write down a day that never was: turns, sessions, quota, and when all of it began."""
    store = await Store.open(options.data_dir / DATABASE_FILE)
    try:
        past = history(now, house.tokens, house.licenses, seed=seed)
        for row in past.turns:
            store.save_turn(row)
        for session in past.sessions:
            store.save_session(session)
        for account, token_id in zip(upstream.accounts, house.tokens, strict=False):
            store.save_token_health(token_id, quota_from_usage(upstream.quota(account).usage(now), now), None)
        for stored in await store.tokens():
            await store.update_token(replace(stored.token, created_at=now - _AGE_S + stored.token.position))
        last = {row.license_id: row for row in past.turns}
        for number, item in enumerate(await store.licenses()):
            row = last[item.license.id]
            seen = replace(
                item.license,
                created_at=now - _AGE_S + number,
                last_used_at=row.started_at,
                last_peer=row.peer,
                last_client=row.client,
            )
            await store.update_license(seen)
        await store.flush()
    finally:
        await store.close()


def _address(handle: GatewayHandle) -> Callable[[], str | None]:
    """Where the gateway listens now, if it does."""

    def where() -> str | None:
        seen = handle.snapshot()
        return seen.base_url if seen.state is RunState.RUNNING else None

    return where
