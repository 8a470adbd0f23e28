"""From threads to event loops: await in any asyncio loop what happens on a thread."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

_T = TypeVar("_T")


async def settled(call: concurrent.futures.Future[_T]) -> _T:
    """The result of a call on another thread, whichever asyncio loop is running.

    Unlike with `asyncio.wrap_future`, cancelling the wait does not cancel the call (a credential that is being stored
    must be stored), and a loop that was closed meanwhile is no error.
    """
    loop = asyncio.get_running_loop()
    done = asyncio.Event()

    def tell(_: object) -> None:
        # RuntimeError: the loop is closed, so nobody waits any more.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(done.set)

    call.add_done_callback(tell)
    await done.wait()
    return call.result()


def start_daemon(name: str, function: Callable[[], _T]) -> concurrent.futures.Future[_T]:
    """Run a blocking call on a thread that, unlike an executor's, does not keep the process from ending."""
    call: concurrent.futures.Future[_T] = concurrent.futures.Future()

    def run() -> None:
        try:
            result = function()
        except BaseException as error:
            call.set_exception(error)
        else:
            call.set_result(result)

    threading.Thread(target=run, name=name, daemon=True).start()
    return call
