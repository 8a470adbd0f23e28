"""What the simulated services answer besides turns."""

import hashlib
import os
from typing import Any

import aiohttp
import orjson
import pytest

from app.practice import refusals
from app.practice.script import Turn, usage_limit_reached
from app.practice.sub_paths import PIXEL
from tests.practice.client import Client, codex_body

PICTURE = {"model": "gpt-image-2", "prompt": "a gateway"}
SEARCH = {"id": "s-1", "model": "gpt-6.1-sol", "commands": {"search_query": [{"q": "驿站"}]}}
TRACES = {"model": "gpt-5.5", "traces": [{"id": "1", "items": []}, {"id": "2", "items": []}]}


async def test_images_are_made_and_their_use_is_told(client: Client) -> None:
    for made in (
        await client.codex(PICTURE, path="/images/generations"),
        await client.openai(PICTURE, path="/images/generations"),
    ):
        assert made.status == 200
        assert made.json["data"] == [{"b64_json": PIXEL}]
        usage = made.json["usage"]
        assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"] > 0
    assert (await client.codex({"model": "gpt-image-2"}, path="/images/generations")).status == 400


async def test_images_are_edited_from_json_and_from_forms_of_any_bytes(client: Client) -> None:
    body = {"prompt": "brighter", "images": [{"image_url": "data:image/png;base64," + PIXEL}]}
    assert (await client.codex(body, path="/images/edits")).status == 200
    assert (await client.codex({"prompt": "brighter"}, path="/images/edits")).json["error"]["param"] == "image"
    picture = os.urandom(100_000)
    form = aiohttp.FormData({"prompt": "brighter"})
    form.add_field("image[]", picture, filename="a.png", content_type="image/png")
    async with client.session.post(
        client.upstream.chatgpt_base_url + "/images/edits", data=form, headers=client.login()
    ) as answer:
        assert answer.status == 200
    record = client.upstream.received[-1]
    assert picture in record.body
    assert record.sha256 == hashlib.sha256(record.body).hexdigest()


async def test_a_form_that_is_cut_off_is_refused(client: Client) -> None:
    whole = b'--b\r\nContent-Disposition: form-data; name="prompt"\r\n\r\nhi\r\n--b--\r\n'
    kind = {"Content-Type": "multipart/form-data; boundary=b"}
    for body, wanted in ((whole, "image"), (whole[:-6], None)):
        answer = await client.codex(body, path="/images/edits", headers=kind)
        assert (answer.status, answer.json["error"]["param"]) == (400, wanted)


async def test_a_search_is_answered_with_a_ciphertext_of_the_account(client: Client) -> None:
    found = (await client.codex(SEARCH, path="/alpha/search")).json
    assert found["output"]
    message = {"role": "user", "content": [{"type": "input_text", "text": "hi"}]}
    kept = {"type": "compaction", "encrypted_content": found["encrypted_output"]}
    pro = client.upstream.accounts[1]
    assert (await client.codex(codex_body(input=[kept, message]))).status == 200
    assert (await client.codex(codex_body(input=[kept, message]), account=pro)).status == 400


@pytest.mark.parametrize("kind", ["application/sdp", "application/json", "multipart/form-data; boundary=b"])
async def test_a_call_is_taken_however_it_is_offered(client: Client, kind: str) -> None:
    offer = b"v=0\r\n"
    body = {
        "a": offer,
        "j": orjson.dumps({"sdp": "v=0", "session": {}}),
        "f": b'--b\r\nContent-Disposition: form-data; name="sdp"\r\n\r\nv=0\r\n--b--\r\n',
    }[{"application/sdp": "a", "application/json": "j"}.get(kind, "f")]
    answer = await client.codex(body, path="/realtime/calls", headers={"Content-Type": kind})
    assert answer.status == 201
    assert answer.body.startswith(b"v=0")
    assert answer.headers["content-type"] == "application/sdp"
    assert answer.headers["location"].rpartition("/")[2].startswith("rtc_")


@pytest.mark.parametrize(
    ("path", "body", "key"),
    [
        ("/memories/trace_summarize", TRACES, "output"),
        ("/thread/goal", {}, "goal"),
        ("/thread/goal/set", {"goal": "x"}, "goal"),
        ("/safety/arc", {"messages": []}, "outcome"),
        ("/analytics-events/events", {"events": []}, "success"),
        ("/agent-identities/jwks", {}, "keys"),
    ],
)
async def test_the_rest_is_answered_plausibly(client: Client, path: str, body: Any, key: str) -> None:
    answer = await client.codex(body, path=path)
    assert answer.status == 200
    assert key in answer.json


async def test_only_the_codex_backend_has_goals_and_the_like(client: Client) -> None:
    for path in ("/thread/goal/get", "/safety/arc", "/analytics-events/events", "/agent-identities/jwks"):
        assert (await client.openai({}, path=path)).status == 404
    assert (await client.codex({}, path="/images/variations")).status == 404


async def test_they_are_authenticated_like_turns(client: Client) -> None:
    plus, pro = client.upstream.accounts
    state = (await client.codex(account=plus)).headers["x-codex-turn-state"]
    foreign = await client.codex(SEARCH, account=pro, path="/alpha/search", headers={"x-codex-turn-state": state})
    assert foreign.json["error"]["code"] == "invalid_turn_state"
    client.upstream.revoke(plus)
    assert (await client.codex(SEARCH, account=plus, path="/alpha/search")).status == 401
    assert client.upstream.received[-1].status == 401


async def test_what_costs_counts_in_the_windows(client: Client) -> None:
    account = client.upstream.accounts[0]
    await client.codex({"events": []}, path="/analytics-events/events")
    assert client.upstream.quota(account).primary.used_percent == 0.0
    made = await client.codex(PICTURE, path="/images/generations")
    assert client.upstream.quota(account).primary.used_percent == account.primary_step
    assert made.headers["x-codex-plan-type"] == account.plan
    client.upstream.exhaust(account)
    assert (await client.codex(PICTURE, path="/images/generations")).json["error"]["type"] == "usage_limit_reached"
    assert (await client.codex({"events": []}, path="/analytics-events/events")).status == 200


async def test_they_have_a_script_of_their_own(client: Client) -> None:
    client.upstream.script(usage_limit_reached(90), refusals.server_error(), Turn(raw=b"\x00\xff"), on="sub_path")
    answers = [await client.codex(SEARCH, path="/alpha/search") for _ in range(3)]
    assert [answer.status for answer in answers] == [429, 500, 200]
    assert answers[-1].body == b"\x00\xff"
    assert (await client.codex()).status == 200


async def test_models_that_are_known_already_are_not_sent_again(client: Client) -> None:
    url = client.upstream.chatgpt_base_url + "/models?client_version=0.169.0"
    tag = (await client.get(url, client.login())).headers["etag"]
    again = await client.get(url, client.login() | {"If-None-Match": tag})
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
    client.upstream.withdraw_model("gpt-5.5")
    assert (await client.get(url, client.login() | {"If-None-Match": tag})).status == 200
