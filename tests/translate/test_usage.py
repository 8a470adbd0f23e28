from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.turn import Usage
from app.translate.events import Terminal
from app.translate.sse import Event, SseParser
from app.translate.usage import UsageObserver, chat_usage, usage_of
from tests.translate.streams import CREATED, USAGE, completed, delta, incomplete, wire

COUNTED = Usage(input_tokens=20, cached_tokens=5, output_tokens=9, reasoning_tokens=4)


def observed(*chunks: bytes) -> UsageObserver:
    observer = UsageObserver()
    for chunk in chunks:
        observer.feed(chunk)
    observer.close()
    return observer


def test_usage_of_a_response() -> None:
    assert usage_of({"usage": USAGE}) == COUNTED
    assert usage_of({"usage": {"input_tokens": 3.0, "output_tokens": 1}}) == Usage(3, 0, 1, 0)


@pytest.mark.parametrize(
    "usage",
    [None, [], {}, {"input_tokens": "3"}, {"input_tokens": -1, "output_tokens": True}, {"output_tokens": 1e300}],
)
def test_usage_that_says_nothing_is_none(usage: object) -> None:
    assert usage_of({"usage": usage}) is None
    assert chat_usage({"usage": usage}) is None


def test_usage_in_the_shape_of_chat_completions() -> None:
    assert chat_usage({"usage": USAGE}) == {
        "prompt_tokens": 20,
        "completion_tokens": 9,
        "total_tokens": 29,
        "prompt_tokens_details": {"cached_tokens": 5},
        "completion_tokens_details": {"reasoning_tokens": 4},
    }


def test_details_that_are_missing_are_left_out_and_the_total_is_summed() -> None:
    usage = {"input_tokens": 2, "output_tokens": 3, "input_tokens_details": {"cache_write_tokens": 1}}
    assert chat_usage({"usage": usage}) == {
        "prompt_tokens": 2,
        "completion_tokens": 3,
        "total_tokens": 5,
        "prompt_tokens_details": {"cache_write_tokens": 1},
    }


@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("size", [1, 5, 10_000])
def test_a_passing_stream_tells_usage_end_and_model(newline: bytes, size: int) -> None:
    stream = wire([CREATED, delta("hi"), completed(model="gpt-5-2026")], newline)
    observer = observed(*(stream[at : at + size] for at in range(0, len(stream), size)))
    assert (observer.usage, observer.terminal, observer.error_code, observer.model) == (
        COUNTED,
        Terminal.COMPLETED,
        None,
        "gpt-5-2026",
    )


def test_a_terminal_event_that_cannot_be_read_ends_nothing() -> None:
    observer = observed(b'data: {"type":"response.completed","response":{\n\n', wire([incomplete("max_output_tokens")]))
    assert (observer.usage, observer.terminal) == (COUNTED, Terminal.INCOMPLETE)


def test_the_status_of_a_response_counts_more_than_its_event() -> None:
    event = completed()
    event["response"]["status"] = "incomplete"
    assert observed(wire([event])).terminal is Terminal.INCOMPLETE


def test_an_error_without_a_type_ends_a_stream() -> None:
    observer = observed(b'data: {"error":{"code":"rate_limit_exceeded","message":"slow"}}\n\n')
    assert (observer.terminal, observer.error_code, observer.begun) == (Terminal.FAILED, "rate_limit_exceeded", False)
    assert observed(b'data: {"error":null}\n\n').terminal is None


def test_an_event_that_is_too_large_is_let_pass_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.translate.usage.SseParser", lambda: SseParser(limit=1000))
    observer = observed(b"data: ", b"x" * 2000, wire([completed()]))
    assert (observer.terminal, observer.usage) == (None, None)


def test_an_incomplete_response_has_usage() -> None:
    observer = observed(wire([incomplete("max_output_tokens")]))
    assert (observer.usage, observer.terminal) == (COUNTED, Terminal.INCOMPLETE)


