"""How long Qt's event loop is held up by one event at a time, and by what."""

from __future__ import annotations

import asyncio
import gc
import signal
import threading
import time
from collections import Counter
from dataclasses import dataclass
from types import FrameType
from typing import Any

from PySide6.QtCore import QEvent, QObject

from app.desktop.application import Application

#: Slots shorter than this are only counted, in seconds.
_WORTH_NAMING_S = 0.005
#: How often `watch` looks, and from which time on it remembers what runs.
_LOOK_S = 0.004
_WHY_AFTER_S = 0.012


@dataclass(frozen=True, slots=True)
class Slot:
    """One event that took long.

    Attributes:
        ms: milliseconds.
        own_ms: of it, those in which this thread computed; the others belong to other programs and threads.
        step: what the driver was doing.
        what: receiver and kind of the event, or the callback of asyncio.
        why: where it was when somebody looked.
        collected_ms: of it, in Python's garbage collector.
    """

    ms: float
    own_ms: float
    step: str
    what: str
    why: str
    collected_ms: float


class Slots:
    """Takes the time of every event that Qt delivers while nothing else is being delivered."""

    def __init__(self) -> None:
        self.step = ""
        self.count = 0
        self.long: list[Slot] = []
        self.collections: list[tuple[int, float]] = []
        self._began = 0.0
        self._own = 0.0
        self._callback = ""
        self._why = ""
        self._collected = 0.0
        self._collecting_since = 0.0
        self._main = threading.get_ident()
        gc.callbacks.append(self._on_collection)
        self._run = asyncio.Handle._run
        asyncio.Handle._run = _named(self, self._run)  # type: ignore[method-assign]

    def close(self) -> None:
        """Leave everything as it was."""
        gc.callbacks.remove(self._on_collection)
        asyncio.Handle._run = self._run  # type: ignore[method-assign]
        signal.setitimer(signal.ITIMER_REAL, 0)

    def watch(self) -> None:
        """Look at what takes long, which costs a little; where Qt itself is at work, what Python did next is seen.

        By a signal, which is handled on this thread: a frame that another thread holds keeps events and painters in it
        beyond their time, and destroys them over there.
        """
        signal.signal(signal.SIGALRM, self._look)
        signal.setitimer(signal.ITIMER_REAL, _LOOK_S, _LOOK_S)

    def begin_anew(self) -> None:
        """Forget what was measured so far."""
        self.count, self.long, self.collections = 0, [], []

    def begins(self) -> None:
        """An event is about to be delivered."""
        self._callback, self._why, self._collected = "", "", 0.0
        self._own = time.thread_time()
        self._began = time.perf_counter()

    def ends(self, receiver: str, event: str) -> None:
        """It has been."""
        took, self._began = time.perf_counter() - self._began, 0.0
        self.count += 1
        if took > _WORTH_NAMING_S:
            what = self._callback or f"{receiver} {event}"
            own = time.thread_time() - self._own
            self.long.append(Slot(took * 1000, own * 1000, self.step, what, self._why, self._collected * 1000))

    def callback(self, handle: asyncio.Handle) -> None:
        """A callback of asyncio runs within the event."""
        if self._began and threading.get_ident() == self._main:
            self._callback = _name(handle)

    def _on_collection(self, phase: str, info: dict[str, Any]) -> None:
        if threading.get_ident() != self._main:
            return
        if phase == "start":
            self._collecting_since = time.perf_counter()
        else:
            took = time.perf_counter() - self._collecting_since
            self._collected += took
            self.collections.append((info["generation"], took * 1000))

    def _look(self, _signal: int, frame: FrameType | None) -> None:
        if self._began and not self._why and time.perf_counter() - self._began > _WHY_AFTER_S:
            self._why = _place(frame)


class TimedApplication(Application):
    """The real application, every event of which is timed."""

    slots: Slots | None = None
    _delivering = False

    def notify(self, receiver: QObject, event: QEvent) -> bool:
        """See QCoreApplication."""
        slots = self.slots
        if self._delivering or slots is None:
            return super().notify(receiver, event)
        name, kind = type(receiver).__name__, event.type()
        self._delivering = True
        slots.begins()
        try:
            return super().notify(receiver, event)
        except TypeError:
            # Now and then PySide takes a receiver for an event that had its place in memory before.
            return False
        finally:
            slots.ends(name, kind.name)
            self._delivering = False
            # An error that somebody keeps would keep this frame, and with it the event beyond its time.
            del receiver, event


def table(slots: Slots, number: int) -> str:
    """The longest slots, one a line, and how many were long."""
    limits, own = Counter[int](), Counter[int]()
    for slot in slots.long:
        limits.update(limit for limit in (5, 10, 20, 50) if slot.ms > limit)
        own.update(limit for limit in (5, 10, 20, 50) if slot.own_ms > limit)
    over = ", ".join(f"{limits[limit]} ({own[limit]}) over {limit} ms" for limit in (5, 10, 20, 50))
    lines = [f"{slots.count} slots: {over} by the clock (computing)"]
    for slot in sorted(slots.long, key=lambda one: one.own_ms, reverse=True)[:number]:
        collected = f", {slot.collected_ms:.1f} in the collector" if slot.collected_ms > 0.5 else ""
        lines.append(f"  {slot.own_ms:6.1f} ms (clock {slot.ms:.1f}{collected})  {slot.step}: {slot.what}")
        if slot.why:
            lines.append(f"              {slot.why}")
    worst = sorted(slots.collections, key=lambda one: one[1], reverse=True)[:3]
    lines.append(f"  collections: {Counter(kind for kind, _ in slots.collections)}, longest {worst}")
    return "\n".join(lines)


def _named(slots: Slots, run: Any) -> Any:
    def timed(handle: asyncio.Handle) -> None:
        slots.callback(handle)
        run(handle)

    return timed


def _name(handle: asyncio.Handle) -> str:
    callback: Any = handle._callback
    owner = getattr(callback, "__self__", None)
    if isinstance(owner, asyncio.Task):
        coroutine = owner.get_coro()
        return f"task {getattr(coroutine, '__qualname__', coroutine)}"
    return str(getattr(callback, "__qualname__", callback))


def _place(frame: FrameType | None) -> str:
    places = []
    while frame is not None and len(places) < 9:
        code = frame.f_code
        path = code.co_filename.replace("\\", "/")
        if "/qasync/" not in path and "/asyncio/" not in path and not path.endswith("bench/slots.py"):
            places.append(f"{path.rpartition('/')[2]}:{frame.f_lineno} {code.co_name}")
        frame = frame.f_back
    return " < ".join(places)
