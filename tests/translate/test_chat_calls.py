from typing import Any

import pytest

from tests.translate.streams import (
    arguments,
    call,
    calls_of,
    chunk,
    completed,
    delta,
    incomplete,
    item_added,
    item_done,
    played,
)


def test_calls_side_by_side() -> None:
    one, two = call(), call("g", '{"b":2}', "call_2", id="fc_2")
    events = [
        item_added(call(arguments=""), 1),
        item_added(call("g", "", "call_2", id="fc_2"), 2),
        arguments('{"a"', 1),
        arguments('{"b":2}', 2),
        arguments(":1", 1),
        arguments('{"a":1}', 1, done=True),
        item_done(one, 1),
        item_done(two, 2),
        completed([one, two]),
    ]
    answer, chunks = played(events)
    expected = [
        {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}},
        {"id": "call_2", "type": "function", "function": {"name": "g", "arguments": '{"b":2}'}},
    ]
    assert calls_of(chunks) == expected
    choice = answer.completion()["choices"][0]
    assert (choice["message"]["tool_calls"], choice["message"]["content"]) == (expected, None)
    assert chunks[-1] == chunk({}, "tool_calls")


@pytest.mark.parametrize("ends", ["as it should", "without a word of the calls' ends", "cut off"])
def test_calls_side_by_side_are_told_one_after_the_other(ends: str) -> None:
    events = [
        item_added(call(arguments="")),
        item_added(call("g", "", "call_2", id="fc_2"), 1),
        arguments('{"b"', 1),
        arguments('{"a"', 0),
        arguments(":2}", 1),
        arguments(":1}", 0),
    ]
    if ends == "as it should":
        events += [item_done(call("g", '{"b":2}', "call_2", id="fc_2"), 1), item_done(call())]
    _, chunks = played([*events, incomplete("max_output_tokens") if ends == "cut off" else completed()])

    fragments = [part for sent in chunks for part in sent["choices"][0]["delta"].get("tool_calls", [])]
    assert [part["index"] for part in fragments] == sorted(part["index"] for part in fragments)
    assert [made["function"]["arguments"] for made in calls_of(chunks)] == ['{"a":1}', '{"b":2}']


def test_the_call_that_is_told_does_not_wait_for_the_others() -> None:
    events = [item_added(call(arguments="")), item_added(call("g", "", "call_2", id="fc_2"), 1), arguments('{"a"', 0)]
    _, chunks = played(events)
    assert chunks[-1] == chunk({"tool_calls": [{"index": 0, "function": {"arguments": '{"a"'}}]})


