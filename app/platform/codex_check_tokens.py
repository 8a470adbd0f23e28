"""Why no token can serve, by the list of them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.platform.codex_check_report import CheckCode

_LIMIT = "usage_limit_reached"
_SIGN_IN = "waystation token sign-in"


@dataclass(frozen=True, slots=True)
class NoToken:
    """Why, what its words name, and what to type."""

    code: CheckCode
    values: Mapping[str, str] = field(default_factory=dict)
    command: str = ""


def why_no_token(tokens: Sequence[Mapping[str, Any]], clock_time: Callable[[float], str]) -> NoToken | None:
    """The reason that is the easiest to get over; None: a token is ready.

    Args:
        tokens: the answer of `token.list`.
        clock_time: Unix seconds as the user's clock shows them.
    """
    if not tokens:
        return NoToken(CheckCode.NO_TOKENS, command=_SIGN_IN)
    states = {token["state"] for token in tokens}
    if "ready" in states:
        return None
    resting = [token for token in tokens if token["state"] == "resting"]
    limited = [token for token in resting if token["rest_reason"] == _LIMIT]
    if limited and len(limited) == len(resting):
        ends = [token["rest_until"] for token in limited if token["rest_until"] is not None]
        return NoToken(CheckCode.TOKENS_AT_LIMIT, {"until": clock_time(min(ends)) if ends else "?"})
    if resting:
        reasons = sorted({str(token["rest_reason"] or "?") for token in resting})
        return NoToken(CheckCode.TOKENS_REST, {"problem": ", ".join(reasons)}, "waystation token retry")
    if "sign_in" in states:
        return NoToken(CheckCode.TOKENS_NEED_SIGN_IN, command=_SIGN_IN)
    if "sealed" in states:
        return NoToken(CheckCode.TOKENS_SEALED)
    if states == {"disabled"}:
        return NoToken(CheckCode.TOKENS_DISABLED, command="waystation token enable ID")
    return NoToken(CheckCode.TOKENS_REST, {"problem": ", ".join(sorted(states))})
