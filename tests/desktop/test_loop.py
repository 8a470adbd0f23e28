"""The desktop's loop: timers that are due run in their order and never early; those that are cancelled are gone."""

import asyncio
import gc
import weakref
from collections.abc import Coroutine, Iterator
from contextvars import ContextVar
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication

from app.desktop.loop import DesktopLoop


@pytest.fixture
def loop(qapp: QApplication) -> Iterator[DesktopLoop]:
    made = DesktopLoop(qapp)
    asyncio.set_event_loop(made)
    yield made
    made.close()
    asyncio.set_event_loop(None)


def done(loop: DesktopLoop, work: Coroutine[Any, Any, None]) -> None:
    loop.run_until_complete(asyncio.wait_for(work, 20))


class Callback:
    def __call__(self) -> None:
        raise AssertionError("it was cancelled")


def test_a_cancelled_timer_is_gone_long_before_it_would_be_due(loop: DesktopLoop) -> None:
    async def work() -> None:
        callbacks = [Callback() for _ in range(5_000)]
        seen = [weakref.ref(callback) for callback in callbacks]
        timers = [loop.call_later(3600, callback) for callback in callbacks]
        for timer in timers:
            timer.cancel()
        del callbacks, timers, timer
        gc.collect()
        assert sum(callback() is not None for callback in seen) <= 200
        assert len(loop._due) <= 200

    done(loop, work())


def test_timers_run_in_the_order_in_which_they_are_due_and_never_early(loop: DesktopLoop) -> None:
    async def work() -> None:
        ran: list[tuple[int, float]] = []
        began = loop.time()
        delays = [30, 10, 20, 1, 25, 5]
        for delay in delays:
            loop.call_later(delay / 1000, lambda delay=delay: ran.append((delay, loop.time() - began)))
        await asyncio.sleep(0.05)
        assert [delay for delay, _ in ran] == sorted(delays)
        assert all(at >= delay / 1000 for delay, at in ran)

    done(loop, work())


def test_only_what_is_still_wanted_runs(loop: DesktopLoop) -> None:
    async def work() -> None:
        ran: list[str] = []
        first = loop.call_later(0.005, ran.append, "first")
        loop.call_at(loop.time() + 0.01, ran.append, "second")
        soon = loop.call_soon(ran.append, "soon")
        # Due at the same time as the one that cancels it.
        later = loop.call_later(0.02, ran.append, "later")
        loop.call_at(later.when() - 0.000_1, later.cancel)
        first.cancel()
        soon.cancel()
        await asyncio.sleep(0.04)
        assert ran == ["second"]

    done(loop, work())


def test_timeouts_end_what_takes_too_long_and_nothing_else(loop: DesktopLoop) -> None:
    async def work() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await asyncio.Event().wait()
        for _ in range(300):
            async with asyncio.timeout(600):
                await asyncio.sleep(0)
        assert len(loop._due) <= 200

    done(loop, work())


def test_callbacks_keep_their_context(loop: DesktopLoop) -> None:
    async def work() -> None:
        name = ContextVar[str]("name")
        name.set("mine")
        heard: list[str] = []
        loop.call_later(0.001, lambda: heard.append(name.get()))
        loop.call_soon(lambda: heard.append(name.get()))
        name.set("another")
        await asyncio.sleep(0.02)
        assert heard == ["mine", "mine"]

    done(loop, work())
