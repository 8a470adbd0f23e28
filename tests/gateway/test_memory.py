"""What a turn holds while its answer streams, which may take minutes for each of hundreds."""

import asyncio
import gc
import json
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from app.upstream.endpoints import UpstreamEndpoints
from tests.gateway.house import PLUS, PRO, house

DELTA = b'data: {"type":"response.output_text.delta","delta":"x"}\n\n'
DONE = b'data: {"type":"response.completed","response":{"id":"r","status":"completed","output":[]}}\n\n'


@asynccontextmanager
async def upstream(
    answer: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
) -> AsyncIterator[UpstreamEndpoints]:
    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield UpstreamEndpoints(f"{url}/codex", f"{url}/v1")
    finally:
        await runner.cleanup()


def hung_up(request: web.BaseRequest) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


def large_body(items_are: str = "input") -> bytes:
    items = [{"type": "message", "role": "user", "content": "y" * 1000}] * 8000
    return json.dumps({"model": "gpt-5", "stream": True, "prompt_cache_key": "s", items_are: items}).encode()


@pytest.mark.parametrize(
    ("path", "broken"),
    [("/responses", 0), ("/responses", 1), ("/images/generations", 0)],
    ids=["at once", "at the second try", "beside turns"],
)
async def test_the_request_is_let_go_when_its_answer_has_begun(tmp_path: Path, path: str, broken: int) -> None:
    go_on = asyncio.Event()
    asked_before = 0

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        nonlocal asked_before
        async for _ in request.content.iter_any():
            pass
        asked_before += 1
        if asked_before <= broken:
            return hung_up(request)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(DELTA)
        await go_on.wait()
        await response.write(DONE)
        return response

    async with upstream(answer) as endpoints, house(tmp_path, (PLUS, PRO), endpoints=endpoints) as one:
        tracemalloc.start()
        try:
            body = large_body()
            asked: aiohttp.ClientResponse = await one.post(path, data=body).__aenter__()
            size = len(body)
            del body
            assert await asked.content.readany() == DELTA
            gc.collect()
            held, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert most > size > 4 * held
        go_on.set()
        assert await asked.read() == DONE
        asked.close()
        row = await one.row()
        assert (row.outcome, len(row.attempts)) == ("completed", broken)


@pytest.mark.parametrize(
    ("path", "items_are"),
    [("/responses", "input"), ("/images/generations", "input"), ("/chat/completions", "messages")],
)
async def test_a_request_that_gets_no_answer_is_let_go_at_once(tmp_path: Path, path: str, items_are: str) -> None:
    async def silent(request: web.BaseRequest) -> web.StreamResponse:
        async for _ in request.content.iter_any():
            pass
        return hung_up(request)

    async with upstream(silent) as endpoints, house(tmp_path, endpoints=endpoints) as one:
        gc.collect()
        gc.disable()
        tracemalloc.start()
        try:
            body = large_body(items_are)
            size = len(body)
            async with one.post(path, data=body) as refused:
                assert refused.status == 502
            del body
            await one.until(lambda: tracemalloc.get_traced_memory()[0] < size / 4)
        finally:
            tracemalloc.stop()
            gc.enable()
