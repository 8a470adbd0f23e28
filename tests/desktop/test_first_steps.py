"""How far a newcomer has come, from the snapshot alone."""

from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication

from app.core.license import LicenseState
from app.desktop.first_steps import LastRequest, Mark, is_newcomer, last_request, marks, summary
from app.desktop.formats import minute
from app.gateway.license_desk import LicenseView
from app.gateway.snapshot import RunState
from tests.desktop.scripted import NOW, RUNNING, busy_port, token, turn


@pytest.fixture(autouse=True)
def somewhere(qapp: QApplication) -> None:
    """Texts need an application."""


def used_license(last_used_at: float | None, **changes: Any) -> LicenseView:
    view = LicenseView("l-1", "This computer", LicenseState.VALID, NOW - 900, last_used_at, None, None, None, 0)
    return replace(view, **changes)


TOKEN = {"tokens": (token(),)}
TURN = {"turns": (turn(),)}


@pytest.mark.parametrize(
    ("changes", "standing"),
    [
        ({}, "AD-"),
        ({"state": RunState.STOPPED}, "A--"),
        (TOKEN, "DDA"),
        (TOKEN | {"state": RunState.FAILED, "problem": busy_port()}, "DA-"),
        (TOKEN | TURN, "DDD"),
        (TURN, "ADD"),
        (TOKEN | TURN | {"state": RunState.STOPPED}, "DAD"),
    ],
)
def test_the_first_open_step_is_active(changes: dict[str, Any], standing: str) -> None:
    letters = {Mark.DONE: "D", Mark.ACTIVE: "A", Mark.WAITING: "-"}
    assert "".join(letters[mark] for mark in marks(replace(RUNNING, **changes)).values()) == standing


def test_whoever_was_connected_once_is_no_newcomer_when_the_gateway_is_stopped() -> None:
    assert is_newcomer(RUNNING)
    assert is_newcomer(replace(RUNNING, **TOKEN))
    assert not is_newcomer(replace(RUNNING, **TOKEN, **TURN))
    assert not is_newcomer(replace(RUNNING, **TOKEN, **TURN, state=RunState.STOPPED))
    assert is_newcomer(replace(RUNNING, **TURN))


def test_a_request_without_a_license_of_ours_connects_nobody() -> None:
    assert last_request(replace(RUNNING, turns=(turn(license_id=None, status=401),))) is None


def test_a_license_remembers_the_last_request_when_its_row_is_gone() -> None:
    licenses = (used_license(None), used_license(NOW - 90, last_client="curl/8"), used_license(NOW - 900))
    assert last_request(replace(RUNNING, licenses=licenses)) == LastRequest(NOW - 90, "curl/8")


def test_the_summary_names_codex_the_time_and_the_token() -> None:
    request = last_request(replace(RUNNING, tokens=(token(label="Pro"),), turns=(turn(),)))
    assert request is not None
    assert summary(request, NOW) == f"Codex connected · last request {minute(NOW - 10, NOW)} on Pro"
    gone = last_request(replace(RUNNING, turns=(turn(client="openai-python"),)))
    assert gone is not None
    assert summary(gone, NOW) == f"Connected · last request {minute(NOW - 10, NOW)}"
