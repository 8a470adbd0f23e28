"""One limit, told to each kind of client in its own way."""

from __future__ import annotations

import pytest

from app.core.limit_reached import LimitReached


def limit(endpoint: str, wait: float, advice: str | None = None) -> LimitReached:
    return LimitReached("Used up.", endpoint=endpoint, code="c", resets_at=1000.5 + wait, now=1000.5, advice=advice)


def test_codex_gets_its_own_error_with_both_times_and_no_retry_after() -> None:
    said = limit("responses", 3600, "Ask for more")
    assert said.status == 429
    assert said.body()["error"] == {
        "message": "Used up.",
        "type": "usage_limit_reached",
        "param": None,
        "code": "c",
        "resets_at": 4601,
        "resets_in_seconds": 3600,
    }
    assert said.headers == {"x-codex-promo-message": "Ask for more", "x-should-retry": "false"}


@pytest.mark.parametrize(
    ("wait", "headers"),
    [
        (3600, {"Retry-After": "3600", "x-should-retry": "false"}),
        (60.2, {"Retry-After": "61", "x-should-retry": "false"}),
        (59.2, {"Retry-After": "60"}),
        (-5, {"Retry-After": "1"}),
    ],
)
def test_a_chat_client_gets_a_rate_limit_that_it_waits_for_only_if_it_is_short(
    wait: float, headers: dict[str, str]
) -> None:
    said = limit("chat/completions", wait, "Ask for more")
    assert said.body()["error"]["type"] == "rate_limit_error"
    assert said.headers == headers
