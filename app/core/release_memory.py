"""What is remembered about releases: whether the feed may be asked, when it was, and what it said."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from app.core.errors import InvalidInput
from app.core.release import Release, checked_feed

#: Between two questions that nobody has clicked for, in seconds.
DAY_S = 86_400.0

_KEY = "updates"


class Consent(StrEnum):
    """Whether the user has agreed to have the feed asked."""

    NOT_ASKED = "not_asked"
    AGREED = "agreed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class ReleaseMemory:
    """What outlives a restart.

    Attributes:
        consent: nothing is asked by itself before it is `AGREED`.
        own_feed: the user's own feed; None: the one that this build brings.
        feed: the feed that all of the following is of.
        asked_at: when it was last asked, answer or not; Unix seconds.
        answered_at: when it last said something that could be read.
        newest: the newest release that may be offered; it may be the one that runs.
        skipped: the version that the user does not want to hear of.
    """

    consent: Consent = Consent.NOT_ASKED
    own_feed: str | None = None
    feed: str | None = None
    asked_at: float | None = None
    answered_at: float | None = None
    newest: Release | None = None
    skipped: str | None = None


def of_feed(memory: ReleaseMemory, feed: str | None) -> ReleaseMemory:
    """The memory for this feed: what another one has said is forgotten.

    Whoever has agreed has agreed to the host that was named then. Another one that the user has not named, such as that
    of a new build, is not asked before the user has agreed again.
    """
    if memory.feed == feed:
        return memory
    consent = memory.consent
    if consent is Consent.AGREED and feed not in (None, memory.own_feed) and _host(feed) != _host(memory.feed):
        consent = Consent.NOT_ASKED
    return ReleaseMemory(consent, memory.own_feed, feed)


def by_clock(memory: ReleaseMemory, now: float) -> ReleaseMemory:
    """The memory with no time in the future: after the clock was set back, the day begins anew."""
    return replace(
        memory,
        asked_at=None if memory.asked_at is None else min(memory.asked_at, now),
        answered_at=None if memory.answered_at is None else min(memory.answered_at, now),
    )


def next_question(memory: ReleaseMemory, now: float) -> float | None:
    """When the feed is to be asked by itself, in Unix seconds; in the past: now. None: not at all."""
    if memory.consent is not Consent.AGREED or memory.feed is None:
        return None
    return now if memory.asked_at is None else memory.asked_at + DAY_S


def memory_from_stored(stored: Mapping[str, str]) -> ReleaseMemory:
    """The memory as it is stored; what is missing or makes no sense is as at first."""
    try:
        read = json.loads(stored.get(_KEY, ""))
    except ValueError:
        return ReleaseMemory()
    if not isinstance(read, dict):
        return ReleaseMemory()
    consent = read.get("consent")
    return ReleaseMemory(
        Consent(consent) if consent in list(Consent) else Consent.NOT_ASKED,
        _feed(read.get("own_feed")),
        _feed(read.get("feed")),
        _seconds(read.get("asked_at")),
        _seconds(read.get("answered_at")),
        _release(read.get("newest")),
        _text(read.get("skipped")),
    )


def memory_to_stored(memory: ReleaseMemory) -> dict[str, str | None]:
    """The inverse of `memory_from_stored`."""
    kept = {key: value for key, value in asdict(memory).items() if value is not None}
    return {_KEY: json.dumps(kept, ensure_ascii=False)}


def _release(value: Any) -> Release | None:
    if not isinstance(value, dict) or not isinstance(value.get("version"), str):
        return None
    return Release(
        value["version"],
        _text(value.get("page")),
        _seconds(value.get("published_at")),
        _text(value.get("news")) or "",
        value.get("preview") is True,
    )


def _host(feed: str | None) -> str | None:
    return urlsplit(feed).hostname if feed is not None else None


def _feed(value: object) -> str | None:
    try:
        return checked_feed(value) if isinstance(value, str) else None
    except InvalidInput:
        return None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _seconds(value: object) -> float | None:
    usable = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if usable else None  # type: ignore[arg-type] # it is a number
