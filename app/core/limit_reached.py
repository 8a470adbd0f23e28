"""The 429 that says when to come back, in the shape that each kind of client understands."""

from __future__ import annotations

import math

from app.core.errors import Refusal

#: Older SDKs of OpenAI ignore a longer Retry-After, and try again at once.
LONGEST_RETRY_S = 60


class LimitReached(Refusal):
    """A limit is reached until a known time.

    On `/responses` it is what Codex shows as its usage limit, after one request: since 0.100 it reads `resets_at`, 0.45
    `resets_in_seconds`; a `Retry-After` would make it try again. Measured with 0.45, 0.120 and 0.169.

    Args:
        message: says which limit, and when it ends.
        endpoint: that was asked, as in `TurnRow.endpoint`.
        code: ours, which becomes the turn's `error`.
        resets_at: when it ends, in Unix seconds.
        now: Unix seconds.
        plan: of the account; it is told to chat clients only, since Codex would advise to buy another one.
        advice: ASCII. Codex since 0.120 shows none of the message, but this, between "You've hit your usage limit. "
            and ", or try again at 2:32 PM."
    """

    def __init__(
        self,
        message: str,
        *,
        endpoint: str,
        code: str,
        resets_at: float,
        now: float,
        plan: str | None = None,
        advice: str | None = None,
    ) -> None:
        chat = endpoint == "chat/completions"
        self.resets_at = math.ceil(resets_at)
        self.resets_in_s = max(1, math.ceil(resets_at - now))
        headers = {}
        if chat:
            headers["Retry-After"] = str(self.resets_in_s)
        elif advice:
            headers["x-codex-promo-message"] = advice
        if not chat or self.resets_in_s > LONGEST_RETRY_S:
            headers["x-should-retry"] = "false"
        told = {"plan_type": plan} if chat and plan else {}
        kind = "rate_limit_error" if chat else "usage_limit_reached"
        super().__init__(
            429,
            message,
            type=kind,
            code=code,
            headers=headers,
            extra=told | {"resets_at": self.resets_at, "resets_in_seconds": self.resets_in_s},
        )
