"""The gateways that the pictures show: lived in, new, and in trouble."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiohttp

from app.commandline.options import InstanceOptions
from app.commandline.owner import owned_gateway
from app.commandline.parser import PRACTICE_PORT
from app.commandline.practice import practice_instance
from app.core.errors import WaystationError
from app.gateway.handle import GatewayHandle
from app.platform.instance import InstanceLock
from app.practice.server import PracticeUpstream
from app.store.key_stores import KeyStoreKind
from app.upstream.endpoints import UpstreamEndpoints

Show = Callable[[], None]
#: Fixes what the visitors of practice do.
SEED = "pictures"
#: The first limit is reached after 36 s and lasts 54 s.
PACE = 0.3


@asynccontextmanager
async def lived_in(_show: Show, quit: Show) -> AsyncIterator[GatewayHandle]:
    """Practice as everybody sees it."""
    async with practice_instance(lambda: False, quit, pace=PACE, seed=SEED) as handle:
        await _listen(handle)
        yield handle


@asynccontextmanager
async def new(_show: Show, quit: Show) -> AsyncIterator[GatewayHandle]:
    """A gateway that nobody has given a token yet."""
    async with _upstream() as upstream, _on(upstream, quit, KeyStoreKind.KEYRING) as handle:
        await _listen(handle)
        yield handle


@asynccontextmanager
async def in_trouble(_show: Show, quit: Show) -> AsyncIterator[GatewayHandle]:
    """One token wants a new sign-in, the other is at its limit, a request waits for it and another was refused."""
    async with (
        _upstream() as upstream,
        _on(upstream, quit, KeyStoreKind.MEMORY) as handle,
        aiohttp.ClientSession() as client,
    ):
        first, second = upstream.accounts
        for account in (first, second):
            await handle.call("token.import", text=account.auth_json(), label=account.label)
        await _listen(handle)
        await handle.call("pool.policy", wait_s=0)
        key = (await handle.call("license.default"))["key"]
        address = f"{handle.snapshot().base_url}/responses"
        body = {"model": "gpt-5", "input": "hello", "stream": True, "prompt_cache_key": "an-evening"}
        head = {"Authorization": f"Bearer {key}"}

        async def turn(**changes: object) -> None:
            with suppress(aiohttp.ClientError):
                async with client.post(address, json=body | changes, headers=head) as answer:
                    await answer.read()

        await turn()
        upstream.sign_out(first)
        upstream.exhaust(second, resets_in=5400)
        await turn(prompt_cache_key="another")
        await turn(model="no-such-model")
        await handle.call("pool.policy", wait_s=7200)
        async with asyncio.TaskGroup() as tasks:
            waiting = tasks.create_task(turn())
            await asyncio.sleep(0.5)
            yield handle
            waiting.cancel()


async def _listen(handle: GatewayHandle) -> None:
    with suppress(WaystationError):
        await handle.call("gateway.start", port=PRACTICE_PORT)
        return
    await handle.call("gateway.start", port=0)


@asynccontextmanager
async def _upstream() -> AsyncIterator[PracticeUpstream]:
    upstream = PracticeUpstream()
    await upstream.start()
    try:
        yield upstream
    finally:
        await upstream.stop()


@asynccontextmanager
async def _on(upstream: PracticeUpstream, quit: Show, key_store: KeyStoreKind) -> AsyncIterator[GatewayHandle]:
    with tempfile.TemporaryDirectory(prefix="waystation-pictures-", ignore_cleanup_errors=True) as folder:
        endpoints = UpstreamEndpoints(upstream.chatgpt_base_url, upstream.openai_base_url, upstream.auth_issuer)
        options = InstanceOptions(Path(folder), endpoints, key_store)
        lock = InstanceLock(Path(folder))
        lock.acquire()
        async with owned_gateway(options, lock, lambda: False, quit) as handle:
            yield handle
