"""What the names of models tell: which comes closest to another, and which reason; nothing else is always told."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

#: Such as gpt-5.1-codex-max, gpt-4o-2024-08-06, o3: the line, its generation, what follows.
_NAME = re.compile(r"([a-z]+)-?([0-9]{1,4})(?:\.([0-9]{1,4}))?([a-z]*)((?:-[a-z0-9.]+)*)")
_DATE = re.compile(r"-[0-9]{4}-[0-9]{2}-[0-9]{2}$")
_SMALL = frozenset({"mini", "nano"})
_CODEX = "codex"
#: What costs many times as much, or serves another purpose.
_SPECIAL = frozenset({"pro", "search", "research", "chat"})
#: As alike as gpt-5.55 and gpt-5.5, or gtp-5.5 and gpt-5.5; 1 is the same.
_ALIKE = 0.8


@dataclass(frozen=True, slots=True)
class _Model:
    line: str
    generation: tuple[int, int]
    small: bool
    codex: bool
    words: frozenset[str]


def nearest_model(model: str, offered: Iterable[str]) -> str | None:
    """The one of `offered`, which is in upstream's order, that a user of `model` would take in its place.

    The same kind first: a small one for a small one, none of the special ones for a plain one, then a Codex model for
    a Codex model. Among these a newer generation before an older one, since upstream withdraws the old; then one of
    the same surname (gpt-6-luna for gpt-5.6-luna); then the closest generation, so that prices and manners change as
    little as can be: gpt-5 becomes gpt-5.5, not gpt-6.1-sol. Of equals the plainest, then upstream's first. None when
    no name is of its line.
    """
    wanted = _read(_DATE.sub("", model))
    if wanted is None:
        return None
    kin = [(name, found) for name in offered if (found := _read(name)) is not None and found.line == wanted.line]
    return min(kin, key=lambda item: _distance(wanted, item[1]), default=(None, None))[0]


def nearest_name(name: str, names: Sequence[str]) -> str | None:
    """The one of `names` that is written almost like this one; None if none is."""
    return next(iter(get_close_matches(name, names, 1, _ALIKE)), None)


def reasons(model: str) -> bool:
    """Whether OpenAI's API takes the usual efforts for a model: for gpt-5 and later ones and the o-series.

    Not for chat models, which do not reason, nor for pro and research models, which take only some efforts.
    """
    found = _read(model)
    if found is None or found.words & (_SPECIAL | {"preview"}):
        return False
    return found.line == "o" or (found.line == "gpt" and found.generation >= (5, 0))


def _distance(wanted: _Model, found: _Model) -> tuple[bool, bool, bool, bool, int, tuple[int, int], int]:
    older = found.generation < wanted.generation
    steps = found.generation[0] - wanted.generation[0], found.generation[1] - wanted.generation[1]
    return (
        found.small != wanted.small,
        found.words & _SPECIAL != wanted.words & _SPECIAL,
        found.codex != wanted.codex,
        older,
        len(wanted.words - found.words),
        (-steps[0], -steps[1]) if older else steps,
        len(found.words),
    )


def _read(name: str) -> _Model | None:
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    line, major, minor, letters, rest = match.groups()
    words = frozenset(word for word in (letters, *rest.split("-")) if word)
    return _Model(line, (int(major), int(minor or 0)), bool(words & _SMALL), _CODEX in words, words - _SMALL - {_CODEX})
