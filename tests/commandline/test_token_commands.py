"""The commands about tokens, signing in, the proxy and the pool mean the same in both placements."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import aiohttp
import pytest

from app.core.errors import InvalidInput, NotFound, WaystationError
from app.gateway.handle import GatewayHandle
from app.gateway.sign_in_desk import SignInStage
from app.gateway.snapshot import TokenState
from app.practice.accounts import other_workspace, sample_accounts, sample_api_keys
from app.practice.script import Turn, usage_limit_reached
from app.practice.server import PracticeUpstream
from app.store.store import DATABASE_FILE
from app.upstream.errors import NoAnswer, SignInRefused
from tests.commandline.conftest import Instances

PLUS, PRO = sample_accounts()
KEY = sample_api_keys()[0]

T = TypeVar("T")


async def until(look: Callable[[], Awaitable[T]]) -> T:
    """What `look` brings, once it brings something."""
    async with asyncio.timeout(15):
        while not (found := await look()):  # noqa: ASYNC110 - an instance is asked, as the command line does
            await asyncio.sleep(0.02)
    return found


async def ended(handle: GatewayHandle, sign_in_id: str) -> dict[str, Any]:
    async def look() -> dict[str, Any] | None:
        view = await handle.call("signin.status", id=sign_in_id)
        return None if view["stage"] in ("waiting", "finishing") else dict(view)

    found = await until(look)
    assert found is not None
    return found


async def by_device(handle: GatewayHandle, practice: PracticeUpstream, account: Any, **more: Any) -> dict[str, Any]:
    practice.sign_in.device_interval = 1
    waiting = await handle.call("signin.device", **more)
    assert waiting["stage"] == "waiting", waiting
    practice.approve_device(waiting["user_code"], account)
    return await ended(handle, waiting["id"])


async def test_a_sign_in_is_seen_in_the_snapshot_and_becomes_a_token(
    handle: GatewayHandle, practice: PracticeUpstream
) -> None:
    assert handle.snapshot().sign_in is None
    assert await handle.call("signin.status") is None
    done = await by_device(handle, practice, PLUS, label="mine")
    assert (done["stage"], done["code"], done["known"]) == ("done", "signed_in", False)
    assert json.loads(json.dumps(done)) == done
    seen = handle.snapshot().sign_in
    assert seen is not None
    assert (seen.stage, seen.token_id) == (SignInStage.DONE, done["token_id"])
    assert [token.label for token in handle.snapshot().tokens] == ["mine"]
    again = await by_device(handle, practice, PLUS, token_id=done["token_id"])
    assert (again["code"], again["details"]["label"]) == ("renewed", "mine")


async def test_a_sign_in_by_browser_is_cancelled(handle: GatewayHandle) -> None:
    waiting = await handle.call("signin.browser")
    if waiting["code"] == "sign_in_ports_busy":
        pytest.skip("the ports that the service sends browsers to are in use here")
    with pytest.raises(InvalidInput):
        await handle.call("signin.paste", id=waiting["id"], text="https://example.com")
    over = await handle.call("signin.cancel", id=waiting["id"])
    assert (over["stage"], over["url"]) == ("cancelled", None)
    with pytest.raises(NotFound):
        await handle.call("signin.cancel", id="i-unknown")


async def test_closing_an_instance_ends_its_sign_in(instances: Instances, practice: PracticeUpstream) -> None:
    async with instances.open() as handle:
        practice.sign_in.device_interval = 1
        await handle.call("signin.device")
    asked = len(practice.received)
    await asyncio.sleep(1.3)
    assert len(practice.received) == asked


async def test_several_files_are_told_one_by_one(handle: GatewayHandle) -> None:
    team = other_workspace(PLUS)
    texts = [PLUS.auth_json(), "{", json.dumps([json.loads(team.auth_json()), {"OPENAI_API_KEY": KEY.key}, {}])]
    results = await handle.call("token.import", texts=texts)
    assert [(item["source"], item["error"] and item["error"]["code"]) for item in results] == [
        (0, None),
        (1, "invalid_input"),
        (2, None),
        (2, None),
        (2, "invalid_input"),
    ]
    # One address in two workspaces.
    first, second, key = await handle.call("token.list")
    assert (first["email"], first["plan"], second["plan"]) == (second["email"], "plus", "team")
    assert second["label"] == f"{first['label']} (team)"
    assert key["kind"] == "api_key"
    again = await handle.call("token.import", texts=texts[:1])
    assert (again[0]["id"], again[0]["known"]) == (first["id"], True)


async def test_what_cannot_be_that_of_several_is_refused_before_anything_is_kept(handle: GatewayHandle) -> None:
    texts = [PLUS.auth_json(), PRO.auth_json()]
    for more in ({"label": "both"}, {"follow": "/somewhere/auth.json"}, {"proxy": "ftp://x"}):
        with pytest.raises(InvalidInput):
            await handle.call("token.import", texts=texts, **more)
    with pytest.raises(InvalidInput):
        await handle.call("token.import", text=f"{texts[0]}{texts[1]}")
    with pytest.raises(InvalidInput):
        await handle.call("token.import", texts=[7])
    assert await handle.call("token.list") == []


async def test_a_refresh_token_becomes_a_login_and_is_used_up(
    handle: GatewayHandle, practice: PracticeUpstream
) -> None:
    added = await handle.call("token.add", refresh_token=PLUS.refresh_token, label="mine")
    assert (added["label"], added["known"], added["warning"]["code"]) == ("mine", False, "refresh_token_used")
    assert (await handle.call("token.test", id=added["id"]))["ok"]
    # The new one is kept: it is known again, and not used up.
    newest = practice.newest(PLUS)
    again = await handle.call("token.add", refresh_token=newest.refresh_token)
    assert again == {**added, "known": True, "warning": None}
    assert len(practice.refreshes(PLUS)) == 1


async def test_a_refresh_token_that_comes_again_does_not_end_its_login(
    instances: Instances, practice: PracticeUpstream
) -> None:
    async with instances.open() as handle:
        twice = await handle.call("token.import", texts=[f"{PLUS.refresh_token}\n{PLUS.refresh_token}"])
        assert [item["warning"]["code"] for item in twice] == ["refresh_token_used", "older_than_known"]
        await handle.call("token.import", text=PRO.auth_json())
        await by_device(handle, practice, PRO)
    async with instances.open() as handle:
        again = await handle.call("token.add", refresh_token=PLUS.refresh_token, label="mine")
        assert (again["id"], again["label"], again["warning"]["code"]) == (twice[0]["id"], "mine", "older_than_known")
        other = await handle.call("token.add", refresh_token=PRO.refresh_token)
        assert (other["known"], other["warning"]["code"]) == (True, "older_than_known")
        assert len(practice.refreshes(PLUS)) == 1
        assert practice.refreshes(PRO) == []
        # A removed one is restored by it.
        await handle.call("token.remove", id=again["id"])
        restored = await handle.call("token.add", refresh_token=PLUS.refresh_token)
        assert (restored["id"], restored["label"], restored["known"]) == (again["id"], "mine", True)
        assert len(practice.refreshes(PLUS)) == 1
        # Only of a login that lives.
        await handle.call("token.remove", id=again["id"])
    with sqlite3.connect(instances.data_dir / DATABASE_FILE) as file:
        assert file.execute("DELETE FROM tokens WHERE removed_at IS NOT NULL").rowcount == 1
    file.close()
    async with instances.open() as handle:
        with pytest.raises(SignInRefused) as refused:
            await handle.call("token.add", refresh_token=PLUS.refresh_token)
    assert refused.value.reason == "refresh_token_reused"
    assert PLUS.refresh_token not in str(refused.value)


async def test_a_refresh_token_that_was_sent_is_kept_although_nobody_waits(
    handle: GatewayHandle, practice: PracticeUpstream
) -> None:
    practice.script(Turn(header_delay=0.3), on="token")
    asking = asyncio.get_running_loop().create_task(handle.call("token.add", refresh_token=PLUS.refresh_token))
    await practice.wait_received(1)
    asking.cancel()
    (token,) = await until(lambda: handle.call("token.list"))
    assert token["plan"] == "plus"


async def test_an_older_copy_of_a_login_does_not_replace_a_newer_one(
    handle: GatewayHandle, practice: PracticeUpstream
) -> None:
    practice.sign_in.access_life = 200 * 365 * 86_400.0
    done = await by_device(handle, practice, PLUS)
    newest = practice.newest(PLUS)
    old = await handle.call("token.import", text=PLUS.auth_json(), label="named")
    assert (old["id"], old["label"], old["warning"]["code"]) == (done["token_id"], "named", "older_than_known")
    assert (await handle.call("token.list"))[0]["expires_at"] == newest.expires_at


async def test_a_followed_login_is_never_refreshed(handle: GatewayHandle, practice: PracticeUpstream) -> None:
    await handle.call("token.import", text=PLUS.auth_json(), follow="/home/x/.codex/auth.json")
    (token,) = await handle.call("token.list")
    assert token["follows"] == "/home/x/.codex/auth.json"
    practice.revoke(PLUS)
    tested = await handle.call("token.test", id=token["id"])
    assert (tested["ok"], tested["error"]["code"]) == (False, "unauthorized")
    assert practice.refreshes(PLUS) == []
    with pytest.raises(InvalidInput):
        await handle.call("token.import", text=KEY.auth_json(), follow="/x")


async def test_an_access_token_alone_comes_with_a_warning(handle: GatewayHandle) -> None:
    added = await handle.call("token.add", access_token=PLUS.access_token)
    assert added["warning"]["code"] == "not_renewable"


async def test_a_token_is_tried_without_a_turn(handle: GatewayHandle, practice: PracticeUpstream) -> None:
    plus = await handle.call("token.import", text=PLUS.auth_json())
    key = await handle.call("token.add", api_key=KEY.key)
    practice.exhaust(PLUS, resets_in=600)
    tested = await handle.call("token.test", id=plus["id"])
    assert (tested["ok"], tested["error"], tested["plan"]) == (True, None, "plus")
    assert tested["quota"]["limit_reached"]
    assert (await handle.call("token.test", id=key["id"]))["ok"]
    assert practice.turns == []
    # A login that is refused is refreshed first.
    practice.revoke(PLUS)
    assert (await handle.call("token.test", id=plus["id"]))["ok"]
    assert len(practice.refreshes(PLUS)) == 1
    practice.revoke(KEY)
    assert "new key" in (await handle.call("token.test", id=key["id"]))["error"]["message"]
    with pytest.raises(NotFound):
        await handle.call("token.test", id="t-unknown")


async def test_a_login_that_was_signed_out_is_found_by_trying_it(
    handle: GatewayHandle, practice: PracticeUpstream
) -> None:
    plus = await handle.call("token.import", text=PLUS.auth_json())
    practice.sign_out(PLUS)
    gone = await handle.call("token.test", id=plus["id"])
    assert (gone["ok"], gone["state"]) == (False, "sign_in")
    assert "Sign in again" in gone["error"]["message"]


async def test_an_upstream_that_is_away_is_told(handle: GatewayHandle, practice: PracticeUpstream) -> None:
    plus = await handle.call("token.import", text=PLUS.auth_json())
    await practice.stop()
    tested = await handle.call("token.test", id=plus["id"])
    assert (tested["ok"], tested["error"]["code"]) == (False, "upstream_unreachable")


async def test_a_token_is_renamed_made_a_spare_and_moved(handle: GatewayHandle) -> None:
    first = (await handle.call("token.import", text=PLUS.auth_json()))["id"]
    second = (await handle.call("token.import", text=PRO.auth_json()))["id"]
    changed = await handle.call("token.change", id=first, label="mine", spare=True, proxy="socks5://u:secret@h:1080")
    assert changed == {"id": first, "label": "mine", "spare": True, "proxy": "socks5://h:1080"}
    assert (await handle.call("token.change", id=first, proxy=""))["proxy"] is None
    assert await handle.call("token.reorder", ids=[second]) == [second, first]
    assert [token["id"] for token in await handle.call("token.list")] == [second, first]
    for params in (
        {"id": first},
        {"id": first, "label": " "},
        {"id": first, "proxy": "h:1"},
        {"id": "t-x", "spare": True},
    ):
        with pytest.raises(WaystationError):
            await handle.call("token.change", **params)
    with pytest.raises(NotFound):
        await handle.call("token.reorder", ids=["t-x"])


async def test_a_proxy_that_is_the_gateway_itself_is_refused_everywhere(handle: GatewayHandle) -> None:
    port = (await handle.call("gateway.start", host="127.0.0.1", port=0))["port"]
    token = await handle.call("token.add", api_key=KEY.key)
    for host in ("127.0.0.1", "localhost", "[::1]", "127.0.0.2"):
        own = f"http://{host}:{port}"
        for name, params in (
            ("proxy.set", {"proxy": own}),
            ("token.change", {"id": token["id"], "proxy": own}),
            ("token.add", {"api_key": KEY.key, "proxy": own}),
            ("signin.device", {"proxy": own}),
        ):
            with pytest.raises(InvalidInput, match="itself"):
                await handle.call(name, **params)
    assert (await handle.call("proxy.set", proxy=f"http://127.0.0.1:{port + 1}"))["chosen"]


async def test_the_proxy_is_chosen_shown_and_kept(instances: Instances) -> None:
    async with instances.open() as handle:
        assert (await handle.call("proxy.show"))["chosen"] is None
        shown = await handle.call("proxy.set", proxy="http://user:secret@127.0.0.1:9")
        assert (shown["chosen"], shown["in_use"]) == ("http://127.0.0.1:9", "http://127.0.0.1:9")
    async with instances.open() as handle:
        assert (await handle.call("proxy.show"))["in_use"] == "http://127.0.0.1:9"
        assert (await handle.call("proxy.set", proxy="direct"))["in_use"] is None
        assert (await handle.call("proxy.set"))["chosen"] is None
        with pytest.raises(InvalidInput):
            await handle.call("proxy.set", proxy="nonsense")
        assert isinstance(await handle.call("proxy.detect"), list)


async def test_the_way_is_tried_without_a_token(instances: Instances) -> None:
    async with instances.open() as handle:
        seen = await handle.call("proxy.test")
        assert (seen["ok"], seen["status"], seen["in_use"]) == (True, 401, None)
        await handle.call("proxy.set", proxy="http://127.0.0.1:9")
        with pytest.raises(NoAnswer, match="proxy"):
            await handle.call("proxy.test")


async def test_the_policy_is_changed_in_parts_and_kept(instances: Instances) -> None:
    async with instances.open() as handle:
        first = await handle.call("pool.policy")
        assert first == {"strategy": "balanced", "wait_s": 600.0, "turns_per_token": 8}
        await handle.call("pool.policy", strategy="in_order", wait_s=0)
        await handle.call("pool.policy", turns_per_token=3)
        for wrong in ({"strategy": "best"}, {"wait_s": -1}, {"wait_s": 1e9}, {"wait_s": "10"}, {"turns_per_token": 0}):
            with pytest.raises(InvalidInput):
                await handle.call("pool.policy", **wrong)
    async with instances.open() as handle:
        assert await handle.call("pool.policy") == {"strategy": "in_order", "wait_s": 0.0, "turns_per_token": 3}


async def held(handle: GatewayHandle) -> str:
    """The one turn that waits at the station."""
    (found,) = await until(lambda: handle.call("turn.held"))
    return str(found["turn_id"])


async def turn(base_url: str, key: str) -> tuple[int, bytes]:
    body = {"model": "gpt-5", "input": "hi", "stream": True, "session_id": "s"}
    async with (
        aiohttp.ClientSession() as client,
        client.post(f"{base_url}/responses", json=body, headers={"Authorization": key}) as answer,
    ):
        return answer.status, await answer.read()


async def test_a_turn_that_waits_is_moved_or_given_up(handle: GatewayHandle, practice: PracticeUpstream) -> None:
    first = (await handle.call("token.import", text=PLUS.auth_json()))["id"]
    second = (await handle.call("token.import", text=PRO.auth_json()))["id"]
    await handle.call("token.disable", id=second)
    key = (await handle.call("license.default"))["key"]
    base_url = str((await handle.call("gateway.start", host="127.0.0.1", port=0))["base_url"])
    practice.script(usage_limit_reached(300), account=PLUS)
    loop = asyncio.get_running_loop()
    asking = loop.create_task(turn(base_url, key))
    waits = await held(handle)
    with pytest.raises(NotFound):
        await handle.call("turn.move", id=waits, token_id="t-unknown")
    with pytest.raises(NotFound):
        await handle.call("turn.move", id="r-unknown", token_id=first)
    await handle.call("turn.give_up", id=waits)
    async with asyncio.timeout(10):
        assert (await asking)[0] == 429
    asking = loop.create_task(turn(base_url, key))
    waits = await held(handle)
    with pytest.raises(InvalidInput, match="disabled"):
        await handle.call("turn.move", id=waits, token_id=second)
    await handle.call("turn.move", id=waits, token_id=first)
    async with asyncio.timeout(10):
        assert (await asking)[0] == 200
    with pytest.raises(NotFound):
        await handle.call("turn.give_up", id=waits)


async def test_resting_tokens_are_tried_again_one_or_all(handle: GatewayHandle, practice: PracticeUpstream) -> None:
    await handle.call("pool.policy", wait_s=0)
    first = (await handle.call("token.import", text=PLUS.auth_json()))["id"]
    key = (await handle.call("license.default"))["key"]
    base_url = str((await handle.call("gateway.start", host="127.0.0.1", port=0))["base_url"])
    practice.script(usage_limit_reached(300), account=PLUS)
    assert (await turn(base_url, key))[0] == 429
    assert (await handle.call("token.list"))[0]["state"] == "resting"
    with pytest.raises(NotFound):
        await handle.call("token.retry", id="t-unknown")
    assert await handle.call("token.retry", id=first) == {"cooldowns": 1}
    assert handle.snapshot().tokens[0].state is TokenState.READY
    assert await handle.call("token.retry") == {"cooldowns": 0}


async def test_nothing_that_is_shown_holds_a_secret(handle: GatewayHandle, practice: PracticeUpstream) -> None:
    await handle.call("token.import", text=PLUS.auth_json(), proxy="http://user:proxy-secret@127.0.0.1:9")
    await by_device(handle, practice, PRO)
    newest = practice.newest(PRO)
    names = ("token.list", "signin.status", "proxy.show", "turn.held", "pool.policy")
    shown = json.dumps([await handle.call(name) for name in names]) + repr(handle.snapshot())
    for secret in ("proxy-secret", PLUS.access_token, PLUS.refresh_token, newest.access_token, newest.refresh_token):
        assert secret not in shown
