"""What a turn holds while its answer streams, which may take minutes for each of hundreds."""

import asyncio
import gc
import json
import tracemalloc
from pathlib import Path

import aiohttp
from aiohttp import web

from app.upstream.endpoints import UpstreamEndpoints
from tests.gateway.house import house

DELTA = b'data: {"type":"response.output_text.delta","delta":"x"}\n\n'
DONE = b'data: {"type":"response.completed","response":{"id":"r","status":"completed","output":[]}}\n\n'


async def test_the_request_is_let_go_when_its_answer_has_begun(tmp_path: Path) -> None:
    go_on = asyncio.Event()

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        async for _ in request.content.iter_any():
            pass
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(DELTA)
        await go_on.wait()
        await response.write(DONE)
        return response

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        async with house(tmp_path, endpoints=UpstreamEndpoints(f"{url}/codex", f"{url}/v1")) as one:
            tracemalloc.start()
            try:
                items = [{"type": "message", "role": "user", "content": "y" * 1000}] * 8000
                body = json.dumps({"model": "gpt-5", "stream": True, "prompt_cache_key": "s", "input": items}).encode()
                asked: aiohttp.ClientResponse = await one.post("/responses", data=body).__aenter__()
                size = len(body)
                del body, items
                assert await asked.content.readany() == DELTA
                gc.collect()
                held, most = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
            assert most > size > 4 * held
            go_on.set()
            assert await asked.read() == DONE
            asked.close()
            assert (await one.row()).outcome == "completed"
    finally:
        await runner.cleanup()
