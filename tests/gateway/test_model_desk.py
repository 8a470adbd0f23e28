"""What is known of models: from whom it is heard, when it is asked for, and that it is kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from app.core.credential import login_from_auth_json
from app.core.errors import DataUnusable, InvalidInput, NotFound
from app.core.models import ModelAlias, WithdrawnModel
from app.gateway.clock import Clock
from app.gateway.commands import Commands
from app.gateway.gateway import Gateway
from app.practice.accounts import practice_account
from app.practice.refusals import detail, unsupported_model
from app.practice.server import PracticeUpstream
from app.store.key_stores import KeyStoreKind
from app.upstream.endpoints import UpstreamEndpoints
from app.upstream.errors import ModelsRefused, UpstreamUnreachable
from tests.gateway.house import API, PLUS, PRO, House, house
from tests.gateway.test_responses import CODEX_BODY

MESSAGES = [{"role": "user", "content": "hi"}]


async def chat(running: House, model: str) -> int:
    async with running.post("/chat/completions", json={"model": model, "messages": MESSAGES}) as answer:
        await answer.read()
        status: int = answer.status
    await running.row()
    return status


async def codex(running: House, model: str) -> int:
    body = orjson.dumps({**orjson.loads(CODEX_BODY), "model": model})
    async with running.post("/responses", data=body) as answer:
        await answer.read()
        status: int = answer.status
    await running.row()
    return status


def withdrawn(running: House) -> set[str]:
    return set(running.state.models.withdrawn)


def deny(running: House, model: str, *, denied: bool = True) -> None:
    for account in running.who:
        running.practice.deny_model(account, model, denied=denied)


async def test_a_listed_model_that_every_token_refuses_is_marked_until_it_is_served_again(tmp_path: Path) -> None:
    async with house(tmp_path, [PLUS, PRO]) as running:
        await running.models.look()
        deny(running, "gpt-5")
        assert await chat(running, "gpt-5-high") in (400, 404)
        assert running.asked() == [0, 1]
        assert withdrawn(running) == {"gpt-5"}
        row = next(row for row in running.state.models.rows() if row.name == "gpt-5-low")
        assert (row.withdrawn, row.nearest) == (True, "gpt-5.5")
    # Also after a restart; and a single success takes the mark away.
    async with house(tmp_path, [PLUS, PRO]) as running:
        assert withdrawn(running) == {"gpt-5"}
        assert running.state.models.nearest("gpt-5") == "gpt-5.5"
        assert await chat(running, "gpt-5-high") == 200
        assert withdrawn(running) == set()
    async with house(tmp_path, [PLUS, PRO]) as running:
        assert withdrawn(running) == set()


async def test_what_to_use_instead_is_asked_for_at_the_first_refusal(one: House) -> None:
    deny(one, "gpt-5")
    await chat(one, "gpt-5-high")
    await one.until(lambda: one.state.models.nearest("gpt-5") == "gpt-5.5")
    assert withdrawn(one) == {"gpt-5"}
    async with one.post("/chat/completions", json={"model": "gpt-5-high", "messages": MESSAGES}) as answer:
        error = orjson.loads(await answer.read())["error"]
    assert (answer.status, error["param"], error["code"]) == (404, "model", "model_not_found")
    assert error["message"].startswith("Upstream no longer serves `gpt-5`.")
    assert "`waystation model set gpt-5 gpt-5.5`" in error["message"]
    await one.models.set(ModelAlias("gpt-5", "gpt-5.5"))
    assert await chat(one, "gpt-5-high") == 200
    assert orjson.loads(one.practice.turns[-1].body)["model"] == "gpt-5.5"


async def test_a_model_that_one_of_the_tokens_has_is_not_marked(tmp_path: Path) -> None:
    async with house(tmp_path, [PLUS, PRO]) as running:
        running.practice.deny_model(PLUS, "gpt-5")
        assert await chat(running, "gpt-5-high") == 200
        assert withdrawn(running) == set()


async def test_what_failed_for_another_reason_too_is_no_evidence(tmp_path: Path) -> None:
    async with house(tmp_path, [PLUS, PRO]) as running:
        running.practice.script(detail("Down", 503), account=PLUS)
        running.practice.script(unsupported_model("gpt-5"), account=PRO)
        await chat(running, "gpt-5-high")
        assert withdrawn(running) == set()


async def test_a_turn_of_codex_counts_for_what_is_listed_and_for_nothing_else(one: House) -> None:
    await one.models.look()
    deny(one, "gpt-5-codex")
    deny(one, "gpt-5.3-codex")
    await codex(one, "gpt-5.3-codex")
    assert withdrawn(one) == set()
    await codex(one, "gpt-5-codex")
    assert withdrawn(one) == {"gpt-5-codex"}
    deny(one, "gpt-5-codex", denied=False)
    one.state.try_again()
    assert await codex(one, "gpt-5-codex") == 200
    assert withdrawn(one) == set()


async def test_a_name_that_means_nothing_is_not_marked_but_a_former_model_is(one: House) -> None:
    await one.models.look()
    for name in ("llama-3", "gpt-5.55", "gpt-5.55-high", "GPT-5-High"):
        assert await chat(one, name) == 404
    assert withdrawn(one) == set()
    deny(one, "gpt-5.5")
    await one.models.look(at_once=True)
    await chat(one, "gpt-5.5")
    assert withdrawn(one) == {"gpt-5.5"}
    async with one.get("/models") as answer:
        assert "gpt-5.5" not in {row["id"] for row in orjson.loads(await answer.read())["data"]}


async def test_a_mistyped_name_is_answered_with_the_nearest_one(one: House) -> None:
    # The first such name has upstream asked what it offers.
    await chat(one, "gpt-5.55")
    await one.until(lambda: one.state.models.offered)
    for name, advice in (
        ("gpt-5.55", "The nearest that upstream offers is `gpt-5.5`."),
        ("GPT-5-High", "It is written `gpt-5-high`."),
        (" gpt-5-high ", "It is written `gpt-5-high`."),
    ):
        async with one.post("/chat/completions", json={"model": name, "messages": MESSAGES}) as answer:
            error = orjson.loads(await answer.read())["error"]
        assert (answer.status, error["param"], error["code"]) == (404, "model", "model_not_found")
        assert error["message"].startswith(f"The model `{name}` does not exist or you do not have access to it.")
        assert error["message"].endswith(advice)
        async with one.get(f"/models/{name.strip()}") as answer:
            said = orjson.loads(await answer.read())
        assert name.strip() == "gpt-5-high" or said["error"]["message"].endswith(f"access to it. {advice}")
    assert withdrawn(one) == set()


async def test_a_model_that_was_served_although_no_list_has_it_is_known_also_after_a_restart(tmp_path: Path) -> None:
    async with house(tmp_path) as running:
        await running.models.look()
        assert not running.state.models.is_offered("gpt-5.4")
        assert await chat(running, "gpt-5.4-low") == 200
    async with house(tmp_path) as running:
        deny(running, "gpt-5.4")
        await chat(running, "gpt-5.4")
        assert withdrawn(running) == {"gpt-5.4"}


async def test_there_is_an_end_to_the_marks(one: House) -> None:
    await one.models.look()
    for number in range(100):
        one.models.served(f"gpt-4.{number}")
        one.models.refused(f"gpt-4.{number}", chat=True)
    assert len(withdrawn(one)) == 32


async def test_an_offered_model_that_is_refused_is_looked_up_before_it_is_marked(tmp_path: Path) -> None:
    now = 0.0
    clock = Clock(now=lambda: 1_780_000_000.0 + now, monotonic=lambda: now)
    async with house(tmp_path, clock=clock) as running:
        await running.models.look()
        running.practice.script(unsupported_model("gpt-5.5"))
        await chat(running, "gpt-5.5")
        assert withdrawn(running) == set()
        now += 400.0
        deny(running, "gpt-5.5")
        await chat(running, "gpt-5.5")
        await running.until(lambda: withdrawn(running) == {"gpt-5.5"})
        assert running.state.models.nearest("gpt-5.5") == "gpt-5.6-sol"
        now += 400.0
        deny(running, "gpt-5.5", denied=False)
        await running.models.look()
        assert withdrawn(running) == set()


async def test_before_a_turn_upstream_is_asked_only_where_the_name_has_two_meanings(one: House) -> None:
    for name in ("gpt-5-high", "gpt-5.5", "gpt-5.5-low", "anything"):
        await one.models.table_for(name)
    assert one.practice.received == []
    table = await one.models.table_for("gpt-6.1-sol-max")
    assert (table.resolve("gpt-6.1-sol-max").model, table.resolve("gpt-6.1-sol-max").effort) == ("gpt-6.1-sol", "max")
    assert len(one.practice.received) == 1
    await one.models.table_for("gpt-5.1-codex-max")
    assert len(one.practice.received) == 1


async def test_a_removed_token_takes_its_offers_along(tmp_path: Path) -> None:
    async with house(tmp_path, [PLUS, API]) as running:
        await running.models.look()
        assert set(running.state.models.offered) == {"t-0000", "t-0001"}
        await running.desk.remove("t-0001")
        assert set(running.state.models.offered) == {"t-0000"}
        assert not running.state.models.is_offered("gpt-5.2-codex")


async def test_names_of_the_user_are_kept_or_nothing_is_changed(tmp_path: Path) -> None:
    async with house(tmp_path) as running:
        await running.models.set(ModelAlias("gpt-5", "gpt-5.5"))
        await running.models.set(ModelAlias("gpt-5", "gpt-5.5", "low"))
        await running.models.set(ModelAlias("mine", "gpt-6-luna"))
        with pytest.raises(InvalidInput):
            await running.models.set(ModelAlias("gpt-5.5", "gpt-5"))
        with pytest.raises(NotFound):
            await running.models.remove("gpt-5.5")
        await running.models.remove("mine")
    async with house(tmp_path) as running:
        assert running.state.models.aliases == (ModelAlias("gpt-5", "gpt-5.5", "low"),)
        await running.store.close()
        with pytest.raises(DataUnusable):
            await running.models.set(ModelAlias("mine", "gpt-5.5"))
        assert running.state.models.aliases == (ModelAlias("gpt-5", "gpt-5.5", "low"),)


@pytest.fixture
async def practice() -> AsyncIterator[PracticeUpstream]:
    upstream = PracticeUpstream((PLUS, PRO), ())
    await upstream.start()
    yield upstream
    await upstream.stop()


async def open_gateway(folder: Path, practice: PracticeUpstream, *, live: bool = False) -> Gateway:
    endpoints = UpstreamEndpoints(practice.chatgpt_base_url, practice.openai_base_url, practice.auth_issuer)
    return await Gateway.open(folder, endpoints, key_store_kind=KeyStoreKind.FILE, live=live)


async def run(gateway: Gateway, command: str, **params: Any) -> Any:
    return await Commands(gateway, show=lambda: False, quit=lambda: None).execute(command, params)


async def test_commands_and_the_snapshot(tmp_path: Path, practice: PracticeUpstream) -> None:
    gateway = await open_gateway(tmp_path, practice)
    try:
        await gateway.tokens.add(login_from_auth_json(PLUS.auth_json()), "plus")
        before = gateway.snapshot()
        done = await run(gateway, "models.set", name="gpt-5", model="gpt-5.5")
        assert done == {"name": "gpt-5", "model": "gpt-5.5", "effort": None}
        seen = gateway.snapshot()
        assert seen.models == (ModelAlias("gpt-5", "gpt-5.5"),)
        assert seen.revision > before.revision
        gateway.models.refused("gpt-5-codex", chat=False)
        rows = {row["name"]: row for row in await run(gateway, "models.list")}
        assert gateway.snapshot().withdrawn == (WithdrawnModel("gpt-5-codex", "gpt-5.5"),)
        assert (rows["gpt-5-low"]["model"], rows["gpt-5-low"]["effort"]) == ("gpt-5.5", "low")
        assert (rows["gpt-5-codex-low"]["withdrawn"], rows["gpt-5-low"]["withdrawn"]) == (True, False)
        assert orjson.loads(orjson.dumps(rows))["gpt-5.5-low"]["source"] == "upstream"
        assert await run(gateway, "models.remove", name="gpt-5") == {"name": "gpt-5"}
        assert gateway.snapshot().models == ()
        assert len(practice.received) == 1
        await run(gateway, "models.list", refresh=True)
        assert len(practice.received) == 2
    finally:
        await gateway.close()


async def test_asking_again_fails_aloud_only_where_no_token_is_told_anything(
    tmp_path: Path, practice: PracticeUpstream
) -> None:
    gateway = await open_gateway(tmp_path, practice)
    try:
        with pytest.raises(NotFound):
            await run(gateway, "models.list", refresh=True)
        for account in (PLUS, PRO):
            await gateway.tokens.add(login_from_auth_json(account.auth_json()), account.label)
        known = await run(gateway, "models.list", refresh=True)
        practice.script(detail("Down", 503), account=PLUS, on="models")
        assert await run(gateway, "models.list", refresh=True) == known
        practice.script(detail("Down", 503), account=PLUS, on="models")
        practice.script(detail("No", 401), account=PRO, on="models")
        with pytest.raises(ModelsRefused, match=r"\((503|401)\)\. Test the token"):
            await run(gateway, "models.list", refresh=True)
        await practice.stop()
        with pytest.raises(UpstreamUnreachable, match="Check the network connection"):
            await run(gateway, "models.list", refresh=True)
        # Whoever only looks is shown what is known.
        assert await run(gateway, "models.list") == known
    finally:
        await gateway.close()


@pytest.mark.parametrize(
    ("command", "params"),
    [
        ("models.set", {"name": 7, "model": "x"}),
        ("models.set", {"name": "x", "model": None}),
        ("models.set", {"name": "x", "model": "y", "effort": 3}),
        ("models.set", {"name": "x"}),
        ("models.list", {"refresh": "yes"}),
    ],
)
async def test_what_makes_no_sense_is_refused(
    tmp_path: Path, practice: PracticeUpstream, command: str, params: dict[str, Any]
) -> None:
    gateway = await open_gateway(tmp_path, practice)
    with pytest.raises(InvalidInput):
        await run(gateway, command, **params)
    with pytest.raises(NotFound):
        await run(gateway, "models.remove", name=["x"])
    await gateway.close()


async def test_one_new_token_of_each_plan_is_asked_about_in_the_background(
    tmp_path: Path, practice: PracticeUpstream
) -> None:
    twin = practice_account("twin", "plus")
    practice.add(twin)
    gateway = await open_gateway(tmp_path, practice, live=True)
    try:
        for account in (PLUS, twin, PRO):
            await gateway.tokens.add(login_from_auth_json(account.auth_json()), account.label)
        gateway.tokens_came()
        async with asyncio.timeout(5):
            while len(gateway.state.models.offered) < 2:  # noqa: ASYNC110 - what is looked at tells nobody
                await asyncio.sleep(0.01)
    finally:
        await gateway.close()
    asked = [record.path for record in practice.received if "/models" in record.path]
    assert len(asked) == 2
    # What was heard is known after a restart, which asks for nothing.
    gateway = await open_gateway(tmp_path, practice, live=True)
    assert gateway.state.models.is_offered("gpt-5.5")
    known = set(gateway.state.models.offered)
    await gateway.tokens.remove(min(known))
    await gateway.close()
    gateway = await open_gateway(tmp_path, practice, live=True)
    assert set(gateway.state.models.offered) == known - {min(known)}
    await gateway.close()
    assert len([record.path for record in practice.received if "/models" in record.path]) == 2


async def test_a_backup_takes_the_users_names_along_and_adds_what_is_missing(
    tmp_path: Path, practice: PracticeUpstream
) -> None:
    here = await open_gateway(tmp_path / "here", practice)
    for alias in (ModelAlias("gpt-5", "gpt-5.5"), ModelAlias("我的", "gpt-6-luna", "low"), ModelAlias("x", "y")):
        await here.models.set(alias)
    here.models.refused("gpt-5-codex", chat=False)
    text = (await run(here, "backup.export", passphrase="eight888"))["text"]
    await here.close()
    there = await open_gateway(tmp_path / "there", practice)
    await there.models.set(ModelAlias("gpt-5", "gpt-6.1-sol"))
    await there.models.set(ModelAlias("y", "x"))
    done = await run(there, "backup.import", text=text, passphrase="eight888")
    expected = (ModelAlias("gpt-5", "gpt-6.1-sol"), ModelAlias("y", "x"), ModelAlias("我的", "gpt-6-luna", "low"))
    assert (done["settings"], there.state.models.aliases) == (1, expected)
    # What upstream refuses there says nothing about here.
    assert there.state.models.withdrawn == frozenset()
    assert (await run(there, "backup.import", text=text, passphrase="eight888"))["settings"] == 0
    await there.close()
    again = await open_gateway(tmp_path / "there", practice)
    assert again.state.models.aliases == expected
    await again.close()
