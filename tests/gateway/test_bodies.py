"""Decoding copies of bodies, with any input and never beyond the limit."""

import asyncio
import contextlib
import gzip
import itertools
import random
import zlib
from collections.abc import Callable

import brotli
import pytest
import zstandard
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import Refusal
from app.gateway.bodies import decoded, read_body

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "zstd": zstandard.ZstdCompressor().compress,
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
}


@pytest.mark.parametrize("name", PACKERS)
@given(data=st.binary(max_size=5000))
def test_packed_and_decoded_is_the_same(name: str, data: bytes) -> None:
    assert decoded(PACKERS[name](data), name) == data
    assert decoded(PACKERS[name](data), f" {name.upper()} ") == data


@pytest.mark.parametrize("name", PACKERS)
@given(data=st.binary(max_size=200))
def test_any_bytes_are_decoded_or_refused(name: str, data: bytes) -> None:
    with contextlib.suppress(Refusal):
        assert isinstance(decoded(data, name), bytes)


@given(encodings=st.lists(st.sampled_from([*PACKERS, "identity"]), max_size=4), data=st.binary(max_size=1000))
def test_several_encodings_are_undone_in_reverse(encodings: list[str], data: bytes) -> None:
    packed = data
    for name in encodings:
        packed = PACKERS.get(name, bytes)(packed)
    assert decoded(packed, ", ".join(encodings)) == data


@pytest.mark.parametrize("name", PACKERS)
@pytest.mark.parametrize("size", [0, 1, 999, 1000, 256 * 1024, 256 * 1024 + 1, 600_000])
def test_the_limit_is_exact(name: str, size: int) -> None:
    packed = PACKERS[name](b"a" * size)
    assert len(decoded(packed, name, limit=size)) == size
    if size:
        with pytest.raises(Refusal) as caught:
            decoded(packed, name, limit=size - 1)
        assert caught.value.status == 413


@pytest.mark.parametrize("name", PACKERS)
@pytest.mark.parametrize("missing", [1, 4, 10, 100])
def test_what_is_cut_off_is_told_so(name: str, missing: int) -> None:
    packed = PACKERS[name](random.Random(1).randbytes(20_000))
    for whole in (b"", packed if name in ("zstd", "gzip") else b""):
        with pytest.raises(Refusal) as caught:
            decoded(whole + packed[:-missing], name)
        assert (caught.value.status, caught.value.error_code) == (400, "invalid_content_encoding")
        assert "cut off" in caught.value.message


@given(sizes=st.lists(st.integers(0, 3000), max_size=5), cut=st.integers(0, 4000))
def test_zstd_is_whole_only_at_the_end_of_a_frame(sizes: list[int], cut: int) -> None:
    pack = zstandard.ZstdCompressor(write_checksum=True).compress
    frames = [pack(random.Random(size).randbytes(size)) for size in sizes]
    packed = b"".join(frames)[:cut]
    ends = itertools.accumulate(map(len, frames), initial=0)
    if len(packed) in ends:
        decoded(packed, "zstd")
    else:
        with pytest.raises(Refusal):
            decoded(packed, "zstd")


def test_gzip_may_have_several_members_and_zstd_several_frames() -> None:
    assert decoded(gzip.compress(b"one ") + gzip.compress(b"two"), "gzip") == b"one two"
    pack = zstandard.ZstdCompressor().compress
    skipped = b"\x50\x2a\x4d\x18\x05\x00\x00\x00hello"
    assert decoded(skipped + pack(b"one ") + pack(b"two"), "zstd") == b"one two"


def test_deflate_may_lack_its_header() -> None:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    assert decoded(packer.compress(b"data") + packer.flush(), "deflate") == b"data"


def test_without_an_encoding_it_is_the_very_same_object() -> None:
    body = b"{}"
    assert decoded(body, "") is body
    assert decoded(body, "identity, ") is body


def test_an_unknown_encoding_is_named() -> None:
    with pytest.raises(Refusal) as caught:
        decoded(b"", "gzip, lzma")
    assert caught.value.status == 415
    assert "lzma" in caught.value.message


@pytest.mark.parametrize("rest", [b"", b'4\r\n{"a"\r\n', b"zz\r\n"], ids=["nothing", "a half", "no chunk"])
async def test_a_body_that_never_ends_is_given_up(rest: bytes) -> None:
    async def answer(request: web.BaseRequest) -> web.Response:
        try:
            await read_body(request, idle_s=0.1)
        except Refusal as refusal:
            return web.Response(status=refusal.status)
        return web.Response()

    runner = web.ServerRunner(web.Server(answer, lingering_time=0.1))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    reader, writer = await asyncio.open_connection(*runner.addresses[0])
    try:
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(0.02)
        writer.write(rest)
        async with asyncio.timeout(5):
            assert (await reader.readline()).startswith((b"HTTP/1.1 408", b"HTTP/1.0 400"))
    finally:
        writer.close()
        await runner.cleanup()
