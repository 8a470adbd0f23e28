"""A token's rest: from a failure of its own until it may serve again."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rest:
    """Why a token does not serve now, and until when.

    Attributes:
        until: Unix seconds; as upstream said, or as we guess.
        reason: a short code, such as `usage_limit_reached`.
        probe_at: from then on one turn may try it all the same, in Unix seconds: limits have been seen to end early,
            and the times that upstream names to be wrong.
    """

    until: float
    reason: str
    probe_at: float
