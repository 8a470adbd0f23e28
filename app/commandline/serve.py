"""`waystation serve`: the gateway without a desktop. Nothing here imports Qt."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress

from app.gateway.handle import GatewayHandle
from app.platform.uv_loop import uv_loop

#: Opens an instance, given how to show its window and how to end the process.
OpenInstance = Callable[[Callable[[], bool], Callable[[], None]], AbstractAsyncContextManager[GatewayHandle]]


def serve(open_instance: OpenInstance, *, host: str | None, port: int | None) -> int:
    """Run until a signal or `waystation quit` ends it; returns the exit code.

    Raises:
        WaystationError: it could not start.
    """
    with asyncio.Runner(loop_factory=new_loop()) as runner:
        return runner.run(_serve(open_instance, host, port))


async def _serve(open_instance: OpenInstance, host: str | None, port: int | None) -> int:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        # Windows' loops have no signal handlers; there Ctrl-C cancels the main task, which ends just as orderly.
        with suppress(NotImplementedError):
            loop.add_signal_handler(number, ended.set)
    async with open_instance(lambda: False, ended.set) as handle:
        status = await handle.call("gateway.start", host=host, port=port)
        print(f"listening on {status['base_url']}", flush=True)
        if status["key_problem"]:
            print(status["key_problem"], file=sys.stderr, flush=True)
        await ended.wait()
    return 0


def new_loop() -> Callable[[], asyncio.AbstractEventLoop]:
    """How to make the fastest loop that this system has: uvloop where it exists."""
    try:
        return uv_loop()
    except ImportError:
        return asyncio.new_event_loop
