"""Clients that come by themselves: against the bare practice upstream, which refuses what a real one would."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from random import Random

import pytest

from app.practice.conversations import (
    CODEX,
    NIGHT_JOB,
    ChatConversation,
    CodexConversation,
    Conversation,
    JobConversation,
    Request,
    conversation_name,
)
from app.practice.server import PracticeUpstream
from app.practice.visitors import Visitor, VisitorKeys, Visitors
from tests.practice.client import Client, codex_body, user

PACE = 0.01


@pytest.fixture
async def upstream() -> AsyncIterator[PracticeUpstream]:
    server = PracticeUpstream()
    await server.start()
    yield server
    await server.stop()


def keys(upstream: PracticeUpstream) -> VisitorKeys:
    """The API key of the upstream for all of them: what they say is judged by the rules of the OpenAI API."""
    key = upstream.api_keys[0].key
    return VisitorKeys(key, key, key)


async def test_visitors_speak_as_upstream_understands_and_never_end_by_themselves(upstream: PracticeUpstream) -> None:
    async with Visitors(lambda: upstream.openai_base_url, keys(upstream), pace=PACE):
        await upstream.wait_received(80, within=30)
    turns = upstream.turns
    assert {turn.method for turn in turns} == {"POST", "WS"}
    assert {turn.problem for turn in turns} == {""}
    assert {turn.status for turn in turns if turn.outcome == "completed"} == {200}
    assert {turn.header("User-Agent") for turn in turns} == {
        "codex_cli_rs/0.169.0 (practice) xterm",
        "python-httpx/0.28.1",
    }
    # The laptop asks for chat completions, which only the gateway serves.
    assert any(record.path.endswith("/chat/completions") for record in upstream.received)


async def test_prompts_grow_so_that_most_of_them_can_be_cached(upstream: PracticeUpstream) -> None:
    async with Visitors(lambda: upstream.openai_base_url, keys(upstream), pace=PACE):
        await upstream.wait_received(90, within=30)
    sizes: dict[str, list[int]] = {}
    for turn in upstream.turns:
        if name := turn.header("session-id"):
            sizes.setdefault(name, []).append(len(turn.body))
    longest = max(sizes.values(), key=len)
    assert len(longest) >= 8
    assert longest == sorted(longest)
    assert conversation_name("practice", CODEX, 0) in sizes


async def test_leaving_ends_them_at_once_and_leaves_nothing_behind(
    upstream: PracticeUpstream, caplog: pytest.LogCaptureFixture
) -> None:
    before = asyncio.all_tasks()
    with caplog.at_level(logging.WARNING):
        async with Visitors(lambda: upstream.openai_base_url, keys(upstream), pace=PACE):
            await upstream.wait_received(3)
            started = time.monotonic()
        assert time.monotonic() - started < 1
        # The upstream's own handlers end when they notice.
        for _ in range(50):
            if asyncio.all_tasks() == before:
                break
            await asyncio.sleep(0.02)
    assert {task for task in asyncio.all_tasks() - before if task.get_name().startswith("visitor")} == set()
    assert caplog.records == []
    count = len(upstream.received)
    await asyncio.sleep(0.1)
    assert len(upstream.received) == count


async def test_a_gateway_that_is_away_or_refuses_does_not_end_them(
    upstream: PracticeUpstream, caplog: pytest.LogCaptureFixture
) -> None:
    where: list[str | None] = [None]
    refused = VisitorKeys("sk-not-known", "sk-not-known", "sk-not-known")
    with caplog.at_level(logging.WARNING):
        async with Visitors(lambda: where[0], refused, pace=PACE):
            await asyncio.sleep(0.1)
            assert upstream.received == []
            # Nobody listens there: it has just stopped.
            where[0] = "http://127.0.0.1:1/codex/v1"
            await asyncio.sleep(0.2)
            where[0] = upstream.openai_base_url
            await upstream.wait_received(6)
    assert {turn.status for turn in upstream.turns if turn.outcome == "completed"} == {401}
    assert caplog.records == []


def _story(seed: str, kind: type[Conversation]) -> list[Request]:
    visitor = Visitor("visitor", "key", kind, 2, 0.0, (1.0, 2.0), Random(seed), 1.0, seed)
    story = []
    for _ in range(80):
        story.append(visitor.choose().next())
        visitor.pause()
    return story


@pytest.mark.parametrize("kind", [CodexConversation, ChatConversation, JobConversation])
def test_a_seed_tells_the_same_story_each_time(kind: type[Conversation]) -> None:
    told = _story("a", kind)
    assert told == _story("a", kind)
    assert told != _story("b", kind)
    assert max(len(request.body) for request in told) < 400_000


def test_now_and_then_a_client_leaves_and_a_turn_takes_several_seconds() -> None:
    told = _story("practice", CodexConversation)
    assert 1 <= sum(request.leaves_after is not None for request in told) <= 12
    assert any(b"slowly: 8" in request.body for request in told)


def test_the_night_job_has_one_name_for_all_its_reports() -> None:
    assert len({conversation_name("a", NIGHT_JOB, number) for number in range(3)}) == 1
    assert len({conversation_name("a", CODEX, number) for number in range(3)}) == 3


@pytest.mark.parametrize(("stream", "seconds"), [(True, "0.5"), (False, "0.3")])
async def test_a_question_can_ask_for_a_slow_answer(client: Client, stream: bool, seconds: str) -> None:
    started = time.monotonic()
    answer = await client.openai(codex_body(input=[user(f"hello\nslowly: {seconds}")], stream=stream))
    took = time.monotonic() - started
    assert answer.status == 200
    assert float(seconds) * 0.9 <= took < float(seconds) + 2
