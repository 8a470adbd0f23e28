"""The timeline of a session: its turns, the tries that failed, and its moves with their reasons."""

from collections.abc import Sequence

from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import QApplication

from app.core.turn import Attempt, Outcome, TurnRow
from app.desktop.models.rows_model import RowsModel
from app.desktop.models.timeline import Kind, TimelineTable, timeline
from app.desktop.widgets.table import Table
from tests.desktop.scripted import turn

NAMES = {"t-1": "Work", "t-2": "Spare"}


def told(rows: Sequence[TurnRow], *, whole: bool = True) -> list[tuple[Kind, str]]:
    """Kind and sentence of all entries, the newest first."""
    event = TimelineTable(lambda token_id: NAMES.get(token_id, "–")).columns()[1]
    return [(entry.kind, event.cell(entry).text) for entry in timeline(rows, whole=whole)]


def test_a_session_that_never_moved_is_its_turns_and_its_beginning(qapp: QApplication) -> None:
    rows = [turn(1), turn(2, note="new_session")]
    assert told(rows) == [
        (Kind.TURN, "Request · gpt-5-codex · high"),
        (Kind.TURN, "Request · gpt-5-codex · high"),
        (Kind.BEGIN, "The session began on Work"),
    ]
    assert told(rows, whole=False) == told(rows)[:-1]


def test_moves_are_told_with_their_reasons(qapp: QApplication) -> None:
    rows = [
        turn(1, token_id="t-2", note="user"),
        turn(2, token_id="t-1", note="returned"),
        turn(3, token_id="t-2", note="lent"),
        turn(4, token_id="t-2", note="lent"),
        turn(5, token_id="t-1"),
    ]
    moves = [text for kind, text in told(rows) if kind is Kind.MOVE]
    assert moves == [
        "From Work to Spare: you moved it",
        "From Spare to Work: the loan is over",
        "From Work to Spare: on loan, since the former could not serve for a moment",
    ]


def test_a_try_that_failed_stands_before_the_move_that_it_caused(qapp: QApplication) -> None:
    moved = turn(1, token_id="t-2", note="limit", attempts=(Attempt("t-1", "usage_limit_reached", 120.0),))
    assert told([moved, turn(2)], whole=False)[:3] == [
        (Kind.TURN, "Request · gpt-5-codex · high"),
        (Kind.MOVE, "From Work to Spare: the former reached its limit"),
        (Kind.TRY, "Work did not serve: at its limit"),
    ]


def test_a_turn_that_nobody_served_moves_nothing(qapp: QApplication) -> None:
    refused = turn(2, token_id=None, outcome=Outcome.REFUSED, status=429, error="usage_limit_reached")
    assert [kind for kind, _text in told([turn(1), refused, turn(3)], whole=False)] == [Kind.TURN] * 3


def test_the_entries_of_turns_that_are_there_keep_their_ids(qapp: QApplication) -> None:
    rows = [turn(1, token_id="t-2", attempts=(Attempt("t-1", "http_500", 1.0),)), turn(2)]
    before = [entry.id for entry in timeline(rows, whole=False)]
    after = [entry.id for entry in timeline([turn(0, started_at=rows[0].started_at + 1), *rows], whole=False)]
    assert after[-len(before) :] == before
    assert len(set(after)) == len(after)


def test_an_unknown_reason_is_no_riddle(qapp: QApplication) -> None:
    rows = [turn(1, token_id="t-2", note="of_tomorrow"), turn(2)]
    assert "From Work to Spare: it belongs there now" in [text for _kind, text in told(rows)]


def test_times_of_other_days_and_short_results_have_room(qapp: QApplication) -> None:
    symbol = QPixmap(16, 16)
    symbol.fill()
    known = TimelineTable(lambda _token_id: "–")
    row = turn(1)
    known.now = row.started_at + 3 * 86400
    table = Table(RowsModel(known.columns(), lambda entry: entry.id, lambda _name: QIcon(symbol)), "Timeline")
    table.rows.update_rows(timeline([row], whole=False))
    table.show()
    assert str(table.rows.index(0, 0).data())[2] == "-"
    assert str(table.rows.index(0, 3).data()) == "200"
    cut = set()
    for width in range(500, 900, 5):
        table.resize(width, 200)
        cut |= {(width, section) for section in (0, 3) if table.sizeHintForColumn(section) > table.columnWidth(section)}
    assert cut == set()
    table.close()
