"""The user's commands about tokens: stored first, sealed, in use at once, and found again after a restart."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.core.credential import ChatGPTLogin, login_from_access_token, login_from_api_key, login_from_auth_json
from app.core.errors import InvalidInput, KeyStoreUnavailable, NotFound, WaystationError
from app.core.token import TokenKind
from app.gateway.token_desk import MAX_LABEL, TokenDesk
from app.practice.accounts import other_workspace, practice_account
from app.practice.script import Turn
from app.store.key_stores import MemoryStore
from app.store.vault import Vault
from tests.gateway.house import API, PLUS, PRO, House, house
from tests.gateway.test_responses import CODEX_BODY

NEWCOMER = practice_account("newcomer", "pro")
PROXY = "http://somebody:hush-hush@127.0.0.1:9"


@pytest.fixture
async def one(tmp_path: Path) -> AsyncIterator[House]:
    async with house(tmp_path) as running:
        running.practice.add(NEWCOMER, PRO, API)
        yield running


def secret(running: House, token_id: str = "t-0000") -> ChatGPTLogin:
    login = running.state.secrets[token_id].credential
    assert isinstance(login, ChatGPTLogin)
    return login


async def ask(running: House) -> int:
    async with running.post("/responses", data=CODEX_BODY) as answer:
        await answer.read()
        return int(answer.status)


async def stored(running: House) -> dict[str, Any]:
    return {item.token.id: item.token for item in await running.store.tokens()}


async def test_a_new_token_comes_last_and_serves(one: House) -> None:
    added = await one.desk.add(login_from_auth_json(NEWCOMER.auth_json()), None)
    token = added.token
    assert (added.known, token.position, token.plan, token.kind) == (False, 1, "pro", TokenKind.CHATGPT)
    assert token.label == "ne***@example.com" or "@" in token.label
    assert NEWCOMER.email != token.label
    assert (await stored(one))[token.id] == token
    await one.desk.set_enabled("t-0000", False)
    assert await ask(one) == 200
    assert one.practice.turns[-1].email == NEWCOMER.email


async def test_the_same_login_again_keeps_its_place_and_gets_the_new_secrets(one: House) -> None:
    await one.desk.change("t-0000", label="mine", spare=True, proxy=PROXY)
    one.state.sign_in_needed("t-0000", "refresh_token_reused")
    await one.state.close()
    again = replace(PLUS, generation=7)
    added = await one.desk.add(login_from_auth_json(again.auth_json()), None)
    token = added.token
    assert added.known
    assert (token.id, token.label, token.spare, token.position) == ("t-0000", "mine", True, 0)
    assert token.sign_in_needed is None
    assert token.proxy == "http://127.0.0.1:9"
    assert one.state.secrets["t-0000"].proxy == PROXY
    assert secret(one).refresh_token == again.refresh_token
    assert (await stored(one))["t-0000"] == token


async def test_a_login_whose_seal_is_lost_never_goes_past_its_proxy(one: House) -> None:
    await one.desk.change("t-0000", proxy=PROXY)
    del one.state.secrets["t-0000"]
    added = await one.desk.add(login_from_auth_json(PLUS.auth_json()), None)
    assert added.known
    assert added.token.proxy == one.state.secrets["t-0000"].proxy == "http://127.0.0.1:9"
    assert await ask(one) != 200
    assert one.practice.turns == []


async def test_a_bare_access_token_keeps_what_it_lacks(one: House) -> None:
    again = replace(PLUS, generation=3)
    await one.desk.add(login_from_access_token(again.access_token), None)
    assert secret(one).access_token == again.access_token
    assert secret(one).refresh_token == PLUS.refresh_token


async def test_one_person_in_two_workspaces_is_two_tokens(one: House) -> None:
    added = await one.desk.add(login_from_auth_json(other_workspace(PLUS).auth_json()), None)
    assert not added.known
    assert len(one.state.pool.tokens) == 2


async def test_a_login_that_is_followed_keeps_no_refresh_token(one: House) -> None:
    added = await one.desk.add(login_from_auth_json(PLUS.auth_json()), None, follows="/home/a/.codex/auth.json")
    assert added.known
    assert added.token.follows == "/home/a/.codex/auth.json"
    assert secret(one).refresh_token is None
    own = await one.desk.add(login_from_auth_json(PLUS.auth_json()), None)
    assert own.token.follows is None
    assert secret(one).refresh_token == PLUS.refresh_token


async def test_a_token_that_is_added_anew_rests_no_more(one: House) -> None:
    one.practice.exhaust(PLUS, resets_in=3600)
    one.state.pool.policy = replace(one.state.pool.policy, wait_s=0)
    assert await ask(one) == 429
    assert one.rests(0) is not None
    await one.desk.add(login_from_auth_json(PLUS.auth_json()), None)
    assert one.rests(0) is None


async def test_what_cannot_be_sealed_is_not_kept(one: House) -> None:
    desk = TokenDesk(one.state, Vault(MemoryStore()))
    with pytest.raises(KeyStoreUnavailable):
        await desk.add(login_from_api_key(API.key), None)
    assert len(one.state.pool.tokens) == len(await stored(one)) == 1


async def test_a_token_is_renamed_made_a_spare_and_sent_another_way(one: House, tmp_path: Path) -> None:
    changed = await one.desk.change("t-0000", label="  备用 ", spare=True)
    assert (changed.label, changed.spare) == ("备用", True)
    changed = await one.desk.change("t-0000", proxy=PROXY)
    assert (changed.proxy, changed.label) == ("http://127.0.0.1:9", "备用")
    assert "hush-hush" not in repr(one.state.secrets)
    assert await ask(one) == 400 or one.practice.turns == []
    assert one.practice.turns == []
    changed = await one.desk.change("t-0000", proxy="direct")
    assert changed.proxy == "direct"
    assert await ask(one) == 200
    changed = await one.desk.change("t-0000", proxy="")
    assert (changed.proxy, one.state.secrets["t-0000"].proxy) == (None, None)
    assert (await stored(one))["t-0000"] == changed
    assert b"hush-hush" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


@pytest.mark.parametrize(
    "change", [{"label": "  "}, {"label": "x" * (MAX_LABEL + 1)}, {"proxy": "nonsense"}, {"proxy": "ftp://127.0.0.1"}]
)
async def test_a_change_that_makes_no_sense_changes_nothing(one: House, change: dict[str, Any]) -> None:
    before = one.token(0)
    with pytest.raises(InvalidInput):
        await one.desk.change("t-0000", **change)
    assert one.token(0) == before


COMMANDS: dict[str, Callable[[TokenDesk], Any]] = {
    "change": lambda desk: desk.change("t-none", label="x"),
    "reorder": lambda desk: desk.reorder(["t-0000", "t-none"]),
    "enable": lambda desk: desk.set_enabled("t-none", True),
    "remove": lambda desk: desk.remove("t-none"),
    "renewed": lambda desk: desk.renewed("t-none", None, None, None),
}


@pytest.mark.parametrize("name", COMMANDS)
async def test_a_token_that_does_not_exist_is_named(one: House, name: str) -> None:
    with pytest.raises(NotFound, match="t-none"):
        await COMMANDS[name](one.desk)


async def test_an_api_key_cannot_be_renewed(one: House) -> None:
    added = await one.desk.add(login_from_api_key(API.key), None)
    with pytest.raises(InvalidInput):
        await one.desk.renewed(added.token.id, "x", None, None)


async def test_the_order_is_the_users_and_what_it_does_not_name_comes_last(tmp_path: Path) -> None:
    async with house(tmp_path, [PLUS, PRO, API]) as running:
        await running.desk.reorder(["t-0002", "t-0001", "t-0002"])
        order = ["t-0002", "t-0001", "t-0000"]
        assert [token.id for token in running.state.pool.tokens] == order
        assert [token.position for token in running.state.pool.tokens] == [0, 1, 2]
    async with house(tmp_path, [PLUS, PRO, API]) as running:
        assert [token.id for token in running.state.pool.tokens] == order


async def test_a_removed_token_finishes_what_it_serves_and_is_forgotten(one: House) -> None:
    gate = asyncio.Event()
    one.practice.script(Turn(hold=gate, hold_at="response.output_text.delta"))
    client = one.start(ask(one))
    await one.until(lambda: one.practice.turns and one.practice.turns[0].sent)
    await one.desk.remove("t-0000")
    assert one.state.secrets == {}
    assert await stored(one) == {}
    gate.set()
    assert await client == 200
    await one.row()
    assert one.state.pool.active_turns("t-0000") == 0
    assert await ask(one) == 400


async def test_renewed_secrets_are_stored_before_they_are_used(one: House) -> None:
    again = replace(PLUS, generation=1)
    renewing = one.start(one.desk.renewed("t-0000", again.access_token, again.refresh_token, None))
    while not renewing.done():
        if secret(one).access_token == again.access_token:
            found = (await one.store.tokens())[0]
            desk = TokenDesk(one.state, one.desk._vault)
            desk.admit_stored(found)
            assert secret(one).access_token == again.access_token
            break
        await asyncio.sleep(0)
    token = await renewing
    assert token is not None
    assert secret(one) == ChatGPTLogin(again.access_token, again.refresh_token, PLUS.id_token)
    assert token.refreshed_at is not None


async def test_commands_at_the_same_time_do_not_undo_each_other(tmp_path: Path) -> None:
    async with house(tmp_path, [PLUS, PRO]) as running:
        again = replace(PLUS, generation=1)
        results = await asyncio.gather(
            running.desk.change("t-0000", label="one"),
            running.desk.set_enabled("t-0000", False),
            running.desk.renewed("t-0000", again.access_token, again.refresh_token, None),
            running.desk.change("t-0000", spare=True),
            running.desk.reorder(["t-0001"]),
            return_exceptions=True,
        )
        assert not [one for one in results if isinstance(one, WaystationError)]
        token = running.token(0)
        assert (token.label, token.enabled, token.spare, token.position) == ("one", False, True, 1)
        assert secret(running).refresh_token == again.refresh_token
        assert (await stored(running))["t-0000"] == token


async def test_a_refusal_in_the_middle_of_a_command_is_not_lost(one: House) -> None:
    command = one.start(one.desk.change("t-0000", label="x"))
    await asyncio.sleep(0)
    one.state.sign_in_needed("t-0000", "token_invalidated")
    await command
    await one.state.close()
    assert one.token(0).sign_in_needed == "token_invalidated"
    assert one.token(0).label == "x"
    assert (await stored(one))["t-0000"] == one.token(0)
