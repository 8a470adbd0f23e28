"""Request bodies: read whole with a limit, and decoded as a copy with a limit."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import brotli
import zstandard
from aiohttp import web

from app.core.errors import Refusal
from app.gateway.replies import body_stalled, too_large

#: Of a body as received, and of its decoded copy.
MAX_BODY = 64 * 1024 * 1024
#: Work on larger bodies is done on another thread.
OFF_LOOP = 256 * 1024

#: A client that sends nothing of its body for so long has gone or is broken, in seconds.
IDLE_S = 60.0

_PIECE = 256 * 1024
#: Of zstd: it packs 128 KiB into 4 bytes at best, and what comes of a piece is not limited otherwise.
_ZSTD_PIECE = 1024
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

_P = ParamSpec("_P")
_T = TypeVar("_T")


async def read_body(request: web.BaseRequest, limit: int = MAX_BODY, idle_s: float = IDLE_S) -> bytes:
    """The body as it comes.

    Raises:
        Refusal: 413, when it is larger than `limit`; at once if it says so before. 408, when nothing comes for `idle_s`
            seconds. 400, when its chunks are none; the server's connection, which sees that, has the body say so.
    """
    content = request.content
    body = bytearray()
    # Most bodies have come with their headers: then there is nothing to wait for.
    if not content.is_eof():
        if (request.content_length or 0) > limit:
            raise too_large(limit)
        if request.headers.get("Expect", "").lower() == "100-continue":
            await request.writer.write(_CONTINUE)
            # Not a part of the answer: whether that has begun is read from this count.
            request.writer.output_size = 0
    while not content.is_eof():
        try:
            async with asyncio.timeout(idle_s):
                body += await content.readany()
        except TimeoutError:
            raise body_stalled() from None
        if len(body) > limit:
            raise too_large(limit)
    body += content.read_nowait()
    if len(body) > limit:
        raise too_large(limit)
    return bytes(body)


async def off_loop(size: int, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """Do `work` here if it is about few bytes, else on another thread."""
    if size <= OFF_LOOP:
        return work(*args, **kwargs)
    return await asyncio.to_thread(work, *args, **kwargs)


def decoded(body: bytes, content_encoding: str, limit: int = MAX_BODY) -> bytes:
    """A copy without its content encodings; the very same object when there are none.

    Args:
        body: as received.
        content_encoding: the header; several encodings are undone from the last to the first.
        limit: of the result and of each step, in bytes.

    Raises:
        Refusal: 413 when it grows beyond the limit, 415 for an unknown encoding, 400 when it is damaged.
    """
    names = [name.strip().lower() for name in content_encoding.split(",")]
    for name in reversed([name for name in names if name and name != "identity"]):
        decode = _DECODERS.get(name)
        if decode is None:
            raise Refusal(
                415,
                f"Unknown Content-Encoding: {name[:40]}. Waystation reads zstd, gzip, br and deflate.",
                code="unsupported_content_encoding",
            )
        try:
            body = decode(body, limit)
        except (zlib.error, zstandard.ZstdError, brotli.error, EOFError):
            raise Refusal(
                400,
                f"The body of your request is damaged or cut off: it is not whole {name} data.",
                code="invalid_content_encoding",
            ) from None
    return body


def _zstd(body: bytes, limit: int) -> bytes:
    found = bytearray()
    context, view, at = zstandard.ZstdDecompressor(), memoryview(body), 0
    # The streaming reader would take a body that is cut off for a short one; a frame's own decoder knows its end.
    while at < len(body):
        frame = context.decompressobj()
        while not frame.eof:
            piece = view[at : at + _ZSTD_PIECE]
            if not piece:
                raise EOFError
            found += frame.decompress(piece)
            at += len(piece)
            _check(found, limit)
        at -= len(frame.unused_data)
    return bytes(found)


def _gzip(body: bytes, limit: int) -> bytes:
    found = bytearray()
    while body:
        member = zlib.decompressobj(zlib.MAX_WBITS | 16)
        _inflate(member, body, found, limit)
        body = member.unused_data
    return bytes(found)


def _deflate(body: bytes, limit: int) -> bytes:
    found = bytearray()
    # Some clients leave out the zlib header that the name promises.
    bits = zlib.MAX_WBITS if body[:1] == b"\x78" else -zlib.MAX_WBITS
    _inflate(zlib.decompressobj(bits), body, found, limit)
    return bytes(found)


def _inflate(member: zlib._Decompress, body: bytes, found: bytearray, limit: int) -> None:
    while True:
        piece = member.decompress(body, _PIECE)
        found += piece
        _check(found, limit)
        body = member.unconsumed_tail
        if member.eof:
            return
        if not body and len(piece) < _PIECE:
            raise EOFError


def _brotli(body: bytes, limit: int) -> bytes:
    found = bytearray()
    decoder = brotli.Decompressor()
    while True:
        piece = decoder.process(body, output_buffer_limit=_PIECE)
        body = b""
        found += piece
        _check(found, limit)
        if decoder.is_finished():
            return bytes(found)
        if not piece and decoder.can_accept_more_data():
            raise EOFError


def _check(found: bytearray, limit: int) -> None:
    if len(found) > limit:
        raise too_large(limit, decoded=True)


_DECODERS: dict[str, Callable[[bytes, int], bytes]] = {
    "zstd": _zstd,
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
}
