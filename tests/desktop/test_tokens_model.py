"""What the list of tokens says of each, in which order, and how it is put into another."""

from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QModelIndex, Qt
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication

from app.core.quota import Credits, Quota, Window
from app.core.token import TokenKind
from app.desktop.design.colours import Tone
from app.desktop.formats import minute
from app.desktop.models.tokens import TokensModel
from app.desktop.widgets.two_lines import BAR, BELOW
from app.gateway.snapshot import TokenState, TokenView
from tests.desktop.scripted import NOW, quota, rested, token

LABEL, STATE, SHORT, LONG, USE = range(5)


@pytest.fixture
def model(qapp: QApplication) -> TokensModel:
    return TokensModel(lambda _name: QIcon())


def said(model: TokensModel, column: int, *views: TokenView, role: int = Qt.ItemDataRole.DisplayRole) -> list[Any]:
    """What a column says of these tokens."""
    model.show_tokens(views, NOW)
    return [model.index(row, column).data(role) for row in range(len(views))]


def test_a_token_shows_whose_it_is_and_no_secret(model: TokensModel) -> None:
    views = (token(1, label="Work"), token(2, kind=TokenKind.API_KEY, email=None, plan=None))
    assert said(model, LABEL, *views) == ["Work", "Account 2"]
    assert said(model, LABEL, *views, role=BELOW) == ["so•••@example.com · Plus", "API key"]
    spoken = said(model, LABEL, *views, role=Qt.ItemDataRole.AccessibleTextRole)
    assert spoken[0] == "Work, so•••@example.com · Plus"


def test_a_token_says_why_it_does_not_serve_and_until_when(model: TokensModel) -> None:
    when = minute(NOW + 7200, NOW)
    views = (
        token(1),
        token(2, state=TokenState.DISABLED, enabled=False),
        token(3, state=TokenState.RESTING, rest_until=NOW + 7200),
        token(4, state=TokenState.SEALED),
        rested(5),
        rested(6, rest_reason="rate_limit_exceeded"),
        rested(7, rest_reason="insufficient_quota"),
        rested(8, spare=True),
        token(9, spare=True),
        token(10, state=TokenState.SIGN_IN, sign_in_needed="refresh_token_expired"),
        token(11, state=TokenState.SIGN_IN, sign_in_needed="of_tomorrow"),
        token(12, state=TokenState.SIGN_IN, sign_in_needed="invalid_api_key", kind=TokenKind.API_KEY),
        token(13, state=TokenState.SIGN_IN, sign_in_needed="account_deactivated", kind=TokenKind.API_KEY),
    )
    assert said(model, STATE, *views) == [
        "Ready",
        "Disabled",
        f"Resting until {when}",
        "Sealed: add it again",
        f"At its limit until {when}",
        f"Asked to slow down until {when}",
        f"No credit, or not in its plan; tried again at {when}",
        f"At its limit until {when} · spare",
        "Spare",
        "Sign in again: the login is too old",
        "Sign in again: upstream refuses it",
        "API key refused",
        "API key refused: the account is deactivated",
    ]


def test_a_token_that_serves_though_it_failed_says_when(model: TokensModel) -> None:
    failed = {"last_error": "http_500", "last_error_at": NOW - 60}
    below = said(model, STATE, token(1, **failed), rested(2, **failed), token(3), role=BELOW)
    assert below == [f"failed at {minute(NOW - 60, NOW)}", "", ""]


def test_the_hint_of_the_state_names_upstreams_code_and_an_own_proxy(model: TokensModel) -> None:
    view = token(1, state=TokenState.SIGN_IN, sign_in_needed="of_tomorrow", proxy="direct")
    (hint,) = said(model, STATE, view, role=Qt.ItemDataRole.ToolTipRole)
    assert "of_tomorrow" in hint
    assert "no proxy" in hint


def test_a_token_shows_what_is_left_in_both_windows_and_when_each_is_full_again(model: TokensModel) -> None:
    full, week = minute(NOW + 3600, NOW), minute(NOW + 3 * 86400, NOW)
    monthly = Quota((Window("codex", "primary", 40.0, 43200, NOW + 86400),), NOW)
    spent = Quota((Window("codex", "primary", 99.7, 300, None), Window("codex", "secondary", 0.2, None, NOW - 1)), NOW)
    views = (token(1, quota=quota()), token(2), token(3, quota=monthly), token(4, quota=spent))
    assert said(model, SHORT, *views) == [f"73% · {full}", "–", "–", "1%"]
    assert said(model, LONG, *views) == [f"40% · {week}", "–", f"60% · {minute(NOW + 86400, NOW)}", "100%"]
    assert said(model, SHORT, *views, role=BAR) == [(73, Tone.POSITIVE), None, None, (1, Tone.WARNING)]
    assert said(model, STATE, *views, role=BAR) == [None] * 4


