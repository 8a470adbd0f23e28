"""What follows from the version of the user's Codex for setting it up, as data. No I/O.

Measured with the real Codex CLI 0.42, 0.45, 0.80, 0.100, 0.120, 0.140 and 0.169; see also `codex_notes`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from app.platform.codex_notes import CodexVersion

_FIRST_TRIED: CodexVersion = (0, 42, 0)
_LAST_TRIED: CodexVersion = (0, 169, 0)
#: The last version that was seen with two entries on its sign-in screen, and the first that was seen with three.
_TWO_ENTRIES: CodexVersion = (0, 80, 0)
_THREE_ENTRIES: CodexVersion = (0, 100, 0)
_IGNORES_ENVIRONMENT: CodexVersion = (0, 120, 0)


class EnvironmentPair(StrEnum):
    """What OPENAI_BASE_URL and OPENAI_API_KEY are worth; in words for the translations."""

    #: Enough: start codex and press 2 on its sign-in screen; the key is filled in, and Enter saves it.
    KEY_TWO = "key_two"
    #: Enough: it is 3 there, since 2 is a device code.
    KEY_THREE = "key_three"
    #: Enough: it is the entry that names an API key, 2 or 3; these versions were not tried.
    KEY_NAMED = "key_named"
    #: Codex goes to api.openai.com all the same: only the full set-up leads here.
    IGNORED = "ignored"
    #: So old a Codex was not tried; the full set-up is for newer ones, too.
    TOO_OLD = "too_old"
    #: Nobody knows which version it is: only the full set-up works with all that were tried.
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class SetupAdvice:
    """What to tell a user of one version.

    Attributes:
        version: of their Codex, or None.
        pair: whether the environment variables are enough, and what remains to be done.
        saved_key_leaves: a key saved by `codex login` goes to api.openai.com, so that a license must not be saved.
        newer_than_tried: the version is newer than the newest that was tried.
    """

    version: CodexVersion | None
    pair: EnvironmentPair
    saved_key_leaves: bool
    newer_than_tried: bool


def what_follows(version: CodexVersion | None) -> SetupAdvice:
    """The advice for this version; None: it is not known."""
    if version is None:
        # The cautious half of each.
        return SetupAdvice(None, EnvironmentPair.UNKNOWN, saved_key_leaves=True, newer_than_tried=False)
    ignored = version >= _IGNORES_ENVIRONMENT
    if ignored:
        pair = EnvironmentPair.IGNORED
    elif version >= _THREE_ENTRIES:
        pair = EnvironmentPair.KEY_THREE
    elif version[:2] > _TWO_ENTRIES[:2]:
        pair = EnvironmentPair.KEY_NAMED
    elif version >= _FIRST_TRIED:
        pair = EnvironmentPair.KEY_TWO
    else:
        pair = EnvironmentPair.TOO_OLD
    return SetupAdvice(version, pair, saved_key_leaves=ignored, newer_than_tried=version[:2] > _LAST_TRIED[:2])
