"""What the simulated model says, and in which events."""

from typing import Any

import orjson
import pytest

from tests.practice.client import Client, codex_body, user

_PARAMETERS = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}


async def test_streams_the_events_of_a_turn_in_order(client: Client) -> None:
    answer = await client.codex()
    kinds = list(dict.fromkeys(answer.types))
    assert kinds == [
        "codex.rate_limits",
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.reasoning_summary_part.added",
        "response.reasoning_summary_text.delta",
        "response.reasoning_summary_text.done",
        "response.reasoning_summary_part.done",
        "response.output_item.done",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.completed",
    ]
    assert [e["sequence_number"] for e in answer.events[1:]] == list(range(len(answer.events) - 1))
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["openai-model"] == "gpt-5.5"


async def test_pieces_deltas_and_finished_item_hold_the_same_text(client: Client) -> None:
    answer = await client.codex(codex_body("tell me \u2028 something 😀  twice"))
    done = next(e for e in answer.events if e["type"] == "response.output_text.done")
    assert answer.text == done["text"] == answer.items()[-1]["content"][0]["text"]
    assert answer.types.count("response.output_text.delta") > 3
    assert "😀" in answer.text


async def test_the_codex_backend_leaves_the_output_of_the_last_event_empty(client: Client) -> None:
    response = (await client.codex()).last["response"]
    assert response["output"] == []
    usage = response["usage"]
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
    assert usage["output_tokens_details"]["reasoning_tokens"] == 128


async def test_ciphertext_comes_only_when_asked_for(client: Client) -> None:
    assert "encrypted_content" in (await client.codex()).items()[0]
    assert "encrypted_content" not in (await client.codex(codex_body(include=[]))).items()[0]


async def test_no_reasoning_item_without_reasoning(client: Client) -> None:
    for changes in ({"reasoning": None}, {"model": "gpt-5", "reasoning": {"effort": "minimal"}}):
        answer = await client.codex(codex_body(**changes))
        assert [item["type"] for item in answer.items()] == ["message"]


async def test_answers_in_the_language_of_the_question(client: Client) -> None:
    assert (await client.codex(codex_body("How are you?"))).text.startswith("[practice] You asked")
    assert (await client.codex(codex_body("今天天气如何？"))).text.startswith("【练习】您问的是：“今天天气如何？”")


async def test_says_which_model_and_effort_it_plays(client: Client) -> None:
    chinese = await client.codex(codex_body("你是什么模型"))
    english = await client.codex(codex_body("What model are you?", reasoning={"effort": "low"}))
    assert "gpt-5.5" in chinese.text
    assert "high" in chinese.text
    assert "gpt-5.5 at reasoning effort low" in english.text


async def test_names_kind_and_size_of_the_attachments(client: Client) -> None:
    question = user("look")
    question["content"] += [
        {"type": "input_image", "image_url": "data:image/png;base64,AA==", "detail": "auto"},
        {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,AA=="},
    ]
    answer = await client.codex(codex_body(input=[question]))
    assert "images 1 (PNG, 1 bytes), files 1 (a.pdf, PDF, 1 bytes)" in answer.text


async def test_sees_the_attachments_of_a_tools_output_too(client: Client) -> None:
    call = {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"}
    shown = [{"type": "input_image", "image_url": "https://example.com/a.png"}]
    output = {"type": "function_call_output", "call_id": "c1", "output": shown}
    answer = await client.codex(codex_body(input=[user("look"), call, output]))
    assert "images 1 (https://example.com/a.png)" in answer.text


async def test_fits_a_json_schema(client: Client) -> None:
    schema = {
        "type": "object",
        "properties": {
            "title": {"type": "string", "maxLength": 10},
            "level": {"enum": ["low", "high"]},
            "tags": {"type": "array", "items": {"type": "integer", "minimum": 3}},
        },
    }
    wanted = {"format": {"type": "json_schema", "name": "x", "schema": schema}}
    found = orjson.loads((await client.codex(codex_body(text=wanted))).text)
    assert (len(found["title"]), found["level"], found["tags"]) == (10, "low", [3])


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        (
            {
                "type": "function",
                "name": "shell",
                "parameters": {"type": "object", "properties": {"command": {"type": "array"}}},
                "strict": False,
            },
            {"command": ["bash", "-lc", "echo 1"]},
        ),
        ({"type": "function", "name": "shell_command", "parameters": _PARAMETERS}, {"command": "echo 1"}),
        ({"type": "function", "name": "exec_command", "parameters": _PARAMETERS}, {"cmd": "echo 1"}),
    ],
)
async def test_runs_a_command_with_the_shell_tool_offered(
    client: Client, tool: dict[str, Any], arguments: dict[str, Any]
) -> None:
    answer = await client.codex(codex_body("run: echo 1", tools=[tool]))
    call = answer.items()[-1]
    deltas = [e["delta"] for e in answer.events if e["type"] == "response.function_call_arguments.delta"]
    assert (call["type"], call["name"]) == ("function_call", tool["name"])
    assert orjson.loads(call["arguments"]) == arguments
    assert "".join(deltas) == call["arguments"]


