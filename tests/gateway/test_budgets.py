"""A license's daily budget: refused when it is used up, new at midnight, and remembered by a restart."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import aiohttp
import orjson

from app.core.budget import local_midnight, next_midnight
from app.core.credential import login_from_api_key
from app.core.turn import Outcome
from app.gateway.clock import Clock
from app.gateway.gateway import Gateway
from app.practice.accounts import practice_api_key
from app.practice.server import PracticeUpstream
from app.store.key_stores import KeyStoreKind
from app.upstream.endpoints import UpstreamEndpoints
from tests.gateway.house import House
from tests.gateway.test_responses import CODEX_BODY
from tests.gateway.wire import RawAnswer, exchange, request_bytes

CHAT_BODY = b'{"model": "gpt-5", "messages": [{"role": "user", "content": "hi"}]}'
NOON = local_midnight(1_780_000_000.0) + 12 * 3600


def allow(one: House, daily_tokens: int | None) -> None:
    one.state.licenses["l-0001"] = replace(one.state.licenses["l-0001"], daily_tokens=daily_tokens)


def hold_clock(one: House, now: Callable[[], float]) -> None:
    one.state.clock = Clock(now=now)


async def ask(one: House, body: bytes = CODEX_BODY, path: str = "/codex/v1/responses") -> RawAnswer:
    return await exchange(one.port, request_bytes(one.port, body, path=path))


async def test_the_turn_after_the_budget_is_refused_as_codex_shows_it_best(one: House) -> None:
    hold_clock(one, lambda: NOON)
    allow(one, 1)
    assert (await ask(one)).status == 200
    usage = (await one.row()).usage
    assert usage is not None
    assert one.state.budget.used("l-0001", NOON) == usage.input_tokens + usage.output_tokens > 1
    answer = await ask(one)
    error = orjson.loads(answer.body)["error"]
    ends = next_midnight(NOON)
    assert (answer.status, error["type"], error["code"]) == (429, "usage_limit_reached", "license_budget")
    assert (error["resets_at"], error["resets_in_seconds"]) == (int(ends), int(ends - NOON))
    assert (answer.header("Retry-After"), answer.header("x-should-retry")) == (None, "false")
    row = await one.wait_outcome(Outcome.REFUSED)
    assert (row.status, row.error, row.license_id, row.token_id) == (429, "license_budget", "l-0001", None)
    assert len(one.practice.turns) == 1


async def test_a_chat_client_is_told_when_to_come_back(one: House) -> None:
    hold_clock(one, lambda: NOON)
    allow(one, 1)
    assert (await ask(one, CHAT_BODY, "/v1/chat/completions")).status == 200
    answer = await ask(one, CHAT_BODY, "/v1/chat/completions")
    error = orjson.loads(answer.body)["error"]
    assert (answer.status, error["type"], error["code"]) == (429, "rate_limit_error", "license_budget")
    assert answer.header("Retry-After") == str(int(next_midnight(NOON) - NOON))
    assert answer.header("x-should-retry") == "false"
    assert (await one.row()).error == "license_budget"
    # A list of models uses nothing.
    assert (await exchange(one.port, request_bytes(one.port, method="GET", path="/v1/models"))).status == 200


async def test_turns_that_run_when_the_budget_ends_may_finish(one: House) -> None:
    allow(one, 1)
    answers = await asyncio.gather(*(ask(one) for _ in range(3)))
    assert [answer.status for answer in answers] == [200, 200, 200]
    assert (await ask(one)).status == 429


async def test_a_new_day_and_a_larger_budget_let_in_at_once(one: House) -> None:
    now = NOON
    hold_clock(one, lambda: now)
    allow(one, 1)
    assert [(await ask(one)).status for _ in range(2)] == [200, 429]
    allow(one, None)
    assert (await ask(one)).status == 200
    allow(one, 1)
    assert (await ask(one)).status == 429
    now = next_midnight(NOON)
    assert (await ask(one)).status == 200


async def test_what_was_used_today_is_remembered_by_a_restart(tmp_path: Path) -> None:
    key = practice_api_key("api")
    practice = PracticeUpstream((), ())
    practice.add(key)
    await practice.start()
    endpoints = UpstreamEndpoints(practice.chatgpt_base_url, practice.openai_base_url)
    statuses = []
    try:
        for start in range(2):
            gateway = await Gateway.open(
                tmp_path, endpoints, key_store_kind=KeyStoreKind.FILE, clock=Clock(now=lambda: NOON)
            )
            try:
                if start == 0:
                    await gateway.tokens.add(login_from_api_key(key.key), None)
                    await gateway.licenses.create(None, "my-own-key-123", daily_tokens=1)
                await gateway.start("127.0.0.1", 0)
                async with (
                    aiohttp.ClientSession() as client,
                    client.post(
                        f"{gateway.base_url}/responses",
                        json={"model": "gpt-5", "input": "hi"},
                        headers={"Authorization": "my-own-key-123"},
                    ) as answer,
                ):
                    await answer.read()
                    statuses.append(answer.status)
                (owner,) = gateway.state.licenses
                assert gateway.state.budget.used(owner, NOON) > 1
            finally:
                await gateway.close()
    finally:
        await practice.stop()
    assert statuses == [200, 429]
