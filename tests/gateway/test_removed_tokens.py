"""A removed token is out of use at once, and comes back as it was: by the user's word, or with its own login."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.core.credential import ChatGPTLogin, login_from_access_token, login_from_auth_json, secrets_from_json
from app.core.errors import InvalidInput, NotFound
from app.core.policy import Policy
from app.gateway.importer import Importer
from app.gateway.refresher import RefreshResult
from app.gateway.removed_tokens import KEPT_S, removed_view
from app.gateway.snapshot import TokenState
from app.gateway.upkeep import Upkeep
from app.practice.script import Turn, failed
from app.store.vault import token_subject
from app.upstream.sign_in import SignInService
from tests.gateway.fresh import HOUR, Rig, rig
from tests.gateway.house import PLUS, PRO, House, house
from tests.gateway.test_responses import CODEX_BODY

PROXY = "http://somebody:hush-hush@127.0.0.1:9"


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[House]:
    async with house(tmp_path, [PLUS, PRO], policy=Policy(wait_s=0)) as running:
        yield running


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Rig]:
    async with rig(tmp_path) as running:
        yield running


async def ask(running: House) -> int:
    async with running.post("/responses", data=CODEX_BODY) as answer:
        await answer.read()
    await running.row()
    return int(answer.status)


def login_of(running: House, token_id: str = "t-0000") -> ChatGPTLogin:
    login = running.state.secrets[token_id].credential
    assert isinstance(login, ChatGPTLogin)
    return login


async def test_a_removed_token_comes_back_as_it_was(two: House) -> None:
    two.practice.exhaust(PLUS, resets_in=3600)
    assert await ask(two) == 200
    changed = await two.desk.change("t-0000", label="备用", spare=True, proxy=PROXY)
    quota, rest = two.state.pool.quota("t-0000"), two.rests(0)
    assert quota is not None
    assert rest is not None
    secrets = two.state.secrets["t-0000"]
    await two.desk.remove("t-0000")
    assert two.state.pool.get("t-0000") is None
    assert "t-0000" not in two.state.secrets
    assert [item.token.id for item in await two.store.tokens()] == ["t-0001"]
    (removed,) = await two.store.removed_tokens()
    view = removed_view(removed)
    assert (view.id, view.label, view.kept_until - view.removed_at) == ("t-0000", "备用", KEPT_S)
    assert view.email != PLUS.email
    assert "hush-hush" not in repr(removed)
    assert await two.desk.restore("t-0000") == changed
    assert two.token(0) == changed
    assert two.state.secrets["t-0000"] == secrets
    assert two.state.pool.quota("t-0000") == quota
    now_rests = two.rests(0)
    assert now_rests is not None
    assert now_rests[0] == rest[0]
    assert rest[1] - 10 < now_rests[1] <= rest[1]
    assert await two.store.removed_tokens() == []


async def test_it_comes_back_after_a_restart_too_and_serves(tmp_path: Path) -> None:
    async with house(tmp_path, [PLUS]) as running:
        await running.desk.remove("t-0000")
        assert await ask(running) == 400
    # Another account, so that the data is not filled anew.
    async with house(tmp_path, []) as running:
        running.practice.add(PLUS)
        assert running.state.pool.tokens == ()
        await running.desk.restore("t-0000")
        assert await ask(running) == 200
        assert running.practice.turns[-1].email == PLUS.email


async def test_what_ends_after_the_removal_leaves_the_kept_health_alone(two: House) -> None:
    assert await ask(two) == 200
    gate = asyncio.Event()
    ending = failed("server_error", "Trouble.", at="response.output_text.done")
    two.practice.script(replace(ending, hold=gate, hold_at="response.output_text.delta"))
    client = two.start(ask(two))
    await two.until(lambda: len(two.practice.turns) == 2 and two.practice.turns[1].sent)
    quota = two.state.pool.quota("t-0000")
    assert quota is not None
    await two.desk.remove("t-0000")
    gate.set()
    assert await client == 200
    assert (await two.row()).error == "server_error"
    assert two.state.last_errors == {}
    await two.desk.restore("t-0000")
    assert two.state.pool.quota("t-0000") == quota
    assert two.state.pool.active_turns("t-0000") == 0


async def test_sessions_that_moved_stay_where_they_are(two: House) -> None:
    assert await ask(two) == 200
    assert two.session().home_token_id == "t-0000"
    await two.desk.remove("t-0000")
    assert await ask(two) == 200
    assert two.session().home_token_id == "t-0001"
    await two.desk.restore("t-0000")
    assert await ask(two) == 200
    assert two.asked() == [0, 1, 1]


async def test_a_session_that_did_not_ask_meanwhile_has_never_left(two: House) -> None:
    assert await ask(two) == 200
    await two.desk.remove("t-0000")
    await two.desk.restore("t-0000")
    assert await ask(two) == 200
    assert two.asked() == [0, 0]
    assert two.session().moves == 0


async def test_the_same_login_added_again_restores_it_with_the_new_secrets(two: House) -> None:
    await two.desk.change("t-0000", label="mine", proxy=PROXY)
    await two.desk.set_enabled("t-0000", False)
    await two.desk.remove("t-0000")
    again = replace(PLUS, generation=3)
    added = await two.desk.add(login_from_access_token(again.access_token), None)
    assert (added.token.id, added.token.label, added.known) == ("t-0000", "mine", True)
    # Who adds it wants it to serve.
    assert added.token.enabled
    assert login_of(two).access_token == again.access_token
    assert login_of(two).refresh_token == PLUS.refresh_token
    assert two.state.secrets["t-0000"].proxy == PROXY
    assert await two.store.removed_tokens() == []
    assert sorted(item.token.id for item in await two.store.tokens()) == ["t-0000", "t-0001"]


async def test_an_older_copy_of_its_login_restores_what_was_kept(two: House) -> None:
    importer = Importer(two.state, two.desk, SignInService(two.upstream.endpoints, two.upstream.http))
    newer = replace(PLUS, generation=2, expires_at=(PLUS.expires_at or 0) + 3600)
    await two.desk.add(login_from_auth_json(newer.auth_json()), None)
    await two.desk.remove("t-0000")
    taken = await importer.take(login_from_auth_json(PLUS.auth_json()))
    assert (taken.added.token.id, taken.warning) == ("t-0000", "older_than_known")
    assert login_of(two).refresh_token == newer.refresh_token


async def test_only_what_was_removed_can_be_restored(two: House) -> None:
    for token_id in ("t-none", "t-0000"):
        with pytest.raises(NotFound, match=token_id):
            await two.desk.restore(token_id)
    await two.desk.remove("t-0000")
    await asyncio.gather(two.desk.restore("t-0000"), two.desk.restore("t-0000"), return_exceptions=True)
    assert len(two.state.pool.tokens) == 2


async def test_a_login_that_is_here_under_another_id_is_not_doubled(two: House) -> None:
    (kept, _) = await two.store.tokens()
    await two.desk.remove("t-0000")
    await two.store.put_token(replace(kept.token, id="t-other"), kept.sealed)
    two.state.pool.put(replace(kept.token, id="t-other"))
    with pytest.raises(InvalidInput, match="t-other"):
        await two.desk.restore("t-0000")


async def test_upkeep_deletes_for_good_what_was_removed_a_week_ago(here: Rig) -> None:
    await here.add("plus")
    await here.add("pro")
    await here.desk.remove("t-plus")
    here.clock.pass_by(KEPT_S - HOUR)
    await here.desk.remove("t-pro")
    here.clock.pass_by(2 * HOUR)

    async def nothing() -> None:
        pass

    upkeep = Upkeep(here.state, nothing)
    upkeep.poke()
    here.tasks.start(upkeep.run(), "upkeep")
    async with asyncio.timeout(10):
        while len(removed := await here.store.removed_tokens()) > 1:  # noqa: ASYNC110 - upkeep tells nobody
            await asyncio.sleep(0.01)
    assert [item.stored.token.id for item in removed] == ["t-pro"]
    with pytest.raises(NotFound):
        await here.desk.restore("t-plus")


async def test_a_removed_login_is_not_refreshed_and_works_when_it_is_back(here: Rig) -> None:
    account = await here.add(lasts=60)
    await here.desk.remove("t-plus")
    here.clock.pass_by(HOUR)
    assert await here.refresher.refresh("t-plus", "proactive_expiry") is RefreshResult.NEVER
    here.tasks.start(here.refresher.run(), "refresher")
    await asyncio.sleep(0.2)
    assert here.practice.refreshes(account) == []
    await here.desk.restore("t-plus")
    here.refresher.poke()
    await here.until(lambda: here.login().access_token != account.access_token)
    assert [refresh.granted for refresh in here.practice.refreshes(account)] == [True]


async def test_what_a_refresh_brought_after_the_removal_is_kept(here: Rig) -> None:
    account = await here.add()
    gate = asyncio.Event()
    here.practice.script(Turn(hold=gate, hold_at="headers"), on="token")
    caller = here.tasks.start(here.refresher.refresh("t-plus", "unauthorized_recovery"), "caller")
    await here.practice.wait_received(1)
    await here.desk.remove("t-plus")
    gate.set()
    assert await caller is RefreshResult.NEVER
    (removed,) = await here.store.removed_tokens()
    kept = secrets_from_json(here.vault.open(token_subject("t-plus"), removed.stored.sealed)).credential
    new = here.practice.newest(account)
    assert kept == ChatGPTLogin(new.access_token, new.refresh_token, new.id_token)
    await here.desk.restore("t-plus")
    here.clock.pass_by(HOUR)
    assert await here.refresher.refresh("t-plus", "proactive_expiry") is RefreshResult.RENEWED
    assert all(refresh.granted for refresh in here.practice.refreshes(account))


async def test_a_token_restored_while_its_refresh_runs_gets_what_it_brings(here: Rig) -> None:
    account = await here.add()
    gate = asyncio.Event()
    here.practice.script(Turn(hold=gate, hold_at="headers"), on="token")
    caller = here.tasks.start(here.refresher.refresh("t-plus", "unauthorized_recovery"), "caller")
    await here.practice.wait_received(1)
    await here.desk.remove("t-plus")
    await here.desk.restore("t-plus")
    gate.set()
    assert await caller is RefreshResult.RENEWED
    assert here.login().refresh_token == here.practice.newest(account).refresh_token
    assert await here.stored_login() == here.login()


async def test_a_login_that_could_not_be_stored_before_its_removal_is_stored_with_it(here: Rig) -> None:
    account = await here.add()
    here.desk.broken = True
    assert await here.refresher.refresh("t-plus", "unauthorized_recovery") is RefreshResult.RENEWED
    here.desk.broken = False
    await here.desk.remove("t-plus")
    await here.desk.restore("t-plus")
    assert here.login().refresh_token == here.practice.newest(account).refresh_token


async def test_a_token_whose_seal_is_lost_comes_back_sealed(two: House) -> None:
    await two.desk.remove("t-0000")
    two.desk._vault._key_id = "another"
    await two.desk.restore("t-0000")
    assert two.state.pool.unusable(two.token(0)) == TokenState.SEALED
