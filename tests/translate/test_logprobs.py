import json
from typing import Any

import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from app.translate.sse import Event
from tests.translate.streams import chunks_of, completed, delta, item_done, machine, message, played, said, thought


def token(text: str, logprob: Any = -0.25, **more: Any) -> dict[str, Any]:
    return {"token": text, "logprob": logprob, "bytes": list(text.encode()), "top_logprobs": [], **more}


def logprobs_of(chunks: list[dict[str, Any]], field: str = "content") -> list[dict[str, Any]]:
    for part in chunks:
        ChatCompletionChunk.model_validate(part, strict=True)
    told = [part["choices"][0]["logprobs"] or {} for part in chunks]
    return [each for logprobs in told for each in logprobs.get(field) or ()]


HELLO = message("Hello")
HELLO["content"][0]["logprobs"] = [token("Hel"), token("lo")]
WHOLES: list[dict[str, Any]] = [
    {"type": "response.output_text.done", "output_index": 0, "content_index": 0, **HELLO["content"][0]}
    | {"type": "response.output_text.done"},
    {"type": "response.content_part.done", "output_index": 0, "content_index": 0, "part": HELLO["content"][0]},
    item_done(HELLO),
]


def test_each_delta_brings_its_tokens() -> None:
    top = [{"token": "Hel", "logprob": -0.25, "bytes": [72, 101, 108]}, {"token": "Hi", "logprob": -3, "bytes": None}]
    events = [
        delta("Hel") | {"logprobs": [token("Hel", top_logprobs=top)]},
        delta("lo") | {"logprobs": [token("lo")]},
        delta(" you") | {"logprobs": []},
        *WHOLES[:1],
        completed(),
    ]
    answer, chunks = played(events, logprobs=True)
    assert [part["choices"][0]["logprobs"] for part in chunks] == [
        None,
        {"content": [token("Hel", top_logprobs=top)], "refusal": None},
        {"content": [token("lo")], "refusal": None},
        None,
        None,
    ]
    whole = answer.completion()
    assert whole["choices"][0]["logprobs"] == {"content": logprobs_of(chunks), "refusal": None}
    ChatCompletion.model_validate(whole, strict=True)


@pytest.mark.parametrize("whole", WHOLES)
@pytest.mark.parametrize("before", [[], [delta("Hel") | {"logprobs": [token("Hel")]}], [delta("Hello")]])
def test_tokens_that_did_not_come_with_deltas_come_with_the_whole(before: list[Any], whole: dict[str, Any]) -> None:
    answer, chunks = played([*before, whole, *WHOLES, completed([HELLO])], logprobs=True)
    assert said(chunks) == "Hello"
    assert logprobs_of(chunks) == [token("Hel"), token("lo")]
    assert answer.completion()["choices"][0]["logprobs"] == {"content": logprobs_of(chunks), "refusal": None}


def test_tokens_of_a_refusal() -> None:
    events = [
        {
            "type": "response.refusal.delta",
            "output_index": 0,
            "content_index": 0,
            "delta": "No",
            "logprobs": [token("No")],
        },
        completed(),
    ]
    answer, chunks = played(events, logprobs=True)
    assert logprobs_of(chunks, "refusal") == [token("No")]
    assert answer.completion()["choices"][0]["logprobs"] == {"content": None, "refusal": [token("No")]}


def test_tokens_of_thoughts_have_no_place() -> None:
    _, chunks = played([thought("hm") | {"logprobs": [token("hm")]}, completed()], logprobs=True)
    assert all(part["choices"][0]["logprobs"] is None for part in chunks)


def test_who_did_not_ask_gets_none() -> None:
    answer, chunks = played([delta("Hel") | {"logprobs": [token("Hel")]}, *WHOLES, completed([HELLO])])
    assert all(part["choices"][0]["logprobs"] is None for part in chunks)
    assert answer.completion()["choices"][0]["logprobs"] is None


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"token": "a"}, {"token": "a", "logprob": -9999.0, "bytes": None, "top_logprobs": []}),
        ({"token": "a", "logprob": 0, "bytes": None}, token("a", 0.0, bytes=None)),
        ({"token": "a", "logprob": True, "bytes": [256]}, token("a", -9999.0, bytes=None)),
        ({"token": "a", "logprob": "x", "bytes": "a"}, token("a", -9999.0, bytes=None)),
        ({"token": "a", "logprob": 10**400, "bytes": [True]}, token("a", -9999.0, bytes=None)),
        (7, {"token": "", "logprob": -9999.0, "bytes": None, "top_logprobs": []}),
        (
            {"token": "a", "logprob": -1.5, "bytes": [], "top_logprobs": [{}]},
            token("a", -1.5, bytes=[], top_logprobs=[{"token": "", "logprob": -9999.0, "bytes": None}]),
        ),
    ],
)
def test_tokens_as_strange_upstreams_write_them(sent: object, told: dict[str, Any]) -> None:

    answer = machine(logprobs=True)
    chunks = chunks_of(answer.feed(Event(json.dumps(delta("a") | {"logprobs": [sent]}).encode())))
    assert logprobs_of(chunks) == [told]
