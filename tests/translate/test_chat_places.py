"""Which text of upstream's an event goes on with, and which item the end of a stream repeats."""

from typing import Any

import orjson
import pytest

from app.translate.frames import data_frame
from app.translate.sse import Event
from tests.translate.streams import (
    chunk,
    completed,
    delta,
    item_added,
    item_done,
    machine,
    message,
    played,
    said,
    thought,
)


def told(events: list[dict[str, Any]]) -> str:
    answer, chunks = played(events)
    content = answer.completion()["choices"][0]["message"]["content"]
    assert isinstance(content, str)
    assert said(chunks) == content
    return content


@pytest.mark.parametrize(
    ("output", "content"),
    [
        ([message("one"), message("two")], "one\n\ntwo"),
        ([message("one!"), message("two!")], "one\n\ntwo!!"),
        # All that was streamed, and more.
        ([message("one"), message("two"), message("three")], "one\n\ntwo\n\nthree"),
        # By id, wherever they are; in a round of rotating ids, by order.
        ([message("two", id="b"), message("one", id="a")], "one\n\ntwo"),
        ([message("one", id="x"), message("two", id="y")], "one\n\ntwo"),
        ([{"type": "reasoning"}, message("one", id="a"), message("three", id="x")], "one\n\ntwo"),
        ([message("two", id="b"), {"type": "novel"}, message("one")], "one\n\ntwo"),
        # A kind of item that was not streamed is a new one.
        ([{"type": "web_search_call"}, message("one"), message("two"), message("three")], "one\n\ntwo\n\nthree"),
    ],
)
def test_the_end_repeats_what_was_streamed(output: list[dict[str, Any]], content: str) -> None:
    events = [
        item_added(message(id="a")),
        delta("one"),
        item_added(message(id="b"), 1),
        delta("two", 1),
    ]
    assert told([*events, completed(output)]) == content


def test_an_item_that_said_nothing_does_not_move_the_others() -> None:
    output = [message(), message("one"), message()]
    assert told([item_done(message("one"), 1), completed(output)]) == "one"


def test_deltas_of_two_texts_in_turns_stay_apart() -> None:
    events = [
        delta("a", content=0),
        delta("x", content=1),
        delta("b", content=0),
        delta("y", content=1),
        delta("y", content=1),
        item_done(message("ab!", "xyy?")),
        completed(),
    ]
    assert told(events) == "axbyy!?"


@pytest.mark.parametrize(
    "between",
    [
        {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": 7},
        delta(""),
        {"type": "response.output_text.annotation.added", "output_index": 4, "annotation": {}},
        item_done({"type": "novel"}, 3),
        {"type": "keepalive"},
    ],
)
def test_a_text_goes_on_after_anything(between: dict[str, Any]) -> None:
    assert told([delta("a"), delta("b"), between, delta("c"), item_done(message("abc")), completed()]) == "abc"


@pytest.mark.parametrize(
    "more", [{"output_index": 0.0}, {"content_index": [[]]}, {"item_id": {}}, {"output_index": None}]
)
def test_strange_indices_hold_no_text_up(more: dict[str, Any]) -> None:
    assert told([delta("a") | more, delta("b") | more, completed()]) == "ab"


def test_parts_of_kinds_to_come_say_nothing() -> None:
    item = {"type": "message", "content": [{"type": "novel", "text": "x"}, *message("Hello")["content"], 7]}
    assert told([item_done(item), completed([item])]) == "Hello"


def test_thoughts_go_on_as_words_do() -> None:
    _, chunks = played([thought("a"), thought("b"), thought("c", summary=1), thought("d", summary=1), completed()])
    deltas = [part["choices"][0]["delta"] for part in chunks[1:-1]]
    assert deltas == [{"reasoning_content": text} for text in ("a", "b", "\n\nc", "d")]


@pytest.mark.parametrize("model", ["gpt-5", '{"content":""}', "模型", ""])
@pytest.mark.parametrize("text", ["word", '"\\\n', "\u2028\x7f好😀", '{"content":""}'])
@pytest.mark.parametrize("include_usage", [True, False])
def test_a_chunk_that_goes_on_is_the_same_to_the_byte(model: str, text: str, include_usage: bool) -> None:
    answer = machine(model=model, include_usage=include_usage)
    event = orjson.dumps(delta(text))
    first, *others = [answer.feed(Event(event)) for _ in range(3)]
    usage = {"usage": None} if include_usage else {}
    expected = data_frame(chunk({"content": text}) | {"model": model} | usage)
    assert [first[-len(expected) :], *others] == [expected] * 3


def cited(start: int) -> dict[str, Any]:
    return {
        "type": "url_citation",
        "start_index": start,
        "end_index": start + 2,
        "url": "https://a.example",
        "title": "A",
    }


def test_a_citation_may_come_before_its_text() -> None:
    added = {"type": "response.output_text.annotation.added", "output_index": 1, "content_index": 0}
    item = message("Hello")
    item["content"][0]["annotations"] = [cited(0)]
    answer, chunks = played([delta("First."), added | {"annotation": cited(0)}, item_done(item, 1), completed()])
    (found,) = answer.completion()["choices"][0]["message"]["annotations"]
    assert found["url_citation"]["start_index"] == said(chunks).index("Hello")
    assert chunks[-2] == chunk({"annotations": [found]})
