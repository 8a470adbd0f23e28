"""What a refusal of the sign-in service means, and what the user can do about it."""

from __future__ import annotations

from typing import Literal

from app.upstream.answers import Answer
from app.upstream.errors import SignInRefused

COUNTRY = "unsupported_country_region_territory"
CLOUDFLARE = "cloudflare"
NOT_JSON = "not_json"
CANCELLED = "cancelled"
DEVICE_CODE_OFF = "device_code_off"
DEVICE_CODE_EXPIRED = "device_code_expired"
SLOW_DOWN = "slow_down"
NO_ENTITLEMENT = "missing_codex_entitlement"

#: What was asked for.
What = Literal["sign-in", "refresh", "sign-out"]

_AGAIN = "Sign in again."
_SUPPORT = "Look at the account at chatgpt.com."
#: After these only a new sign-in helps, if anything does (codex-wire §3, lessons-from-peers §1).
_PERMANENT = {
    "invalid_grant": f"The login is no longer valid. {_AGAIN}",
    "refresh_token_expired": f"The login is too old. {_AGAIN}",
    "refresh_token_reused": (
        "The login's refresh token was already used by another program, such as a Codex CLI that shares it. "
        "Sign in again, and give each program a sign-in of its own."
    ),
    "refresh_token_invalidated": f"The login was revoked or signed out. {_AGAIN}",
    "token_invalidated": f"The login was revoked or signed out. {_AGAIN}",
    "token_expired": f"The login is too old. {_AGAIN}",
    "app_session_terminated": f"The login was ended. {_AGAIN}",
    "account_session_expired": f"The login is too old. {_AGAIN}",
    "account_deactivated": f"The account is deactivated. {_SUPPORT}",
    "account_suspended": f"The account is suspended. {_SUPPORT}",
    "account_deleted": "The account was deleted.",
}
#: The browser's and the device code's own, which come as a code too.
_BY_THE_USER = {
    "access_denied": "The sign-in was refused in the browser.",
    "expired_token": "The code is too old. Start the sign-in again.",
    NO_ENTITLEMENT: "Codex is not enabled for this workspace. Ask its administrator, or choose another workspace.",
}


def refusal_of(answer: Answer, host: str, what: What = "sign-in") -> SignInRefused:
    """An answer of the sign-in service that is no success, as an error.

    Only what is known to be permanent is; everything else may be asked again.

    Args:
        answer: with any status.
        host: of the service.
        what: was asked for; only a sign-in can be refused by the user.
    """
    status, reason = answer.status, answer.reason
    if reason == COUNTRY:
        return SignInRefused(
            f"{host} does not serve the country or region that this connection comes from. The network or the proxy is "
            f"the cause, not the account: the connection went {answer.way}. Use another proxy, or another network.",
            reason=COUNTRY,
            permanent=False,
        )
    if answer.page and status in (403, 429, 503):
        return SignInRefused(
            f"Cloudflare, which stands before {host}, refused this connection ({status}); it went {answer.way}. "
            "Wait a moment, or use another proxy or network.",
            reason=CLOUDFLARE,
            permanent=False,
        )
    if reason is not None and 400 <= status < 500 and status != 429:
        known = _PERMANENT.get(reason) or (_BY_THE_USER.get(reason) if what == "sign-in" else None)
        if known is not None:
            return SignInRefused(f"{known} ({reason})", reason=reason, permanent=True)
    if status < 400:
        return not_understood(answer, host)
    if status == 429:
        return SignInRefused(
            f"{host} asks to wait before the next {what}.", reason=reason or "http_429", permanent=False
        )
    if status >= 500:
        return SignInRefused(
            f"{host} has trouble of its own ({status}). Try again in a while.",
            reason=reason or f"http_{status}",
            permanent=False,
        )
    because = f"{status}, {reason}" if reason else str(status)
    return SignInRefused(
        f"{host} refused the {what} ({because}). Try again; if it stays so, sign in again.",
        reason=reason or f"http_{status}",
        permanent=False,
    )


def not_understood(answer: Answer, host: str) -> SignInRefused:
    """An answer that should have been a success, but is not one of the sign-in service."""
    return SignInRefused(
        f"What came in place of an answer of {host} cannot be understood; the connection went {answer.way}. A page of "
        "the network (a Wi-Fi login, a company's filter) or the proxy may stand between.",
        reason=NOT_JSON,
        permanent=False,
    )


def refused_in_browser(error: str | None, description: str) -> SignInRefused:
    """What the browser brought back in place of a code.

    Args:
        error: a code, such as `access_denied`; None when it is none.
        description: upstream's words; read for what they name, never repeated.
    """
    if error == "access_denied" and NO_ENTITLEMENT in description.lower():
        # As Codex tells it apart (codex-rs login/src/server.rs).
        error = NO_ENTITLEMENT
    known = _BY_THE_USER.get(error or "", "The sign-in did not work in the browser. Try again.")
    return SignInRefused(f"{known} ({error})" if error else known, reason=error or "error", permanent=True)
