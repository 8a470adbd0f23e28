"""What the user has chosen about the gateway as a whole, beside the pool's policy."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from app.core.errors import InvalidInput

#: How long the beginning of an answer may be held at most, in seconds: beyond it clients think that nothing comes.
LONGEST_HOLD_S = 10.0
MOST_DAYS = 365
#: The file cannot be made much smaller than a month of light use.
LEAST_MB = 10
MOST_MB = 2000

_PREFIX = "gateway."
_DAY_S = 86_400.0
_MB = 1_000_000
_YES_NO = {"1": True, "0": False}


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """The user's choices; they take effect at once.

    Attributes:
        strict: strict pass-through: no edits of `/responses` bodies, upstream's refusal is shown instead.
        hold_s: how long an answer on `/responses` is held after its first byte, in seconds, while it says nothing:
            until then another token may still serve. 0: it is passed on at once.
        start_on_launch: whether the gateway starts with the application.
        websockets: whether Codex may have its turns over a WebSocket; if not, it uses POST.
        keep_days: how long turns and idle sessions are remembered.
        keep_mb: how large the history's file may become, in megabytes of 1,000,000 bytes.
    """

    strict: bool = False
    hold_s: float = 2.0
    start_on_launch: bool = True
    websockets: bool = True
    keep_days: int = 30
    keep_mb: int = 200

    @property
    def max_age_s(self) -> float:
        """`keep_days` in seconds."""
        return self.keep_days * _DAY_S

    @property
    def max_bytes(self) -> int:
        """`keep_mb` in bytes."""
        return self.keep_mb * _MB


def changed_settings(settings: GatewaySettings, changes: Mapping[str, object]) -> GatewaySettings:
    """The settings with these changes, by field.

    Raises:
        InvalidInput: a value is out of bounds or of the wrong kind, or there is no such setting.
    """
    known = {item.name for item in fields(GatewaySettings)}
    for key, value in changes.items():
        if key not in known:
            raise InvalidInput(f"There is no setting {key!r}; there are {', '.join(sorted(known))}.")
        if key in ("strict", "start_on_launch", "websockets"):
            if not isinstance(value, bool):
                raise InvalidInput(f"The setting {key} is true or false.")
        elif key == "hold_s":
            if not _is_number(value) or not 0 <= value <= LONGEST_HOLD_S:  # type: ignore[operator] # it is a number
                raise InvalidInput(f"The hold time is 0 (off) to {LONGEST_HOLD_S:g} seconds.")
        elif key == "keep_days":
            if not _is_whole(value, 1, MOST_DAYS):
                raise InvalidInput(f"The history is kept for 1 to {MOST_DAYS} days.")
        elif not _is_whole(value, LEAST_MB, MOST_MB):
            raise InvalidInput(f"The history's size is {LEAST_MB} to {MOST_MB} MB.")
    # Whole numbers may come as 7.0, and the hold time as 2: each becomes what its field says.
    return replace(settings, **{key: type(getattr(settings, key))(value) for key, value in changes.items()})


def settings_from_stored(stored: Mapping[str, str]) -> GatewaySettings:
    """The choices as they are stored; what is missing or makes no sense is as at first."""
    settings = GatewaySettings()
    for item in fields(GatewaySettings):
        text = stored.get(_PREFIX + item.name)
        if text is None:
            continue
        try:
            value = _YES_NO[text] if isinstance(item.default, bool) else float(text)
            settings = changed_settings(settings, {item.name: value})
        except (KeyError, ValueError, InvalidInput):
            continue
    return settings


def settings_to_stored(settings: GatewaySettings) -> dict[str, str]:
    """The inverse of `settings_from_stored`."""
    stored = {}
    for item in fields(GatewaySettings):
        value = getattr(settings, item.name)
        stored[_PREFIX + item.name] = str(int(value)) if isinstance(value, bool) else f"{value:g}"
    return stored


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_whole(value: object, least: int, most: int) -> bool:
    return _is_number(value) and value in range(least, most + 1)
