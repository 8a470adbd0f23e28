"""The model lists."""

import asyncio
from pathlib import Path
from typing import Any

import orjson
import pytest

from app.core.models import BUILT_IN, ModelAlias
from app.core.policy import Policy, Strategy
from app.practice.catalogue import codex_list, etag
from app.practice.refusals import Refusal, detail, refusal
from app.practice.script import Turn, usage_limit_reached
from tests.gateway.house import API, KEY, PLUS, PRO, House, house
from tests.gateway.test_responses import CODEX_BODY, codex_body


async def test_openais_list_has_the_aliases_first_and_what_upstream_offers(one: House) -> None:
    async with one.get("/models") as answer:
        assert answer.status == 200
        content = orjson.loads(await answer.read())
    names = [row["id"] for row in content["data"]]
    assert names[:9] == [*(alias.name for alias in BUILT_IN), "gpt-5", "gpt-5-codex"]
    assert {"gpt-6.1-sol", "gpt-6.1-sol-ultra", "gpt-5.5-low"} <= set(names)
    assert "gpt-5.5-max" not in names
    assert len(names) == len(set(names))
    assert content["object"] == "list"
    assert all(isinstance(row["created"], int) and row["object"] == "model" for row in content["data"])


async def test_lists_of_all_tokens_are_joined_and_asked_for_once(tmp_path: Path) -> None:
    async with house(tmp_path, [PLUS, API]) as running:
        lists = await asyncio.gather(*(running.get("/models") for _ in range(5)))
        names = {row["id"] for row in orjson.loads(await lists[-1].read())["data"]}
        assert {"gpt-6.1-sol", "gpt-5.2-codex"} <= names
        paths = sorted(record.path for record in running.practice.received)
        assert paths == ["/backend-api/codex/models?client_version=0.169.0", "/v1/models"]


async def test_when_upstream_is_down_aliases_and_the_last_known_list_remain(tmp_path: Path) -> None:
    async with house(tmp_path) as running:
        running.practice.script(detail("Down", 503), on="models")
        async with running.get("/models") as answer:
            assert len(orjson.loads(await answer.read())["data"]) == 9
    async with house(tmp_path) as running:
        await (await running.get("/models")).read()
        await running.practice.stop()
        async with running.get("/models") as answer:
            assert len(orjson.loads(await answer.read())["data"]) > 9
    # And after a restart.
    async with house(tmp_path) as running:
        running.practice.script(detail("Down", 503), on="models")
        async with running.get("/models") as answer:
            assert len(orjson.loads(await answer.read())["data"]) > 9


async def test_one_slow_token_neither_holds_nor_empties_the_list(tmp_path: Path) -> None:
    async with house(tmp_path, [PLUS, API]) as running:
        running.practice.script(Turn(header_delay=1.0), account=PLUS, on="models")
        begun = asyncio.get_running_loop().time()
        table = await running.models.look(0.4)
        assert asyncio.get_running_loop().time() - begun < 0.9
        assert table.is_offered("gpt-5.2-codex")
        assert "gpt-5.5-xhigh" not in {row.name for row in table.rows()}
        # What comes later is noted, and not asked for again.
        async with running.get("/models") as answer:
            assert "gpt-5.5-xhigh" in {row["id"] for row in orjson.loads(await answer.read())["data"]}
        assert len(running.practice.received) == 2


async def test_the_users_names_are_listed_and_shadow_the_others(one: House) -> None:
    await one.models.set(ModelAlias("我的/快", "gpt-6-luna", "low"))
    await one.models.set(ModelAlias("gpt-5-low", "gpt-5.5"))
    async with one.get("/models") as answer:
        names = [row["id"] for row in orjson.loads(await answer.read())["data"]]
    assert names[9] == "我的/快"
    assert names.count("gpt-5-low") == 1
    for path in ("/models/我的/快", "/models/%E6%88%91%E7%9A%84%2F%E5%BF%AB", "/models/我的/快-high"):
        async with one.get(path) as answer:
            assert answer.status == 200, path
    async with one.client.head(f"{one.base}/models", headers={"Authorization": f"Bearer {KEY}"}) as answer:
        assert (answer.status, await answer.read()) == (200, b"")


async def test_without_tokens_the_aliases_are_there(tmp_path: Path) -> None:
    async with house(tmp_path, []) as running, running.get("/models") as answer:
        assert len(orjson.loads(await answer.read())["data"]) == 9


