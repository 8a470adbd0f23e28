"""What a search looks for: rows in which every word that was typed stands somewhere."""

from __future__ import annotations


class Matching:
    """One search. Each text is looked at once, however many rows hold it.

    Args:
        typed: by the user; upper and lower case are the same.
    """

    def __init__(self, typed: str) -> None:
        self._words = typed.casefold().split()
        self._all = (1 << len(self._words)) - 1
        self._seen: dict[str, int] = {}

    def __bool__(self) -> bool:
        """Whether anything is looked for."""
        return bool(self._words)

    def accepts(self, *texts: str | None) -> bool:
        """Whether every word stands in one of these texts."""
        found = 0
        for text in texts:
            if text:
                seen = self._seen.get(text)
                found |= self._look(text) if seen is None else seen
                if found == self._all:
                    return True
        return found == self._all

    def _look(self, text: str) -> int:
        folded = text.casefold()
        found = sum(1 << place for place, word in enumerate(self._words) if word in folded)
        self._seen[text] = found
        return found
