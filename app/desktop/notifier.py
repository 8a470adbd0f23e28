"""Decides when the tray speaks up by itself: each thing once, and each kind of thing not too often."""

from __future__ import annotations

from collections.abc import Callable, Mapping

#: Between two messages of one kind, in seconds.
PAUSE_S = 600.0


class Notifier:
    """Remembers what was said.

    Args:
        tell: says one sentence.
        pause_s: see `PAUSE_S`.
    """

    def __init__(self, tell: Callable[[str], None], pause_s: float = PAUSE_S) -> None:
        self._tell = tell
        self._pause_s = pause_s
        self._known: set[str] = set()
        self._said_at: dict[str, float] = {}

    def show(self, standing: Mapping[str, str], now: float, *, silent: bool) -> None:
        """Say what is new, or what could not be said before because its kind had just spoken.

        Args:
            standing: what is true now, by a key whose first word is its kind.
            now: seconds that never go back.
            silent: the user sees it already, or does not want to be told.
        """
        self._known &= standing.keys()
        for key, sentence in standing.items():
            if key in self._known:
                continue
            kind = key.partition(" ")[0]
            if silent:
                self._known.add(key)
            elif now - self._said_at.get(kind, -self._pause_s) >= self._pause_s:
                self._known.add(key)
                self._said_at[kind] = now
                self._tell(sentence)
