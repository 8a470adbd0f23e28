from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.turn import Usage
from app.translate.sse import Event
from tests.translate.streams import (
    CREATED,
    arguments,
    call,
    calls_of,
    chunk,
    chunks_of,
    completed,
    delta,
    incomplete,
    item_added,
    item_done,
    machine,
    message,
    played,
    said,
    thought,
)

CHAT_USAGE = {
    "prompt_tokens": 20,
    "completion_tokens": 9,
    "total_tokens": 29,
    "prompt_tokens_details": {"cached_tokens": 5},
    "completion_tokens_details": {"reasoning_tokens": 4},
}


def contents(events: list[dict[str, Any]]) -> tuple[str, str]:
    """The content as the stream and as the whole answer have it."""
    answer, chunks = played(events)
    return said(chunks), answer.completion()["choices"][0]["message"]["content"]


def done(part: str, text: str, **place: int) -> dict[str, Any]:
    return {"type": f"response.{part}.done", "text": text, "output_index": 0, **place}


def test_a_stream_of_text() -> None:
    _, chunks = played([CREATED, {"type": "response.in_progress"}, delta("Hel"), delta("lo"), completed()])
    assert chunks == [
        chunk({"role": "assistant", "content": ""}),
        chunk({"content": "Hel"}),
        chunk({"content": "lo"}),
        chunk({}, "stop"),
    ]


def test_nothing_is_given_out_before_the_first_words() -> None:
    answer = machine()
    assert answer.feed(Event(orjson.dumps(CREATED))) == b""
    assert answer.started is False
    assert len(chunks_of(answer.feed(Event(orjson.dumps(delta("x")))))) == 2
    assert (answer.started, answer.over) == (True, False)


def test_usage_comes_last_and_only_when_asked_for() -> None:
    _, chunks = played([delta("x"), completed()], include_usage=True)
    assert [part["usage"] for part in chunks] == [None, None, None, CHAT_USAGE]
    assert chunks[-1]["choices"] == []
    _, chunks = played([delta("x"), completed()])
    assert all("usage" not in part and part["choices"] for part in chunks)


def test_missing_usage_is_left_out() -> None:
    answer, chunks = played([delta("x"), completed(usage=None)], include_usage=True)
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"
    assert "usage" not in answer.completion()
    assert answer.usage is None


def test_the_whole_answer() -> None:
    answer, _ = played([CREATED, delta("Hel"), delta("lo"), completed(service_tier="priority")])
    assert answer.completion() == {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": "gpt-5-high",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Hello", "refusal": None},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": CHAT_USAGE,
        "service_tier": "priority",
    }
    assert answer.usage == Usage(20, 5, 9, 4)


@pytest.mark.parametrize("tier", [None, "ultrafast", 5, ["default"]])
def test_a_service_tier_that_clients_do_not_know_is_left_out(tier: object) -> None:
    answer, chunks = played([delta("x"), completed(service_tier=tier)])
    assert "service_tier" not in answer.completion()
    assert "service_tier" not in chunks[-1]


HELLO = message("Hello")
PART = {"type": "response.content_part.done", "output_index": 0, "content_index": 0, "part": HELLO["content"][0]}


@pytest.mark.parametrize(
    "events",
    [
        [delta("Hello"), done("output_text", "Hello"), PART, item_done(HELLO), completed([HELLO])],
        [done("output_text", "Hello"), PART, item_done(HELLO), completed([HELLO])],
        [PART, item_done(HELLO), completed()],
        [item_done(HELLO), completed()],
        [completed([HELLO])],
        [delta("Hel"), done("output_text", "Hello"), completed([])],
        [delta("Hel"), completed([HELLO])],
        [item_done(HELLO), completed([HELLO | {"id": "msg_1"}])],
        [delta("Hello", output=1), item_done({"type": "reasoning", "summary": []}), completed([HELLO])],
        [delta("Hel", output=1), completed([{"type": "reasoning", "summary": []}, HELLO])],
        [{"type": "response.output_text.delta", "delta": "Hello"}, {"type": "response.output_item.done", "item": HELLO},
         completed()],
        [delta("Hello"), item_done(message("Something else")), completed()],
        [delta("Hello"), completed(), delta(" again"), completed([message("Hello again")])],
    ],
)  # fmt: skip
def test_text_comes_once_however_often_upstream_repeats_it(events: list[dict[str, Any]]) -> None:
    assert contents(events) == ("Hello", "Hello")


