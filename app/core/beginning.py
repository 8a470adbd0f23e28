"""How a chat that names no session begins: its name upstream, so that its turns find the prompt cache again.

Most chat clients (LobeChat, Cherry Studio, NextChat) send the whole conversation each time and no name for it. What
stays the same is its beginning, and that is what upstream's cache goes by too.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from app.core.json_text import json_bytes

#: Of a longer string (an attachment's) its length and ends are looked at, in characters.
_LONG = 64 * 1024
_END = 16 * 1024


@dataclass(frozen=True, slots=True)
class Beginning:
    """The beginning of a conversation without a name.

    Attributes:
        name: the same for each of its turns; a hash, since it goes upstream.
        continued: this turn is not its first: an answer is among its messages.
    """

    name: str = field(repr=False)
    continued: bool


def beginning_of(license_id: str, model: str, messages: object) -> Beginning | None:
    """The beginning of these messages: all up to the first of the user's. None without one of the user's.

    Args:
        license_id: equal conversations under another license are others.
        model: upstream's name of it; each has a cache of its own.
        messages: of a Chat Completions request.
    """
    if not isinstance(messages, list):
        return None
    digest = hashlib.sha256(f"{license_id}\n{model}\n".encode("utf-8", "surrogatepass"))
    for place, message in enumerate(messages):
        if not isinstance(message, dict):
            return None
        role = message.get("role")
        try:
            digest.update(json_bytes([role, _brief(message.get("content"))]))
        except RecursionError:
            return None
        if role == "user":
            return Beginning(digest.hexdigest()[:32], any(_is_answer(later) for later in messages[place + 1 :]))
    return None


def _brief(value: object) -> object:
    if isinstance(value, str):
        return value if len(value) <= _LONG else [len(value), value[:_END], value[-_END:]]
    if isinstance(value, dict):
        return {key: _brief(inner) for key, inner in value.items()}
    return [_brief(inner) for inner in value] if isinstance(value, list) else value


def _is_answer(message: Any) -> bool:
    return isinstance(message, dict) and message.get("role") == "assistant"
