"""What each failure of upstream means for the turn, its token and its session: one table, looked at from the top."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum


class Meaning(StrEnum):
    """What follows from a failure; `attempts` acts by it."""

    #: The token is used up until its reset: its sessions move, the token rests.
    USAGE_LIMIT = "usage_limit"
    #: Too much at once: wait a few seconds for the token, else lend.
    RATE_LIMIT = "rate_limit"
    #: The credential is refused: renew it once, else only a new sign-in helps.
    UNAUTHORIZED = "unauthorized"
    #: The account is closed for good: only a new sign-in, with another account or workspace, helps.
    ACCOUNT_CLOSED = "account_closed"
    #: The account may not do this now (no credit, not in its plan, forbidden): its sessions move, it rests for long.
    ACCOUNT_REFUSED = "account_refused"
    #: This token cannot have this model; another one may.
    MODEL = "model"
    #: The way there is at fault: only a token with another way may serve.
    WAY = "way"
    #: Upstream is at fault, which is nobody's: lend.
    UPSTREAM = "upstream"
    #: The request holds what another account sealed.
    FOREIGN = "foreign"
    #: The request is at fault; every token would be told the same.
    CLIENT = "client"


@dataclass(frozen=True, slots=True)
class Fault:
    """A failure as it was seen.

    Attributes:
        status: of HTTP; None within a stream, or when there was no answer.
        code: upstream's own code or telling type, or ours (`upstream_unreachable`, `cloudflare`, …); may be empty.
        message: upstream's sentence; it is matched, never shown or logged from here.
        readable: whether upstream's answer was one of its API (JSON), not somebody else's page.
        wait_s: how long upstream says to wait, in seconds from now.
        resets_at: when upstream says that a limit ends, in Unix seconds.
    """

    status: int | None
    code: str = ""
    message: str = field(repr=False, default="")
    readable: bool = True
    wait_s: float | None = None
    resets_at: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: it applies when everything that it names does.

    Attributes:
        meaning: what follows.
        codes: one of these.
        statuses: one of these; None stands for a failure within a stream, or no answer.
        words: found in upstream's sentence.
        page: the answer is somebody's page, not the API's.
    """

    meaning: Meaning
    codes: frozenset[str] = frozenset()
    statuses: frozenset[int | None] = frozenset()
    words: re.Pattern[str] | None = None
    page: bool = False

    def applies(self, fault: Fault) -> bool:
        """Whether the failure is this one."""
        if self.codes and fault.code not in self.codes:
            return False
        if self.statuses and fault.status not in self.statuses:
            return False
        if self.words is not None and self.words.search(fault.message) is None:
            return False
        return not self.page or not fault.readable


def _codes(*codes: str) -> frozenset[str]:
    return frozenset(codes)


def _words(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)


_REFUSING = frozenset({400, 404, None})
_NO_ANSWER = ("upstream_unreachable", "upstream_timeout")

#: From codex-rs and its issue threads, the peers' lists, and answers seen with Codex 0.45 to 0.169.
TABLE: tuple[Row, ...] = (
    # Cloudflare's page about a server behind it that does not answer; its other pages are about who asks.
    Row(Meaning.UPSTREAM, codes=_codes("cloudflare"), statuses=frozenset({500, 502, 504, *range(520, 528), 530})),
    # Nobody of upstream's has seen it, or a page stands before it.
    Row(Meaning.WAY, codes=_codes("upstream_error"), page=True),
    Row(Meaning.WAY, codes=_codes(*_NO_ANSWER, "cloudflare", "unsupported_country_region_territory")),
    # What another account sealed; also told with a null code, then only by its sentence.
    Row(Meaning.FOREIGN, codes=_codes("invalid_encrypted_content")),
    Row(Meaning.FOREIGN, statuses=_REFUSING, words=_words(r"encrypted content .*(could not be|match|verif|decrypt)")),
    Row(Meaning.FOREIGN, codes=_codes("invalid_turn_state", "previous_response_not_found")),
    Row(Meaning.FOREIGN, statuses=_REFUSING, words=_words(r"turn state belongs to another|no such file object")),
    # Limits, wherever they are told: as 429, in a stream, or with an odd status.
    Row(Meaning.USAGE_LIMIT, codes=_codes("usage_limit_reached", "workspace_member_usage_limit_reached")),
    Row(
        Meaning.USAGE_LIMIT,
        statuses=frozenset({400, 403, 404, 429, None}),
        words=_words(r"usage[_ ]limit[_ ]?(has been )?reached"),
    ),
    Row(
        Meaning.ACCOUNT_REFUSED,
        codes=_codes("insufficient_quota", "usage_not_included", "billing_hard_limit_reached", "billing_not_active"),
    ),
    Row(Meaning.UPSTREAM, words=_words(r"model is at capacity")),
    Row(Meaning.RATE_LIMIT, codes=_codes("rate_limit_exceeded", "rate_limited", "too_many_requests")),
    # The account.
    Row(
        Meaning.ACCOUNT_CLOSED,
        codes=_codes(
            "account_deactivated",
            "account_suspended",
            "account_deleted",
            "deactivated_workspace",
            "organization_deactivated",
            "user_deactivated",
        ),
    ),
    Row(
        Meaning.UNAUTHORIZED,
        codes=_codes("token_invalidated", "token_expired", "token_revoked", "app_session_terminated"),
    ),
    Row(Meaning.RATE_LIMIT, statuses=frozenset({429})),
    Row(Meaning.WAY, statuses=frozenset({401, 403, 407}), page=True),
    Row(Meaning.UNAUTHORIZED, statuses=frozenset({401})),
    # The model.
    Row(Meaning.MODEL, codes=_codes("model_not_found", "model_not_available", "unsupported_model")),
    Row(
        Meaning.MODEL,
        statuses=_REFUSING | {403},
        words=_words(r"model is not supported|model [`'][^`']+[`'] does not exist|does not have access to model"),
    ),
    Row(Meaning.ACCOUNT_REFUSED, statuses=frozenset({402, 403})),
    # What is left: upstream's fault, or the request's.
    Row(
        Meaning.UPSTREAM,
        codes=_codes(
            "server_error",
            "server_is_overloaded",
            "slow_down",
            "overloaded_error",
            "upstream_stream_truncated",
            "upstream_error",
        ),
    ),
    Row(Meaning.UPSTREAM, statuses=frozenset({408, 425, *range(500, 600)})),
    Row(Meaning.UPSTREAM, statuses=frozenset({404, 405}), page=True),
    Row(Meaning.CLIENT),
)


def judge(fault: Fault) -> Meaning:
    """What the failure means."""
    return next(row.meaning for row in TABLE if row.applies(fault))