def test_several_parts_of_one_message_follow_each_other() -> None:
    whole = message("one", "two")
    assert contents([delta("one"), delta("two", content=1), item_done(whole), completed([whole])]) == ("onetwo",) * 2


@pytest.mark.parametrize(
    ("first", "expected"), [("Thinking.", "Thinking.\n\nDone."), ("Thinking.\n", "Thinking.\nDone.")]
)
def test_a_second_message_stands_apart(first: str, expected: str) -> None:
    events = [delta(first), delta("Do", output=2), item_done(message("Done."), 2), completed()]
    assert contents(events) == (expected, expected)


@pytest.mark.parametrize("streamed", [[], [delta("one")], [delta("one", output=3)]])
def test_messages_that_only_the_end_brings_are_passed_on(streamed: list[dict[str, Any]]) -> None:
    assert contents([*streamed, completed([message("one"), message("two")])]) == ("one\n\ntwo",) * 2


def test_the_end_finds_an_item_by_its_id() -> None:
    events = [
        item_added(message(id="a"), 0),
        item_added(message(id="b"), 1),
        delta("He", output=0),
        delta("Hel", output=1),
        completed([message("Hello", id="b")]),
    ]
    assert contents(events) == ("He\n\nHello",) * 2


def test_items_without_index_are_told_apart_by_id() -> None:
    def piece(text: str, item_id: str) -> dict[str, Any]:
        return {"type": "response.output_text.delta", "item_id": item_id, "delta": text}

    added = [{"type": "response.output_item.added", "item": message(id=name)} for name in "ab"]
    events = [*added, piece("one", "a"), piece("two", "b"), piece("three", "b")]
    wholes = [{"type": "response.output_item.done", "item": message(text, id=name)} for text, name in
              (("one", "a"), ("twothree!", "b"))]  # fmt: skip
    assert contents([*events, *wholes, completed()]) == ("one\n\ntwothree!",) * 2


def test_items_without_index_and_id_are_told_apart_by_order() -> None:
    events = [
        {"type": "response.output_item.done", "item": message("one")},
        {"type": "response.output_item.done", "item": message("two")},
        completed(),
    ]
    assert contents(events) == ("one\n\ntwo",) * 2


def test_halves_of_a_character_and_its_whole_are_the_same_text() -> None:
    stream = b'{"type":"response.output_text.delta","delta":"a\\ud83d"}'
    answer = machine()
    chunks = answer.feed(Event(stream)) + answer.feed(Event(stream.replace(b"a\\ud83d", b"\\ude00b")))
    chunks += answer.feed(Event(orjson.dumps(item_done(message("a😀bc")))))
    assert said(chunks_of(chunks)) == "a\ud83d\ude00bc"


def test_a_half_character_is_completed() -> None:
    answer = machine()
    chunks = answer.feed(Event(b'{"type":"response.output_text.delta","delta":"a\\ud83d"}'))
    chunks += answer.feed(Event(orjson.dumps(item_done(message("a😀b")))))
    assert said(chunks_of(chunks)) == "a\ud83d\ude00b"


def test_thoughts_are_reasoning_content() -> None:
    item = {"type": "reasoning", "encrypted_content": "SEALED", "summary": [
        {"type": "summary_text", "text": "one"}, {"type": "summary_text", "text": "two!"}]}  # fmt: skip
    events = [
        thought("o"),
        thought("ne"),
        {"type": "response.reasoning_summary_text.done", "output_index": 0, "summary_index": 0, "text": "one"},
        thought("two", summary=1),
        item_done(item),
        thought("three", output=1),
        delta("Hello", output=2),
        completed([item]),
    ]
    answer, chunks = played(events)
    assert said(chunks, "reasoning_content") == "one\n\ntwo!\n\nthree"
    told = answer.completion()["choices"][0]["message"]
    assert (told["content"], told["reasoning_content"]) == ("Hello", "one\n\ntwo!\n\nthree")
    assert "SEALED" not in repr((chunks, answer.completion()))


def test_raw_thoughts_of_open_models_come_the_same_way() -> None:
    events = [
        {"type": "response.reasoning_text.delta", "output_index": 0, "content_index": 0, "delta": "hm"},
        completed(),
    ]
    answer, chunks = played(events)
    assert said(chunks, "reasoning_content") == "hm"
    assert answer.completion()["choices"][0]["message"]["content"] is None


