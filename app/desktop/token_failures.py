"""A token's last failure in the user's words, with what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtCore import QCoreApplication

from app.core.health import LIMIT, RATE
from app.desktop import failure_words, token_words


class Help(StrEnum):
    """What the user can do about a token's last failure."""

    SIGN_IN = "sign_in"
    PROXY = "proxy"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Failure:
    """A token's last failure in words.

    Attributes:
        text: what went wrong.
        advice: what to do about it.
        help: the button that does it; None where only waiting, or something outside Waystation, helps.
    """

    text: str
    advice: str
    help: Help | None


# By the groups of `failure_words`. What a code means for the pool is in app/core/verdict.py.
_LOGIN = frozenset({"unauthorized", "invalid_api_key", "sign_in_refused", "no_access_token"})
_REFUSED = frozenset({"forbidden", "cloudflare", "unsupported_country_region_territory"})
_UNREACHABLE = frozenset({"upstream_unreachable", "upstream_timeout"})


def failure(code: str) -> Failure:
    """A token's last failure, `TokenView.last_error`, with what to do about it."""
    group = failure_words.group(code)
    if token_words.is_sign_in_reason(code) or group in _LOGIN:
        return _lost_login(code)
    if group == LIMIT:
        return Failure(
            QCoreApplication.translate("TokenFailures", "The quota was used up."),
            QCoreApplication.translate("TokenFailures", "It serves again by itself when the quota is full again."),
            Help.TEST,
        )
    if group == RATE or code == "slow_down":
        return Failure(
            QCoreApplication.translate("TokenFailures", "Upstream asked for a slower pace."),
            QCoreApplication.translate("TokenFailures", "Nothing to do: Waystation waits as long as upstream asked."),
            None,
        )
    if group == "insufficient_quota":
        return Failure(
            QCoreApplication.translate(
                "TokenFailures", "The account has no credit, or its plan does not include this."
            ),
            QCoreApplication.translate("TokenFailures", "Look at plan and billing of the account, then test it here."),
            Help.TEST,
        )
    if group in _REFUSED:
        return Failure(
            QCoreApplication.translate("TokenFailures", "Upstream refuses this network or this country."),
            QCoreApplication.translate("TokenFailures", "Let this token go through another proxy, then test it."),
            Help.PROXY,
        )
    if group in _UNREACHABLE:
        return Failure(
            QCoreApplication.translate("TokenFailures", "OpenAI could not be reached on the way of this token."),
            QCoreApplication.translate("TokenFailures", "Check the network, and whether a proxy is needed here."),
            Help.PROXY,
        )
    if code == "sealed":
        return Failure(
            QCoreApplication.translate("TokenFailures", "It cannot be opened: the key that sealed it is gone."),
            QCoreApplication.translate("TokenFailures", "Add it again."),
            None,
        )
    return Failure(
        QCoreApplication.translate("TokenFailures", "Upstream had trouble of its own ({code}).").format(code=code),
        QCoreApplication.translate("TokenFailures", "Most often it passes by itself. Test whether it has."),
        Help.TEST,
    )


def _lost_login(code: str) -> Failure:
    advice = QCoreApplication.translate("TokenFailures", "Sign in again, or add a new key.")
    if failure_words.group(code) == "account_deactivated":
        advice = QCoreApplication.translate("TokenFailures", "Look at the account at chatgpt.com, then sign in again.")
    if not token_words.is_sign_in_reason(code):
        text = QCoreApplication.translate("TokenFailures", "Upstream does not accept it any more.")
        return Failure(text, advice, Help.SIGN_IN)
    text = QCoreApplication.translate("TokenFailures", "Upstream does not take its login any more: {reason}.")
    return Failure(text.format(reason=token_words.sign_in_reason(code)), advice, Help.SIGN_IN)
