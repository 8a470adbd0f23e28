"""What the simulated Codex backend refuses, and in which words."""

import gzip
import zlib
from typing import Any

import brotli
import orjson
import pytest
import zstandard

from tests.practice.client import Client, codex_body, user


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"temperature": 1}, "Unsupported parameter: temperature"),
        ({"max_output_tokens": 100}, "Unsupported parameter: max_output_tokens"),
        ({"session_id": "s"}, "Unsupported parameter: session_id"),
        ({"previous_response_id": "resp_1"}, "Unsupported parameter: previous_response_id"),
        ({"stream": False}, "Stream must be set to true"),
        ({"stream": None}, "Stream must be set to true"),
        ({"store": True}, "Store must be set to false"),
        ({"store": None}, "Store must be set to false"),
        ({"input": "hi"}, "Input must be a list"),
        ({"input": [{"role": "system", "content": "x"}, user("hi")]}, "System messages are not allowed"),
        ({"instructions": None}, "Instructions are required"),
        (
            {"model": "gpt-5-high"},
            "The 'gpt-5-high' model is not supported when using Codex with a ChatGPT account.",
        ),
    ],
)
async def test_refuses_with_a_detail(client: Client, changes: dict[str, Any], detail: str) -> None:
    answer = await client.codex(codex_body(**changes))
    assert (answer.status, answer.json) == (400, {"detail": detail})


async def test_needs_no_instructions_when_a_developer_message_leads(client: Client) -> None:
    developer = {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "x"}]}
    answer = await client.codex(codex_body(instructions=None, input=[developer, user("hi")]))
    assert answer.status == 200


async def test_accepts_an_item_whose_id_is_null(client: Client) -> None:
    body = codex_body(input=[user("hi") | {"id": None}])
    assert (await client.codex(body)).status == 200


@pytest.mark.parametrize(
    ("item", "param"),
    [
        (user("hi") | {"name": "x"}, "input[0].name"),
        (user("hi") | {"role": "wizard"}, "input[0].role"),
        (
            {"role": "assistant", "content": [{"type": "input_text", "text": "x"}]},
            "input[0].content[0]",
        ),
        ({"role": "user", "content": [{"type": "text", "text": "x"}]}, "input[0].content[0]"),
        (
            {"type": "function_call", "id": "call_1", "call_id": "c", "name": "f", "arguments": "{}"},
            "input[0].id",
        ),
        ({"type": "function_call_output", "call_id": "c" * 65, "output": ""}, "input[0].call_id"),
    ],
)
async def test_names_the_part_of_an_item_that_is_wrong(client: Client, item: dict[str, Any], param: str) -> None:
    answer = await client.codex(codex_body(input=[item]))
    assert answer.status == 400
    assert answer.json["error"]["param"] == param


