"""What the simulated OpenAI API accepts and refuses."""

from typing import Any

import pytest

from tests.practice.client import Client, user


def body(**changes: Any) -> dict[str, Any]:
    return {"model": "gpt-5", "input": "hi"} | changes


async def test_answers_one_object_when_no_stream_is_asked_for(client: Client) -> None:
    for changes in ({}, {"stream": False}, {"stream": None}):
        answer = await client.openai(body(**changes))
        assert answer.json["object"] == "response"
        assert answer.json["status"] == "completed"
        assert "hi" in answer.json["output"][-1]["content"][0]["text"]


async def test_the_last_event_of_a_stream_repeats_the_output(client: Client) -> None:
    answer = await client.openai(body(stream=True))
    assert answer.last["response"]["output"] == answer.items()


async def test_accepts_what_the_codex_backend_does_not(client: Client) -> None:
    more = {"user": "somebody", "max_output_tokens": 500, "metadata": {"a": "b"}, "store": True}
    assert (await client.openai(body(**more))).status == 200


async def test_accepts_an_item_whose_id_is_null(client: Client) -> None:
    assert (await client.openai(body(input=[user("hi") | {"id": None}]))).status == 200


@pytest.mark.parametrize(
    ("changes", "status", "code", "param"),
    [
        ({"session_id": "s"}, 400, "unknown_parameter", "session_id"),
        ({"messages": []}, 400, "unknown_parameter", "messages"),
        ({"model": "gpt-nothing"}, 404, "model_not_found", "model"),
        ({"input": None}, 400, "missing_required_parameter", "input"),
        ({"input": []}, 400, "missing_required_parameter", "input"),
        ({"stream": "yes"}, 400, "invalid_type", "stream"),
        ({"max_output_tokens": 1}, 400, "integer_below_min_value", "max_output_tokens"),
        (
            {"tools": [{"type": "function", "function": {"name": "f"}}]},
            400,
            "missing_required_parameter",
            "tools[0].name",
        ),
    ],
)
async def test_refuses_in_the_shape_of_openai(
    client: Client, changes: dict[str, Any], status: int, code: str, param: str
) -> None:
    answer = await client.openai(body(**changes))
    error = answer.json["error"]
    assert (answer.status, error["code"], error["param"]) == (status, code, param)
    assert error["type"] == "invalid_request_error"


async def test_an_unknown_key_is_refused_and_shown_masked(client: Client) -> None:
    answer = await client.openai(body(), headers={"Authorization": "Bearer sk-proj-somebody-elses-key-1234"})
    assert answer.status == 401
    assert answer.json["error"]["code"] == "invalid_api_key"
    assert "somebody-elses" not in answer.json["error"]["message"]


async def test_ignores_an_account_id(client: Client) -> None:
    assert (await client.openai(body(), headers={"chatgpt-account-id": "any"})).status == 200


async def test_a_low_token_limit_ends_the_answer_as_incomplete(client: Client) -> None:
    answer = await client.openai(body(input="words: 200", max_output_tokens=16, stream=True))
    assert answer.last["type"] == "response.incomplete"
    assert answer.last["response"]["incomplete_details"] == {"reason": "max_output_tokens"}


async def test_lists_models_in_the_shape_of_openai(client: Client) -> None:
    key = {"Authorization": f"Bearer {client.upstream.api_keys[0].key}"}
    answer = await client.get(client.upstream.openai_base_url + "/models", key)
    assert answer.json["object"] == "list"
    assert {"id", "object", "created", "owned_by"} == set(answer.json["data"][0])
    assert "gpt-5-codex" in [entry["id"] for entry in answer.json["data"]]


async def test_an_unknown_path_is_a_404_with_an_error_object(client: Client) -> None:
    answer = await client.openai(body(), path="/chat/completions")
    assert answer.status == 404
    assert "error" in answer.json
