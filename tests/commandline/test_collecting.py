"""The garbage collector stays away from streams."""

import asyncio
import gc
from collections.abc import Iterator

import pytest

from app.commandline import collecting
from app.commandline.collecting import collecting_in_quiet


class Collections:
    """Counts collections of the whole heap."""

    def __init__(self) -> None:
        self.seen = asyncio.Event()

    def __call__(self, phase: str, info: dict[str, int]) -> None:
        if phase == "start" and info["generation"] == 2:
            self.seen.set()


@pytest.fixture
def whole(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collections]:
    monkeypatch.setattr(collecting, "_LOOK_S", 0.001)
    counted = Collections()
    # As in the program itself; the tests have frozen what was there at their start.
    gc.unfreeze()
    gc.callbacks.append(counted)
    yield counted
    gc.callbacks.remove(counted)
    gc.freeze()


async def test_the_whole_heap_is_looked_at_only_while_nothing_runs(
    whole: Collections, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collecting, "_DUE_S", 0.002)
    busy = True
    before = gc.get_threshold(), gc.get_freeze_count()
    async with collecting_in_quiet(lambda: busy):
        assert gc.get_freeze_count() > 10_000
        assert not whole.seen.is_set()
        # So many young objects would call for it.
        kept: list[list[int]] = [[] for _ in range(200_000)]
        await asyncio.sleep(0.05)
        assert not whole.seen.is_set()
        busy = False
        async with asyncio.timeout(5):
            await whole.seen.wait()
    assert len(kept) == 200_000
    assert (gc.get_threshold(), gc.get_freeze_count()) == before


async def test_in_the_end_it_is_looked_at_however_busy_it_is(
    whole: Collections, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collecting, "_OVERDUE_S", 0.003)
    async with collecting_in_quiet(lambda: True), asyncio.timeout(5):
        whole.seen.clear()
        await whole.seen.wait()


async def test_where_the_window_collects_nothing_is_done_here(whole: Collections) -> None:
    gc.disable()
    try:
        before = gc.get_threshold(), gc.get_freeze_count()
        async with collecting_in_quiet(lambda: False):
            await asyncio.sleep(0.02)
            assert (gc.get_threshold(), gc.get_freeze_count()) == before
        assert not whole.seen.is_set()
    finally:
        gc.enable()