async def test_refuses_an_output_without_its_call_and_a_call_without_its_output(client: Client) -> None:
    call = {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"}
    output = {"type": "function_call_output", "call_id": "c1", "output": "done"}
    lonely = await client.codex(codex_body(input=[user("hi"), output]))
    unanswered = await client.codex(codex_body(input=[user("hi"), call]))
    both = await client.codex(codex_body(input=[user("hi"), call, output]))
    assert "No tool call found for function call output with call_id c1" in lonely.body.decode()
    assert "No tool output found for function call c1" in unanswered.body.decode()
    assert both.status == 200


async def test_refuses_a_cache_key_of_more_than_64_characters(client: Client) -> None:
    answer = await client.codex(codex_body(prompt_cache_key="k" * 65))
    assert answer.json["error"]["code"] == "string_above_max_length"
    assert (await client.codex(codex_body(prompt_cache_key="k" * 64))).status == 200


async def test_json_mode_needs_the_word_json_in_the_input(client: Client) -> None:
    mode = {"format": {"type": "json_object"}}
    assert (await client.codex(codex_body("hi", text=mode, instructions="JSON"))).status == 400
    answer = await client.codex(codex_body("hi as JSON", text=mode))
    assert orjson.loads(answer.text)["practice"] is True


async def test_needs_a_known_token_and_its_account(client: Client) -> None:
    plus, pro = client.upstream.accounts
    unknown = await client.codex(headers={"Authorization": "Bearer nobody"})
    swapped = await client.codex(headers={"chatgpt-account-id": pro.account_id})
    missing = await client._post(
        client.upstream.chatgpt_base_url + "/responses",
        codex_body(),
        {"Authorization": f"Bearer {plus.access_token}"},
    )
    assert (unknown.status, unknown.json["error"]["code"]) == (401, "invalid_token")
    assert swapped.status == 403
    assert missing.status == 401


async def test_an_access_token_ends_at_its_time(client: Client, clock: Any) -> None:
    clock.now = client.upstream.accounts[0].expires_at - 1
    assert (await client.codex()).status == 200
    clock.now += 1
    assert (await client.codex()).json["error"]["code"] == "token_expired"


async def test_a_revoked_token_is_refused_until_it_is_restored(client: Client) -> None:
    account = client.upstream.accounts[0]
    client.upstream.revoke(account)
    assert (await client.codex()).json["error"]["code"] == "token_invalidated"
    client.upstream.restore(account)
    assert (await client.codex()).status == 200


async def test_ciphertext_of_another_account_is_refused(client: Client) -> None:
    plus, pro = client.upstream.accounts
    reasoning = (await client.codex()).items()[0]
    body = codex_body(input=[user("hi"), reasoning, user("go on")])
    assert reasoning["encrypted_content"]
    assert (await client.codex(body, account=plus)).status == 200
    refused = await client.codex(body, account=pro)
    assert refused.json["error"]["code"] == "invalid_encrypted_content"


async def test_turn_state_must_come_back_to_the_account_that_issued_it(client: Client) -> None:
    plus, pro = client.upstream.accounts
    state = {"x-codex-turn-state": (await client.codex()).headers["x-codex-turn-state"]}
    assert (await client.codex(account=plus, headers=state)).status == 200
    refused = await client.codex(account=pro, headers=state)
    assert refused.json["error"]["code"] == "invalid_turn_state"


def _zstd_without_size(raw: bytes) -> bytes:
    writer = zstandard.ZstdCompressor().compressobj()
    return writer.compress(raw) + writer.flush()


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("zstd", _zstd_without_size),
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("br", brotli.compress),
        ("identity", bytes),
    ],
)
async def test_reads_compressed_bodies_and_records_them_as_they_came(client: Client, encoding: str, pack: Any) -> None:
    packed = pack(orjson.dumps(codex_body("packed question")))
    answer = await client.codex(packed, headers={"Content-Encoding": encoding})
    assert "packed question" in answer.text
    assert client.upstream.received[-1].body == packed


@pytest.mark.parametrize("encoding", ["zstd", "gzip", "deflate", "br", "rot13"])
async def test_a_body_that_is_not_what_it_says_is_a_400(client: Client, encoding: str) -> None:
    answer = await client.codex(b"\x78plain nonsense", headers={"Content-Encoding": encoding})
    assert answer.status == 400


async def test_a_plain_get_of_responses_is_no_method(client: Client) -> None:
    assert (await client.get(client.upstream.chatgpt_base_url + "/responses", client.login())).status == 405


async def test_models_come_with_an_etag_and_every_key_that_codex_wants(client: Client) -> None:
    url = client.upstream.chatgpt_base_url + "/models?client_version=0.169.0"
    answer = await client.get(url, client.login())
    wanted = {
        "slug",
        "display_name",
        "supported_reasoning_levels",
        "shell_type",
        "visibility",
        "supported_in_api",
        "priority",
        "support_verbosity",
        "truncation_policy",
        "experimental_supported_tools",
        "base_instructions",
    }
    assert answer.headers["etag"]
    assert all(wanted <= set(entry) for entry in answer.json["models"])
