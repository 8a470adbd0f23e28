"""Whatever upstream says and however it is cut: streaming and not, clients get the same answer."""

from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletion as SdkCompletion
from openai.types.chat import ChatCompletionChunk

from app.translate.aggregate import ResponseAggregate
from app.translate.chat_stream import ChatCompletion
from app.translate.errors import UpstreamFailure
from app.translate.events import Terminal
from app.translate.sse import SseParser
from app.translate.usage import UsageObserver
from tests.translate.scripts import Script, scripts
from tests.translate.streams import chunks_of, machine

ASKED = st.fixed_dictionaries({name: st.booleans() for name in ("include_usage", "legacy_functions", "logprobs")})
CUTS = st.lists(st.integers(0, 5000), max_size=12)


def streamed(wire: bytes, cuts: list[int], asked: dict[str, bool]) -> tuple[ChatCompletion, bytes]:
    """The machine and the client's stream, when upstream's stream comes in these pieces."""
    answer, parser, out = machine(**asked), SseParser(), b""
    for start, end in pairwise([0, *sorted(cut for cut in cuts if cut < len(wire)), len(wire)]):
        for event in parser.feed(wire[start:end]):
            out += answer.feed(event)
    answer.end()
    return answer, out


def added_up(chunks: list[dict[str, Any]]) -> dict[str, Any]:
    """What openai's own client makes of the chunks."""
    state = ChatCompletionStreamState()
    for chunk in chunks:
        state.handle_chunk(ChatCompletionChunk.model_validate(chunk, strict=True))
    return state.current_completion_snapshot.to_dict()


def check_chunks(chunks: list[dict[str, Any]], finish: str | None) -> None:
    """What every client relies on, see the reference on translation, "What clients check"."""
    assert len({(chunk["id"], chunk["created"], chunk["model"]) for chunk in chunks}) <= 1
    choices = [choice for chunk in chunks for choice in chunk["choices"]]
    assert [choice["delta"]["role"] for choice in choices if "role" in choice["delta"]] == ["assistant"][: len(choices)]
    finishes = [choice["finish_reason"] for choice in choices if choice["finish_reason"]]
    assert finishes == ([finish] if finish else [])
    assert finish is None or choices[-1]["delta"] == {}
    assert len([choice for choice in choices if "annotations" in choice["delta"]]) <= 1
    known: list[str] = []
    for choice in choices:
        assert None not in choice["delta"].values()
        for fragment in choice["delta"].get("tool_calls", ()):
            if "id" in fragment:
                assert fragment["index"] == len(known)
                known.append(fragment["id"])
            else:
                assert fragment["index"] < len(known)
                assert fragment.keys() == {"index", "function"}
                assert fragment["function"].keys() == {"arguments"}
    assert len(set(known)) == len(known)
    assert len([choice for choice in choices if "name" in choice["delta"].get("function_call", ())]) <= 1


def check_answer(script: Script, answer: ChatCompletion, chunks: list[dict[str, Any]], asked: dict[str, bool]) -> None:
    whole = answer.completion()
    SdkCompletion.model_validate(whole, strict=True)
    assert "SEALED" not in repr((whole, chunks))
    (choice,) = whole["choices"]
    message = choice["message"]
    understood = added_up(chunks)
    (heard,) = understood["choices"]
    assert heard["finish_reason"] == choice["finish_reason"] == answer.finish_reason
    assert heard.get("logprobs") == choice["logprobs"]
    assert understood.get("usage") == (whole["usage"] if asked["include_usage"] else None)
    for field in ("content", "refusal", "reasoning_content", "annotations", "function_call"):
        assert (heard["message"].get(field) or None) == (message.get(field) or None), field
    as_functions = [
        call
        if call["type"] == "function"
        else {
            "id": call["id"],
            "type": "function",
            "function": {"name": call["custom"]["name"], "arguments": call["custom"]["input"]},
        }
        for call in message.get("tool_calls", ())
    ]
    heard_calls = heard["message"].get("tool_calls") or []
    for call in heard_calls:
        del call["index"]
        call["function"].pop("parsed_arguments", None)
    assert heard_calls == as_functions

    expected = script.finish
    if asked["legacy_functions"] and expected == "tool_calls":
        expected = "function_call"
    if script.calls is not None or expected in ("length", "content_filter"):
        assert choice["finish_reason"] == expected
    if script.texts is not None:
        for field, text in script.texts.items():
            assert (message.get(field) or "") == text
    if script.calls is not None and not asked["legacy_functions"]:
        told = {
            call["id"]: ("function_call", call["function"]["name"], call["function"]["arguments"])
            if call["type"] == "function"
            else ("custom_tool_call", call["custom"]["name"], call["custom"]["input"])
            for call in message.get("tool_calls", ())
        }
        assert told == script.calls
    if script.calls and asked["legacy_functions"]:
        call = message["function_call"]
        assert (call["name"], call["arguments"]) in {(name, text) for _, name, text in script.calls.values()}
    if script.tokens is not None and asked["logprobs"]:
        told_tokens = (choice["logprobs"] or {}).get("content") or []
        assert [token["token"] for token in told_tokens] == script.tokens
    if not asked["logprobs"]:
        assert choice["logprobs"] is None


@given(scripts(), CUTS, ASKED)
def test_any_script_in_any_pieces_is_one_answer(script: Script, cuts: list[int], asked: dict[str, bool]) -> None:
    answer, out = streamed(script.wire, [], asked)
    chunks = chunks_of(out)
    check_chunks(chunks, answer.finish_reason)
    assert (answer.failure is None) == (script.finish is not None)
    if answer.failure is None:
        check_answer(script, answer, chunks, asked)

    again, out_again = streamed(script.wire, cuts, asked)
    assert out_again == out
    assert again.failure == answer.failure
    assert again.completion() == answer.completion()


@given(scripts(), CUTS, st.integers(0, 5000))
def test_all_that_read_a_stream_agree_on_its_end(script: Script, cuts: list[int], length: int) -> None:
    wire = script.wire[:length]
    answer, out = streamed(wire, cuts, {})
    check_chunks(chunks_of(out), answer.finish_reason)
    parser, aggregate, observer = SseParser(), ResponseAggregate(), UsageObserver()
    for event in parser.feed(wire):
        aggregate.feed(event)
    observer.feed(wire)
    observer.close()
    aggregate.end()
    if answer.failure is None:
        assert isinstance(aggregate.result, dict)
        assert observer.terminal in (Terminal.COMPLETED, Terminal.INCOMPLETE)
        assert (observer.terminal is Terminal.INCOMPLETE) == (aggregate.result["status"] == "incomplete")
    else:
        assert isinstance(aggregate.result, UpstreamFailure)
        assert aggregate.result == answer.failure
        assert observer.failure == (None if answer.failure.code == "upstream_stream_truncated" else answer.failure)
    assert answer.usage == aggregate.usage == observer.usage
