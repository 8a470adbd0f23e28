"""What the log says of requests, in its table and beside it, and what can be looked for."""

from dataclasses import replace

import pytest
from PySide6.QtGui import QColor, QFontMetrics, QTextDocument
from PySide6.QtWidgets import QApplication

from app.core.pool import Reason
from app.core.turn import Attempt, Outcome, TurnRow, Usage
from app.core.verdict import TABLE
from app.desktop import failure_words, formats, turn_words
from app.desktop.models.turns import TurnTable, outcomes
from app.desktop.pages.request_text import as_html
from app.gateway.license_desk import LicenseView
from tests.desktop.scripted import NOW, RUNNING, session, token, turn

OTHER = "b" * 64


def made() -> TurnTable:
    table = TurnTable()
    table.know(replace(RUNNING, tokens=(token(1, label="Work"), token(2, label="Spare")), sessions=(session(1),)), NOW)
    return table


def said(row: TurnRow) -> dict[str, tuple[str, str]]:
    cells = {column.title: column.cell(row) for column in made().columns()}
    return {title: (cell.text, cell.below) for title, cell in cells.items()}


def test_a_request_says_how_it_ended_and_what_became_of_its_body(qapp: QApplication) -> None:
    rows = (
        turn(1),
        turn(2, edits=("session_id", "stream"), sent_sha256=OTHER),
        turn(3, endpoint="chat/completions", edits=("translated",), sent_sha256=OTHER),
        turn(4, status=400, outcome=Outcome.REFUSED, error="no_available_token", token_id=None, sent_sha256=None),
        turn(5, status=None, outcome=Outcome.CLIENT_LEFT),
        turn(6, status=502, outcome=Outcome.FAILED),
        turn(7, status=400, outcome=Outcome.REFUSED, error="refused"),
        turn(8, status=418, outcome=Outcome.FAILED, error="of_tomorrow"),
    )
    assert [said(row)["Result"] for row in rows] == [
        ("200", "verbatim"),
        ("200", "2 edit(s)"),
        ("200", "translated"),
        ("400 no token can serve", ""),
        ("client left", "verbatim"),
        ("502 failed", "verbatim"),
        ("400 refused", "verbatim"),
        ("418 of_tomorrow", "verbatim"),
    ]
    symbols = {turn_words.symbol(replace(turn(1), outcome=outcome)) for outcome in Outcome}
    assert len(symbols) == len(Outcome)


def test_a_request_says_who_asked_what_of_whom_and_how_fast(qapp: QApplication) -> None:
    shown = said(turn(1, model="gpt-5", effort="high"))
    assert shown["Model"] == ("gpt-5 · high", "Codex 0.169.0")
    assert shown["Token"][0] == "Work"
    assert shown["Session"] == ("019a9c42-77d1-…0000001", "127.0.0.1")
    assert shown["Total"] == ("5.3 s", "first 412 ms")
    assert shown["Tokens"] == ("12k + 456", "89% cached")
    nothing = said(turn(2, model=None, usage=None, first_byte_ms=None, token_id="gone", session_id="s-9"))
    assert [nothing[title][0] for title in ("Model", "Token", "Session", "Tokens")] == ["–", "–", "s-9", "–"]
    # An alias such as gpt-5-high names the effort already.
    assert said(turn(1, model="gpt-5-high", effort="high"))["Model"][0] == "gpt-5-high"


def test_every_column_can_be_sorted_by(qapp: QApplication) -> None:
    rows = [turn(1), turn(2, usage=None, first_byte_ms=None, model=None, token_id=None, session_id=None)]
    for column in made().columns():
        assert column.order is not None, column.title
        sorted(rows, key=column.order)


@pytest.mark.parametrize(
    ("typed", "outcome", "token_id", "license_id", "found"),
    [
        ("", None, None, None, None),
        ("spare", None, None, None, ["r-2"]),
        ("502 unreachable", None, None, None, ["r-3"]),
        ("019a9c42", None, None, None, ["r-1", "r-2", "r-3"]),
        ("", "failed", None, None, ["r-3"]),
        ("", "client_left", None, None, []),
        ("", None, "t-2", None, ["r-2"]),
        ("", None, None, "l-2", ["r-2"]),
        ("codex", "completed", "t-1", "l-1", ["r-1"]),
    ],
)
def test_requests_are_found_by_words_result_token_and_license(
    qapp: QApplication,
    typed: str,
    outcome: str | None,
    token_id: str | None,
    license_id: str | None,
    found: list[str] | None,
) -> None:
    rows = (
        turn(1),
        turn(2, token_id="t-2", license_id="l-2"),
        turn(3, status=502, outcome=Outcome.FAILED, error="upstream_unreachable"),
    )
    assert outcome is None or outcome in [value for value, _name in outcomes()]
    accepts = made().filter(typed, outcome, token_id, license_id)
    assert (None if accepts is None else [row.id for row in rows if accepts(row)]) == found