async def test_an_api_keys_models_that_reason_are_listed_with_the_usual_efforts(tmp_path: Path) -> None:
    async with house(tmp_path, [API]) as running:
        async with running.get("/models") as answer:
            names = {row["id"] for row in orjson.loads(await answer.read())["data"]}
        assert {f"gpt-5.5-{effort}" for effort in ("low", "medium", "high")} <= names
        assert not {"gpt-5.5-xhigh", "gpt-5.5-max", "gpt-4.1-low"} & names
        body = {"model": "gpt-5.5-xhigh", "messages": [{"role": "user", "content": "hi"}]}
        async with running.post("/chat/completions", json=body) as answer:
            assert answer.status == 200
        assert orjson.loads(running.practice.turns[-1].body)["reasoning"]["effort"] == "xhigh"


async def test_one_model(one: House) -> None:
    async with one.get("/models/gpt-5-codex-high") as answer:
        assert orjson.loads(await answer.read())["id"] == "gpt-5-codex-high"
    assert one.practice.received == []
    for name in ("gpt-6.1-sol", "gpt-6.1-sol-max", "gpt-5-xhigh"):
        async with one.get(f"/models/{name}") as answer:
            assert orjson.loads(await answer.read())["id"] == name
    async with one.get("/models/no%20such/model") as answer:
        assert answer.status == 404
        error = orjson.loads(await answer.read())["error"]
    assert error["code"] == "model_not_found"
    assert "no such/model" in error["message"]


async def test_codex_gets_upstreams_own_list(one: House) -> None:
    async with one.get("/models?client_version=0.150.0") as answer:
        assert answer.status == 200
        received = await answer.read()
        assert answer.headers["ETag"] == etag(codex_list(lambda _: True))
    assert received == codex_list(lambda _: True)
    assert one.practice.received[-1].path == "/backend-api/codex/models?client_version=0.150.0"
    assert one.practice.received[-1].header("chatgpt-account-id") == PLUS.account_id


async def test_codex_gets_the_last_list_when_upstream_is_down(one: House) -> None:
    await (await one.get("/models?client_version=0.150.0")).read()
    one.practice.script(detail("Down", 500), on="models")
    async with one.get("/models?client_version=0.150.0") as answer:
        assert await answer.read() == codex_list(lambda _: True)
    assert one.practice.received[-1].header("If-None-Match") == etag(codex_list(lambda _: True))


async def test_codex_gets_an_empty_list_from_api_keys(tmp_path: Path) -> None:
    async with house(tmp_path, [API]) as running, running.get("/models?client_version=0.169.0") as answer:
        assert answer.status == 200
        assert orjson.loads(await answer.read()) == {"models": []}
        assert running.practice.received == []


async def test_a_resting_token_is_not_asked_first(tmp_path: Path) -> None:
    async with house(tmp_path, [PLUS, PRO]) as running:
        running.practice.script(usage_limit_reached(60), account=PLUS)
        await (await running.post("/responses", data=CODEX_BODY)).read()
        await running.row()
        await (await running.get("/models?client_version=0.169.0")).read()
        assert [turn.email for turn in running.practice.turns] == [PLUS.email, PRO.email]
        assert running.practice.received[-1].email == PRO.email


VERSION = "/models?client_version=0.169.0"


async def test_codex_gets_all_that_upstream_says_with_its_list(one: House) -> None:
    own = (
        ("ETag", 'W/"of upstream"'),
        ("Content-Type", "application/json; charset=utf-8"),
        ("x-request-id", "req-1"),
        ("cache-control", "private"),
        ("x-codex-primary-used-percent", "4"),
        ("x-unknown", "1"),
        ("Set-Cookie", "__cf=1"),
        ("Access-Control-Allow-Origin", "*"),
    )
    body = b'{ "models" : [{"slug":"hidden","visibility":"hide"}, {"slug":"new","x":[]}], "more":1 }'
    one.practice.script(Refusal(200, body, own), on="models")
    async with one.get(VERSION) as answer:
        assert await answer.read() == body
        passed = {name: answer.headers.get(name) for name, _ in own}
    assert passed == dict(own) | {"Set-Cookie": None, "Access-Control-Allow-Origin": None}
    # Upstream confirms it: the list is the same, what else it says is new.
    one.practice.script(Refusal(304, b"", (("ETag", 'W/"of upstream"'), ("x-request-id", "req-2"))), on="models")
    async with one.get(VERSION) as answer:
        assert await answer.read() == body
        assert (answer.headers["ETag"], answer.headers["x-request-id"]) == ('W/"of upstream"', "req-2")
        assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
        assert "x-unknown" not in answer.headers


