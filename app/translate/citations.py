"""The web pages that an answer cites, in the shape of Chat Completions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from app.translate.events import count, text


class _Citation(NamedTuple):
    place: tuple[int, int]
    start: int
    end: int
    url: str


class Citations:
    """Collects `url_citation` annotations, each once; they come alone and again with the text that is done."""

    def __init__(self) -> None:
        self._titles: dict[_Citation, str] = {}

    def __bool__(self) -> bool:
        return bool(self._titles)

    def add(self, annotation: Mapping[str, Any], place: tuple[int, int]) -> None:
        """Remember one annotation; other kinds have no counterpart.

        Args:
            annotation: as upstream sent it.
            place: output and content index of the text that it belongs to.
        """
        url = text(annotation, "url")
        start, end = count(annotation.get("start_index")), count(annotation.get("end_index"))
        if annotation.get("type") != "url_citation" or not url or start is None or end is None:
            return
        self._titles.setdefault(_Citation(place, start, end, url), text(annotation, "title"))

    def all(self, offsets: Mapping[tuple[int, int], int]) -> list[dict[str, Any]]:
        """The annotations for the client.

        Args:
            offsets: where each text starts in the client's content, to which its indices are moved. A citation may
                come before its text, so this is known in the end only.
        """
        return [
            {
                "type": "url_citation",
                "url_citation": {
                    "start_index": cited.start + offsets.get(cited.place, 0),
                    "end_index": cited.end + offsets.get(cited.place, 0),
                    "url": cited.url,
                    "title": title,
                },
            }
            for cited, title in self._titles.items()
        ]
