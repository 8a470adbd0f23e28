"""What only one account or key can read or use: ciphertexts, turn states, files, responses, models."""

from typing import Any

import pytest

from app.practice.accounts import practice_api_key
from app.practice.server import PracticeUpstream
from tests.practice.client import Client, codex_body, user


def items_with(sealed: str) -> list[tuple[str, list[dict[str, Any]]]]:
    """Every place in which a ciphertext was seen to travel."""
    part = {"type": "encrypted_content", "encrypted_content": sealed}
    call = {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"}
    return [
        ("reasoning", [{"type": "reasoning", "summary": [], "encrypted_content": sealed}]),
        ("compaction", [{"type": "compaction", "encrypted_content": sealed}]),
        ("earlier compaction", [{"type": "compaction_summary", "encrypted_content": sealed}]),
        ("agent message", [{"type": "agent_message", "content": [part]}]),
        ("tool output", [call, {"type": "function_call_output", "call_id": "c1", "output": [part]}]),
        ("anything", [{"type": "something_new", "encrypted_content": sealed}]),
    ]


async def a_ciphertext(client: Client) -> str:
    sealed = (await client.codex()).items()[0]["encrypted_content"]
    assert isinstance(sealed, str)
    return sealed


@pytest.mark.parametrize("place", range(6))
async def test_ciphertext_of_another_is_refused_wherever_it_stands(client: Client, place: int) -> None:
    plus, pro = client.upstream.accounts
    _, items = items_with(await a_ciphertext(client))[place]
    body = codex_body(input=[user("hi"), *items, user("go on")])
    assert (await client.codex(body, account=plus)).status == 200
    refused = await client.codex(body, account=pro)
    assert (refused.status, refused.json["error"]["code"]) == (400, "invalid_encrypted_content")
    compact = {"model": "gpt-5.5", "input": body["input"]}
    assert (await client.codex(compact, account=plus, path="/responses/compact")).status == 200
    assert (await client.codex(compact, account=pro, path="/responses/compact")).status == 400
    by_key = await client.openai({"model": "gpt-5", "input": body["input"]})
    assert by_key.json["error"]["code"] == "invalid_encrypted_content"


async def test_a_compaction_can_be_read_by_who_made_it_only(client: Client) -> None:
    plus, pro = client.upstream.accounts
    compact = {"model": "gpt-5.5", "input": [user("one"), user("two")]}
    made = (await client.codex(compact, path="/responses/compact")).json["output"]
    triggered = (await client.codex(codex_body(input=[user("hi"), {"type": "compaction_trigger"}]))).items()
    for history in (made, triggered):
        body = codex_body(input=[*history, user("go on")])
        assert (await client.codex(body, account=plus)).status == 200
        assert (await client.codex(body, account=pro)).json["error"]["code"] == "invalid_encrypted_content"


async def test_ciphertext_of_a_key_is_refused_by_every_other_credential(client: Client) -> None:
    other = practice_api_key("other")
    client.upstream.add(other)
    asked = {
        "model": "gpt-5",
        "input": [user("hi")],
        "reasoning": {"effort": "high"},
        "include": ["reasoning.encrypted_content"],
    }
    reasoning = (await client.openai(asked)).json["output"][0]
    body = asked | {"input": [user("hi"), reasoning, user("go on")]}
    assert (await client.openai(body)).status == 200
    refused = await client.openai(body, headers={"Authorization": f"Bearer {other.key}"})
    assert refused.json["error"]["code"] == "invalid_encrypted_content"
    assert (await client.codex(codex_body(input=body["input"]))).status == 400


async def test_the_code_of_that_refusal_can_be_null(clock: Any) -> None:
    upstream = PracticeUpstream(clock=clock, null_codes=True)
    await upstream.start()
    try:
        async with Client(upstream) as client:
            _, items = items_with(await a_ciphertext(client))[0]
            error = (await client.codex(codex_body(input=items), account=upstream.accounts[1])).json["error"]
            assert error["code"] is None
            assert "encrypted content could not be verified" in error["message"].lower()
    finally:
        await upstream.stop()


async def test_a_new_generation_reads_what_the_last_one_wrote(client: Client) -> None:
    account = client.upstream.accounts[0]
    sealed = await a_ciphertext(client)
    client.upstream.sign_out(account)
    renewed = client.upstream._world.logins.sign_in(account)
    _, items = items_with(sealed)[0]
    assert (await client.codex(codex_body(input=[*items, user("hi")]), account=renewed)).status == 200


async def test_the_turn_state_of_an_account_is_refused_with_a_key(client: Client) -> None:
    state = {"x-codex-turn-state": (await client.codex()).headers["x-codex-turn-state"]}
    refused = await client.openai({"model": "gpt-5", "input": "hi"}, headers=state)
    assert (refused.status, refused.json["error"]["code"]) == (400, "invalid_turn_state")


@pytest.mark.parametrize("kind", ["input_file", "input_image"])
async def test_a_file_belongs_to_who_uploaded_it(client: Client, kind: str) -> None:
    plus, pro = client.upstream.accounts
    (key,) = client.upstream.api_keys
    ids = {who.label: client.upstream.add_file(who) for who in (plus, pro, key)}

    def asked(who: Any) -> list[dict[str, Any]]:
        question = user("look")
        question["content"].append({"type": kind, "file_id": ids[who.label]})
        return [question]

    assert (await client.codex(codex_body(input=asked(plus)), account=plus)).status == 200
    assert (await client.codex(codex_body(input=asked(pro)), account=plus)).status == 404
    assert (await client.openai({"model": "gpt-5", "input": asked(key)})).status == 200
    refused = await client.openai({"model": "gpt-5", "input": asked(plus)})
    assert refused.status == 404
    assert refused.json["error"]["param"] == "input[0].content[1].file_id"


async def test_a_response_can_be_continued_by_the_key_that_got_it(client: Client) -> None:
    other = practice_api_key("other")
    client.upstream.add(other)
    first = (await client.openai({"model": "gpt-5", "input": "hi"})).json["id"]
    unkept = (await client.openai({"model": "gpt-5", "input": "hi", "store": False})).json["id"]
    follow = {"model": "gpt-5", "input": "go on", "previous_response_id": first}
    assert (await client.openai(follow)).json["previous_response_id"] == first
    as_other = await client.openai(follow, headers={"Authorization": f"Bearer {other.key}"})
    forgotten = await client.openai(follow | {"previous_response_id": unkept})
    for refused in (as_other, forgotten):
        assert (refused.status, refused.json["error"]["code"]) == (400, "previous_response_not_found")
        assert refused.json["error"]["param"] == "previous_response_id"


async def test_a_streamed_response_can_be_continued_too(client: Client) -> None:
    first = (await client.openai({"model": "gpt-5", "input": "hi", "stream": True})).last["response"]["id"]
    follow = {"model": "gpt-5", "input": "go on", "previous_response_id": first}
    assert (await client.openai(follow)).status == 200


async def test_a_model_can_be_missing_from_one_plan(client: Client) -> None:
    plus, pro = client.upstream.accounts
    (key,) = client.upstream.api_keys
    client.upstream.deny_model(plus, "gpt-5.5")
    client.upstream.deny_model(key, "gpt-5")
    refused = await client.codex(account=plus)
    assert refused.status == 400
    assert refused.json["detail"] == "The 'gpt-5.5' model is not supported when using Codex with a ChatGPT account."
    assert (await client.codex(account=pro)).status == 200
    assert (await client.codex(codex_body(model="gpt-5.4"), account=plus)).status == 200
    by_key = await client.openai({"model": "gpt-5", "input": "hi"})
    assert (by_key.status, by_key.json["error"]["code"]) == (404, "model_not_found")
    url = client.upstream.chatgpt_base_url + "/models"
    lists = [(await client.get(url, client.login(who))) for who in (plus, pro)]
    assert [b'"gpt-5.5"' in one.body for one in lists] == [False, True]
    assert lists[0].headers["etag"] != lists[1].headers["etag"]
    client.upstream.deny_model(plus, "gpt-5.5", denied=False)
    assert (await client.codex(account=plus)).status == 200
