"""What the user has chosen about the pool as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

#: The user's waiting time at the station, in seconds.
DEFAULT_WAIT_S = 600.0
OVERNIGHT_WAIT_S = 6 * 3600.0
#: Turns that one token serves at a time; more wait for their turn.
DEFAULT_TURNS_PER_TOKEN = 8


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
