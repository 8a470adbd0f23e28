"""What the tests of the pool share: tokens, requests, the failures of upstream, and a turn that is led through it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count
from typing import Any, TypeVar

from app.core.attempts import Attempts
from app.core.health import ROUNDING_S
from app.core.policy import Policy
from app.core.pool import Pool
from app.core.sealed import SealedItems
from app.core.session import Session
from app.core.steps import Send, Step, Wanted
from app.core.token import Kinds, Token, TokenKind
from app.core.verdict import Fault

NOW = 1_800_000_000.0

#: Rests for five hours.
LIMIT = Fault(429, "usage_limit_reached", "The usage limit has been reached", wait_s=5 * 3600.0 - ROUNDING_S)
SLOW = Fault(429, "rate_limit_exceeded", "Rate limit reached for requests.")
EXPIRED = Fault(401, "token_expired", "Provided authentication token is expired.")
CLOSED = Fault(403, "account_deactivated", "Your OpenAI account has been deactivated.")
BROKE = Fault(429, "insufficient_quota", "You exceeded your current quota.")
BROKEN = Fault(503, "server_error", "The server had an error processing your request.")
WRONG = Fault(400, "invalid_value", "Invalid value: 'x'.")
UNREACHED = Fault(None, "upstream_unreachable")
FOREIGN = Fault(400, "", "The encrypted content could not be verified. Reason: organization_id did not match.")
NO_MODEL = Fault(400, "", "The 'm-1' model is not supported when using Codex with a ChatGPT account.")

_S = TypeVar("_S")


def token(number: int, **changes: Any) -> Token:
    """Token `t-<number>`, in that place of the user's order."""
    known: dict[str, Any] = {
        "kind": TokenKind.CHATGPT,
        "email": None,
        "plan": "plus",
        "account_id": None,
        "expires_at": None,
        "enabled": True,
        "created_at": 0.0,
        "position": number,
    }
    return Token(id=f"t-{number}", identity=f"chatgpt:{number}", label=f"Token {number}", **(known | changes))


def pool_of(*tokens: int | Token, sessions: Iterable[Session] = (), **policy: Any) -> Pool:
    """A pool of tokens, or of their numbers."""
    return Pool((token(one) if isinstance(one, int) else one for one in tokens), sessions, Policy(**policy))


def reasoning(text: str) -> dict[str, Any]:
    return {"type": "reasoning", "summary": [], "content": None, "encrypted_content": text}


def compaction(text: str) -> dict[str, Any]:
    return {"type": "compaction", "encrypted_content": text}


_ids = count(1)


@dataclass
class Turn:
    """A turn on its way, with the time as it goes."""

    pool: Pool
    names: tuple[str, ...] = ("a",)
    items: list[dict[str, Any]] = field(default_factory=list)
    model: str | None = "m-1"
    turn_state: str | None = None
    now: float = NOW
    license_id: str = "l-1"
    kinds: Kinds = None
    beside: bool = False
    more: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        sealed = SealedItems({"input": self.items, **self.more}, self.turn_state)
        new = f"s-{next(_ids)}"
        wanted = Wanted(self.license_id, self.names, self.model, sealed, new, None, self.kinds, self.beside)
        self.attempts = Attempts(self.pool, wanted, started=self.now)

    def step(self, kind: type[_S]) -> _S:
        """The next step, which is of this kind."""
        step: Step = self.attempts.decide(self.now)
        assert isinstance(step, kind), step
        return step

    def sent(self, token_id: str | None = None) -> Send:
        """The next step, which sends it; to this token."""
        send = self.step(Send)
        assert token_id is None or send.token.id == token_id, send
        return send

    def failed(self, fault: Fault) -> Turn:
        self.failure = self.attempts.failed(fault, self.now)
        return self

    def answered(self) -> Send:
        """It is sent and answered."""
        send = self.sent()
        self.attempts.proven(self.now)
        self.attempts.done()
        return send


def session_of(pool: Pool, name: str = "a", license_id: str = "l-1") -> Session:
    session = pool.sessions.find(license_id, [name])
    assert session is not None
    return session


def limited(pool: Pool, number: int, seconds: float) -> None:
    """Token `t-<number>` has been found at its limit just now, and rests for so long."""
    pool.health(f"t-{number}").limit(NOW, seconds - ROUNDING_S, None)
