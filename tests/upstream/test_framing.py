"""Where bodies end, with aiohttp's parser as the other opinion."""

import asyncio
import itertools
from collections.abc import Sequence

import pytest
from aiohttp import ClientPayloadError
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http import HttpResponseParser
from aiohttp.http_exceptions import HttpProcessingError
from hypothesis import given
from hypothesis import strategies as st

from app.upstream.framing import BadFraming, body_of, head_end

CHUNKED_HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def taken_apart(data: bytes, cuts: Sequence[int], *, chunked: bool = True, length: int | None = None) -> object:
    """Content, whether it is over, and what is left behind it; or that it cannot be read."""
    body = body_of(bodyless=False, chunked=chunked, length=length)
    content, rest = b"", b""
    try:
        for piece in pieces_of(data, cuts):
            if body.over:
                rest += piece
            else:
                content += body.feed(piece)
                rest += body.rest
    except BadFraming:
        return "bad"
    return content, body.over, rest


def pieces_of(data: bytes, cuts: Sequence[int]) -> list[bytes]:
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[start:end] for start, end in itertools.pairwise(places)]


async def by_aiohttp(data: bytes) -> object:
    """What aiohttp makes of one chunked body."""
    loop = asyncio.get_running_loop()
    parser = HttpResponseParser(BaseProtocol(loop), loop, 1 << 20, payload_exception=ClientPayloadError)
    try:
        messages, _, _ = parser.feed_data(CHUNKED_HEAD + data)
    except HttpProcessingError:
        return "bad"
    payload = messages[0][1]
    if payload.exception() is not None:
        return "bad"
    content = b"".join(payload._buffer)
    return content, payload.is_eof()


chunk = st.tuples(
    st.binary(min_size=1, max_size=40),
    st.sampled_from(["{:x}", "{:X}", "{:04x}"]),
    st.sampled_from([b"", b";name=value", b"; a"]),
)


@st.composite
def chunked_bodies(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """A body as it is sent, and its content."""
    sent = content = b""
    for data, size, extension in draw(st.lists(chunk, max_size=6)):
        sent += size.format(len(data)).encode() + extension + b"\r\n" + data + b"\r\n"
        content += data
    trailers = draw(st.sampled_from([b"", b"Checksum: 1\r\n", b"A: b\r\nC: d\r\n"]))
    return sent + b"0\r\n" + trailers + b"\r\n", content


@given(chunked_bodies(), st.lists(st.integers(0, 400), max_size=8), st.binary(max_size=5))
def test_a_chunked_body_is_the_same_however_it_comes(body: tuple[bytes, bytes], cuts: list[int], behind: bytes) -> None:
    sent, content = body
    assert taken_apart(sent + behind, cuts) == (content, True, behind)


@given(chunked_bodies())
def test_every_byte_by_itself_is_enough(body: tuple[bytes, bytes]) -> None:
    sent, content = body
    assert taken_apart(sent, range(len(sent))) == (content, True, b"")


@given(st.lists(chunk, min_size=1, max_size=6), st.integers(-2, 2))
def test_chunks_that_come_each_by_itself_are_what_they_are_at_once(
    chunks: list[tuple[bytes, str, bytes]], off: int
) -> None:
    sent, content, ends = b"", b"", []
    for data, size, extension in chunks:
        # As text may have it, a line end stands before the chunk's own.
        sent += size.format(len(data) + 2).encode() + extension + b"\r\n" + data + b"\r\n\r\n"
        content += data + b"\r\n"
        ends.append(len(sent) + off)
    assert taken_apart(sent + b"0\r\n\r\n", ends) == (content, True, b"")


@given(chunked_bodies(), st.integers(1, 60))
def test_a_body_that_is_cut_off_is_not_over(body: tuple[bytes, bytes], missing: int) -> None:
    sent, content = body
    cut = sent[: max(0, len(sent) - missing)]
    read = taken_apart(cut, [])
    assert isinstance(read, tuple)
    assert not read[1]
    assert content.startswith(read[0])


@given(chunked_bodies(), st.integers(0, 200), st.binary(min_size=1, max_size=3))
def test_what_aiohttp_refuses_or_reads_is_refused_or_read(body: tuple[bytes, bytes], place: int, noise: bytes) -> None:
    """Bytes put in anywhere. Where we are stricter or milder, nobody sends it: an equal content is what counts."""
    sent, _ = body
    place %= len(sent)
    changed = sent[:place] + noise + sent[place:]
    ours, theirs = taken_apart(changed, []), asyncio.run(by_aiohttp(changed))
    if isinstance(ours, tuple) and isinstance(theirs, tuple) and ours[1] and theirs[1]:
        assert ours[0] == theirs[0]


@pytest.mark.parametrize(
    "sent",
    [b"x\r\n", b"-1\r\n", b"5\r\nhello!\r\n", b"5\r\nhello\r!", b"\r\n\r\n", b"0x5\r\nhello\r\n", b"5" * 5000],
)
def test_what_is_no_chunk_is_refused(sent: bytes) -> None:
    assert taken_apart(sent, []) == "bad"
    assert taken_apart(sent, range(len(sent))) == "bad"


def test_trailers_without_end_are_refused() -> None:
    assert taken_apart(b"0\r\n" + b"A: b\r\n" * 20_000, []) == "bad"
    assert taken_apart(b"0\r\n" + b"A" * 100_000, [50_000]) == "bad"


@given(st.binary(max_size=50), st.binary(max_size=10), st.lists(st.integers(0, 60), max_size=5))
def test_a_body_of_known_length_ends_there(content: bytes, behind: bytes, cuts: list[int]) -> None:
    read = taken_apart(content + behind, cuts, chunked=False, length=len(content))
    assert read == (content, True, behind)


def test_a_body_without_length_ends_with_its_connection() -> None:
    body = body_of(bodyless=False, chunked=False, length=None)
    assert body.feed(b"one") == b"one"
    assert not body.over
    assert body.eof()
    assert body.over


def test_what_has_no_body_is_over_at_once() -> None:
    assert body_of(bodyless=True, chunked=True, length=5).over
    assert body_of(bodyless=False, chunked=False, length=0).over


@pytest.mark.parametrize("ending", [b"\r\n\r\n", b"\n\n", b"\r\n\n"])
def test_the_head_ends_with_its_blank_line_wherever_it_is_cut(ending: bytes) -> None:
    head = b"HTTP/1.1 200 OK\r\nA: b" + ending
    data = head + b"body\r\n\r\n"
    for cut in range(len(head)):
        assert head_end(data[:cut], 0) == 0
        assert head_end(data, cut) == len(head)