def test_a_session_keeps_its_name_after_its_day(qapp: QApplication) -> None:
    table = made()
    table.know(RUNNING, NOW + 86_400)
    assert table.session_name("s-1") == session(1).name
    assert table.token_label("t-1") == "–"


def text_of(row: TurnRow, table: TurnTable | None = None) -> str:
    document = QTextDocument()
    html = as_html(row, table or made(), quiet=QColor("gray"), fixed="monospace", beside=True)
    document.setHtml(html)
    return document.toPlainText().replace("\n\n", "\n")


def test_the_details_hold_both_hashes_edits_tries_and_the_reason_in_words(qapp: QApplication) -> None:
    row = turn(
        1,
        token_id="t-2",
        note="limit",
        attempts=(Attempt("t-1", "usage_limit_reached", 132.0), Attempt("gone", "http_503", 2100.0)),
        waited_ms=5200.0,
        edits=("session_id", "foreign_reasoning"),
        sent_sha256=OTHER,
    )
    text = text_of(row)
    for part in (
        "Work: at its limit, after 132 ms",
        "–: trouble at upstream, after 2.1 s",
        "The session's token reached its limit, so the session moved here.",
        "5.2 s",
        "Not verbatim",
        "session_id was sent as prompt_cache_key",
        "Sealed reasoning of another token was left out",
        f"{formats.count(12345)} read ({formats.count(11008)} from the cache), 456 written (128 reasoning)",
        "127.0.0.1",
    ):
        assert part in text
    assert "a" * 64 in text.replace("\u2028", "").replace("\n", "")
    assert OTHER in text.replace("\u2028", "").replace("\n", "")
    assert "Verbatim: upstream got exactly the bytes" in text_of(turn(1))


def test_the_details_say_what_went_wrong_and_what_to_do(qapp: QApplication) -> None:
    failed = turn(1, status=502, outcome=Outcome.FAILED, error="upstream_unreachable", sent_sha256=None)
    assert "Check the network connection" in text_of(failed)
    assert "Code: upstream_unreachable" in text_of(failed)
    assert "Nothing was sent upstream." in text_of(failed)
    assert "The client ended the connection" in text_of(turn(1, outcome=Outcome.CLIENT_LEFT, status=None))
    assert "of_tomorrow" in text_of(turn(1, outcome=Outcome.FAILED, error="of_tomorrow"))


def test_what_clients_call_themselves_is_no_markup(qapp: QApplication) -> None:
    table = TurnTable()
    snapshot = replace(RUNNING, tokens=(token(1, label="<b>&amp;"),), licenses=(a_license("<i>"),))
    table.know(snapshot, NOW)
    text = text_of(turn(1, client="<script>x</script>", model="<u>", error="<b>", outcome=Outcome.FAILED), table)
    for part in ("<script>x</script>", "<b>&amp;", "<u>", "<i>"):
        assert part in text


def a_license(label: str) -> LicenseView:
    values = dict.fromkeys(LicenseView.__dataclass_fields__)
    return replace(LicenseView(**values), id="l-1", label=label)  # type: ignore[arg-type]


def test_every_reason_edit_and_usual_failure_has_words(qapp: QApplication) -> None:
    for reason in Reason:
        assert turn_words.reason(reason.value), reason
    for edit in ("translated", "session_id", "foreign_reasoning", "stream", "store", "input", "instructions"):
        assert turn_words.edit(edit) != edit
    codes = {code for row in TABLE for code in row.codes}
    ours = {"no_available_token", "session_pinned", "start_new_conversation", "gateway_stopped", "internal_error"}
    ours |= {"license_budget", "usage_limit_reached", "rate_limit_exceeded", "http_401", "http_500", "http_503"}
    for code in codes | ours:
        assert failure_words.in_short(code) != code, code
        assert code not in failure_words.meaning(code), code
    assert failure_words.in_short("http_418") == "answer 418"
    assert failure_words.in_short("invalid_api_key") == "API key refused"


@pytest.mark.usefixtures("chinese")
def test_amounts_have_room_in_the_smallest_window() -> None:
    used = Usage(27_000, 20_000, 1_474, 0)
    column = next(column for column in made().columns() if column.width and "Token" in column.title and column.numeric)
    cell = column.cell(turn(1, usage=used))
    assert cell.text == "2.7万 + 1,474"
    metrics = QFontMetrics(QApplication.font())
    assert metrics.horizontalAdvance(cell.text) <= column.width * metrics.horizontalAdvance("0")
