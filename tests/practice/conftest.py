"""A running practice upstream, and a client that asks it."""

from collections.abc import AsyncIterator

import pytest

from app.practice.server import PracticeUpstream
from tests.practice.client import Client, Clock


@pytest.fixture
def clock() -> Clock:
    return Clock(1_800_000_000.0)


@pytest.fixture
async def upstream(clock: Clock) -> AsyncIterator[PracticeUpstream]:
    server = PracticeUpstream(clock=clock)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def client(upstream: PracticeUpstream) -> AsyncIterator[Client]:
    async with Client(upstream) as found:
        yield found
