"""Text that comes in deltas and once more as a whole: what of the whole has not been passed on yet."""

from __future__ import annotations

from collections.abc import Callable


class Run:
    """One text of upstream's answer: a content part, a reasoning summary, the arguments of a call.

    Attributes:
        add: takes a further piece.
        tokens: how many tokens' probabilities came with it.
    """

    __slots__ = ("_counted", "_length", "_pieces", "add", "tokens")

    def __init__(self) -> None:
        self.tokens = 0
        self._pieces: list[str] = []
        # Nothing but the list's own, since every event with text comes by.
        self.add: Callable[[str], None] = self._pieces.append
        #: Of so many pieces.
        self._length = self._counted = 0

    @property
    def length(self) -> int:
        """In characters."""
        self._length += sum(map(len, self._pieces[self._counted :]))
        self._counted = len(self._pieces)
        return self._length

    @property
    def text(self) -> str:
        """What has come so far."""
        if len(self._pieces) > 1:
            text = "".join(self._pieces)
            self._pieces[:] = (text,)
            self._length, self._counted = len(text), 1
        return self._pieces[0] if self._pieces else ""

    def ends_line(self) -> bool:
        """Whether something has come and its last piece ends with a newline."""
        return bool(self._pieces) and self._pieces[-1].endswith("\n")

    def missing(self, whole: str) -> str:
        """The end of `whole` that has not come; empty when it is no continuation, for nothing said can be unsaid."""
        seen = self.text
        if whole.startswith(seen):
            return whole[len(seen) :]
        # A delta may end within an emoji, whose halves come as two surrogates and whose whole is one character.
        seen_units, units = (text.encode("utf-16-le", "surrogatepass") for text in (seen, whole))
        if not units.startswith(seen_units):
            return ""
        return units[len(seen_units) :].decode("utf-16-le", "surrogatepass")
