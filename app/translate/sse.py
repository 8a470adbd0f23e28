"""Server-sent events, read from bytes as they come, and the JSON object that each of OpenAI's events carries.

Lines end at LF, CR or CRLF only (WHATWG HTML, "9.2.6 Interpreting an event stream"): JSON may hold U+2028, U+0085
and their like raw, at which `str.splitlines` breaks. Only new bytes are searched, so a line of megabytes (the
terminal event repeats the whole response) costs linear time.
"""

from __future__ import annotations

import json
import re
from typing import Any

import orjson

from app.core.errors import WaystationError

#: Far above any event seen (`response.completed` reaches megabytes), far below what would hurt.
MAX_EVENT = 64 * 1024 * 1024

_BOM = b"\xef\xbb\xbf"
# OpenAI puts `type` first; then the type is known without parsing the rest.
_LEADING_TYPE = re.compile(rb'\s*\{\s*"type"\s*:\s*"([A-Za-z0-9_.\-]+)"')
# The two lines that OpenAI writes, up to the type.
_TWO_LINES = re.compile(rb'event:[^\n]*\ndata:[ \t]*(\{[ \t]*"type"[ \t]*:[ \t]*"([A-Za-z0-9_.\-]+)")')


class EventTooLarge(WaystationError):
    """One event of the stream exceeds the limit; nothing after it can be read."""

    code = "event_too_large"


class Event:
    """One event: its data, and on demand the JSON object in it. Its repr shows no content.

    Args:
        data: without the names of its lines.
        leading: its `leading_type`, where that is known.
    """

    __slots__ = ("_leading", "_object", "_parsed", "data")

    def __init__(self, data: bytes, leading: str = "") -> None:
        self.data = data
        self._leading = leading
        self._parsed = False
        self._object: dict[str, Any] | None = None

    @property
    def type(self) -> str:
        """The JSON object's `type`; empty when the data is no JSON object or has none."""
        if self._leading:
            return self._leading
        if not self._parsed and (kind := leading_type(self.data)):
            return kind
        value = self.json().get("type")
        return value if isinstance(value, str) else ""

    def json(self) -> dict[str, Any]:
        """The JSON object; empty when the data is something else, such as `[DONE]`."""
        if not self._parsed:
            self._parsed = True
            self._object = parsed_object(self.data)
        return self._object if self._object is not None else {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Event) and self.data == other.data

    def __repr__(self) -> str:
        return f"<Event {self.type or '?'}, {len(self.data)} bytes>"


def leading_type(data: bytes) -> str:
    """The `type` that an event's data begins with, as OpenAI's do; empty where it must be looked for."""
    leading = _LEADING_TYPE.match(data)
    return leading[1].decode("ascii") if leading is not None else ""


def lone_event(stream: bytes, start: int, end: int) -> re.Match[bytes] | None:
    """Whether this part of a stream is one whole event in two lines, whose data begins with its type, as OpenAI's do.

    Only where nothing of an event came before it. Group 1 begins with the data, group 2 is the type.
    """
    found = _TWO_LINES.match(stream, start)
    # Both lines and the empty one end in LF, and nothing else ends another.
    if found is None or not stream.endswith(b"\n\n", start, end) or stream.count(b"\n", start, end) != 3:
        return None
    return found if stream.find(b"\r", start, end) < 0 else None


def parsed_object(data: bytes | bytearray) -> dict[str, Any] | None:
    """The JSON object in these bytes, or None. Lone surrogates and broken UTF-8 do not lose it."""
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        try:
            # Takes what orjson refuses: escaped lone surrogates, which a model cut in the middle of an emoji sends.
            value = json.loads(data.decode("utf-8-sig", "replace"))
        except (ValueError, RecursionError):
            return None
    return value if isinstance(value, dict) else None


class SseParser:
    """Splits a stream of bytes into events, whatever the pieces in which it comes.

    Args:
        limit: of one event, in bytes.
    """

    def __init__(self, limit: int = MAX_EVENT) -> None:
        self._limit = limit
        self._rest = bytearray()
        self._data: list[bytes] = []
        self._size = 0
        self._after_cr = False
        self._at_start = True
        self._error: EventTooLarge | None = None

    @property
    def at_boundary(self) -> bool:
        """Whether nothing of an event's data is held, so that what comes next can be read by itself."""
        return not (self._rest or self._data or self._after_cr or self._error)

    def feed(self, chunk: bytes) -> list[Event]:
        """The events that this chunk completes.

        Raises:
            EventTooLarge: an event exceeds the limit; those before it were returned.
        """
        if self._error is not None:
            raise self._error
        if not chunk:
            return []
        if self._after_cr and chunk[0] == 0x0A:
            chunk = chunk[1:]
        self._after_cr = chunk.endswith(b"\r") if chunk else False
        if b"\r" in chunk:
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        lines = chunk.split(b"\n")
        last = lines.pop()
        if lines:
            if self._rest:
                lines[0] = bytes(self._rest) + lines[0]
                self._rest.clear()
            if self._at_start:
                self._at_start = False
                lines[0] = lines[0].removeprefix(_BOM)
        events = self._take(lines)
        if self._error is None:
            self._rest += last
            if self._size + len(self._rest) > self._limit:
                self._refuse()
        if self._error is not None and not events:
            raise self._error
        return events

    def close(self) -> bool:
        """The stream is over: whether it ended within an event, which is then lost."""
        return bool(self._rest or self._data or self._error)

    def _take(self, lines: list[bytes]) -> list[Event]:
        """The events that these whole lines complete; only those before the first line that exceeds the limit."""
        events: list[Event] = []
        for line in lines:
            if not line:
                if any(self._data):
                    events.append(Event(b"\n".join(self._data)))
                self._data, self._size = [], 0
            elif self._size + len(line) > self._limit:
                self._refuse()
                break
            # Comments and the fields `event`, `id` and `retry` say nothing that the JSON does not.
            elif line.startswith(b"data:"):
                self._data.append(line[6:] if line.startswith(b"data: ") else line[5:])
                self._size += len(line)
            elif line == b"data":
                self._data.append(b"")
                self._size += len(line)
        return events

    def _refuse(self) -> None:
        self._rest, self._data = bytearray(), []
        self._error = EventTooLarge(
            f"Upstream sent an event of more than {self._limit} bytes, which Waystation does not read.",
            limit=self._limit,
        )
