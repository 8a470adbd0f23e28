"""`waystation practice`: an instance of its own on the simulated upstream, with three sample tokens."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from app.commandline.options import InstanceOptions
from app.commandline.owner import owned_gateway
from app.gateway.handle import GatewayHandle
from app.platform.instance import InstanceLock
from app.platform.logfile import log_to_file
from app.platform.paths import log_dir
from app.practice.accounts import sample_accounts, sample_api_keys
from app.practice.server import PracticeUpstream
from app.store.key_stores import KeyStoreKind
from app.upstream.endpoints import UpstreamEndpoints


@asynccontextmanager
async def practice_instance(show: Callable[[], bool], quit: Callable[[], None]) -> AsyncIterator[GatewayHandle]:
    """The practice upstream and a gateway on it; everything is gone afterwards."""
    accounts, keys = sample_accounts(), sample_api_keys()
    # It remembers whole requests, for tests; here the last few are enough.
    upstream = PracticeUpstream(accounts, keys, keep=20)
    await upstream.start()
    try:
        with tempfile.TemporaryDirectory(prefix="waystation-practice-", ignore_cleanup_errors=True) as folder:
            endpoints = UpstreamEndpoints(upstream.chatgpt_base_url, upstream.openai_base_url, upstream.auth_issuer)
            data_dir = Path(folder)
            lock = InstanceLock(data_dir)
            lock.acquire()
            log_to_file(log_dir(data_dir), faults=False)
            options = InstanceOptions(data_dir, endpoints, KeyStoreKind.MEMORY)
            async with owned_gateway(options, lock, show, quit) as handle:
                for account in accounts:
                    await handle.call("token.import", text=account.auth_json(), label=account.label)
                for key in keys:
                    await handle.call("token.add", api_key=key.key, label=key.label)
                print(
                    f"Its data folder is {folder}. In another terminal, `waystation setup codex --data-dir {folder}` "
                    "prints the set-up of Codex for it.",
                    flush=True,
                )
                yield handle
    finally:
        await upstream.stop()
