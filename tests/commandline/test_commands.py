"""The commands of an instance mean the same in both placements, and survive a restart."""

from __future__ import annotations

import asyncio
import json
import socket
import time

import aiohttp
import pytest

from app.core.errors import InvalidInput, NotFound, PortBusy, WaystationError
from app.gateway.handle import GatewayHandle
from app.gateway.snapshot import RunState, TokenState
from app.practice.accounts import sample_accounts, sample_api_keys
from app.practice.server import PracticeUpstream
from app.store.key_stores import KeyStoreKind
from tests.commandline.conftest import Instances
from tests.support.ports import free_port

PLUS, PRO = sample_accounts()
KEY = sample_api_keys()[0]


async def ask(base_url: str, license_key: str, *, session: str | None = None) -> tuple[int, dict[str, object]]:
    body = {"model": "gpt-5", "input": "hi", "stream": False}
    if session:
        body["session_id"] = session
    async with (
        aiohttp.ClientSession() as client,
        client.post(f"{base_url}/responses", json=body, headers={"Authorization": license_key}) as answer,
    ):
        return answer.status, await answer.json()


async def started(handle: GatewayHandle) -> str:
    return str((await handle.call("gateway.start", host="127.0.0.1", port=0))["base_url"])


async def test_a_token_is_added_listed_disabled_and_removed(handle: GatewayHandle) -> None:
    added = await handle.call("token.import", text=PLUS.auth_json(), label="mine")
    assert (added["label"], added["known"]) == ("mine", False)
    (listed,) = await handle.call("token.list")
    assert (listed["id"], listed["kind"], listed["state"]) == (added["id"], "chatgpt", "ready")
    assert "•••" in listed["email"]
    await handle.call("token.disable", id=added["id"])
    assert handle.snapshot().tokens[0].state is TokenState.DISABLED
    await handle.call("token.enable", id=added["id"])
    await handle.call("token.remove", id=added["id"])
    assert await handle.call("token.list") == []


async def test_no_answer_holds_a_secret(handle: GatewayHandle) -> None:
    await handle.call("token.import", text=PLUS.auth_json())
    await handle.call("token.add", api_key=KEY.key)
    created = await handle.call("license.create", label="c")
    shown = json.dumps([await handle.call(name) for name in ("token.list", "license.list", "status", "session.list")])
    for secret in (PLUS.access_token, PLUS.refresh_token, KEY.key, created["key"]):
        assert secret not in shown
    assert created["key"] not in repr(handle.snapshot())


async def test_a_login_that_is_known_is_updated_and_keeps_its_refresh_token(
    instances: Instances, practice: PracticeUpstream
) -> None:
    async with instances.open() as handle:
        first = await handle.call("token.import", text=PLUS.auth_json(), label="mine")
        again = await handle.call("token.add", access_token=PLUS.access_token)
        assert again == {**first, "known": True}
        assert len(await handle.call("token.list")) == 1


async def test_the_same_secret_given_several_times_at_once_is_one(handle: GatewayHandle) -> None:
    added = await asyncio.gather(*(handle.call("token.add", api_key=KEY.key) for _ in range(3)))
    assert len({item["id"] for item in added}) == 1
    assert len(await handle.call("token.list")) == 1
    made = await asyncio.gather(*(handle.call("license.default") for _ in range(3)))
    assert len({item["key"] for item in made}) == 1
    again = await asyncio.gather(
        *(handle.call("license.create", key="my-own-key-123") for _ in range(3)), return_exceptions=True
    )
    assert sorted(type(item).__name__ for item in again) == ["InvalidInput", "InvalidInput", "dict"]


async def test_everything_is_there_after_a_restart(instances: Instances) -> None:
    async with instances.open() as handle:
        await handle.call("token.import", text=PLUS.auth_json(), label="one")
        await handle.call("token.import", text=PRO.auth_json(), label="two")
        key = (await handle.call("license.default"))["key"]
        base_url = await started(handle)
        assert (await ask(base_url, key, session="conversation"))[0] == 200
        (before,) = await handle.call("session.list")
        assert (await ask(base_url, key, session="another"))[0] == 200
    async with instances.open() as handle:
        assert [token["label"] for token in await handle.call("token.list")] == ["one", "two"]
        assert (await handle.call("license.default"))["key"] == key
        (default,) = await handle.call("license.list")
        assert default["last_used_at"] >= default["created_at"]
        base_url = await started(handle)
        assert (await ask(base_url, key, session="conversation"))[0] == 200
        after = {item["id"]: item for item in await handle.call("session.list")}[before["id"]]
        assert (after["token_id"], after["turns"]) == (before["token_id"], 2)
        assert len(handle.snapshot().turns) == 3


async def test_sessions_are_forgotten_one_or_all(instances: Instances) -> None:
    async with instances.open() as handle:
        await handle.call("token.add", api_key=KEY.key)
        key = (await handle.call("license.default"))["key"]
        base_url = await started(handle)
        for name in "abc":
            await ask(base_url, key, session=name)
        listed = await handle.call("session.list")
        assert await handle.call("session.forget", id=listed[0]["id"]) == {"forgotten": 1}
        assert await handle.call("session.forget", all=True) == {"forgotten": 2}
        with pytest.raises(NotFound):
            await handle.call("session.forget", id=listed[0]["id"])
    async with instances.open() as handle:
        assert await handle.call("session.list") == []