@pytest.mark.parametrize("known", ["{}", 'W/"other", {}', "*", 'W/"other"', ""])
async def test_who_has_the_list_already_gets_304(one: House, known: str) -> None:
    tag = etag(codex_list(lambda _: True))
    given = {"Authorization": f"Bearer {KEY}", "If-None-Match": known.format(tag.removeprefix("W/"))}
    for _ in range(2):
        async with one.client.get(one.base + VERSION, headers=given) as answer:
            same = known not in ('W/"other"', "")
            assert answer.status == (304 if same else 200)
            assert answer.headers["ETag"] == tag
            assert await answer.read() == (b"" if same else codex_list(lambda _: True))


async def test_codexs_own_headers_go_up_but_its_license(one: House) -> None:
    sent = {"version": "0.169.0", "originator": "codex_exec", "x-unknown": "1", "User-Agent": "codex_exec/0.169.0"}
    more = {"Authorization": f"Bearer {KEY}", "Cookie": "a=b", "If-None-Match": '"mine"'}
    await (await one.client.get(one.base + VERSION, headers=sent | more)).read()
    record = one.practice.received[-1]
    assert {name: record.header(name) for name in sent} == sent
    assert (record.header("Cookie"), record.header("If-None-Match")) == (None, None)
    assert KEY not in str(record.headers)


@pytest.mark.parametrize("broken", [detail("Down", 500), refusal(200, "<html>"), detail("Unauthorized", 401)])
async def test_when_one_login_has_no_list_the_next_is_asked(tmp_path: Path, broken: Any) -> None:
    async with house(tmp_path, [PLUS, PRO, API]) as running:
        running.practice.always(broken, account=PLUS, on="models")
        for _ in range(2):
            async with running.get(VERSION) as answer:
                assert await answer.read() == codex_list(lambda _: True)
        # For a while it is not asked again.
        assert [record.email for record in running.practice.received] == [PLUS.email, PRO.email, PRO.email]
        running.practice.always(detail("Down", 500), on="models")
        async with running.get(VERSION) as answer:
            assert await answer.read() == codex_list(lambda _: True)
            assert answer.headers["ETag"] == etag(codex_list(lambda _: True))


async def test_a_login_that_does_not_answer_holds_codex_no_longer_than_it_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.upstream.models._ANSWER_S", 0.3)
    monkeypatch.setattr("app.gateway.models_route._CODEX_WAITS_S", 0.5)
    async with house(tmp_path, [PLUS, PRO]) as running:
        running.practice.always(Turn(header_delay=5.0), on="models")
        begun = asyncio.get_running_loop().time()
        async with running.get(VERSION) as answer:
            assert orjson.loads(await answer.read()) == {"models": []}
        assert asyncio.get_running_loop().time() - begun < 1.5
        assert len(running.practice.received) == 2


async def test_many_that_start_together_ask_together(one: House) -> None:
    async def ask() -> bytes:
        async with one.get(VERSION) as answer:
            return bytes(await answer.read())

    assert set(await asyncio.gather(*(ask() for _ in range(8)))) == {codex_list(lambda _: True)}
    assert len(one.practice.received) <= 2


async def test_the_list_is_that_of_the_account_whose_answers_name_it(tmp_path: Path) -> None:
    async with house(tmp_path, [PLUS, PRO], policy=Policy(strategy=Strategy.IN_ORDER)) as running:
        running.practice.deny_model(PLUS, "gpt-6-luna")
        of = {
            PLUS.email: etag(codex_list(lambda model: model != "gpt-6-luna")),
            PRO.email: etag(codex_list(lambda _: True)),
        }
        assert of[PLUS.email] != of[PRO.email]

        async def turn(name: str) -> str:
            async with running.post("/responses", data=codex_body(prompt_cache_key=name)) as answer:
                await answer.read()
                return str(answer.headers["x-models-etag"])

        async def tag(**headers: str) -> str:
            given = {"Authorization": f"Bearer {KEY}"} | {
                name.replace("_", "-"): text for name, text in headers.items()
            }
            async with running.client.get(running.base + VERSION, headers=given) as answer:
                await answer.read()
                return str(answer.headers["ETag"])

        assert await turn("first") == await tag() == of[PLUS.email]
        running.practice.exhaust(PLUS, resets_in=3600)
        assert await turn("second") == await tag() == of[PRO.email]
        await running.row()
        # A session that is named has its own account's; that it rests keeps nobody from its list.
        assert await tag(session_id="first") == of[PLUS.email]
        assert await tag(thread_id="second") == of[PRO.email]
        assert await tag(thread_id="unknown") == of[PRO.email]