def test_a_refusal() -> None:
    item = {"type": "message", "content": [{"type": "refusal", "refusal": "I can't."}]}
    events = [{"type": "response.refusal.delta", "output_index": 0, "content_index": 0, "delta": "I "}, item_done(item)]
    answer, chunks = played([*events, completed([item])])
    assert said(chunks, "refusal") == "I can't."
    told = answer.completion()["choices"][0]
    assert (told["message"]["refusal"], told["message"]["content"], told["finish_reason"]) == ("I can't.", None, "stop")


def test_a_refusal_in_several_parts_is_one_text() -> None:
    item = {"type": "message", "content": [{"type": "refusal", "refusal": text} for text in ("I ", "can't.")]}
    assert said(played([completed([item])])[1], "refusal") == "I can't."


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("max_output_tokens", "length"),
        ("max_tokens", "length"),
        ("content_filter", "content_filter"),
        ("max_messages", "stop"),
        ("", "stop"),
    ],
)
def test_how_an_incomplete_answer_finishes(reason: str, finish: str) -> None:
    answer, chunks = played([delta("x"), incomplete(reason)])
    assert chunks[-1] == chunk({}, finish)
    assert answer.completion()["choices"][0]["finish_reason"] == finish


def test_an_answer_without_words_still_has_role_and_end() -> None:
    answer, chunks = played([CREATED, completed()])
    assert chunks == [chunk({"role": "assistant", "content": ""}), chunk({}, "stop")]
    assert answer.completion()["choices"][0]["message"]["content"] == ""


def cited(start: int, url: str = "https://a.example") -> dict[str, Any]:
    return {"type": "url_citation", "start_index": start, "end_index": start + 2, "url": url, "title": "A"}


def test_cited_pages_come_once_in_one_chunk_before_the_end() -> None:
    item = message("Hello")
    item["content"][0]["annotations"] = [cited(0), cited(3), {"type": "file_citation"}, cited(1) | {"url": None}]
    events = [
        delta("First."),
        delta("Hello", output=1),
        {
            "type": "response.output_text.annotation.added",
            "output_index": 1,
            "content_index": 0,
            "annotation": cited(0),
        },
        item_done(item, 1),
        completed(),
    ]
    answer, chunks = played(events)
    found = [
        {"type": "url_citation", "url_citation": {k: v for k, v in cited(8 + at).items() if k != "type"}}
        for at in (0, 3)
    ]
    assert [part["choices"][0]["delta"] for part in chunks[-2:]] == [{"annotations": found}, {}]
    assert answer.completion()["choices"][0]["message"]["annotations"] == found
    assert said(chunks)[8:10] == "He"


@pytest.mark.parametrize(
    "kind",
    [
        "web_search_call",
        "file_search_call",
        "code_interpreter_call",
        "image_generation_call",
        "compaction",
        "new_thing",
    ],
)
def test_built_in_tools_and_unknown_items_say_nothing(kind: str) -> None:
    item = {"type": kind, "id": "x_1", "status": "completed", "result": "..."}
    events = [
        item_added(item),
        {"type": f"response.{kind}.searching", "output_index": 0},
        item_done(item),
        {"type": "codex.rate_limits", "rate_limits": {}},
        {"type": "keepalive"},
        delta("Hello", output=1),
        completed([item]),
    ]
    assert contents(events) == ("Hello", "Hello")


FAILED = {"type": "response.failed", "response": {"error": {"code": "rate_limit_exceeded", "message": "slow"}}}


@pytest.mark.parametrize(
    ("events", "status", "code", "started"),
    [
        ([CREATED, FAILED], 429, "rate_limit_exceeded", False),
        ([delta("x"), FAILED], 429, "rate_limit_exceeded", True),
        ([{"type": "error", "code": "slow_down", "message": "m"}], 503, "upstream_overloaded", False),
        ([{"type": "error", "error": {"code": "invalid_prompt", "message": "m"}}], 400, "invalid_prompt", False),
        ([{"error": {"code": "invalid_prompt", "message": "m"}}], 400, "invalid_prompt", False),
        ([{"type": "response.done", "response": {"status": "failed"}}], 502, "upstream_error", False),
        ([], 502, "upstream_stream_truncated", False),
        ([CREATED, delta("x")], 502, "upstream_stream_truncated", True),
    ],
)
def test_failures(events: list[dict[str, Any]], status: int, code: str, started: bool) -> None:
    answer, chunks = played(events)
    assert answer.failure is not None
    assert (answer.failure.status, answer.failure.code, answer.started) == (status, code, started)
    assert answer.finish_reason is None
    assert all(part["choices"][0]["finish_reason"] is None for part in chunks)


