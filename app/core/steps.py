"""What a turn asks for, and the steps that `attempts` decides on, as data."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from app.core.pool import Reason
from app.core.record import record
from app.core.sealed import SealedItems
from app.core.session import Session
from app.core.shortage import Shortage
from app.core.token import Kinds, Token
from app.core.verdict import Meaning


@record
class Wanted:
    """What a turn asks for.

    Attributes:
        license_id: whose it is.
        names: the session's names on this turn, bounded, the most telling first; empty: no session.
        model: upstream's name of it, or None.
        sealed: what it holds that only one account can read.
        new_session_id: the id to use if it opens a session.
        warm: of a conversation without a name, the token that served it last; it is taken again if it is free.
        kinds: of the tokens that can be asked for it.
        beside: it is no turn of its session: the session's own token serves it if it can, and whoever does, nothing
            about the session changes. A limit that it meets may be its own, so the token does not rest.
    """

    license_id: str
    names: tuple[str, ...]
    model: str | None
    sealed: SealedItems = field(repr=False)
    new_session_id: str
    warm: str | None = None
    kinds: Kinds = None
    beside: bool = False


@record
class Send:
    """Send it with this token.

    Attributes:
        token: that serves it.
        session: as it is now, or None.
        reason: why this token.
        moved_from: the token that the session left for it on this turn.
        leave_out: places in `input` of sealed reasoning that this token cannot read.
        drop_turn_state: the client's turn state is another account's.
    """

    token: Token
    session: Session | None
    reason: Reason
    moved_from: str | None = None
    leave_out: frozenset[int] = frozenset()
    drop_turn_state: bool = False


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait for a moment, then decide again."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Refresh:
    """Renew this token's credential, tell `refreshed`, then decide again."""

    token_id: str


@dataclass(frozen=True, slots=True)
class Queue:
    """These tokens serve as many turns as they may, or are being tried just now: wait until one of them is free.

    Attributes:
        token_ids: theirs.
        within_s: decide again after so many seconds at the latest; None: whenever one is free.
    """

    token_ids: frozenset[str]
    within_s: float | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """Only time helps: wait at the station until then if the user wants that, else answer with the shortage.

    Attributes:
        until: Unix seconds.
        shortage: why nobody can serve.
        token_id: the only token that could read what the turn holds; None: any would do.
    """

    until: float
    shortage: Shortage
    token_id: str | None = None


class Why(StrEnum):
    """Why a turn is given up."""

    #: Upstream's last answer is the answer.
    LAST_ANSWER = "last_answer"
    #: No token can serve, and time does not help.
    NO_TOKEN = "no_token"  # noqa: S105 - a reason, no secret
    #: Refused on several tokens in a row.
    REFUSED = "refused"
    #: What it holds can be read by a token that is gone.
    NEW_CONVERSATION = "new_conversation"
    #: What it holds can be read by another token than the one that its session is pinned to.
    PINNED = "pinned"


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Answer the client with an error."""

    why: Why
    shortage: Shortage


@dataclass(frozen=True, slots=True)
class Failure:
    """What came of a failed `Send`.

    Attributes:
        meaning: of the failure.
        token_id: of the token, or None when nothing had been sent.
        sign_in_needed: why only a new sign-in helps the token from now on, or None.
    """

    meaning: Meaning
    token_id: str | None = None
    sign_in_needed: str | None = None


Step = Send | Pause | Refresh | Queue | Hold | GiveUp
