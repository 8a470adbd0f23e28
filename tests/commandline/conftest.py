"""An instance on the practice upstream, with the gateway in the test's loop or on a thread of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from app.commandline.options import InstanceOptions
from app.commandline.owner import owned_gateway
from app.gateway.handle import GatewayHandle, ThreadedGateway
from app.platform.instance import InstanceLock
from app.practice.accounts import sample_accounts, sample_api_keys
from app.practice.server import PracticeUpstream
from app.store.key_stores import KeyStoreKind
from app.upstream.endpoints import UpstreamEndpoints


@dataclass
class Instances:
    """Opens instances on one data folder, one after the other."""

    data_dir: Path
    endpoints: UpstreamEndpoints
    threaded: bool
    key_store: KeyStoreKind | None = KeyStoreKind.FILE
    strict: bool = False
    quits: list[str] = field(default_factory=list)

    def open(self) -> AbstractAsyncContextManager[GatewayHandle]:
        lock = InstanceLock(self.data_dir)
        lock.acquire()
        options = InstanceOptions(self.data_dir, self.endpoints, self.key_store, self.strict)

        def inner() -> AbstractAsyncContextManager[GatewayHandle]:
            return owned_gateway(options, lock, show=lambda: False, quit=lambda: self.quits.append("quit"))

        return ThreadedGateway(inner, asyncio.new_event_loop) if self.threaded else inner()


@pytest.fixture
async def practice() -> AsyncIterator[PracticeUpstream]:
    upstream = PracticeUpstream(accounts=sample_accounts(), api_keys=sample_api_keys())
    await upstream.start()
    yield upstream
    await upstream.stop()


@pytest.fixture(params=["loop", "thread"])
def instances(request: pytest.FixtureRequest, tmp_path: Path, practice: PracticeUpstream) -> Instances:
    endpoints = UpstreamEndpoints(practice.chatgpt_base_url, practice.openai_base_url, practice.auth_issuer)
    return Instances(tmp_path / "data", endpoints, request.param == "thread")


@pytest.fixture
async def handle(instances: Instances) -> AsyncIterator[GatewayHandle]:
    async with instances.open() as opened:
        yield opened
