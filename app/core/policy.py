"""What the user has chosen about the pool as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

#: The user's waiting time at the station, in seconds.
DEFAULT_WAIT_S = 600.0
OVERNIGHT_WAIT_S = 6 * 3600.0
LONGEST_WAIT_S = 24 * 3600.0
#: Turns that one token serves at a time; more wait for their turn.
DEFAULT_TURNS_PER_TOKEN = 8
MOST_TURNS_PER_TOKEN = 100


class Strategy(StrEnum):
    """How a session's token is chosen."""

    #: The one with the most quota left; among equals in turn.
    BALANCED = "balanced"
    #: The first in the user's order, until it is spent.
    IN_ORDER = "in_order"


@dataclass(frozen=True, slots=True)
class Policy:
    """The user's choices.

    Attributes:
        strategy: for sessions without a token.
        wait_s: how long a turn may be held when every token is at its limit; 0: not at all.
        turns_per_token: see `DEFAULT_TURNS_PER_TOKEN`.
    """

    strategy: Strategy = Strategy.BALANCED
    wait_s: float = DEFAULT_WAIT_S
    turns_per_token: int = DEFAULT_TURNS_PER_TOKEN


def policy_from_settings(settings: Mapping[str, str]) -> Policy:
    """The choices as they are stored; what is missing or makes no sense is as at first."""
    first = Policy()
    try:
        strategy = Strategy(settings.get("pool.strategy", first.strategy))
    except ValueError:
        strategy = first.strategy
    wait_s = _number(settings.get("pool.wait_s"), first.wait_s)
    turns = _number(settings.get("pool.turns_per_token"), float(first.turns_per_token))
    return Policy(strategy, min(max(wait_s, 0.0), LONGEST_WAIT_S), max(1, int(turns)))


def policy_to_settings(policy: Policy) -> dict[str, str]:
    """The inverse of `policy_from_settings`."""
    return {
        "pool.strategy": policy.strategy.value,
        "pool.wait_s": f"{policy.wait_s:g}",
        "pool.turns_per_token": str(policy.turns_per_token),
    }


def _number(text: str | None, otherwise: float) -> float:
    try:
        number = float(text) if text is not None else otherwise
    except ValueError:
        return otherwise
    return number if 0 <= number < 1e9 else otherwise