@pytest.mark.parametrize(
    ("event", "code"),
    [
        ({"type": "response.failed", "response": {"error": {"code": "rate_limit_exceeded"}}}, "rate_limit_exceeded"),
        ({"type": "error", "code": "server_error", "message": "m"}, "server_error"),
        ({"type": "error", "error": {"type": "usage_limit_reached", "message": "m"}}, "usage_limit_reached"),
        ({"type": "error", "message": "m"}, "upstream_error"),
        ({"type": "response.done", "response": {"status": "failed", "error": {"code": "slow_down"}}}, "slow_down"),
    ],
)
def test_a_failed_response_has_upstreams_code(event: dict[str, Any], code: str) -> None:
    observer = observed(wire([CREATED, event]))
    assert (observer.terminal, observer.error_code) == (Terminal.FAILED, code)


def test_a_stream_that_breaks_off_has_no_end() -> None:
    observer = observed(wire([CREATED, delta("hi")]), b'data: {"type":"response.completed","response":{}}\n')
    assert (observer.usage, observer.terminal, observer.error_code) == (None, None, None)


def test_what_follows_the_end_is_ignored() -> None:
    observer = observed(wire([completed(), {"type": "error", "code": "late", "message": "m"}]))
    assert (observer.usage, observer.terminal, observer.error_code) == (COUNTED, Terminal.COMPLETED, None)


def test_rate_limits_are_remembered() -> None:
    limits = {"type": "codex.rate_limits", "rate_limits": {"primary": {"used_percent": 40}}}
    observer = observed(wire([limits, completed()]))
    assert observer.rate_limits == limits


def test_the_type_need_not_come_first() -> None:
    observer = observed(b'data: {"response":{"usage":%b},"type":"response.completed"}\n\n' % orjson.dumps(USAGE))
    assert (observer.usage, observer.terminal) == (COUNTED, Terminal.COMPLETED)


def test_a_model_that_quotes_an_event_is_not_believed() -> None:
    quoted = '{"type":"response.completed","response":{"status":"failed"}}'
    observer = observed(wire([delta(quoted), {"delta": quoted, "type": "response.output_text.delta"}, completed()]))
    assert observer.terminal is Terminal.COMPLETED


@pytest.mark.parametrize(
    ("body", "terminal", "code", "usage"),
    [
        ({"status": "completed", "model": "m", "usage": USAGE}, Terminal.COMPLETED, None, COUNTED),
        ({"status": "completed", "error": None, "usage": None}, Terminal.COMPLETED, None, None),
        ({"error": {"code": "invalid_api_key"}}, Terminal.FAILED, "invalid_api_key", None),
        ({"error": {"type": "usage_limit_reached"}}, Terminal.FAILED, "usage_limit_reached", None),
        ({"detail": "Unsupported parameter: x"}, Terminal.FAILED, "upstream_error", None),
        ({"output": [], "usage": USAGE}, None, None, COUNTED),
    ],
)
def test_a_body_in_one_piece(
    body: dict[str, Any], terminal: Terminal | None, code: str | None, usage: Usage | None
) -> None:
    text = b"\n " + orjson.dumps(body)
    observer = observed(text[:7], text[7:])
    assert (observer.terminal, observer.error_code, observer.usage) == (terminal, code, usage)


def test_events_that_do_not_matter_are_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []
    original = Event.json

    def spying(self: Event) -> dict[str, Any]:
        parsed.append(self.type)
        return original(self)

    monkeypatch.setattr(Event, "json", spying)
    observed(wire([CREATED, *(delta(f"word {n}") for n in range(50)), completed()]))
    assert set(parsed) == {"response.completed"}


def test_a_terminal_event_of_megabytes_is_read() -> None:
    event = completed([{"type": "message", "content": [{"type": "output_text", "text": "x" * 5_000_000}]}])
    stream = wire([event])
    observer = observed(*(stream[at : at + 65_536] for at in range(0, len(stream), 65_536)))
    assert observer.usage == COUNTED


def test_what_is_too_large_is_let_pass_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.translate.usage.MAX_JSON", 1000)
    assert observed(b'{"usage":', b" " * 2000, b"}").terminal is None


