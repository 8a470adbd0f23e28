"""What the tables say of tokens, sessions and turns."""

from dataclasses import replace

from PySide6.QtWidgets import QApplication

from app.core.quota import Credits, Quota, Window
from app.core.token import TokenKind
from app.core.turn import Outcome
from app.desktop import words
from app.desktop.formats import minute
from app.desktop.models.lines import Column, Line
from app.desktop.models.sessions import session_columns, session_lines
from app.desktop.models.tokens import token_columns, token_lines
from app.desktop.models.turns import turn_columns, turn_lines
from app.gateway.snapshot import TokenState, TokenView
from app.practice.accounts import sample_accounts, sample_api_keys
from tests.desktop.scripted import NOW, RUNNING, quota, rested, session, token, turn


def shown(columns: tuple[Column, ...], line: Line) -> dict[str, str]:
    return {column.title: cell.text for column, cell in zip(columns, line.cells, strict=True)}


def test_a_token_shows_its_state_in_words_and_no_secret(qapp: QApplication) -> None:
    views = (
        token(1, active_turns=2),
        token(2, kind=TokenKind.API_KEY, email=None, plan=None, state=TokenState.DISABLED),
        token(3, state=TokenState.RESTING, rest_until=NOW + 3600),
        token(4, state=TokenState.SEALED),
    )
    rows = [shown(token_columns(), line) for line in token_lines(replace(RUNNING, tokens=views), NOW)]
    assert rows[0]["Account"] == "so•••@example.com"
    assert rows[0]["Plan"] == "Plus"
    assert rows[0]["Running"] == "2"
    assert [row["State"] for row in rows] == [
        "Ready",
        "Disabled",
        f"Resting until {minute(NOW + 3600, NOW)}",
        "Sealed: add it again",
    ]
    assert rows[1]["Account"] == "API key"


def rows_of(*views: TokenView) -> list[dict[str, str]]:
    return [shown(token_columns(), line) for line in token_lines(replace(RUNNING, tokens=views), NOW)]


def test_a_token_says_why_it_does_not_serve_and_until_when(qapp: QApplication) -> None:
    when = minute(NOW + 7200, NOW)
    rows = rows_of(
        rested(1),
        rested(2, rest_reason="rate_limit_exceeded"),
        rested(3, rest_reason="insufficient_quota"),
        rested(4, spare=True),
        token(5, spare=True),
        token(6, state=TokenState.SIGN_IN, sign_in_needed="refresh_token_expired"),
        token(7, state=TokenState.SIGN_IN, sign_in_needed="of_tomorrow"),
    )
    assert [row["State"] for row in rows] == [
        f"At its limit until {when}",
        f"Asked to slow down until {when}",
        f"No credit, or not in its plan; tried again at {when}",
        f"At its limit until {when} · spare",
        "Spare",
        "Sign in again: the login is too old",
        "Sign in again: upstream refuses it",
    ]


def test_the_hint_of_the_state_names_upstreams_code_and_an_own_proxy(qapp: QApplication) -> None:
    view = token(1, state=TokenState.SIGN_IN, sign_in_needed="of_tomorrow", proxy="direct")
    hint = token_lines(replace(RUNNING, tokens=(view,)), NOW)[0].cells[3].hint
    assert hint is not None
    assert "of_tomorrow" in hint
    assert "no proxy" in hint


def test_a_token_shows_what_is_left_in_both_windows_and_when_each_is_full_again(qapp: QApplication) -> None:
    full, week = minute(NOW + 3600, NOW), minute(NOW + 3 * 86400, NOW)
    monthly = Quota((Window("codex", "primary", 40.0, 43200, NOW + 86400),), NOW)
    spent = Quota((Window("codex", "primary", 99.7, 300, None), Window("codex", "secondary", 0.2, None, NOW - 1)), NOW)
    rows = rows_of(token(1, quota=quota()), token(2), token(3, quota=monthly), token(4, quota=spent))
    assert [(row["Left (5 h)"], row["Left (week)"]) for row in rows] == [
        (f"73 % · {full}", f"40 % · {week}"),
        ("–", "–"),
        ("–", f"60 % · {minute(NOW + 86400, NOW)}"),
        ("1 %", "100 %"),
    ]


def test_the_hint_of_a_quota_names_every_window_and_credits(qapp: QApplication) -> None:
    windows = (*quota().windows, Window("gpt-5-pro", "primary", 50.0, 1440, None))
    view = token(1, quota=Quota(windows, NOW - 60, Credits(True, False, "12.50")))
    hint = token_lines(replace(RUNNING, tokens=(view,)), NOW)[0].cells[4].hint
    assert hint is not None
    assert hint.splitlines() == [
        f"5 h: 73 % left, full again at {minute(NOW + 3600, NOW)}",
        f"7 d: 40 % left, full again at {minute(NOW + 3 * 86400, NOW)}",
        "gpt-5-pro, 1 d: 50 % left",
        "Credits: 12.50",
        f"As upstream said at {minute(NOW - 60, NOW)}",
    ]


