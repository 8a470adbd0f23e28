"""The practice upstream and a sign-in service that speaks to it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from app.practice.accounts import PracticeAccount
from app.practice.server import PracticeUpstream
from app.upstream.endpoints import UpstreamEndpoints
from app.upstream.http import UpstreamHttp
from app.upstream.sign_in import SignInService


@pytest.fixture
async def practice() -> AsyncIterator[PracticeUpstream]:
    running = PracticeUpstream()
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
def account(practice: PracticeUpstream) -> PracticeAccount:
    return practice.accounts[0]


@pytest.fixture
async def http() -> AsyncIterator[UpstreamHttp]:
    opened = UpstreamHttp()
    yield opened
    await opened.close()


@pytest.fixture
def sign_in(practice: PracticeUpstream, http: UpstreamHttp) -> SignInService:
    return SignInService(UpstreamEndpoints(auth_issuer=practice.auth_issuer), http)