async def test_runs_a_command_in_a_namespace_of_additional_tools(client: Client) -> None:
    tools = [{"type": "namespace", "name": "functions", "tools": [{"type": "custom", "name": "exec"}]}]
    extra = {"type": "additional_tools", "role": "developer", "id": "at_1", "tools": tools}
    answer = await client.codex(codex_body(input=[extra, user('run: echo "1"')]))
    call = answer.items()[-1]
    assert (call["type"], call["name"], call["namespace"]) == ("custom_tool_call", "exec", "functions")
    assert 'tools.exec_command({"cmd":"echo \\"1\\""})' in call["input"]


async def test_several_commands_run_one_after_the_other_then_the_last_output_is_quoted(client: Client) -> None:
    tools = [{"type": "function", "name": "exec_command", "parameters": _PARAMETERS}]
    items = [user("run: echo 1\nrun: echo 2")]
    for number in ("1", "2"):
        call = (await client.codex(codex_body(input=items, tools=tools))).items()[-1]
        assert orjson.loads(call["arguments"]) == {"cmd": f"echo {number}"}
        output = {"type": "function_call_output", "call_id": call["call_id"], "output": f"out-{number}"}
        items += [call, output]
    answer = await client.codex(codex_body(input=items, tools=tools))
    assert answer.text.endswith("out-2")


async def test_without_a_shell_tool_the_line_is_only_text(client: Client) -> None:
    assert "run: echo 1" in (await client.codex(codex_body("run: echo 1"))).text


async def test_calls_any_offered_tool_by_name(client: Client) -> None:
    tools = [{"type": "function", "name": "weather", "parameters": _PARAMETERS}]
    answer = await client.codex(codex_body('call: weather {"city": "北京"}', tools=tools))
    assert answer.items()[-1]["arguments"] == '{"city": "北京"}'
    silent = codex_body("call: weather {}", tools=tools, tool_choice="none")
    assert (await client.codex(silent)).text


def call_items(answer: Any) -> list[tuple[str, str]]:
    return [(item["name"], item["arguments"]) for item in answer.items() if item["type"] == "function_call"]


async def test_several_calls_are_made_at_once_and_their_pieces_alternate(client: Client) -> None:
    tools = [{"type": "function", "name": name, "parameters": _PARAMETERS} for name in ("one", "two")]
    asked = 'call: one {"a": "practice practice"}\ncall: two {"b": "practice practice"}'
    answer = await client.codex(codex_body(asked, tools=tools))
    assert [name for name, _ in call_items(answer)] == ["one", "two"]
    deltas = [e for e in answer.events if e["type"] == "response.function_call_arguments.delta"]
    assert [e["output_index"] for e in deltas[:4]] == [1, 2, 1, 2]
    for number, (_, arguments) in enumerate(call_items(answer), start=1):
        assert "".join(e["delta"] for e in deltas if e["output_index"] == number) == arguments

    alone = await client.codex(codex_body(asked, tools=tools, parallel_tool_calls=False))
    assert [name for name, _ in call_items(alone)] == ["one"]


async def test_a_demanded_call_has_arguments_that_fit(client: Client) -> None:
    parameters = {
        "type": "object",
        "properties": {"city": {"type": "string"}, "unit": {"enum": ["C", "F"]}},
        "required": ["city", "unit"],
        "additionalProperties": False,
    }
    tools = [
        {"type": "function", "name": "other", "parameters": _PARAMETERS},
        {"type": "function", "name": "weather", "parameters": parameters, "strict": True},
        {"type": "custom", "name": "note"},
    ]
    one = {"type": "function", "name": "weather"}
    for choice in (one, {"type": "allowed_tools", "mode": "required", "tools": [one]}):
        ((name, arguments),) = call_items(await client.codex(codex_body("Basel", tools=tools, tool_choice=choice)))
        assert (name, orjson.loads(arguments)) == ("weather", {"city": "Basel", "unit": "C"})
    assert call_items(await client.codex(codex_body("Basel", tools=tools, tool_choice="required"))) == [("other", "{}")]
    note = await client.codex(codex_body("Basel", tools=tools, tool_choice={"type": "custom", "name": "note"}))
    assert (note.items()[-1]["type"], note.items()[-1]["input"]) == ("custom_tool_call", "Basel")


