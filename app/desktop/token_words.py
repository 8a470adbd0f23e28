"""A token's state and quota in the user's words, with the reason and the time."""

from __future__ import annotations

import re

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication

from app.core.health import FAULTY, LIMIT, RATE
from app.core.quota import CODEX, PRIMARY, Quota, Window
from app.core.token import TokenKind
from app.desktop import formats, words
from app.desktop.translation import translated
from app.gateway.snapshot import TokenState, TokenView

#: From this length on, in minutes, a window counts as the long one: a week, or a month on some plans.
_LONG_WINDOW_MIN = 24 * 60

# By `TokenView.sign_in_needed`: upstream's codes, and one of ours.
_SIGN_IN_REASONS: dict[str, object] = {
    "refresh_token_reused": QT_TRANSLATE_NOOP("SignInReasons", "another program used this login"),
    "refresh_token_expired": QT_TRANSLATE_NOOP("SignInReasons", "the login is too old"),
    "token_expired": QT_TRANSLATE_NOOP("SignInReasons", "the login is too old"),
    "account_session_expired": QT_TRANSLATE_NOOP("SignInReasons", "the login is too old"),
    "refresh_token_invalidated": QT_TRANSLATE_NOOP("SignInReasons", "the login was revoked"),
    "token_invalidated": QT_TRANSLATE_NOOP("SignInReasons", "the login was revoked"),
    "token_revoked": QT_TRANSLATE_NOOP("SignInReasons", "the login was revoked"),
    "app_session_terminated": QT_TRANSLATE_NOOP("SignInReasons", "the login was ended"),
    "invalid_grant": QT_TRANSLATE_NOOP("SignInReasons", "the login is no longer valid"),
    "account_deactivated": QT_TRANSLATE_NOOP("SignInReasons", "the account is deactivated"),
    "user_deactivated": QT_TRANSLATE_NOOP("SignInReasons", "the account is deactivated"),
    "account_suspended": QT_TRANSLATE_NOOP("SignInReasons", "the account is suspended"),
    "account_deleted": QT_TRANSLATE_NOOP("SignInReasons", "the account was deleted"),
    "deactivated_workspace": QT_TRANSLATE_NOOP("SignInReasons", "the workspace is deactivated"),
    "organization_deactivated": QT_TRANSLATE_NOOP("SignInReasons", "the workspace is deactivated"),
    "followed_login_stale": QT_TRANSLATE_NOOP("SignInReasons", "Codex's file holds no valid login"),
}
_REFUSED = QT_TRANSLATE_NOOP("SignInReasons", "upstream refuses it")

#: The name that upstream itself gave in 2026 to a family of windows whose id says nothing.
_LIMIT_NAMES = {"codex_bengalfox": "GPT-5.3-Codex-Spark"}
_MODEL_NAME = re.compile(r"(gpt|o\d)[-.\d]", re.IGNORECASE)


def is_sign_in_reason(code: str) -> bool:
    """Whether a failure with this code says why only a new sign-in helps."""
    return code in _SIGN_IN_REASONS


def sign_in_reason(code: str) -> str:
    """Why only a new sign-in helps, as the second half of a sentence."""
    source = str(_SIGN_IN_REASONS.get(code, _REFUSED))
    return translated("SignInReasons", source) or source


def limit_name(limit: str) -> str:
    """A family of windows as a user can read it: upstream names them for itself, such as `codex_bengalfox`."""
    known = limit.lower().replace("-", "_")
    if known == "code_review":
        return QCoreApplication.translate("TokenWords", "Code review")
    if known in _LIMIT_NAMES:
        return _LIMIT_NAMES[known]
    if _MODEL_NAME.match(limit):
        return limit
    said = " ".join(known.split("_")).strip()
    return said[:1].upper() + said[1:] or limit


def refused(token: TokenView) -> str:
    """That upstream refuses a token for good, as a sentence about it."""
    if token.kind is TokenKind.API_KEY:
        said = QCoreApplication.translate("Problems", "“{label}” no longer works: {reason}. Add a new key.")
    else:
        said = QCoreApplication.translate("Problems", "“{label}” needs a new sign-in: {reason}.")
    return said.format(
        label=formats.shortened(words.token_label(token.label), 60), reason=sign_in_reason(token.sign_in_needed or "")
    )


def explanation(token: TokenView) -> str:
    """What a token's state means, and what ends it; empty where the state says it all."""
    match token.state:
        case TokenState.READY if token.spare:
            return QCoreApplication.translate("TokenWords", "It serves only when the others cannot.")
        case TokenState.READY:
            return ""
        case TokenState.DISABLED:
            return QCoreApplication.translate("TokenWords", "No request goes through it until you enable it.")
        case TokenState.SEALED:
            return QCoreApplication.translate(
                "TokenWords", "The key that sealed its login is gone. Add the same login again, and it is as before."
            )
        case TokenState.SIGN_IN:
            if token.kind is TokenKind.API_KEY:
                return QCoreApplication.translate(
                    "TokenWords", "Upstream does not take this key any more. Add a new one."
                )
            return QCoreApplication.translate(
                "TokenWords", "Only a new sign-in helps. Its name, order and sessions stay as they are."
            )
    if token.rest_reason in (LIMIT, RATE):
        return QCoreApplication.translate(
            "TokenWords", "Its sessions go on with other tokens meanwhile. It serves again by itself."
        )
    if token.rest_reason in (FAULTY, None):
        return QCoreApplication.translate(
            "TokenWords", "It failed several times in a row, so it rests for a moment. It is tried again by itself."
        )
    return QCoreApplication.translate(
        "TokenWords", "Upstream does not let this account do this now. Look at its plan and its billing."
    )