def test_the_hint_of_a_quota_names_every_window_and_credits(model: TokensModel) -> None:
    windows = (*quota().windows, Window("code_review", "primary", 50.0, 1440, None))
    view = token(1, quota=Quota(windows, NOW - 60, Credits(True, False, "12.50")))
    (hint,) = said(model, SHORT, view, role=Qt.ItemDataRole.ToolTipRole)
    assert hint.splitlines() == [
        f"5 h: 73% left, full again at {minute(NOW + 3600, NOW)}",
        f"7 d: 40% left, full again at {minute(NOW + 3 * 86400, NOW)}",
        "Code review, 1 d: 50% left",
        "Credits: 12.50",
        f"As upstream said at {minute(NOW - 60, NOW)}",
    ]


def test_a_window_that_was_reset_meanwhile_is_full_though_the_token_is_the_same(model: TokensModel) -> None:
    view = token(1, quota=quota(90.0))
    changed: list[QModelIndex] = []
    model.show_tokens((view,), NOW)
    model.dataChanged.connect(lambda first, _last: changed.append(first))
    model.show_tokens((view,), NOW + 1)
    assert changed == []
    model.show_tokens((view,), NOW + 3601)
    assert changed
    assert model.index(0, SHORT).data() == "100%"


def test_what_is_in_use_is_counted(model: TokensModel) -> None:
    views = (token(1, sessions=0), token(2, sessions=3, active_turns=2))
    assert said(model, USE, *views)[0] == "–"
    assert said(model, USE, *views)[1].startswith("3 session")
    assert said(model, USE, *views, role=BELOW) == ["", "2 running"]


@pytest.mark.parametrize(
    ("column", "ids"),
    [(LABEL, ["t-3", "t-2", "t-1"]), (STATE, ["t-2", "t-3", "t-1"]), (SHORT, ["t-1", "t-3", "t-2"])],
)
def test_each_column_sorts_by_what_it_means(model: TokensModel, column: int, ids: list[str]) -> None:
    views = (
        token(1, label="zulu", state=TokenState.DISABLED),
        token(2, label="Mike", quota=quota(5.0)),
        rested(3, label="alfa", quota=quota(100.0)),
    )
    model.show_tokens(views, NOW)
    model.sort(column)
    assert [view.id for view in model.shown] == ids


@pytest.mark.parametrize(
    ("row", "to", "ids"),
    [
        (0, 2, ["t-2", "t-1", "t-3"]),
        (0, -1, ["t-2", "t-3", "t-1"]),
        (2, 0, ["t-3", "t-1", "t-2"]),
        (1, 1, None),
        (1, 2, None),
    ],
)
def test_a_row_that_is_dragged_asks_for_the_new_order(
    model: TokensModel, row: int, to: int, ids: list[str] | None
) -> None:
    asked: list[list[str]] = []
    model.reordered.connect(asked.append)
    model.show_tokens((token(1), token(2), token(3)), NOW)
    data = model.mimeData([model.index(row, 0)])
    assert model.dropMimeData(data, Qt.DropAction.MoveAction, to, 0, QModelIndex())
    assert asked == ([] if ids is None else [ids])


def test_sorted_rows_and_foreign_things_cannot_be_dropped(model: TokensModel) -> None:
    asked: list[list[str]] = []
    model.reordered.connect(asked.append)
    model.show_tokens((token(1), token(2)), NOW)
    foreign = QMimeData()
    foreign.setData(model.mimeTypes()[0], b"t-9")
    assert not model.dropMimeData(foreign, Qt.DropAction.MoveAction, 0, 0)
    data = model.mimeData([model.index(1, 0)])
    model.sort(LABEL)
    assert not model.flags(model.index(0, 0)) & Qt.ItemFlag.ItemIsDragEnabled
    assert not model.dropMimeData(data, Qt.DropAction.MoveAction, 0, 0)
    assert asked == []