def test_a_login_shows_when_it_ends_and_who_renews_it(qapp: QApplication) -> None:
    views = (
        token(1, expires_at=NOW + 86400, refreshed_at=NOW - 60),
        token(2, expires_at=NOW + 86400, follows="/home/someone/.codex/auth.json"),
        token(3, kind=TokenKind.API_KEY),
    )
    lines = token_lines(replace(RUNNING, tokens=views), NOW)
    assert [line.cells[6].text for line in lines] == [minute(NOW + 86400, NOW)] * 2 + ["–"]
    assert "Renewed at" in str(lines[0].cells[6].hint)
    assert "/home/someone/.codex/auth.json" in str(lines[1].cells[6].hint)


def test_a_session_shows_where_it_lives_and_whether_it_is_on_loan(qapp: QApplication) -> None:
    snapshot = replace(
        RUNNING,
        tokens=(token(1, label="Home"), token(2, label="Lender")),
        sessions=(session(1, token_id="t-2", token_label="Lender", active_turns=1), session(2, name="代码审查")),
    )
    lent, other = session_lines(snapshot, NOW)
    assert shown(session_columns(), lent)["Session"] == "019a9c42-77d1…000001"
    assert shown(session_columns(), lent)["State"] == "Answering"
    assert "Lender, on loan from Home" in [cell.hint for cell in lent.cells]
    assert session(1).name in [cell.hint for cell in lent.cells]
    assert shown(session_columns(), other)["Session"] == "代码审查"
    assert shown(session_columns(), other)["State"] == "Idle"


def test_turns_stand_the_newest_first_whatever_their_order(qapp: QApplication) -> None:
    snapshot = replace(RUNNING, turns=(turn(3), turn(1), turn(2)))
    assert [line.id for line in turn_lines(snapshot, NOW)] == ["r-1", "r-2", "r-3"]


def test_a_turn_says_whether_its_body_went_out_unchanged(qapp: QApplication) -> None:
    other = "b" * 64
    snapshot = replace(
        RUNNING,
        turns=(
            turn(1),
            turn(2, edits=("session_id", "stream"), sent_sha256=other),
            turn(3, endpoint="chat/completions", edits=("translated",), sent_sha256=other),
            turn(4, sent_sha256=None),
        ),
    )
    lines = turn_lines(snapshot, NOW)
    bodies = [shown(turn_columns(), line)["Body"] for line in lines]
    assert bodies[0] == "verbatim"
    assert bodies[2:] == ["translated", "–"]
    assert "session_id, stream" in [cell.hint for cell in lines[1].cells]


def test_a_turn_says_how_it_ended(qapp: QApplication) -> None:
    snapshot = replace(
        RUNNING,
        tokens=(token(1, label="Work"),),
        turns=(
            turn(1),
            turn(2, status=400, outcome=Outcome.REFUSED, error="no_available_token", token_id=None, usage=None),
            turn(3, status=None, outcome=Outcome.CLIENT_LEFT),
            turn(4, status=502, outcome=Outcome.FAILED),
            turn(5, status=400, outcome=Outcome.REFUSED, error="refused"),
        ),
    )
    rows = [shown(turn_columns(), line) for line in turn_lines(snapshot, NOW)]
    results = [row["Result"] for row in rows]
    assert results == ["200", "400 no_available_token", "client left", "502 failed", "400 refused"]
    assert [row["Token"] for row in rows[:2]] == ["Work", "–"]
    assert rows[0]["Model"] == "gpt-5-codex · high"
    assert (rows[0]["First byte"], rows[0]["Total"]) == ("412 ms", "5.3 s")
    assert rows[1]["In"] == "–"


def test_names_that_waystation_made_up_are_translated(chinese: None) -> None:
    snapshot = replace(
        RUNNING,
        tokens=(token(1, label="API key 1"), token(2, label="API key for work")),
        sessions=(session(1, token_label="API key 1"),),
    )
    assert [line.cells[0].text for line in token_lines(snapshot, NOW)] == ["API 密钥 1", "API key for work"]
    said = shown(session_columns(), session_lines(snapshot, NOW)[0])
    assert (said["许可证"], said["Token"], said["状态"]) == ("本机", "API 密钥 1", "空闲")


def test_the_samples_of_practice_are_named_in_the_users_language(chinese: None) -> None:
    labels = [account.label for account in sample_accounts()] + [key.label for key in sample_api_keys()]
    assert [words.token_label(label) for label in labels] == ["Plus（练习）", "Pro（练习）", "API 密钥（练习）"]


def test_an_alias_that_names_the_effort_does_not_get_it_twice(qapp: QApplication) -> None:
    turns = (turn(1, model="gpt-5-high", effort="high"), turn(2, model="gpt-5", effort="high"), turn(3, model=None))
    rows = [shown(turn_columns(), line) for line in turn_lines(replace(RUNNING, turns=turns), NOW)]
    assert [row["Model"] for row in rows] == ["gpt-5-high", "gpt-5 · high", "–"]