async def test_a_revoked_license_lets_nobody_in(handle: GatewayHandle) -> None:
    await handle.call("token.add", api_key=KEY.key)
    made = await handle.call("license.create", label="colleague", key="my-own-key-123")
    base_url = await started(handle)
    assert (await ask(base_url, "my-own-key-123"))[0] == 200
    await handle.call("license.revoke", id=made["id"])
    status, body = await ask(base_url, "my-own-key-123")
    assert status == 401
    assert body["error"]["code"] == "invalid_api_key"  # type: ignore[index]
    assert "my-own-key-123" not in json.dumps(body)
    with pytest.raises(InvalidInput):
        await handle.call("license.create", key="my-own-key-123")


async def test_a_license_is_made_with_limits_and_changed_and_both_are_kept(instances: Instances) -> None:
    async with instances.open() as handle:
        far = time.time() + 3600
        made = await handle.call("license.create", label="Ann", expires_at=far, daily_tokens=2_000_000)
        (shown,) = await handle.call("license.list")
        assert (shown["expires_at"], shown["daily_tokens"], shown["state"]) == (far, 2_000_000, "valid")
        assert shown["used_today"] == 0
        await handle.call("license.update", id=made["id"], label="Anna", daily_tokens=None)
    async with instances.open() as handle:
        (shown,) = await handle.call("license.list")
        assert (shown["label"], shown["expires_at"], shown["daily_tokens"]) == ("Anna", far, None)


async def test_a_licenses_key_usage_and_rotation(instances: Instances) -> None:
    async with instances.open() as handle:
        await handle.call("token.add", api_key=KEY.key)
        made = await handle.call("license.create", label="Ann")
        idle = await handle.call("license.create", label="Bob")
        assert await handle.call("license.key", id=made["id"]) == made
        base_url = await started(handle)
        for _ in range(2):
            assert (await ask(base_url, made["key"]))[0] == 200
        none = {"turns": 0, "input_tokens": 0, "cached_tokens": 0, "output_tokens": 0}
        usage = await handle.call("license.usage")
        assert (usage[made["id"]]["turns"], usage[idle["id"]]) == (2, none)
        assert usage[made["id"]]["input_tokens"] > 0
        rotated = await handle.call("license.rotate", id=made["id"])
        assert (rotated["id"], rotated["label"]) == (made["id"], "Ann")
        assert (await ask(base_url, made["key"]))[0] == 401
        assert (await ask(base_url, rotated["key"]))[0] == 200
        (view, _) = handle.snapshot().licenses
        assert (view.last_peer, view.used_today > 0) == ("127.0.0.1", True)
        assert view.last_client is not None
        assert view.last_client.startswith("Python/")
        for days in (0, -1, True, "30", 1e9):
            with pytest.raises(InvalidInput):
                await handle.call("license.usage", days=days)
    async with instances.open() as handle:
        base_url = await started(handle)
        assert (await ask(base_url, made["key"]))[0] == 401
        assert (await ask(base_url, rotated["key"]))[0] == 200
        assert (await handle.call("license.usage", days=1))[made["id"]]["turns"] == 4
        assert (await handle.call("license.list"))[0]["last_client"] == view.last_client


async def test_a_removed_token_is_listed_and_restored(instances: Instances) -> None:
    async with instances.open() as handle:
        added = await handle.call("token.import", text=PLUS.auth_json(), label="mine")
        await handle.call("token.remove", id=added["id"])
        (removed,) = await handle.call("token.removed")
        assert (removed["id"], removed["label"], removed["plan"]) == (added["id"], "mine", "plus")
        assert removed["kept_until"] - removed["removed_at"] == 7 * 86_400
        assert PLUS.email not in json.dumps(removed)
    async with instances.open() as handle:
        assert await handle.call("token.list") == []
        assert await handle.call("token.restore", id=added["id"]) == {"id": added["id"], "label": "mine"}
        assert await handle.call("token.removed") == []
        (token,) = await handle.call("token.list")
        assert (token["label"], token["state"], token["forecasts"], token["last_error"]) == ("mine", "ready", (), None)
        with pytest.raises(NotFound):
            await handle.call("token.restore", id=added["id"])


async def test_a_busy_port_is_said_and_another_offered(handle: GatewayHandle) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", free_port()))
        other.listen()
        taken = other.getsockname()[1]
        with pytest.raises(PortBusy) as busy:
            await handle.call("gateway.start", host="127.0.0.1", port=taken)
        assert busy.value.details["port"] == taken
        assert handle.snapshot().state is RunState.FAILED
        problem = handle.snapshot().problem
        assert problem is not None
        offered = dict(problem.details)["suggestion"]
        assert offered not in (None, taken)
        status = await handle.call("gateway.start", port=offered)
        assert (status["state"], status["port"]) == ("running", offered)


