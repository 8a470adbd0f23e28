"""Whose conversation a request goes on with that does not name it."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import orjson

#: Conversations that are remembered; beyond it the one whose last turn is the longest ago is forgotten.
_KEPT = 1_024
#: So many items tell conversations apart in which the same was said: what upstream had sealed last is among them.
_TELLING = 8


@dataclass(frozen=True, slots=True)
class _Last:
    """How many items a conversation's last turn brought, and what stands for the last of these."""

    names: tuple[str, ...]
    count: int
    digest: bytes


class Continued:
    """What each conversation's last turn ended with, by license. In memory only.

    Codex before 0.120 has a history compacted without saying whose it is (seen with 0.80 and 0.100), and what comes
    back can be read by one account only. But its history begins with all that the conversation's last turn brought.
    """

    def __init__(self) -> None:
        self._last: OrderedDict[tuple[str | None, str], _Last] = OrderedDict()

    def note(self, license_id: str | None, names: tuple[str, ...], items: object) -> None:
        """A turn of the conversation with these names brought these items; nothing is kept of what is no list."""
        if not names or not isinstance(items, list) or not items:
            return
        digest = _digest(items)
        if digest is None:
            return
        key = (license_id, names[0])
        self._last[key] = _Last(names, len(items), digest)
        self._last.move_to_end(key)
        if len(self._last) > _KEPT:
            self._last.popitem(last=False)

    def names(self, license_id: str | None, items: object) -> tuple[str, ...]:
        """The names of the conversation that these items go on with: of several the last; empty when there is none."""
        if not isinstance(items, list):
            return ()
        digests: dict[int, bytes | None] = {}
        for (owner, _), last in reversed(self._last.items()):
            if owner != license_id or last.count > len(items):
                continue
            if last.count not in digests:
                digests[last.count] = _digest(items[: last.count])
            if digests[last.count] == last.digest:
                return last.names
        return ()


def _digest(items: list[Any]) -> bytes | None:
    try:
        return hashlib.sha256(orjson.dumps(items[-_TELLING:])).digest()
    except orjson.JSONEncodeError:
        # Lone surrogates, or too deep.
        return None
