"""The turns that a page shows: page by page, merged with what ends meanwhile, without gaps or doubles."""

import pytest
from PySide6.QtCore import QObject

from app.core.errors import WaystationError
from app.core.turn import TurnRow
from app.desktop.turn_log import TurnLog
from tests.desktop.scripted import NOW, turn
from tests.desktop.stage import Desk


def rows(first: int, last: int, **changes: object) -> list[TurnRow]:
    """Turns whose ids sort as their times do."""
    return [turn(n, id=f"r-{99999 - n}", started_at=NOW - n, **changes) for n in range(first, last)]


@pytest.fixture
def owner() -> QObject:
    return QObject()


def made(desk: Desk, owner: QObject, **changes: int) -> TurnLog:
    return TurnLog(desk.operations, **({"page": 10, "most": 40} | changes), parent=owner)


def ids(log: TurnLog) -> list[str]:
    return [row.id for row in log.rows]


async def test_it_reads_page_after_page_until_there_is_no_more(desk: Desk, owner: QObject) -> None:
    desk.gateway.turns = rows(0, 25)
    log = made(desk, owner)
    log.open()
    assert log.loading
    for expected in (10, 20, 25):
        await desk.settle()
        assert (len(log.rows), log.loading) == (expected, False)
        log.older()
    assert log.complete
    assert ids(log) == [row.id for row in desk.gateway.turns]
    before = len(desk.gateway.calls)
    log.older()
    await desk.settle()
    assert len(desk.gateway.calls) == before


async def test_it_holds_only_so_many_and_the_newest(desk: Desk, owner: QObject) -> None:
    desk.gateway.turns = rows(0, 100)
    log = made(desk, owner)
    log.open()
    for _ in range(6):
        await desk.settle()
        log.older()
    assert (len(log.rows), log.full) == (40, True)
    log.add(rows(-3, 0))
    assert ids(log) == [row.id for row in rows(-3, 37)]


async def test_what_ends_meanwhile_is_added_once_where_it_belongs(desk: Desk, owner: QObject) -> None:
    desk.gateway.turns = rows(0, 25)
    log = made(desk, owner)
    log.open()
    await desk.settle()
    # One that began long ago ends only now; it does not hide what lies between.
    log.add([*rows(-2, 3), *rows(18, 19)])
    log.add(rows(-2, 3))
    assert ids(log) == [row.id for row in [*rows(-2, 10), *rows(18, 19)]]
    log.older()
    await desk.settle()
    assert ids(log) == [row.id for row in rows(-2, 20)]


async def test_a_session_has_only_its_own_turns(desk: Desk, owner: QObject) -> None:
    desk.gateway.turns = [*rows(0, 3, session_id="s-2"), *rows(3, 6)]
    log = made(desk, owner)
    log.open("s-2")
    await desk.settle()
    log.add([*rows(-2, -1, session_id="s-2"), *rows(-1, 0)])
    assert ids(log) == [row.id for row in [*rows(-2, -1), *rows(0, 3)]]


async def test_what_is_read_for_another_session_is_not_taken(desk: Desk, owner: QObject) -> None:
    desk.gateway.turns = [*rows(0, 3, session_id="s-2"), *rows(3, 6)]
    desk.gateway.gate.clear()
    log = made(desk, owner)
    log.open("s-2")
    log.open("s-1")
    desk.gateway.gate.set()
    await desk.settle()
    assert ids(log) == [row.id for row in rows(3, 6)]
    desk.gateway.gate.clear()
    log.open("s-2")
    log.close()
    desk.gateway.gate.set()
    await desk.settle()
    assert (log.rows, log.loading) == ([], False)


async def test_after_a_time_in_which_nobody_looked_there_is_no_gap(desk: Desk, owner: QObject) -> None:
    desk.gateway.turns = rows(0, 25)
    log = made(desk, owner)
    log.open()
    await desk.settle()
    desk.gateway.turns = rows(-5, 25)
    log.refresh()
    await desk.settle()
    assert ids(log) == [row.id for row in rows(-5, 10)]
    desk.gateway.turns = rows(-50, 25)
    log.refresh()
    await desk.settle()
    assert ids(log) == [row.id for row in rows(-50, -40)]
    log.older()
    await desk.settle()
    assert ids(log) == [row.id for row in rows(-50, -30)]


async def test_a_page_that_cannot_be_read_is_told_of_and_read_again_when_asked(desk: Desk, owner: QObject) -> None:
    desk.gateway.turns = rows(0, 25)
    log = made(desk, owner)
    log.open()
    await desk.settle()
    desk.gateway.failures["turn.list"] = WaystationError("The disk is gone.")
    log.older()
    await desk.settle()
    assert (log.error, len(log.rows)) == ("The disk is gone.", 10)
    assert desk.failures == []
    log.older()
    assert not log.loading
    desk.gateway.failures.clear()
    log.retry()
    await desk.settle()
    assert (log.error, len(log.rows)) == (None, 20)