async def test_refuses_when_asked_to(client: Client) -> None:
    answer = await client.codex(codex_body("refuse: I would rather not."))
    assert answer.items()[-1]["content"] == [{"type": "refusal", "refusal": "I would rather not."}]
    deltas = [e["delta"] for e in answer.events if e["type"] == "response.refusal.delta"]
    assert "".join(deltas) == "I would rather not."


async def test_thinks_in_as_many_parts_as_asked_for(client: Client) -> None:
    answer = await client.codex(codex_body("thoughts: 3"))
    assert len(answer.items()[0]["summary"]) == 3
    assert {e["summary_index"] for e in answer.events if "summary_index" in e} == {0, 1, 2}


async def test_a_search_of_the_web_is_made_and_cited(client: Client) -> None:
    answer = await client.codex(codex_body("search: practice", tools=[{"type": "web_search"}]))
    assert [item["type"] for item in answer.items()] == ["reasoning", "web_search_call", "message"]
    part = answer.items()[-1]["content"][0]
    (cited,) = part["annotations"]
    assert part["text"][cited["start_index"] : cited["end_index"]] == "[1]"
    assert "response.output_text.annotation.added" in answer.types
    assert "web_search_call" not in str((await client.codex(codex_body("search: practice"))).items())


async def test_gives_probabilities_when_asked_for(client: Client) -> None:
    body = {"model": "gpt-5", "input": "hi", "stream": True, "top_logprobs": 2}
    answer = await client.openai(body | {"include": ["message.output_text.logprobs"]})
    part = answer.items()[-1]["content"][0]
    assert "".join(entry["token"] for entry in part["logprobs"]) == part["text"]
    assert {len(entry["top_logprobs"]) for entry in part["logprobs"]} == {2}
    assert (await client.openai(body)).items()[-1]["content"][0]["logprobs"] == []


async def test_a_compaction_trigger_gets_exactly_one_compaction_item(client: Client) -> None:
    answer = await client.codex(codex_body(input=[user("hi"), {"type": "compaction_trigger"}]))
    (item,) = answer.items()
    assert item["type"] == "compaction"
    again = codex_body(input=[item, user("go on")])
    assert (await client.codex(again)).status == 200
    assert (await client.codex(again, account=client.upstream.accounts[1])).status == 400


async def test_after_a_compaction_the_commands_are_not_run_again(client: Client) -> None:
    tools = [{"type": "function", "name": "exec_command", "parameters": _PARAMETERS}]
    asked = user("run: echo 1")
    trigger = codex_body(input=[asked, {"type": "compaction_trigger"}], tools=tools)
    (item,) = (await client.codex(trigger)).items()
    assert (await client.codex(codex_body(input=[asked, item], tools=tools))).text


async def test_the_earlier_compaction_endpoint_answers_one_object(client: Client) -> None:
    body = {"model": "gpt-5.3-codex", "instructions": "", "input": [user("hi")]}
    answer = await client.codex(body, path="/responses/compact")
    assert [item["type"] for item in answer.json["output"]] == ["message", "compaction"]
    refused = await client.codex(body | {"stream": True}, path="/responses/compact")
    assert refused.json == {"detail": "Unsupported parameter: stream"}


async def test_the_cache_is_warm_only_for_the_same_account_and_session(client: Client) -> None:
    plus, pro = client.upstream.accounts
    first = [user("a long beginning " * 50)]
    longer = [*first, user("more")]

    async def cached(items: list[dict[str, Any]], session: str | None, account: Any = plus) -> int:
        headers = {"session_id": session} if session else {}
        answer = await client.codex(codex_body(input=items), account=account, headers=headers)
        found: int = answer.last["response"]["usage"]["input_tokens_details"]["cached_tokens"]
        return found

    assert await cached(first, "s1") == 0
    assert await cached(longer, "s1") > 200
    assert await cached(longer, "s2") == 0
    assert await cached(longer, "s1", pro) == 0
    assert await cached(longer, None) == 0
    assert await cached(longer, None) == 0


async def test_the_same_seed_gives_the_same_bytes(client: Client, clock: Any) -> None:
    from app.practice.server import PracticeUpstream

    other = PracticeUpstream(clock=clock)
    await other.start()
    try:
        async with Client(other) as twin:
            assert (await twin.codex()).body == (await client.codex()).body
    finally:
        await other.stop()
