"""What the table says of sessions, and what can be looked for."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtWidgets import QApplication

from app.desktop import words
from app.desktop.formats import minute
from app.desktop.models.sessions import SessionTable, session_states
from app.gateway.snapshot import GatewaySnapshot, SessionView
from app.practice.accounts import sample_accounts, sample_api_keys
from tests.desktop.scripted import NOW, RUNNING, session, token, waiting

HOME = token(1, label="Home")
LENDER = token(2, label="Lender")


def told(*sessions: SessionView, **changes: object) -> tuple[SessionTable, GatewaySnapshot]:
    snapshot = replace(RUNNING, tokens=(HOME, LENDER), sessions=sessions, **changes)
    table = SessionTable()
    table.know(snapshot, NOW)
    return table, snapshot


def said(table: SessionTable, row: SessionView) -> dict[str, tuple[str, str]]:
    """Both lines of all columns, by title."""
    cells = {column.title: column.cell(row) for column in table.columns()}
    return {title: (cell.text, cell.below) for title, cell in cells.items()}


def test_a_session_shows_its_home_and_whether_it_is_on_loan_in_words(qapp: QApplication) -> None:
    at_home = session(1)
    lent = session(2, token_id="t-2", token_label="Lender", lent_at=NOW - 60)
    moving = session(3, home_token_id="t-2")
    pinned = session(4, pinned=True)
    table, _ = told(at_home, lent, moving, pinned)
    tokens = [said(table, row)["Token"] for row in (at_home, lent, moving, pinned)]
    assert tokens == [
        ("Home", "home"),
        ("Lender", "on loan; home: Home"),
        ("Home", "from the next request: Lender"),
        ("Home", "home, pinned"),
    ]
    assert said(table, lent)["Home"][0] == "Home"


def test_a_session_shows_what_it_is_doing_and_what_it_used(qapp: QApplication) -> None:
    busy = session(1, active_turns=1, turns=12, moves=2)
    busy = replace(busy, input_tokens=1_200_000, cached_tokens=900_000, output_tokens=34_000)
    held = session(2, name="代码审查", client="OpenAI/Python 1.109.1")
    table, _ = told(busy, held, held=(waiting(session_id="s-2", until=NOW + 3600),))
    first, second = said(table, busy), said(table, held)
    assert first["Session"] == ("019a9c42-77d1-…0000001", "Codex 0.169.0")
    assert first["State"] == ("Answering", "")
    assert first["Tokens"] == ("1.2M", "75% cached")
    assert first["Requests"] == ("12", "2 move(s)")
    assert first["Model"] == ("gpt-5-codex", "This computer")
    assert second["Session"] == ("代码审查", "OpenAI Python")
    assert second["State"] == ("Waiting", f"until {minute(NOW + 3600, NOW)}")
    assert second["Tokens"][0] == "–"


def test_every_column_can_be_sorted_by(qapp: QApplication) -> None:
    rows = [session(1), session(2, model=None, pinned=True), session(3, token_id="t-2", home_token_id="gone")]
    table, _ = told(*rows)
    for column in table.columns():
        assert column.order is not None, column.title
        sorted(rows, key=column.order)
    states = next(column for column in table.columns() if column.title == "State")
    assert states.order is not None
    table, _ = told(*rows, held=(waiting(session_id="s-3"),))
    states = table.columns()[1]
    assert states.order is not None
    assert min(rows, key=states.order).id == "s-3"


@pytest.mark.parametrize(
    ("typed", "state", "token_id", "found"),
    [
        ("", None, None, None),
        ("OPENAI", None, None, ["s-2"]),
        ("lender codex", None, None, ["s-3"]),
        ("nothing of this", None, None, []),
        ("", "answering", None, ["s-1"]),
        ("", "waiting", None, ["s-4"]),
        ("", "idle", None, ["s-2", "s-3"]),
        ("", "lent", None, ["s-3"]),
        ("", "pinned", None, ["s-2"]),
        ("", None, "t-2", ["s-3"]),
        ("codex", "lent", "t-1", ["s-3"]),
    ],
)
def test_sessions_are_found_by_words_state_and_token(
    qapp: QApplication, typed: str, state: str | None, token_id: str | None, found: list[str] | None
) -> None:
    rows = (
        session(1, active_turns=1),
        session(2, client="OpenAI/Python 1.109.1", pinned=True),
        session(3, token_id="t-2", token_label="Lender", lent_at=NOW),
        session(4),
    )
    table, _ = told(*rows, held=(waiting(session_id="s-4"),))
    assert state is None or state in [value for value, _name in session_states()]
    accepts: Callable[[SessionView], bool] | None = table.filter(typed, state, token_id)
    assert (None if accepts is None else [row.id for row in rows if accepts(row)]) == found


def test_it_says_whether_equal_rows_say_something_else(qapp: QApplication) -> None:
    table, snapshot = told(session(1))
    assert not table.know(snapshot, NOW + 60)
    assert table.know(replace(snapshot, tokens=(token(1, label="Renamed"),)), NOW)
    assert table.know(replace(snapshot, held=(waiting(),)), NOW)
    assert table.know(replace(snapshot, held=(waiting(),)), NOW + 86_400)


def test_names_that_waystation_made_up_are_translated(chinese: None) -> None:
    row = session(1)
    snapshot = replace(RUNNING, tokens=(token(1, label="API key 1"),), sessions=(row,))
    table = SessionTable()
    table.know(snapshot, NOW)
    assert words.token_label("API key for work") == "API key for work"
    assert table.columns()[2].cell(row).text == "API 密钥 1"
    assert table.columns()[4].cell(row).below == "本机"


def test_the_samples_of_practice_are_named_in_the_users_language(chinese: None) -> None:
    labels = [account.label for account in sample_accounts()] + [key.label for key in sample_api_keys()]
    assert [words.token_label(label) for label in labels] == ["Plus（练习）", "Pro（练习）", "API 密钥（练习）"]
