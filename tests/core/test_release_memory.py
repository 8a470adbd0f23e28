"""What is remembered about releases: when the feed is asked again, whatever the clock does, and what is stored."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from app.core.release import Release
from app.core.release_memory import (
    DAY_S,
    Consent,
    ReleaseMemory,
    by_clock,
    memory_from_stored,
    memory_to_stored,
    next_question,
    of_feed,
)

NOW = 1_780_000_000.0
FEED = "https://example.com/releases"
AGREED = ReleaseMemory(Consent.AGREED, feed=FEED)
RELEASE = Release("0.2.0", "https://example.com/0.2.0", NOW, "News\n新闻", preview=False)


@pytest.mark.parametrize("consent", [Consent.NOT_ASKED, Consent.REFUSED])
def test_nobody_is_asked_before_the_user_has_agreed(consent: Consent) -> None:
    assert next_question(replace(AGREED, consent=consent), NOW) is None


def test_without_a_feed_nobody_is_asked() -> None:
    assert next_question(replace(AGREED, feed=None), NOW) is None


def test_it_is_asked_at_once_and_then_a_day_later() -> None:
    assert next_question(AGREED, NOW) == NOW
    assert next_question(replace(AGREED, asked_at=NOW), NOW + 5) == NOW + DAY_S


def test_after_a_clock_set_back_the_day_begins_anew() -> None:
    wrong = replace(AGREED, asked_at=NOW + 900 * DAY_S, answered_at=NOW + 900 * DAY_S)
    right = by_clock(wrong, NOW)
    assert (right.asked_at, right.answered_at) == (NOW, NOW)
    assert next_question(right, NOW) == NOW + DAY_S
    assert by_clock(AGREED, NOW) == AGREED


def test_another_feed_begins_anew_and_keeps_what_the_user_agreed_to() -> None:
    known = replace(AGREED, asked_at=NOW, answered_at=NOW, newest=RELEASE, skipped="0.2.0")
    assert of_feed(known, FEED) is known
    other = "https://example.com/other"
    assert of_feed(known, other) == replace(AGREED, feed=other)


def test_who_agreed_to_one_host_has_not_agreed_to_another() -> None:
    other = "https://example.org/releases"
    assert of_feed(AGREED, other).consent is Consent.NOT_ASKED
    # Nor to one that a build brings after one that has brought none.
    assert of_feed(of_feed(AGREED, None), other).consent is Consent.NOT_ASKED
    assert of_feed(replace(AGREED, consent=Consent.REFUSED), other).consent is Consent.REFUSED
    # The user has named it.
    assert of_feed(replace(AGREED, own_feed=other), other).consent is Consent.AGREED


def test_everything_outlives_a_restart() -> None:
    known = ReleaseMemory(Consent.AGREED, FEED, FEED, NOW, NOW + 1, RELEASE, "0.2.0")
    assert memory_from_stored({k: v for k, v in memory_to_stored(known).items() if v is not None}) == known
    assert memory_from_stored({}) == ReleaseMemory()


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", json.dumps({"consent": "yes", "own_feed": "ftp://x", "asked_at": "now", "newest": {"version": 1}})],
)
def test_what_makes_no_sense_is_as_at_first(text: str) -> None:
    assert memory_from_stored({"updates": text}) == ReleaseMemory()