@pytest.mark.parametrize("events", [[item_done(call())], [arguments('{"a":1}', 0), item_done(call())], []])
def test_a_call_that_never_began_comes_in_one_fragment(events: list[dict[str, Any]]) -> None:
    _, chunks = played([*events, completed([call()])])
    assert len([part for part in chunks if part["choices"][0]["delta"].get("tool_calls")]) == 1
    assert calls_of(chunks) == [{"id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}]


def test_a_custom_call() -> None:
    item = {"type": "custom_tool_call", "call_id": "call_1", "name": "p", "input": "patch"}
    events = [
        item_added(item | {"input": ""}),
        {"type": "response.custom_tool_call_input.delta", "output_index": 0, "delta": "pa"},
        {"type": "response.custom_tool_call_input.done", "output_index": 0, "input": "patch"},
        item_done(item),
        completed(),
    ]
    answer, chunks = played(events)
    assert calls_of(chunks)[0]["function"] == {"name": "p", "arguments": "patch"}
    told = answer.completion()["choices"][0]["message"]["tool_calls"]
    assert told == [{"id": "call_1", "type": "custom", "custom": {"name": "p", "input": "patch"}}]


CUSTOM = {"type": "custom_tool_call", "call_id": "call_1", "name": "p", "input": "patch"}
TOLD = [{"id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}]


def without_index(event: dict[str, Any], **more: str) -> dict[str, Any]:
    return {key: value for key, value in event.items() if key != "output_index"} | more


@pytest.mark.parametrize(
    "events",
    [
        # Arguments before the name, and no word after it.
        [arguments('{"a"', 0), item_added(call(arguments="")), arguments(":1}", 0)],
        # The same call under another index, as what is done and as what the end repeats.
        [item_added(call(arguments="")), arguments('{"a":1}', 0), item_done(call(), 3)],
        # Guessed arguments never reached the client, so what is done counts.
        [arguments("garbage", 0), item_done(call())],
        # Without any index, by id.
        [without_index(item_added(call(arguments=""))), without_index(arguments('{"a":1}', 0), item_id="fc_1")],
        # What is done has no call_id.
        [item_added(call(arguments="")), item_done(call(call_id=""))],
        # A call that cannot be named is none.
        [item_done(call(name="", call_id="call_0"), 1), item_done(call())],
        # Fragments of nothing.
        [item_added(call(arguments="")), arguments("", 0), arguments('{"a":1}', 0), arguments("", 0)],
    ],
)
@pytest.mark.parametrize("output", [[], [call()], [call(id="fc_other")]])
def test_a_call_is_told_once_and_whole(events: list[dict[str, Any]], output: list[dict[str, Any]]) -> None:
    answer, chunks = played([*events, completed(output)])
    assert calls_of(chunks) == answer.completion()["choices"][0]["message"]["tool_calls"] == TOLD
    assert chunks[-1] == chunk({}, "tool_calls")


def test_calls_that_upstream_gives_one_index_are_told_apart() -> None:
    events = [
        item_added(call(arguments="")),
        arguments('{"a"', 0),
        item_added(call("g", "", "call_2", id="fc_2")),
        arguments('{"b":2}', 0),
        item_done(call()),
        item_done(call("g", '{"b":2}', "call_2", id="fc_2")),
        completed(),
    ]
    _, chunks = played(events)
    assert [made["function"]["arguments"] for made in calls_of(chunks)] == ['{"a":1}', '{"b":2}']


def test_calls_that_only_ids_tell_apart() -> None:
    events = [
        without_index(item_done(call())),
        without_index(arguments('{"b":2}', 0, done=True), item_id="fc_2"),
        without_index(item_done(call("g", '{"b":2}', "call_2", id="fc_2"))),
        completed(),
    ]
    assert [made["function"]["arguments"] for made in calls_of(played(events)[1])] == ['{"a":1}', '{"b":2}']


def test_arguments_of_an_unknown_id_are_not_those_of_the_call_before() -> None:
    events = [
        without_index(item_added(call(arguments=""))),
        without_index(arguments('{"b":2}', 0), item_id="fc_2"),
        without_index(arguments('{"a":1}', 0), item_id="fc_1"),
        without_index(item_added(call("g", "", "call_2", id="fc_2"))),
        completed(),
    ]
    assert [made["function"]["arguments"] for made in calls_of(played(events)[1])] == ['{"a":1}', '{"b":2}']


def test_words_and_calls_in_one_answer() -> None:
    answer, chunks = played([delta("Look:"), item_done(call(), 1), completed()])
    choice = answer.completion()["choices"][0]
    assert (choice["message"]["content"], choice["finish_reason"]) == ("Look:", "tool_calls")
    assert chunks[1] == chunk({"content": "Look:"})


@pytest.mark.parametrize(
    ("reason", "finish"), [("max_output_tokens", "length"), ("content_filter", "content_filter"), ("steered", "stop")]
)
def test_a_call_that_is_cut_off_is_not_to_be_made(reason: str, finish: str) -> None:
    _, chunks = played([item_added(call(arguments="")), arguments('{"a', 0), incomplete(reason)])
    assert chunks[-1] == chunk({}, finish)


def test_a_client_of_functions_gets_a_function_call() -> None:
    events = [
        item_added(call(arguments="")),
        arguments('{"a"', 0),
        arguments(":1", 0),
        item_done(call()),
        # There is no room for a second one.
        item_added(call("g", "", "call_2", id="fc_2"), 1),
        arguments("{}", 1),
        item_done(call("g", "{}", "call_2", id="fc_2"), 1),
        completed([call()]),
    ]
    answer, chunks = played(events, legacy_functions=True)
    assert [part["choices"][0]["delta"] for part in chunks] == [
        {"role": "assistant", "content": ""},
        {"function_call": {"name": "f", "arguments": ""}},
        {"function_call": {"arguments": '{"a"'}},
        {"function_call": {"arguments": ":1"}},
        {"function_call": {"arguments": "}"}},
        {},
    ]
    assert chunks[-1] == chunk({}, "function_call")
    assert answer.completion()["choices"][0] == {
        "index": 0,
        "message": {
            "role": "assistant",
            "content": None,
            "refusal": None,
            "function_call": {"name": "f", "arguments": '{"a":1}'},
        },
        "logprobs": None,
        "finish_reason": "function_call",
    }


def test_a_client_of_functions_may_get_words_only() -> None:
    answer, chunks = played([delta("Hello"), completed()], legacy_functions=True)
    assert chunks[-1] == chunk({}, "stop")
    assert "function_call" not in answer.completion()["choices"][0]["message"]


def test_a_custom_call_that_never_began() -> None:
    answer, chunks = played([item_done(CUSTOM), completed([CUSTOM])])
    assert calls_of(chunks) == [{"id": "call_1", "type": "function", "function": {"name": "p", "arguments": "patch"}}]
    told = answer.completion()["choices"][0]["message"]["tool_calls"]
    assert told == [{"id": "call_1", "type": "custom", "custom": {"name": "p", "input": "patch"}}]
