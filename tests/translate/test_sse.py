from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.translate.sse import Event, EventTooLarge, SseParser

PIECES = st.sampled_from(
    [b"data: a", b"data:b", b"data", b"data:", b"data:  c", b": note", b"event: x", b"id: 1", b"\n", b"\r\n", b"\r",
     b"\n\n", b"\xef\xbb\xbf", "data: \u2028\u2029\u0085\x0b\x0c\x1c好".encode(), b"\xff\xfe", b"retry: 5", b"d", b" "]
)  # fmt: skip


def events_of(*chunks: bytes, limit: int = 1 << 20) -> list[bytes]:
    parser = SseParser(limit)
    return [event.data for chunk in chunks for event in parser.feed(chunk)]


@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r"])
def test_every_line_end_makes_the_same_events(newline: bytes) -> None:
    stream = newline.join([b"event: x", b'data: {"type":"x"}', b"", b": note", b"data:a", b"data: b", b"", b""])
    assert events_of(stream) == [b'{"type":"x"}', b"a\nb"]


@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_lines_of_one_event_stay_together_at_every_split(newline: bytes, size: int) -> None:
    stream = newline.join(
        [b"\xef\xbb\xbfdata: a", b"data: b", b"", b"\xef\xbb\xbfdata: no field", b"data: c", b"", b""]
    )
    pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
    assert events_of(*pieces) == events_of(stream) == [b"a\nb", b"c"]


@given(st.lists(PIECES, max_size=40).map(b"".join), st.lists(st.integers(0, 400), max_size=12))
def test_any_split_gives_the_same_events(stream: bytes, cuts: list[int]) -> None:
    places = [0, *sorted(cut for cut in cuts if cut < len(stream)), len(stream)]
    pieces = [stream[a:b] for a, b in pairwise(places)]
    whole, split, single = SseParser(), SseParser(), SseParser()
    expected = whole.feed(stream)
    assert [event for piece in pieces for event in split.feed(piece)] == expected
    assert [event for byte in stream for event in single.feed(bytes([byte]))] == expected
    assert whole.close() == split.close() == single.close()


@given(st.lists(PIECES, max_size=40).map(b"".join))
def test_events_are_those_of_the_standard(stream: bytes) -> None:
    assert events_of(stream) == standard(stream)


def standard(stream: bytes) -> list[bytes]:
    """The algorithm of the HTML standard, step by step, on the whole stream at once."""
    text = stream.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    found: list[bytes] = []
    data: list[bytes] = []
    for line in text.split(b"\n")[:-1]:
        if not line:
            if any(data):
                found.append(b"\n".join(data))
            data = []
            continue
        name, _, value = line.partition(b":")
        if name == b"data":
            data.append(value.removeprefix(b" "))
    return found


def test_a_field_without_a_colon_is_an_empty_line_of_data() -> None:
    assert events_of(b"data: a\ndata\ndata: b\n\ndata\n\n") == [b"a\n\nb"]


def test_separators_that_are_no_line_ends_stay_in_the_data() -> None:
    text = '{"type":"x","delta":"a\u2028b\u2029c\u0085d"}'.encode()
    assert events_of(b"data: " + text + b"\n\n") == [text]


def test_a_character_may_be_torn_apart() -> None:
    stream = 'data: {"delta":"好😀"}\n\n'.encode()
    for cut in range(len(stream)):
        parser = SseParser()
        (event,) = parser.feed(stream[:cut]) + parser.feed(stream[cut:])
        assert event.json() == {"delta": "好😀"}


def test_an_event_without_its_blank_line_is_cut_off() -> None:
    parser = SseParser()
    assert parser.feed(b'data: {"type":"response.completed"}\n') == []
    assert parser.close() is True
    whole = SseParser()
    whole.feed(b"data: x\n\n")
    assert whole.close() is False


@pytest.mark.parametrize(
    ("data", "kind", "parsed"),
    [
        (b'{"type":"response.completed","a":1}', "response.completed", {"type": "response.completed", "a": 1}),
        (b'{ "type" : "x" }', "x", {"type": "x"}),
        (b'{"a":{"type":"inner"},"type":"outer"}', "outer", {"a": {"type": "inner"}, "type": "outer"}),
        (b'{"type":"a\\u002eb"}', "a.b", {"type": "a.b"}),
        (b'{"type":7}', "", {"type": 7}),
        (b"[DONE]", "", {}),
        (b"[1]", "", {}),
        (b'{"type":', "", {}),
        (b'{"delta":"\\ud83d"}', "", {"delta": "\ud83d"}),
        (b'{"delta":"\xff"}', "", {"delta": "\ufffd"}),
        (b"[" * 100_000, "", {}),
    ],
)
def test_type_and_object_of_an_event(data: bytes, kind: str, parsed: dict[str, Any]) -> None:
    assert Event(data).type == kind
    event = Event(data)
    assert event.json() == parsed
    assert event.type == kind


def test_the_repr_of_an_event_shows_no_content() -> None:
    assert "secret" not in repr(Event(b'{"type":"x","delta":"secret"}'))


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_an_event_over_the_limit_ends_the_stream_after_those_before_it(size: int) -> None:
    stream = b"data: first\n\ndata: " + b"x" * 40 + b"\n" + b"data: " + b"y" * 40 + b"\n\ndata: after\n\n"
    parser = SseParser(limit=64)
    seen: list[bytes] = []

    def read_all() -> None:
        for at in range(0, len(stream) + 1000, size):
            seen.extend(event.data for event in parser.feed(stream[at : at + size] or b"\n"))

    with pytest.raises(EventTooLarge):
        read_all()
    assert seen == [b"first"]
    assert parser.close() is True


def test_comments_without_end_do_not_fill_the_limit() -> None:
    parser = SseParser(limit=64)
    for _ in range(100):
        assert parser.feed(b": keep-alive\n") == []


class CountingBytes(bytes):
    """Counts how many bytes are searched, split or copied in it."""

    touched = 0

    def split(self, *args: Any) -> list[bytes]:  # type: ignore[override]
        CountingBytes.touched += len(self)
        return super().split(*args)


def test_a_line_of_megabytes_is_searched_once() -> None:
    piece = CountingBytes(b"x" * 1024)
    for pieces in (100, 1000):
        CountingBytes.touched = 0
        parser = SseParser()
        parser.feed(b"data: ")
        for _ in range(pieces):
            parser.feed(piece)
        (event,) = parser.feed(b"\n\n")
        assert len(event.data) == pieces * 1024
        assert CountingBytes.touched == pieces * 1024
