"""A gateway on a thread of its own ends with whoever opened it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
import pytest

from app.core.credential import login_from_api_key
from app.core.rest import Rest
from app.gateway.clock import Clock
from app.gateway.gateway import Gateway
from app.gateway.handle import GatewayHandle, LoopHandle, ThreadedGateway
from app.gateway.snapshot import TokenState
from app.practice.accounts import sample_api_keys
from app.practice.script import Turn
from app.practice.server import PracticeUpstream
from app.store.key_stores import KeyStoreKind
from tests.commandline.conftest import Instances


def gateway_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "gateway"]


async def test_who_is_cancelled_while_it_opens_leaves_no_thread_behind() -> None:
    opening, left = threading.Event(), threading.Event()

    @asynccontextmanager
    async def slow() -> AsyncIterator[GatewayHandle]:
        try:
            opening.set()
            await asyncio.sleep(30)
            yield  # type: ignore[misc] # never reached
        finally:
            left.set()

    entering = asyncio.get_running_loop().create_task(ThreadedGateway(slow).__aenter__())
    await asyncio.to_thread(opening.wait, 5)
    entering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(entering, 5)
    assert left.is_set()
    for thread in gateway_threads():
        thread.join(5)
    assert not gateway_threads()


async def test_what_opening_raises_reaches_the_caller() -> None:
    @asynccontextmanager
    async def broken() -> AsyncIterator[GatewayHandle]:
        raise OSError("no such folder")
        yield

    with pytest.raises(OSError, match="no such folder"):
        await ThreadedGateway(broken).__aenter__()


@dataclass
class Hands:
    now: float = 1000.0


async def test_a_rest_that_ends_is_seen_although_nothing_else_happens(instances: Instances) -> None:
    hands = Hands()
    clock = Clock(lambda: hands.now)
    gateway = await Gateway.open(
        instances.data_dir, instances.endpoints, key_store_kind=KeyStoreKind.MEMORY, clock=clock
    )
    handle = LoopHandle(gateway, None)  # type: ignore[arg-type] # no commands are given
    added = await gateway.tokens.add(login_from_api_key(sample_api_keys()[0].key), None)
    gateway.state.rest(added.token.id, Rest(1100.0, "usage_limit_reached", 1100.0))
    resting = handle.snapshot()
    assert resting.tokens[0].state is TokenState.RESTING
    hands.now = 1101.0
    ready = handle.snapshot()
    assert ready.tokens[0].state is TokenState.READY
    assert ready.revision != resting.revision
    await gateway.close()


async def test_a_turn_is_counted_as_soon_as_it_runs(instances: Instances, practice: PracticeUpstream) -> None:
    """Whoever asks before a long piece of work is not told of a second ago."""
    held = asyncio.Event()
    practice.script(Turn(hold=held))
    async with instances.open() as handle, aiohttp.ClientSession() as client:
        await handle.call("token.add", api_key=sample_api_keys()[0].key)
        key = (await handle.call("license.default"))["key"]
        base_url = (await handle.call("gateway.start", host="127.0.0.1", port=0))["base_url"]
        before = handle.snapshot()
        body = {"model": "gpt-5", "input": "hi", "stream": True}
        async with client.post(f"{base_url}/responses", json=body, headers={"Authorization": key}) as answer:
            await answer.content.readany()
            assert (before.active_turns, handle.active_turns) == (0, 1)
            held.set()
            await answer.read()
        await handle.call("gateway.stop")
        assert handle.active_turns == 0