async def test_the_chosen_port_is_remembered(instances: Instances) -> None:
    port = free_port()
    async with instances.open() as handle:
        await handle.call("gateway.start", host="127.0.0.1", port=port)
    async with instances.open() as handle:
        assert (await handle.call("gateway.start"))["port"] == port


async def test_stop_and_start_keep_the_address(handle: GatewayHandle) -> None:
    base_url = await started(handle)
    await handle.call("gateway.stop")
    assert handle.snapshot().state is RunState.STOPPED
    with pytest.raises(aiohttp.ClientConnectionError):
        await ask(base_url, "x")
    assert (await handle.call("gateway.start"))["base_url"] == base_url


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("no.such.command", {}),
        ("token.enable", {}),
        ("token.enable", {"id": "t-1", "more": 1}),
        ("token.add", {}),
        ("token.add", {"api_key": "a", "access_token": "b"}),
        ("token.add", {"access_token": ""}),
        ("token.enable", {"id": "t-unknown"}),
        ("license.revoke", {"id": "l-unknown"}),
        ("license.create", {"key": "short"}),
        ("license.create", {"label": " "}),
        ("license.create", {"expires_at": 1.0}),
        ("license.create", {"daily_tokens": 0}),
        ("license.update", {"label": "x"}),
        ("license.update", {"id": "l-unknown", "label": "x"}),
        ("session.forget", {}),
        ("keystore.choose", {"kind": "cloud"}),
    ],
)
async def test_what_does_not_fit_is_refused(handle: GatewayHandle, name: str, params: dict[str, object]) -> None:
    with pytest.raises(WaystationError):
        await handle.call(name, **params)


@pytest.fixture
def without_keyring(instances: Instances, monkeypatch: pytest.MonkeyPatch) -> Instances:
    # No session bus: the keyring package finds no backend, as on a bare server.
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    instances.key_store = None
    return instances


async def test_without_a_keyring_nothing_is_sealed_until_the_user_chose(without_keyring: Instances) -> None:
    async with without_keyring.open() as handle:
        assert handle.snapshot().key_problem is not None
        with pytest.raises(WaystationError):
            await handle.call("token.add", api_key=KEY.key)
        assert await handle.call("token.list") == []
        await handle.call("keystore.choose", kind="file")
        assert handle.snapshot().key_store == "file"
        await handle.call("token.add", api_key=KEY.key)
    async with without_keyring.open() as handle:
        # The choice is remembered.
        (token,) = await handle.call("token.list")
        assert token["state"] == "ready"


async def test_a_lost_key_keeps_the_rows_and_says_so(instances: Instances) -> None:
    async with instances.open() as handle:
        await handle.call("token.add", api_key=KEY.key, label="kept")
    (instances.data_dir / "data.key").unlink()
    async with instances.open() as handle:
        assert handle.snapshot().key_problem is not None
        (token,) = await handle.call("token.list")
        assert (token["label"], token["state"]) == ("kept", "sealed")
        with pytest.raises(WaystationError):
            await handle.call("token.add", api_key=KEY.key)
        await handle.call("keystore.replace")
        again = await handle.call("token.add", api_key=KEY.key)
        assert (again["id"], again["known"]) == (token["id"], True)
        assert (await handle.call("token.list"))[0]["state"] == "ready"


async def test_a_memory_that_the_environment_names_begins_anew_with_each_start(instances: Instances) -> None:
    instances.key_store = KeyStoreKind.MEMORY
    async with instances.open() as handle:
        await handle.call("token.add", api_key=KEY.key, label="kept")
        first = await handle.call("license.default")
    async with instances.open() as handle:
        assert handle.snapshot().key_problem is None
        (token,) = await handle.call("token.list")
        assert (token["label"], token["state"]) == ("kept", "sealed")
        await handle.call("token.add", api_key=KEY.key)
        assert (await handle.call("token.list"))[0]["state"] == "ready"
        second = await handle.call("license.default")
        base_url = await started(handle)
        for key in (first["key"], second["key"]):
            assert (await ask(base_url, key))[0] == 200


async def test_strict_pass_through_shows_upstreams_refusal(instances: Instances, practice: PracticeUpstream) -> None:
    instances.strict = True
    async with instances.open() as handle:
        await handle.call("token.import", text=PLUS.auth_json())
        key = (await handle.call("license.default"))["key"]
        status, body = await ask(await started(handle), key)
    assert status == 400
    assert "detail" in body
    assert b'"stream": false' in practice.turns[-1].body


async def test_a_key_that_came_back_is_not_replaced(instances: Instances) -> None:
    async with instances.open() as handle:
        await handle.call("token.add", api_key=KEY.key)
    key_file = instances.data_dir / "data.key"
    hidden = key_file.rename(instances.data_dir / "hidden.key")
    async with instances.open() as handle:
        assert (await handle.call("token.list"))[0]["state"] == "sealed"
        hidden.rename(key_file)
        await handle.call("keystore.replace")
        assert (await handle.call("token.list"))[0]["state"] == "ready"
