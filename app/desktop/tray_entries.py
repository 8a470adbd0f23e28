"""What the tray's menu says of tokens and sessions."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication

from app.desktop import formats, token_words, words
from app.gateway.snapshot import GatewaySnapshot, TokenState, TokenView

# A session with a request within this time counts as active, in seconds.
_ACTIVE_S = 600.0
_LONGEST_LABEL = 32
# A menu longer than a screen helps nobody.
MOST_TOKENS = 20


@dataclass(frozen=True, slots=True)
class TokenEntry:
    """One token in the menu.

    Attributes:
        id: of the token.
        label: its name, and what is left or what is wrong.
        enabled: whether it is ticked.
        changeable: whether the tick can be changed.
    """

    id: str
    label: str
    enabled: bool
    changeable: bool


@dataclass(frozen=True, slots=True)
class TrayEntries:
    """The entries that depend on what is there.

    Attributes:
        tokens: the first ones, in the user's order.
        sessions: how many are active, in words.
    """

    tokens: tuple[TokenEntry, ...]
    sessions: str


def tray_entries(snapshot: GatewaySnapshot, now: float) -> TrayEntries:
    """The entries for this snapshot; `now` is in Unix seconds."""
    active, running = 0, snapshot.active_turns
    # The last active come first: most of the others need no look.
    for item in snapshot.sessions:
        recent = now - item.last_active_at < _ACTIVE_S
        if not recent and running <= 0:
            break
        active += recent or item.active_turns > 0
        running -= item.active_turns
    said = QCoreApplication.translate("Tray", "Sessions: {number} active").format(number=formats.count(active))
    return TrayEntries(tuple(_entry(token, now) for token in snapshot.tokens[:MOST_TOKENS]), said)


def _entry(token: TokenView, now: float) -> TokenEntry:
    name = formats.shortened(words.token_label(token.label), _LONGEST_LABEL)
    # A single & would be an access key.
    label = f"{name.replace('&', '&&')}  {_standing(token, now)}".rstrip()
    return TokenEntry(token.id, label, token.enabled, token.state is not TokenState.SEALED)


def _standing(token: TokenView, now: float) -> str:
    if token.state in (TokenState.SIGN_IN, TokenState.SEALED, TokenState.DISABLED):
        return words.token_state(token)
    if token.state is TokenState.RESTING:
        return token_words.state(token, now)
    windows = [token_words.short_window(token.quota), token_words.long_window(token.quota)]
    known = [window for window in windows if window is not None]
    if not known:
        return ""
    fullest = max(known, key=lambda window: window.used_at(now))
    # No heading says what the number is.
    percent, time = token_words.left_and_reset(fullest, now)
    if time is None:
        return QCoreApplication.translate("Tray", "{percent} left").format(percent=percent)
    return QCoreApplication.translate("Tray", "{percent} left · resets {time}").format(percent=percent, time=time)
