"""What the sign-in service answers for once, and what a refusal must never hold."""

from __future__ import annotations

import json
from collections.abc import Awaitable
from typing import Any

import pytest

from app.practice.refusals import refusal
from app.practice.script import Endpoint
from app.practice.server import PracticeUpstream
from app.upstream.errors import SignInRefused


def answers(practice: PracticeUpstream, status: int, body: Any, on: Endpoint = "token", kind: str = "") -> None:
    """What the next request gets in place of an answer by the rules."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    practice.script(refusal(status, raw, (("Content-Type", kind or "application/json"),)), on=on)


async def refused(call: Awaitable[object], *secrets: str) -> SignInRefused:
    with pytest.raises(SignInRefused) as caught:
        await call
    shown = f"{caught.value} {caught.value!r} {caught.value.details}"
    assert "secret" not in shown
    assert not [secret for secret in secrets if secret in shown]
    return caught.value
