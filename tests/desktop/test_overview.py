from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication

from app.core.token import TokenKind
from app.desktop.formats import minute
from app.desktop.icons import Look
from app.desktop.overview import Switch, closing, failed, overview, starting, unusable_reasons
from app.gateway.snapshot import Problem, RunState, TokenState
from tests.desktop.scripted import NOW, RUNNING, busy_port, rested, session, token, waiting

FULL = replace(RUNNING, tokens=(token(),), sessions=(session(),))
NO_KEYRING = Problem("key_store_unavailable", "There is no keyring.")


@pytest.mark.parametrize(
    ("changes", "line", "look", "switch"),
    [
        ({}, "Running · 127.0.0.1:8787", Look.RUNNING, Switch.STOP),
        ({"tokens": ()}, "Running · 127.0.0.1:8787 · no token yet", Look.RUNNING, Switch.STOP),
        (
            {"tokens": (token(state=TokenState.DISABLED),)},
            "Running · 127.0.0.1:8787 · no usable token",
            Look.PROBLEM,
            Switch.STOP,
        ),
        ({"tokens": (token(state=TokenState.RESTING),)}, "Running · 127.0.0.1:8787", Look.RUNNING, Switch.STOP),
        ({"key_problem": NO_KEYRING}, "Running · 127.0.0.1:8787 · keyring unavailable", Look.PROBLEM, Switch.STOP),
        (
            {"tokens": (rested(1), rested(2, NOW + 3600)), "held": ()},
            f"Running · 127.0.0.1:8787 · all tokens resting until {minute(NOW + 3600, NOW)}",
            Look.RUNNING,
            Switch.STOP,
        ),
        (
            {"tokens": (rested(1),), "held": (waiting(1), waiting(2, until=NOW + 600))},
            f"Running · 127.0.0.1:8787 · 2 waiting until {minute(NOW + 600, NOW)}",
            Look.RUNNING,
            Switch.STOP,
        ),
        ({"tokens": (rested(1), token(2))}, "Running · 127.0.0.1:8787", Look.RUNNING, Switch.STOP),
        (
            {"tokens": (token(1), token(2, state=TokenState.SIGN_IN))},
            "Running · 127.0.0.1:8787 · sign-in needed",
            Look.RUNNING,
            Switch.STOP,
        ),
        (
            {"tokens": (token(1), token(2, state=TokenState.SIGN_IN, kind=TokenKind.API_KEY))},
            "Running · 127.0.0.1:8787 · API key refused",
            Look.RUNNING,
            Switch.STOP,
        ),
        (
            {"tokens": (token(1), token(2, state=TokenState.SIGN_IN, enabled=False))},
            "Running · 127.0.0.1:8787",
            Look.RUNNING,
            Switch.STOP,
        ),
        (
            {"tokens": (rested(1), token(2, state=TokenState.SIGN_IN))},
            f"Running · 127.0.0.1:8787 · all tokens resting until {minute(NOW + 7200, NOW)} · sign-in needed",
            Look.RUNNING,
            Switch.STOP,
        ),
        (
            {"tokens": (token(state=TokenState.SIGN_IN),)},
            "Running · 127.0.0.1:8787 · no usable token · sign-in needed",
            Look.PROBLEM,
            Switch.STOP,
        ),
        ({"state": RunState.STOPPED}, "Stopped", Look.STOPPED, Switch.START),
        ({"state": RunState.STARTING}, "Starting…", Look.STARTING, Switch.NEITHER),
        ({"state": RunState.STOPPING}, "Stopping…", Look.STARTING, Switch.NEITHER),
        ({"state": RunState.FAILED, "problem": busy_port()}, "Port 8787 is busy", Look.PROBLEM, Switch.START),
        (
            {"state": RunState.FAILED, "problem": Problem("error", "No.")},
            "Could not start",
            Look.PROBLEM,
            Switch.START,
        ),
    ],
)
def test_the_state_in_words_by_shape_and_with_its_button(
    qapp: QApplication, changes: dict[str, Any], line: str, look: Look, switch: Switch
) -> None:
    seen = overview(replace(FULL, **changes), NOW)
    assert (seen.status_line, seen.look, seen.switch) == (line, look, switch)


def test_before_the_gateway_is_there_and_while_it_goes_nothing_can_be_switched(qapp: QApplication) -> None:
    assert (starting().headline, starting().switch) == ("Starting…", Switch.NEITHER)
    assert (closing().headline, closing().switch) == ("Closing…", Switch.NEITHER)
    assert (failed(opened=False).headline, failed(opened=False).look) == ("Could not start", Look.PROBLEM)
    assert (failed(opened=True).headline, failed(opened=True).look) == ("Stopped", Look.PROBLEM)


def test_an_address_on_the_network_is_shown(qapp: QApplication) -> None:
    seen = overview(replace(FULL, host="192.168.1.20", base_url="http://192.168.1.20:8787/codex/v1"), NOW)
    assert seen.status_line == "Running · 192.168.1.20:8787"


def test_the_summary_counts_in_chinese(chinese: None) -> None:
    seen = overview(replace(FULL, active_turns=2), NOW)
    assert seen.headline == "运行中"
    assert seen.summary == "1 个 Token · 24 小时内 1 个会话 · 2 个请求进行中"


def test_the_status_line_tells_of_a_refused_key_in_chinese(chinese: None) -> None:
    tokens = (token(1), token(2, state=TokenState.SIGN_IN, kind=TokenKind.API_KEY))
    seen = overview(replace(FULL, tokens=tokens), NOW)
    assert seen.status_line == "运行中 · 127.0.0.1:8787 · API 密钥被拒"
    assert unusable_reasons(replace(FULL, tokens=tokens[1:])) == "API 密钥被拒 (1)"


def test_the_status_line_tells_of_a_dead_login_in_chinese(chinese: None) -> None:
    tokens = (token(1), token(2, state=TokenState.SIGN_IN))
    assert overview(replace(FULL, tokens=tokens), NOW).status_line == "运行中 · 127.0.0.1:8787 · 需要重新登录"
