"""HTTP/1.1 answers taken apart: where the head ends, where the body ends, and what of the bytes is the body.

RFC 9112 §6.3 says which of three ways ends a body. Plain functions on bytes; nothing here waits or sends.
"""

from __future__ import annotations

import re
from typing import Protocol

#: With chunk extensions; far more than anybody sends.
_MAX_SIZE_LINE = 4096
_MAX_TRAILERS = 64 * 1024
_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?\r?\n")
#: As nearly everybody writes it.
PLAIN_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})\r\n")
#: Some servers end their lines with LF alone; RFC 9112 §2.2 allows to read that.
_BLANK_LINE = re.compile(rb"\n\r?\n")


class BadFraming(Exception):
    """The bytes are no HTTP body of the kind that the head announced."""


class Body(Protocol):
    """Follows one body through the bytes of its connection.

    Attributes:
        over: the body has ended.
        rest: what came behind its end; not empty only where a server breaks the rules.
        between_chunks: the next byte begins a chunk.
    """

    over: bool
    rest: bytes
    between_chunks: bool

    def feed(self, data: bytes) -> bytes:
        """What of these bytes is content, without framing. Raises BadFraming."""

    def eof(self) -> bool:
        """The connection has ended: whether that ends the body properly."""


def head_end(data: bytes | bytearray, searched: int) -> int:
    """Where the head ends, behind its blank line; 0 while it is not complete.

    Args:
        data: from the beginning of the head.
        searched: so many bytes were looked through before.
    """
    found = _BLANK_LINE.search(data, max(0, searched - 3))
    return found.end() if found is not None else 0


def body_of(*, bodyless: bool, chunked: bool, length: int | None) -> Body:
    """How the body behind a head is framed.

    Args:
        bodyless: there is none, whatever the head says (HEAD, 204, 304).
        chunked: the last transfer coding is `chunked`.
        length: of `Content-Length`.
    """
    if bodyless:
        return _Sized(0)
    if chunked:
        return _Chunked()
    return _UntilClosed() if length is None else _Sized(length)


class _Sized:
    """A body of a known length."""

    __slots__ = ("_left", "over", "rest")
    between_chunks = False

    def __init__(self, length: int) -> None:
        self._left = length
        self.over = length == 0
        self.rest = b""

    def feed(self, data: bytes) -> bytes:
        size = len(data)
        if size > self._left:
            self.rest = data[self._left :]
            data = data[: self._left]
            size = self._left
        self._left -= size
        self.over = self._left == 0
        return data

    def eof(self) -> bool:
        return self.over


class _UntilClosed:
    """A body that ends with its connection."""

    __slots__ = ("over", "rest")
    between_chunks = False

    def __init__(self) -> None:
        self.over = False
        self.rest = b""

    def feed(self, data: bytes) -> bytes:
        return data

    def eof(self) -> bool:
        self.over = True
        return True


class _Chunked:
    """A body in chunks (RFC 9112 §7.1); extensions and trailers are read over."""

    __slots__ = ("_behind", "_left", "_line", "_trailers", "between_chunks", "over", "rest")

    def __init__(self) -> None:
        self.over = False
        self.rest = b""
        self.between_chunks = True
        #: Of the chunk that is being read.
        self._left = 0
        #: A chunk has been read, and the line end behind it has not.
        self._behind = False
        #: The beginning of a line that is not complete.
        self._line = b""
        #: Bytes of trailers so far; None before the last chunk.
        self._trailers: int | None = None

    def feed(self, data: bytes) -> bytes:
        pieces: list[bytes] = []
        at, size = 0, len(data)
        if self.between_chunks:
            # Servers of events send each chunk by itself, or few at once: nearly always they are whole.
            while at < size and (found := PLAIN_SIZE.match(data, at)) is not None:
                start = found.end()
                end = start + int(found[1], 16)
                if data[end : end + 2] != b"\r\n":
                    break
                if end == start:
                    # It is the last one; behind it there may be trailers, and nearly always there are none.
                    self.over = end + 2 == size
                    self.between_chunks = not self.over
                    break
                pieces.append(data[start:end])
                at = end + 2
            if at == size or self.over:
                return pieces[0] if len(pieces) == 1 else b"".join(pieces)
        elif self._line:
            data, self._line = self._line + data, b""
            size = len(data)
        while at < size and not self.over:
            if self._left:
                piece = data[at : at + self._left]
                pieces.append(piece)
                self._left -= len(piece)
                at += len(piece)
                self._behind = not self._left
            elif self._behind:
                end = self._line_end(data, at)
                if not end:
                    break
                at, self._behind = end, False
            elif self._trailers is None:
                found = _SIZE.match(data, at)
                if found is None:
                    self._keep(data, at)
                    break
                at = found.end()
                self._left = int(found[1], 16)
                if not self._left:
                    self._trailers = 0
            else:
                at = self._trailer(data, at)
        if self.over and at < size:
            self.rest = data[at:]
        self.between_chunks = not (self._line or self._left or self._behind or self.over) and self._trailers is None
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def eof(self) -> bool:
        return self.over

    def _line_end(self, data: bytes, at: int) -> int:
        """Behind the line end at `at`; 0 when half of it is missing."""
        if data[at] == 0x0A:
            return at + 1
        if data[at] != 0x0D:
            raise BadFraming("a chunk is longer than it says")
        if at + 1 == len(data):
            self._line = data[at:]
            return 0
        if data[at + 1] != 0x0A:
            raise BadFraming("a chunk is longer than it says")
        return at + 2

    def _keep(self, data: bytes, at: int) -> None:
        """A size that is not complete waits for the rest of its line."""
        if b"\n" in data[at:]:
            raise BadFraming("a chunk's size is no number")
        if len(data) - at > _MAX_SIZE_LINE:
            raise BadFraming("a chunk's size does not end")
        self._line = data[at:]

    def _trailer(self, data: bytes, at: int) -> int:
        """Read over one line of the trailers; the empty one ends the body."""
        end = data.find(b"\n", at)
        if end < 0:
            self._line = data[at:]
            read = len(data)
        else:
            read = end + 1
            self.over = data[at:read] in (b"\r\n", b"\n")
        self._trailers = (self._trailers or 0) + (read - at if end >= 0 else 0)
        if self._trailers + len(self._line) > _MAX_TRAILERS:
            raise BadFraming("the trailers do not end")
        return read
