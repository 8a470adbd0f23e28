"""A token's state and quota in a few words, from what the instance says of it."""

from __future__ import annotations

from typing import Any

from app.commandline.listing import soon_text
from app.core.health import FAULTY, LIMIT, RATE
from app.core.quota import CODEX, Window

_REST = {LIMIT: "at its limit", RATE: "slowed down", FAULTY: "resting after failures"}
_LENGTHS = {300: "5h", 1440: "day", 10080: "week"}


def state_words(item: dict[str, Any], now: float) -> str:
    """Such as `ready`, `at its limit until 14:02` or `sign in again (refresh_token_reused)`."""
    match item["state"]:
        case "resting":
            reason = item["rest_reason"] or ""
            words = _REST.get(reason, f"refused ({reason})")
            if item["rest_until"]:
                words += f" until {soon_text(item['rest_until'], now)}"
        case "sign_in" if item["follows"]:
            words = "ended; Codex has not refreshed it"
        case "sign_in" if item["kind"] == "api_key":
            words = f"API key refused ({item['sign_in_needed']})"
        case "sign_in":
            words = f"sign in again ({item['sign_in_needed']})"
        case "sealed":
            words = "sealed; add it again"
        case other:
            words = str(other)
    return f"{words}, spare" if item["spare"] else words


def notes_words(item: dict[str, Any]) -> str | None:
    """What sets a token apart: `own proxy`, `no proxy`, `follows a file`."""
    notes = []
    if item["proxy"]:
        notes.append("no proxy" if item["proxy"] == "direct" else "own proxy")
    if item["follows"]:
        notes.append("follows a file")
    return ", ".join(notes) or None


def quota_words(quota: dict[str, Any] | None, now: float) -> str | None:
    """What is left of each window of Codex and when it is whole again: `5h 12% (14:02), week 97% (11-28 09:00)`."""
    parts = []
    for window in (Window(**fields) for fields in (quota or {}).get("windows", ())):
        if window.limit != CODEX:
            continue
        name = _LENGTHS.get(window.minutes or 0) or (f"{window.minutes}min" if window.minutes else window.slot)
        left = f"{name} {100 - window.used_at(now):.0f}%"
        ahead = window.resets_at is not None and window.resets_at > now and window.used_percent > 0
        parts.append(f"{left} ({soon_text(window.resets_at or 0, now)})" if ahead else left)
    return ", ".join(parts) or None
