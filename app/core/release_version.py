"""Versions as releases are named: which of two is newer, and which is not yet final."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

# The forms of PEP 440 without epochs, and the `v` and the hyphens that tags have: 0.2.0, v0.2, 0.2.0-rc.1, 0.2.0.dev3.
_FORM = re.compile(
    r"v?(?P<release>\d{1,9}(?:\.\d{1,9}){0,5})"
    r"(?:[-_.]?(?P<phase>alpha|a|beta|b|preview|pre|rc|c)[-_.]?(?P<phase_number>\d{0,9}))?"
    r"(?P<post>[-_.]?(?:post|rev|r)[-_.]?(?P<post_number>\d{0,9}))?"
    r"(?P<dev>[-_.]?dev[-_.]?(?P<dev_number>\d{0,9}))?"
    r"(?:\+[a-z0-9]+(?:[-_.][a-z0-9]+)*)?",
    re.ASCII,
)
_LONGEST = 60
_PHASES = {"a": 0, "alpha": 0, "b": 1, "beta": 1, "c": 2, "rc": 2, "pre": 2, "preview": 2}
_BEFORE_PHASES, _FINAL = -1, 3
_NEVER = 10**9


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """A version that can be compared; 0.2 equals 0.2.0, and what follows a `+` does not count.

    Attributes:
        text: as it is shown, without a `v` before it.
        preview: it is not final: a development, alpha, beta or candidate version.
    """

    _key: tuple[tuple[int, ...], tuple[int, int], int, int] = field(repr=False)
    text: str = field(compare=False)
    preview: bool = field(compare=False)


def read_version(text: str) -> Version | None:
    """The version that a tag names; None: it names none."""
    text = text.strip().lower()
    found = _FORM.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None:
        return None
    numbers = [int(part) for part in found["release"].split(".")]
    while numbers and not numbers[-1]:
        numbers.pop()
    phase = (_FINAL, 0)
    if found["phase"]:
        phase = (_PHASES[found["phase"]], int(found["phase_number"] or 0))
    elif found["dev"] and not found["post"]:
        # PEP 440: 0.2.0.dev1 comes before 0.2.0a1.
        phase = (_BEFORE_PHASES, 0)
    post = int(found["post_number"] or 0) if found["post"] else -1
    dev = int(found["dev_number"] or 0) if found["dev"] else _NEVER
    preview = bool(found["phase"] or found["dev"])
    return Version((tuple(numbers), phase, post, dev), text.removeprefix("v"), preview)