@given(st.lists(st.binary(max_size=60)))
def test_no_bytes_make_it_raise(chunks: list[bytes]) -> None:
    observed(*chunks)


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.sampled_from(["response.completed", "response.failed", "error", "response.done", "codex.rate_limits"]),
    st.dictionaries(st.sampled_from(["response", "error", "status", "usage", "code", "detail"]), JSON),
    JSON,
)
def test_no_terminal_event_makes_it_raise(kind: str, members: dict[str, Any], response: Any) -> None:
    event = {"type": kind, "response": {"usage": response, "error": response, "status": response}, **members}
    try:
        data = orjson.dumps(event)
    except TypeError:
        return
    observed(b"data: " + data + b"\n\n")
    observed(data)


ODD_FRAMES = (
    b'data: {"type":"response.output_text.delta","delta":"response.completed, error"}\n\n',
    b'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","delta":"hi"}\n\n',
    b'data: {"type":"response.created","response":{"model":"m"}}\n\n',
    b'data: {"type":"codex.rate_limits","plan_type":"plus"}\n\n',
    b'data: {"plan_type":"pro","type" : "codex.rate_limits"}\n\n',
    b'data: {"type":"\\u0072esponse.completed","response":{"model":"escaped"}}\n\n',
    b'data: {"response":{"model":"late"},"type":"response.done"}\n\n',
    b'data: {"type":"response.incomplete",\ndata: "response":{"model":"two lines"}}\n\n',
    b'data: {"error":{"message":"no type"}}\n\n',
    b'data: {"type":"error","code":"x"}\n\n',
    b'event: response.created\ndata: {"type":"response.created","response":{"model":"m"}}\n\n',
    b'event: codex.rate_limits\ndata: {"type":"codex.rate_limits","plan_type":"free"}\n\n',
    b'event: response.failed\ndata: {"type":"response.failed","response":{"error":{"code":"z"}}}\n\n',
    b'event: response.completed\ndata: {"type":"response.completed",\ndata: "response":{"model":"three lines"}}\n\n',
    b'data: {"type":"response.in_progress",\ndata: "type":"response.completed","response":{"model":"twice"}}\n\n',
    b'data: [\ndata: {"type":"response.failed","response":{"error":{"code":"in a list"}}}\n\n',
    b'data: {}\nevent: a name between\ndata: {"type":"response.failed","response":{"error":{"code":"x"}}}\n\n',
    b'id: 1\ndata: {"type":"response.in_progress"}\n\n',
    b"data:\n\n",
    b": nothing\n\n",
    b"data: [DONE]\n\n",
    b"\n\n",
    b'data: {"type":"response.completed","response":{"model":"not ended"}}\n',
    b'data: {"type":"response.failed","response":{"error":{"code":"y"}}}\r\n\r\n',
)


def seen(*chunks: bytes) -> object:
    observer = observed(*chunks)
    return observer.begun, observer.terminal, observer.error_code, observer.model, observer.rate_limits


@pytest.mark.parametrize("frame", ODD_FRAMES)
def test_wherever_an_event_is_torn_the_same_is_seen(frame: bytes) -> None:
    whole = seen(frame)
    assert [at for at in range(1, len(frame)) if seen(frame[:at], frame[at:]) != whole] == []


def test_nothing_begins_after_the_end() -> None:
    failed = b'event: response.failed\ndata: {"type":"response.failed","response":{"error":{"code":"z"}}}\n\n'
    more = b'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","delta":"hi"}\n\n'
    assert seen(failed) == seen(failed + more) == seen(failed, more) == (False, Terminal.FAILED, "z", None, None)


@given(st.lists(st.sampled_from(ODD_FRAMES), max_size=6))
def test_what_is_seen_does_not_depend_on_the_pieces_in_which_it_comes(frames: list[bytes]) -> None:
    whole = b"".join(frames)
    assert seen(*frames) == seen(whole) == seen(*(whole[at : at + 1] for at in range(len(whole))))
