"""Garbage is collected by the window's thread alone, for objects of Qt's die with it."""

import gc
import threading
import weakref
from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QTimer
from pytestqt.qtbot import QtBot

from app.desktop import garbage
from app.desktop.garbage import garbage_collected_here


@pytest.fixture(autouse=True)
def as_in_the_program(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The tests have frozen what was there at their start, and the program looks once a second."""
    monkeypatch.setattr(garbage, "_LOOK_MS", 5)
    gc.unfreeze()
    yield
    gc.collect()
    gc.freeze()


class Holder:
    """A part of a cycle, with a timer of Qt's."""

    def __init__(self) -> None:
        self.me = self
        self.timer = QTimer()
        self.timer.start(1)


def many_objects() -> list[list[int]]:
    return [[number] for number in range(5_000)]


def in_a_thread(work: Callable[[], object]) -> None:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join(10)
    assert not thread.is_alive()


def test_a_timer_that_is_garbage_does_not_die_in_another_thread(qtbot: QtBot) -> None:
    # Qt says "Timers cannot be stopped from another thread", and the process ends with the timer's next tick.
    with garbage_collected_here(lambda: False):
        seen = []
        for _ in range(20):
            seen.append(weakref.ref(Holder()))
            in_a_thread(many_objects)
        assert all(holder() is not None for holder in seen)
        kept = many_objects()
        qtbot.waitUntil(lambda: not any(holder() for holder in seen), timeout=4_000)
    assert gc.isenabled()
    assert kept


def test_the_whole_heap_is_looked_at_in_quiet_and_what_was_there_at_first_never(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(garbage, "_FIRST_S", 0.0)
    whole: list[int] = []
    kept = many_objects()

    def counted(phase: str, info: dict[str, int]) -> None:
        if phase == "start" and info["generation"] == 2:
            whole.append(1)

    busy = True
    gc.callbacks.append(counted)
    try:
        with garbage_collected_here(lambda: busy):
            assert gc.get_freeze_count() > len(kept)
            assert len(gc.get_objects()) < len(kept)
            seen = weakref.ref(Holder())
            qtbot.wait(50)
            assert not whole
            busy = False
            qtbot.waitUntil(lambda: len(whole) == 1, timeout=5_000)
            assert seen() is None
        assert gc.get_freeze_count() == 0
    finally:
        gc.callbacks.remove(counted)


def test_in_the_end_the_whole_heap_is_looked_at_however_busy_it_is(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    for limit in ("_FIRST_S", "_DUE_S", "_OVERDUE_S"):
        monkeypatch.setattr(garbage, limit, 0.01)
    with garbage_collected_here(lambda: True):
        frozen = gc.get_freeze_count()
        kept = many_objects()
        qtbot.waitUntil(lambda: gc.get_freeze_count() > frozen + len(kept) - 100, timeout=5_000)