def state(token: TokenView, now: float) -> str:
    """Whether a token serves; if not, why, and until when. `now` is in Unix seconds."""
    if token.spare and token.state is TokenState.READY:
        return QCoreApplication.translate("TokenWords", "Spare")
    said = _standing(token, now)
    if token.spare and token.state is TokenState.RESTING:
        return QCoreApplication.translate("TokenWords", "{state} · spare").format(state=said)
    return said


def _standing(token: TokenView, now: float) -> str:
    if token.state is TokenState.SIGN_IN and token.kind is TokenKind.API_KEY:
        if not is_sign_in_reason(token.sign_in_needed or ""):
            return words.token_state(token)
        return QCoreApplication.translate("TokenWords", "API key refused: {reason}").format(
            reason=sign_in_reason(token.sign_in_needed or "")
        )
    if token.state is TokenState.SIGN_IN and token.sign_in_needed:
        return QCoreApplication.translate("TokenWords", "Sign in again: {reason}").format(
            reason=sign_in_reason(token.sign_in_needed)
        )
    if token.state is TokenState.RESTING and token.rest_until is not None:
        return _resting(token.rest_reason).format(time=formats.minute(token.rest_until, now))
    return words.token_state(token)


def state_hint(token: TokenView, now: float) -> str:
    """More about the state than the cell has room for."""
    parts = [state(token, now)]
    if token.spare:
        parts.append(QCoreApplication.translate("TokenWords", "Spare: it serves only when the others cannot."))
    if token.sign_in_needed:
        parts.append(
            QCoreApplication.translate("TokenWords", "Upstream's code: {code}").format(code=token.sign_in_needed)
        )
    elif token.state is TokenState.RESTING and token.rest_reason not in (None, LIMIT, RATE, FAULTY):
        parts.append(QCoreApplication.translate("TokenWords", "Upstream's code: {code}").format(code=token.rest_reason))
    if token.proxy:
        parts.append(
            QCoreApplication.translate("TokenWords", "Its own way to upstream: {proxy}").format(
                proxy=proxy(token.proxy)
            )
        )
    return "\n".join(parts)


def proxy(shown: str) -> str:
    """A way upstream: an address, or without a proxy."""
    return QCoreApplication.translate("TokenWords", "no proxy") if shown == "direct" else shown


def short_window(quota: Quota | None) -> Window | None:
    """The window of some hours."""
    return _window(quota, long=False)


def long_window(quota: Quota | None) -> Window | None:
    """The window of a week or more."""
    return _window(quota, long=True)


def left(window: Window, now: float) -> str:
    """What is left, and when a used window begins anew: `73% · 14:02`."""
    return " · ".join(filter(None, left_and_reset(window, now)))


def left_and_reset(window: Window, now: float) -> tuple[str, str | None]:
    """What is left, such as `73%`, and when a used window begins anew, such as `14:02`."""
    used = window.resets_at is not None and window.resets_at > now and window.used_percent > 0
    resets_at = window.resets_at if used else None
    return formats.percent(left_percent(window, now)), None if resets_at is None else formats.minute(resets_at, now)


def left_percent(window: Window, now: float) -> int:
    """What is left, 0 to 100; anything left is never shown as nothing, nor anything used as all."""
    exact = 100.0 - window.used_at(now)
    if 0 < exact < 1:
        return 1
    return 99 if 99 < exact < 100 else round(exact)


def quota_hint(quota: Quota, now: float) -> str:
    """All windows of a token, one a line, and when upstream last said so."""
    lines = [_window_line(window, now) for window in quota.windows]
    if quota.credits is not None and (quota.credits.unlimited or quota.credits.has_credits):
        balance = quota.credits.balance or "∞"
        lines.append(QCoreApplication.translate("TokenWords", "Credits: {balance}").format(balance=balance))
    lines.append(
        QCoreApplication.translate("TokenWords", "As upstream said at {time}").format(
            time=formats.minute(quota.seen_at, now)
        )
    )
    return "\n".join(lines)


def _resting(reason: str | None) -> str:
    if reason == LIMIT:
        return QCoreApplication.translate("TokenWords", "At its limit until {time}")
    if reason == RATE:
        return QCoreApplication.translate("TokenWords", "Asked to slow down until {time}")
    if reason == FAULTY or reason is None:
        return QCoreApplication.translate("TokenWords", "Resting until {time}")
    return QCoreApplication.translate("TokenWords", "No credit, or not in its plan; tried again at {time}")


def _window(quota: Quota | None, *, long: bool) -> Window | None:
    windows = quota.windows if quota else ()
    return next((item for item in windows if item.limit == CODEX and _is_long(item) is long), None)


def _is_long(window: Window) -> bool:
    if window.minutes is None:
        return window.slot != PRIMARY
    return window.minutes >= _LONG_WINDOW_MIN


def _window_line(window: Window, now: float) -> str:
    name = span(window.minutes) or window.slot
    if window.limit != CODEX:
        name = f"{limit_name(window.limit)}, {name}"
    said = QCoreApplication.translate("TokenWords", "{window}: {percent} left")
    line = said.format(window=name, percent=formats.percent(left_percent(window, now)))
    if window.resets_at is None or window.resets_at <= now:
        return line
    return QCoreApplication.translate("TokenWords", "{line}, full again at {time}").format(
        line=line, time=formats.minute(window.resets_at, now)
    )


def span(minutes: int | None) -> str | None:
    """A window's length: `5 h`, `7 d`."""
    if minutes is None:
        return None
    if minutes < _LONG_WINDOW_MIN:
        hours = formats.count(max(1, round(minutes / 60)))
        return QCoreApplication.translate("TokenWords", "{hours} h").format(hours=hours)
    days = formats.count(round(minutes / _LONG_WINDOW_MIN))
    return QCoreApplication.translate("TokenWords", "{days} d").format(days=days)
