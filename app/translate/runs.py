"""Text that comes in deltas and once more as a whole: what of the whole has not been passed on yet."""

from __future__ import annotations


class Run:
    """One text of upstream's answer: a content part, a reasoning summary, the arguments of a call.

    Attributes:
        length: in characters.
        tokens: how many tokens' probabilities came with it.
    """

    __slots__ = ("_pieces", "length", "tokens")

    def __init__(self) -> None:
        self.length = 0
        self.tokens = 0
        self._pieces: list[str] = []

    @property
    def text(self) -> str:
        """What has come so far."""
        if len(self._pieces) > 1:
            self._pieces = ["".join(self._pieces)]
        return self._pieces[0] if self._pieces else ""

    def add(self, delta: str) -> None:
        """A further piece has come."""
        self._pieces.append(delta)
        self.length += len(delta)

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
