"""Reading compressed request bodies."""

import zlib
from typing import Any

import brotli
import orjson
import zstandard

MAX_DECODED = 512 << 20
"""Bytes that a decoded body may have."""


class UnreadableBodyError(ValueError):
    """The body is not what its headers say, or too large once decoded."""


def decode(raw: bytes, encoding: str) -> bytes:
    """Return ``raw`` without its content encoding (``zstd``, ``gzip``, ``deflate``, ``br``, or several).

    Raises:
        UnreadableBodyError: unknown encoding, broken data, or more than :data:`MAX_DECODED` bytes.
    """
    names = [name.strip().lower() for name in encoding.split(",") if name.strip()]
    for name in reversed(names):
        try:
            raw = _decode_one(raw, name)
        except (zlib.error, zstandard.ZstdError, brotli.error, EOFError) as problem:
            raise UnreadableBodyError(f"The body is not valid {name} data.") from problem
    return raw


def parse(raw: bytes, encoding: str) -> Any:
    """Return the JSON value in a request body.

    Raises:
        UnreadableBodyError: see :func:`decode`, or the text is not JSON.
    """
    try:
        return orjson.loads(decode(raw, encoding))
    except orjson.JSONDecodeError as problem:
        raise UnreadableBodyError("The body is not valid JSON.") from problem


def _decode_one(raw: bytes, name: str) -> bytes:
    if name in ("identity", ""):
        return raw
    if name == "zstd":
        # Frames need not name their size, so the streaming reader it is.
        with zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True) as reader:
            found = reader.read(MAX_DECODED + 1)
    elif name in ("gzip", "x-gzip"):
        found = _inflate(raw, zlib.MAX_WBITS | 16)
    elif name == "deflate":
        found = _inflate(raw, zlib.MAX_WBITS if raw[:1] == b"\x78" else -zlib.MAX_WBITS)
    elif name == "br":
        found = brotli.decompress(raw)
    else:
        raise UnreadableBodyError(f"Content encoding {name!r} is not supported.")
    if len(found) > MAX_DECODED:
        raise UnreadableBodyError("The decoded body is too large.")
    return found


def _inflate(raw: bytes, window: int) -> bytes:
    reader = zlib.decompressobj(window)
    found = reader.decompress(raw, MAX_DECODED + 1)
    if not reader.eof and len(found) <= MAX_DECODED:
        raise UnreadableBodyError("The body ends too early.")
    return found
