"""From a snapshot to the notices about tokens that do not serve, and about requests that wait for one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QCoreApplication

from app.core.token import TokenKind
from app.desktop import formats, held, token_words
from app.desktop.counts import Counts
from app.desktop.design.colours import Tone
from app.desktop.operations import Operations
from app.desktop.overview import resting_until, unusable_reasons, unusable_tokens
from app.desktop.pages.notices import NoticeText
from app.desktop.widgets.notice import Remedy
from app.gateway.snapshot import GatewaySnapshot, TokenState, TokenView

# With more tokens than this one notice tells of all that upstream refuses.
_MOST_SINGLE = 2


def token_notices(
    snapshot: GatewaySnapshot,
    operations: Operations,
    now: float,
    *,
    open_tokens: Callable[[], None],
    sign_in: Callable[[str | None], None],
) -> list[NoticeText]:
    """What the user should know of the tokens; arguments as of `problem_notices`."""
    notices = []
    waiting = _waiting(snapshot, operations, now)
    until = resting_until(snapshot)
    if waiting is not None:
        notices.append(waiting)
    elif until is not None:
        notices.append(_all_resting(until, operations, now))
    outside = [token for token in snapshot.tokens if token.state is TokenState.SIGN_IN and token.enabled]
    if 0 < len(outside) <= _MOST_SINGLE:
        notices += [_sign_in(token, open_tokens, sign_in) for token in outside]
    elif outside:
        notices.append(_sign_ins(len(outside), open_tokens))
    elif unusable_tokens(snapshot):
        text = QCoreApplication.translate("Problems", "No token can serve now: {reasons}.")
        show = Remedy(QCoreApplication.translate("Problems", "Show tokens"), open_tokens)
        text = text.format(reasons=unusable_reasons(snapshot))
        notices.append(NoticeText("no_usable_token", Tone.WARNING, text, (show,)))
    return notices


def _waiting(snapshot: GatewaySnapshot, operations: Operations, now: float) -> NoticeText | None:
    until = held.first_back(snapshot)
    if until is None:
        return None
    text = Counts().waiting(len(snapshot.held)).format(time=formats.minute(until, now))
    give_up = partial(operations.pool.give_up, *(turn.turn_id for turn in snapshot.held))
    remedies = (_try_now(operations), Remedy(QCoreApplication.translate("Problems", "Give up"), give_up, "turns"))
    key = f"waiting {' '.join(turn.turn_id for turn in snapshot.held)}"
    return NoticeText(key, Tone.WARNING, text, remedies, symbol="waiting")


def _all_resting(until: float, operations: Operations, now: float) -> NoticeText:
    text = QCoreApplication.translate("Problems", "No token can serve now; the first is back at {time}.")
    return NoticeText("resting", Tone.WARNING, text.format(time=formats.minute(until, now)), (_try_now(operations),))


def _sign_in(token: TokenView, open_tokens: Callable[[], None], sign_in: Callable[[str | None], None]) -> NoticeText:
    if token.kind is TokenKind.API_KEY:
        helps = Remedy(QCoreApplication.translate("Problems", "Show tokens"), open_tokens)
    else:
        helps = Remedy(QCoreApplication.translate("Problems", "Sign in again"), partial(sign_in, token.id))
    return NoticeText(f"sign_in {token.id}", Tone.WARNING, token_words.refused(token), (helps,))


def _sign_ins(number: int, open_tokens: Callable[[], None]) -> NoticeText:
    show = Remedy(QCoreApplication.translate("Problems", "Show tokens"), open_tokens)
    return NoticeText("sign_in", Tone.WARNING, Counts().outside(number), (show,))


def _try_now(operations: Operations) -> Remedy:
    return Remedy(QCoreApplication.translate("Problems", "Try now"), operations.pool.try_all, "tokens")
