"""Token counts, and the observer that reads them from a `/responses` answer as it passes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from app.core.turn import Usage
from app.translate.errors import UpstreamFailure, failure_from_event
from app.translate.events import TERMINAL_TYPES, Terminal, count, member, terminal_of, terminal_of_status
from app.translate.sse import Event, EventTooLarge, SseParser, leading_type, lone_event, parsed_object

#: A body that is one JSON object is held until its end; a larger one is not read.
MAX_JSON = 32 * 1024 * 1024

_RATE_LIMITS = "codex.rate_limits"
#: What comes before an answer and may come with a failure behind it as well; `keepalive` and its like say nothing.
_PREAMBLE = frozenset(
    (
        "response.created",
        "response.in_progress",
        "response.queued",
        "response.metadata",
        "keepalive",
        "ping",
        _RATE_LIMITS,
    )
)
_NO_BEGINNING = _PREAMBLE | TERMINAL_TYPES | {""}
_TELLING = sorted(TERMINAL_TYPES | {_RATE_LIMITS})
_LEADING = re.compile(rb'\s*\{\s*"type"\s*:\s*"')
# The line of data of an event whose type comes first.
_DATA = re.compile(rb'data:\s*\{\s*"type"\s*:\s*"([A-Za-z0-9_.\-]+)"')
_TELLING_TYPES = frozenset(name.encode() for name in _TELLING)
_PREAMBLE_TYPES = frozenset(name.encode() for name in _PREAMBLE)
# Of events whose type comes late, or that are an error without one.
_INTERESTING_BYTES = re.compile(rb'"type"\s*:\s*"(?:%b)"|"error"\s*:' % "|".join(_TELLING).encode())
_BLANK = b"\xef\xbb\xbf \t\r\n"


def is_quiet(data: bytes, start: int, end: int) -> bool:
    """Whether this part of `data` is one whole event of which an observer who is `quiet` need not be told."""
    found = lone_event(data, start, end)
    return found is not None and found[2] not in _TELLING_TYPES


def usage_of(response: Mapping[str, Any]) -> Usage | None:
    """The usage in a response object; None when it does not say."""
    usage = response.get("usage")
    if not isinstance(usage, dict):
        return None
    given, made = count(usage.get("input_tokens")), count(usage.get("output_tokens"))
    if given is None and made is None:
        return None
    return Usage(
        input_tokens=given or 0,
        cached_tokens=count(member(usage, "input_tokens_details").get("cached_tokens")) or 0,
        output_tokens=made or 0,
        reasoning_tokens=count(member(usage, "output_tokens_details").get("reasoning_tokens")) or 0,
    )


def chat_usage(response: Mapping[str, Any]) -> dict[str, Any] | None:
    """The usage in a response object in the shape of Chat Completions; None when it does not say."""
    usage = response.get("usage")
    if not isinstance(usage, dict):
        return None
    prompt, completion = count(usage.get("input_tokens")), count(usage.get("output_tokens"))
    if prompt is None or completion is None:
        return None
    total = count(usage.get("total_tokens"))
    chat: dict[str, Any] = {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion if total is None else total,
    }
    details = (
        ("prompt_tokens_details", "input_tokens_details", ("cached_tokens", "cache_write_tokens")),
        ("completion_tokens_details", "output_tokens_details", ("reasoning_tokens",)),
    )
    for name, source, keys in details:
        counts = {key: count(member(usage, source).get(key)) for key in keys}
        known = {key: value for key, value in counts.items() if value is not None}
        if known:
            chat[name] = known
    return chat


class UsageObserver:
    """Watches the bytes of an answer pass and remembers what a turn's row needs. Never raises, never changes a byte.

    Only the events that matter are parsed; of the rest, the first bytes are looked at. It holds at most one event.

    Attributes:
        usage: None until upstream said.
        terminal: how the response ended; None when it did not (yet).
        failure: what went wrong, when the response failed.
        begun: something has come that a client would show or act on; before it, a turn can still be served by another
            token.
        model: that upstream says answered.
        rate_limits: the last `codex.rate_limits` event.
    """

    def __init__(self) -> None:
        self.usage: Usage | None = None
        self.terminal: Terminal | None = None
        self.failure: UpstreamFailure | None = None
        self.begun = False
        self.model: str | None = None
        self.rate_limits: Mapping[str, Any] | None = None
        self._events = SseParser()
        self._json: bytearray | None = None
        self._empty = True
        self._blind = False

    @property
    def quiet(self) -> bool:
        """Whether an event that `is_quiet` may pass unseen now."""
        return self.begun and not self._blind and self._json is None and self._events.at_boundary

    @property
    def error_code(self) -> str | None:
        """Upstream's own word for what went wrong; None while nothing has."""
        return self.failure.upstream_code if self.failure is not None else None

    def feed(self, chunk: bytes) -> None:
        """These bytes pass now."""
        if self._blind:
            return
        if self._empty:
            # The content type is not asked: upstreams name it wrongly. An event stream never starts with a brace.
            chunk = chunk.lstrip(_BLANK)
            if not chunk:
                return
            self._empty = False
            if chunk[0] == 0x7B:
                self._json = bytearray()
        if self._json is not None:
            self._json += chunk
            if len(self._json) > MAX_JSON:
                self._go_blind()
        elif chunk.endswith(b"\n\n") and b"\r" not in chunk and self._events.at_boundary:
            self._skim(chunk)
        else:
            self._read(chunk)

    def see(self, frame: bytes) -> None:
        """One event passes now by itself, as over a WebSocket."""
        self._see(Event(frame))

    def close(self) -> None:
        """The answer is over."""
        if self._json is not None:
            body = parsed_object(self._json) or {}
            self._end(terminal_of_status(body.get("status")), body)
            if isinstance(body.get("error"), Mapping) or "detail" in body:
                self.terminal = Terminal.FAILED
            if self.terminal is Terminal.FAILED:
                self.failure = failure_from_event(body)
            else:
                self.begun = True
        self._go_blind()

    def _skim(self, chunk: bytes) -> None:
        """Whole events: of most of them, the type is all that is looked at."""
        lines = chunk.split(b"\n")
        if any(lines[2::3]):
            # OpenAI writes two lines and an empty one; whoever imitates it may not.
            self._read(chunk)
            return
        for name, data in zip(lines[::3], lines[1::3], strict=False):
            known = _DATA.match(data)
            if known is None or not name.startswith(b"event:"):
                self._read(b"%b\n%b\n\n" % (name, data))
            elif known[1] in _TELLING_TYPES:
                self._see(Event(data[5:]))
            elif not self.begun and self.terminal is None:
                self.begun = known[1] not in _PREAMBLE_TYPES

    def _read(self, chunk: bytes) -> None:
        try:
            for event in self._events.feed(chunk):
                self._see(event)
        except EventTooLarge:
            self._go_blind()

    def _see(self, event: Event) -> None:
        if self.terminal is not None:
            return
        kind = leading_type(event.data)
        if not kind:
            # Its type comes late, is spelled oddly, or is missing.
            if _LEADING.match(event.data) is None and _INTERESTING_BYTES.search(event.data) is None and self.begun:
                return
            kind = event.type
        if not self.begun:
            self.begun = kind not in _NO_BEGINNING
        if kind == _RATE_LIMITS:
            self.rate_limits = event.json()
        if kind and kind not in TERMINAL_TYPES:
            return
        body = event.json()
        terminal = terminal_of(kind, body)
        if terminal is None:
            return
        self._end(terminal, member(body, "response"))
        if terminal is Terminal.FAILED:
            self.failure = failure_from_event(body)
        else:
            self.begun = True

    def _end(self, terminal: Terminal | None, response: Mapping[str, Any]) -> None:
        self.terminal = terminal
        self.usage = usage_of(response)
        model = response.get("model")
        self.model = model if isinstance(model, str) else None

    def _go_blind(self) -> None:
        self._blind = True
        self._events, self._json = SseParser(), None
