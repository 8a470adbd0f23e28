"""Reading quota in upstream's three dialects: headers, the `codex.rate_limits` event, and `wham/usage`.

Nothing here raises on what upstream sends: a value that makes no sense is left out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache

from app.core.quota import CODEX, PRIMARY, SECONDARY, Credits, Quota, Window

_SLOTS = (PRIMARY, SECONDARY)
_USED = "used-percent"
_MINUTES = "window-minutes"
_AT = "reset-at"
_AFTER = "reset-after-seconds"
_WINDOW_HEADER = re.compile(rf"x-(.+)-(?:primary|secondary)-({_USED}|{_MINUTES}|{_AT}|{_AFTER})")
_PLAN = "x-codex-plan-type"
_CREDITS = ("x-codex-credits-has-credits", "x-codex-credits-unlimited", "x-codex-credits-balance")
_RATE_LIMIT_KEY = "_rate_limit"
#: What is taken in of one answer; there are two or three families.
_MAX_FAMILIES = 16
_MAX_TEXT = 64
#: No window is longer than ten years, and no time is later than that of the year 2286.
_MAX_WINDOW_S = 10 * 366 * 24 * 3600.0
_MAX_TIME_S = 1e10
#: Upstream's `reset_at` and `reset_after` differ by no more than this unless our own clock is wrong.
_CLOCK_TOLERANCE_S = 120.0


def quota_from_headers(headers: Mapping[str, str], now: float) -> Quota | None:
    """What the headers of an answer say: `x-codex-…`, and any family named like it (`x-codex-bengalfox-…`).

    Args:
        headers: by name, in any case.
        now: Unix seconds; older upstreams say only in how many seconds a window is reset.
    """
    told: list[tuple[str, str]] = []
    relative = False
    for item in headers.items():
        about = _about(item[0])
        if about == _AFTER:
            at = _number(headers.get(item[0][: -len(_AFTER)] + _AT))
            if _resets_at(at, _number(item[1]), now) == at:
                # It says the same once more, in other words each second.
                continue
            relative = True
        if about is not None:
            told.append(item)
    if not told:
        return None
    # The same words mean the same, unless they count from now on.
    windows, credits, plan = _read.__wrapped__(tuple(told), now) if relative else _read(tuple(told), 0.0)
    return Quota(windows, now, credits, plan) if windows or credits else None


@lru_cache(maxsize=256)
def _about(header: str) -> str | None:
    """What a header says of quota; None: nothing."""
    name = header.lower()
    if name in (_PLAN, *_CREDITS):
        return name
    match = _WINDOW_HEADER.fullmatch(name)
    return match[2] if match is not None else None


@lru_cache(maxsize=64)
def _read(told: tuple[tuple[str, str], ...], now: float) -> tuple[tuple[Window, ...], Credits | None, str | None]:
    """Windows, credits and plan; the same headers come with nearly every turn of a token."""
    found = {header.lower(): value for header, value in told}
    matches = map(_WINDOW_HEADER.fullmatch, found)
    families = list(dict.fromkeys(match[1] for match in matches if match is not None and match[2] == _USED))
    windows = []
    for family in families[:_MAX_FAMILIES]:
        for slot in _SLOTS:
            start = f"x-{family}-{slot}-"
            used = found.get(start + _USED)
            if used is not None:
                length_s = _times(found.get(start + _MINUTES), 60.0)
                at, after = found.get(start + _AT), found.get(start + _AFTER)
                windows.append(_window(family, slot, used=used, length_s=length_s, at=at, after=after, now=now))
    has_credits, unlimited, balance = map(found.get, _CREDITS)
    return _ordered(windows), _credits(has_credits, unlimited, balance), _text(found.get(_PLAN))


def quota_from_event(event: Mapping[str, object], now: float) -> Quota | None:
    """What a `codex.rate_limits` event says; it is about one family."""
    limits = _object(event.get("rate_limits"))
    family = _name(event.get("metered_limit_name")) or _name(event.get("limit_name")) or CODEX
    windows = [_window_of(_object(limits.get(slot)), family, slot, now) for slot in _SLOTS]
    credits = _credits_of(event.get("credits"))
    return _quota(windows, now, credits, event.get("plan_type"), reached=family == CODEX and _reached(limits))


def quota_from_usage(body: Mapping[str, object], now: float) -> Quota | None:
    """What `wham/usage` says: the whole picture. None when it is no picture at all."""
    limits = _object(body.get("rate_limit"))
    families = [(CODEX, limits)]
    # Such as `code_review_rate_limit`, beside the list of the others.
    families += [
        (key.removesuffix(_RATE_LIMIT_KEY), _object(value))
        for key, value in body.items()
        if isinstance(key, str) and key.endswith(_RATE_LIMIT_KEY)
    ]
    more = body.get("additional_rate_limits")
    for item in map(_object, more if isinstance(more, list) else ()):
        name = _name(item.get("metered_feature")) or _name(item.get("limit_name"))
        if name is not None:
            families.append((name, _object(item.get("rate_limit"))))
    windows = [
        _window_of(_object(limit.get(f"{slot}_window")), family, slot, now)
        for family, limit in families[:_MAX_FAMILIES]
        for slot in _SLOTS
    ]
    credits = _credits_of(body.get("credits"))
    quota = _quota(windows, now, credits, body.get("plan_type"), reached=_reached(limits))
    if quota is None and limits:
        # A plan without windows: that they are gone is news too.
        quota = Quota((), now, plan=_text(body.get("plan_type")), limit_reached=_reached(limits))
    return None if quota is None else replace(quota, whole=True)


def merged(old: Quota | None, new: Quota) -> Quota:
    """All that is known after `new` has come: what it does not mention stays as it was, unless it is whole."""
    if old is None or new.whole:
        return new if old is None else replace(new, credits=new.credits or old.credits, plan=new.plan or old.plan)
    kept: list[Window] = []
    if old.windows != new.windows:
        named = {(window.limit, window.slot) for window in new.windows}
        kept = [window for window in old.windows if (window.limit, window.slot) not in named]
    return Quota(
        _ordered((*new.windows, *kept)) if kept else new.windows,
        new.seen_at,
        new.credits or old.credits,
        new.plan or old.plan,
        # Upstream's word about another family says nothing of the turns of Codex.
        limit_reached=new.limit_reached or (old.limit_reached and all(window.limit != CODEX for window in new.windows)),
    )


def _quota(
    windows: Iterable[Window | None], now: float, credits: Credits | None, plan: object, *, reached: bool = False
) -> Quota | None:
    known = _ordered(windows)
    return Quota(known, now, credits, _text(plan), reached) if known or credits else None


def _ordered(windows: Iterable[Window | None]) -> tuple[Window, ...]:
    """Each limit and slot once, those of `codex` first."""
    first: dict[tuple[bool, str, str], Window] = {}
    for window in windows:
        if window is not None:
            first.setdefault((window.limit != CODEX, window.limit, window.slot), window)
    return tuple(first[place] for place in sorted(first)) if len(first) > 1 else tuple(first.values())


def _window_of(fields: Mapping[str, object], family: str, slot: str, now: float) -> Window | None:
    minutes = _times(fields.get("window_minutes"), 60.0)
    return _window(
        family,
        slot,
        used=fields.get("used_percent"),
        length_s=minutes if minutes is not None else fields.get("limit_window_seconds"),
        at=fields.get("reset_at"),
        after=fields.get("reset_after_seconds"),
        now=now,
    )


def _window(
    family: str, slot: str, *, used: object, length_s: object, at: object, after: object, now: float
) -> Window | None:
    name, percent = _name(family), _number(used)
    if name is None or percent is None:
        return None
    length = _number(length_s)
    minutes = math.ceil(length / 60) if length is not None and 0 < length <= _MAX_WINDOW_S else None
    resets_at = _resets_at(_number(at), _number(after), now)
    if not percent and minutes is None and resets_at is None:
        # So upstream fills the place of a window that this plan does not have; Codex takes it so too.
        return None
    return Window(name, slot, min(max(percent, 0.0), 100.0), minutes, resets_at)


def _resets_at(at: float | None, after: float | None, now: float) -> float | None:
    relative = now + after if after is not None and 0 <= after <= _MAX_WINDOW_S else None
    if at is None or not 0 < at < _MAX_TIME_S:
        return relative
    # Where the two disagree, our clock is wrong, and what counts is how long it takes by this clock.
    return relative if relative is not None and abs(relative - at) > _CLOCK_TOLERANCE_S else at


def _reached(limits: Mapping[str, object]) -> bool:
    return limits.get("limit_reached") is True or limits.get("allowed") is False


def _credits_of(value: object) -> Credits | None:
    fields = _object(value)
    return _credits(fields.get("has_credits"), fields.get("unlimited"), fields.get("balance"))


def _credits(has_credits: object, unlimited: object, balance: object) -> Credits | None:
    has, endless = _flag(has_credits), _flag(unlimited)
    if has is None and endless is None:
        return None
    number = _number(balance)
    return Credits(has or False, endless or False, _text(balance) or (None if number is None else f"{number:g}"))


def _flag(value: object) -> bool | None:
    if isinstance(value, str):
        return {"true": True, "1": True, "false": False, "0": False}.get(value.strip().lower())
    return value if isinstance(value, bool) else None


def _times(value: object, factor: float) -> float | None:
    number = _number(value)
    return None if number is None else number * factor


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _name(value: object) -> str | None:
    """A family's name as Codex compares them: lower case, with underscores."""
    text = _text(value)
    return text.lower().replace("-", "_") if text is not None else None


def _text(value: object) -> str | None:
    if not isinstance(value, str):
        return None
    text = value.strip()
    return text if text and text.isprintable() and len(text) <= _MAX_TEXT else None


def _object(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}
