"""The web pages that an answer cites, in the shape of Chat Completions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.translate.events import count, text


class Citations:
    """Collects `url_citation` annotations, each once; they come alone and again with the text that is done."""

    def __init__(self) -> None:
        self._found: dict[tuple[object, ...], dict[str, Any]] = {}

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, annotation: Mapping[str, Any], place: tuple[int, int], offset: int) -> None:
        """Remember one annotation; other kinds have no counterpart.

        Args:
            annotation: as upstream sent it.
            place: output and content index of the text that it belongs to.
            offset: where that text starts in the client's content, to which its indices are moved.
        """
        url = text(annotation, "url")
        start, end = count(annotation.get("start_index")), count(annotation.get("end_index"))
        if annotation.get("type") != "url_citation" or not url or start is None or end is None:
            return
        citation = {
            "start_index": start + offset,
            "end_index": end + offset,
            "url": url,
            "title": text(annotation, "title"),
        }
        self._found.setdefault((*place, start, end, url), {"type": "url_citation", "url_citation": citation})

    def all(self) -> list[dict[str, Any]]:
        """The annotations for the client."""
        return list(self._found.values())
