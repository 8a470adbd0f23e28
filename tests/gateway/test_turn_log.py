"""The lines of ended turns: one alone is there at once, none of a rush is lost."""

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import replace

import pytest

from app.gateway import turn_log
from app.gateway.turn_log import TurnLog
from tests.store import samples

ROWS = [replace(samples.turn(), id=f"r-{number}") for number in range(200)]


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """The turns that have been written, in order; it grows."""
    seen: list[str] = []

    class Seen(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            seen.append(record.getMessage().split()[1])

    logger, handler = logging.getLogger(turn_log.__name__), Seen()
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield seen
    logger.setLevel(level)
    logger.removeHandler(handler)


def opened() -> TurnLog:
    log = TurnLog()
    log.open()
    return log


async def test_a_turn_alone_is_written_at_once(lines: list[str]) -> None:
    opened().note(ROWS[0])
    assert lines == ["r-0"]


async def test_those_of_a_rush_follow_in_their_order_without_being_asked_for(lines: list[str]) -> None:
    log = opened()
    for row in ROWS[:50]:
        log.note(row)
    assert lines == ["r-0"]
    async with asyncio.timeout(5):
        while len(lines) < 50:  # noqa: ASYNC110 - what is looked at tells nobody
            await asyncio.sleep(0.001)
    assert lines == [row.id for row in ROWS[:50]]


async def test_what_waits_when_the_gateway_stops_is_written_then_and_only_once(lines: list[str]) -> None:
    log = opened()
    for row in ROWS[:100]:
        log.note(row)
    log.close()
    assert lines == [row.id for row in ROWS[:100]]
    # Whoever ends later still.
    for row in ROWS[100:]:
        log.note(row)
    assert lines == [row.id for row in ROWS]
    await asyncio.sleep(0.1)
    assert len(lines) == 200


async def test_a_gateway_that_starts_again_in_another_loop_goes_on(lines: list[str]) -> None:
    log = opened()

    async def rush() -> None:
        log.open()
        for row in ROWS[:10]:
            log.note(row)
        log.close()

    await rush()
    await asyncio.to_thread(asyncio.run, rush())
    await rush()
    assert len(lines) == 30


async def test_turns_that_come_one_by_one_without_end_do_not_keep_a_line_back(lines: list[str]) -> None:
    log = opened()
    async with asyncio.timeout(5):
        for row in ROWS:
            log.note(row)
            if len(lines) > 1:
                break
            await asyncio.sleep(0.001)
    assert 1 < len(lines) < 200