def test_done_and_what_is_no_json_are_ignored() -> None:
    answer = machine()
    for data in (b"[DONE]", b"nonsense", b"[]", b'{"type":5}', b'{"type":"response.output_text.delta","delta":7}'):
        assert answer.feed(Event(data)) == b""
    assert answer.over is False


TEXTS = st.text(max_size=6)
SMALL = st.integers(0, 2)
ITEMS: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.lists(TEXTS, max_size=2).map(lambda texts: message(*texts)),
    st.builds(lambda text: {"type": "reasoning", "summary": [{"type": "summary_text", "text": text}]}, TEXTS),
    st.builds(lambda text: call(arguments=text), TEXTS),
    st.builds(lambda text: {"type": "message", "content": [{"type": "refusal", "refusal": text}]}, TEXTS),
    st.just({"type": "web_search_call"}),
)
EVENTS = st.one_of(
    st.builds(delta, TEXTS, SMALL, SMALL),
    st.builds(thought, TEXTS, SMALL, SMALL),
    st.builds(arguments, TEXTS, SMALL, done=st.booleans()),
    st.builds(item_added, ITEMS, SMALL),
    st.builds(item_done, ITEMS, SMALL),
    st.builds(lambda text, at: done("output_text", text, output_index=at), TEXTS, SMALL),
)
ENDS = st.one_of(st.lists(ITEMS, max_size=3).map(completed), st.sampled_from(["max_tokens", "x"]).map(incomplete))


@given(st.lists(EVENTS, max_size=25), ENDS)
def test_a_stream_adds_up_to_the_whole_answer(events: list[dict[str, Any]], end: dict[str, Any]) -> None:
    answer, chunks = played([*events, end])
    choice = answer.completion()["choices"][0]
    told = choice["message"]
    assert said(chunks) == (told["content"] or "")
    assert said(chunks, "reasoning_content") == told.get("reasoning_content", "")
    assert said(chunks, "refusal") == (told["refusal"] or "")
    assert calls_of(chunks) == told.get("tool_calls", [])
    deltas = [part["choices"][0] for part in chunks]
    assert [part["delta"].get("role") for part in deltas].count("assistant") == 1
    assert deltas[0]["delta"] == {"role": "assistant", "content": ""}
    assert [part["finish_reason"] for part in deltas if part["finish_reason"]] == [choice["finish_reason"]]
    assert deltas[-1]["finish_reason"] == choice["finish_reason"]


@given(st.lists(TEXTS, min_size=1, max_size=6), st.booleans(), st.booleans(), st.booleans())
def test_any_dialect_of_upstream_gives_the_same_text(
    pieces: list[str], with_deltas: bool, with_done: bool, with_output: bool
) -> None:
    whole = message("".join(pieces))
    events = [*(delta(piece) for piece in pieces if with_deltas), *([item_done(whole)] if with_done else [])]
    text = "".join(pieces) if with_deltas or with_done or with_output else ""
    assert contents([*events, completed([whole] if with_output else [])]) == (text, text)


KINDS = [
    *("response.output_text.delta", "response.output_text.done", "response.output_item.added", "error", "", "x"),
    *("response.output_item.done", "response.content_part.done", "response.reasoning_summary_part.done"),
    *("response.function_call_arguments.delta", "response.output_text.annotation.added", "response.completed"),
    *("response.incomplete", "response.failed", "response.done", "response.custom_tool_call_input.done"),
]
KEYS = [
    *("type", "item", "part", "response", "output", "content", "summary", "annotations", "annotation", "usage"),
    *("output_index", "content_index", "item_id", "id", "call_id", "name", "arguments", "input", "delta", "text"),
    *("error", "status", "incomplete_details", "reason", "start_index", "end_index", "url", "input_tokens"),
]
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 3) | st.floats() | st.sampled_from([*KINDS, "message", "url_citation"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3),
    max_leaves=4,
)


@given(
    st.lists(st.tuples(st.sampled_from(KINDS), st.dictionaries(st.sampled_from(KEYS), JSON, max_size=5)), max_size=8)
)
def test_no_sequence_of_events_breaks_the_machine(events: list[tuple[str, dict[str, Any]]]) -> None:
    answer, chunks = played([{**body, "type": kind} for kind, body in events], include_usage=True)
    assert answer.over
    for part in chunks:
        orjson.dumps(part)
    if answer.failure is None:
        orjson.dumps(answer.completion())
