"""A token's last failure and its limits in words."""

import pytest
from PySide6.QtWidgets import QApplication

from app.core.token import TokenKind
from app.core.verdict import TABLE, Meaning
from app.desktop.token_failures import Help, failure
from app.desktop.token_words import explanation, limit_name
from app.gateway.snapshot import TokenState
from tests.desktop.scripted import rested, token


@pytest.mark.parametrize(
    ("code", "words", "help"),
    [
        ("usage_limit_reached", "quota was used up", Help.TEST),
        ("too_many_requests", "slower pace", None),
        ("billing_not_active", "no credit", Help.TEST),
        ("refresh_token_reused", "another program used this login", Help.SIGN_IN),
        ("unauthorized", "does not accept it any more", Help.SIGN_IN),
        ("invalid_api_key", "does not accept it any more", Help.SIGN_IN),
        ("account_suspended", "chatgpt.com", Help.SIGN_IN),
        ("cloudflare", "refuses this network", Help.PROXY),
        ("upstream_timeout", "could not be reached", Help.PROXY),
        ("http_503", "trouble of its own (http_503)", Help.TEST),
        ("of_tomorrow", "of_tomorrow", Help.TEST),
    ],
)
def test_a_failure_says_what_went_wrong_and_what_helps(
    qapp: QApplication, code: str, words: str, help: Help | None
) -> None:
    found = failure(code)
    assert words in f"{found.text} {found.advice}"
    assert found.help is help


@pytest.mark.parametrize(
    ("meaning", "words"),
    [
        (Meaning.USAGE_LIMIT, "quota was used up"),
        (Meaning.RATE_LIMIT, "slower pace"),
        (Meaning.ACCOUNT_REFUSED, "no credit"),
        (Meaning.UNAUTHORIZED, "does not take its login any more"),
        (Meaning.ACCOUNT_CLOSED, "does not take its login any more"),
    ],
)
def test_every_code_that_the_gateway_knows_is_told_by_what_it_means(
    qapp: QApplication, meaning: Meaning, words: str
) -> None:
    codes = {code for row in TABLE if row.meaning is meaning for code in row.codes}
    assert codes
    for code in codes:
        assert words in failure(code).text, code


@pytest.mark.parametrize(
    ("limit", "name"),
    [
        ("codex_bengalfox", "GPT-5.3-Codex-Spark"),
        ("codex-bengalfox", "GPT-5.3-Codex-Spark"),
        ("code_review", "Code review"),
        ("gpt-5-pro", "gpt-5-pro"),
        ("codex_other", "Codex other"),
        ("", ""),
    ],
)
def test_a_limit_has_a_name_that_can_be_read(qapp: QApplication, limit: str, name: str) -> None:
    assert limit_name(limit) == name


def test_every_state_but_ready_is_explained(qapp: QApplication) -> None:
    assert explanation(token(1)) == ""
    assert explanation(token(1, spare=True))
    for state in TokenState:
        if state is not TokenState.READY:
            assert explanation(token(1, state=state)), state
    assert "Add a new one" in explanation(token(1, kind=TokenKind.API_KEY, state=TokenState.SIGN_IN))
    said = {explanation(rested(1, rest_reason=reason)) for reason in ("usage_limit_reached", "x", None)}
    assert len(said) == 3
