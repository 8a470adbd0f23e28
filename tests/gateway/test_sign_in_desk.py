"""One sign-in at a time, seen from outside: what is shown, how it ends, and that nothing of it stays."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from app.core.credential import ChatGPTLogin, RefreshToken, login_from_api_key, secrets_from_json
from app.core.errors import InvalidInput, NotFound
from app.gateway.clock import Clock
from app.gateway.gateway import Gateway
from app.gateway.sign_in_desk import SignInDesk, SignInStage, SignInView
from app.gateway.token_desk import NOT_STORED
from app.practice.accounts import PracticeAccount, other_workspace, practice_account, practice_api_key
from app.practice.script import Turn
from app.practice.server import PracticeUpstream
from app.store.key_stores import KeyStoreKind, MemoryStore
from app.store.vault import Vault, token_subject
from app.upstream.endpoints import UpstreamEndpoints
from tests.upstream.small_proxy import SmallProxy
from tests.upstream.small_proxy import running as proxy_running

ANN, BOB = practice_account("ann", "plus"), practice_account("bob", "pro")


@pytest.fixture
async def practice() -> AsyncIterator[PracticeUpstream]:
    running = PracticeUpstream((ANN, BOB), ())
    running.sign_in.device_interval = 1
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
async def gateway(tmp_path: Path, practice: PracticeUpstream) -> AsyncIterator[Gateway]:
    endpoints = UpstreamEndpoints(practice.chatgpt_base_url, practice.openai_base_url, practice.auth_issuer)
    opened = await Gateway.open(tmp_path, endpoints, key_store_kind=KeyStoreKind.MEMORY, live=False)
    yield opened
    await opened.close()


@pytest.fixture
async def desk(gateway: Gateway) -> AsyncIterator[SignInDesk]:
    """A desk on a free port: the real ones may be in use."""
    made = SignInDesk(gateway.state, gateway.tokens, gateway.sign_in_service, Clock(), ports=(0,))
    yield made
    await made.close()


async def browse(url: str | None) -> str:
    """What a browser shows at the end."""
    assert url is not None
    async with aiohttp.ClientSession() as browser, browser.get(url) as page:
        return await page.text()


async def sent_back(url: str | None) -> str:
    """The address at the end, of a browser that cannot reach it."""
    assert url is not None
    async with aiohttp.ClientSession() as browser, browser.get(url, allow_redirects=False) as answer:
        return answer.headers["Location"]


async def seen(desk: SignInDesk, *stages: SignInStage) -> SignInView:
    """The sign-in, once it is so far."""
    async with asyncio.timeout(10):
        while desk.view is None or desk.view.stage not in stages:  # noqa: ASYNC110 - views come without an event
            await asyncio.sleep(0.01)
    return desk.view


async def ended(desk: SignInDesk) -> SignInView:
    return await seen(desk, SignInStage.DONE, SignInStage.FAILED, SignInStage.CANCELLED)


def listens(view: SignInView) -> bool:
    """Whether the browser would still find somebody at the address that it is sent back to."""
    assert view.url is not None
    (redirect,) = parse_qs(urlsplit(view.url).query)["redirect_uri"]
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", urlsplit(redirect).port or 0)) == 0


def refresh_token(gateway: Gateway, token_id: str) -> str | None:
    credential = gateway.state.secrets[token_id].credential
    assert isinstance(credential, ChatGPTLogin)
    return credential.refresh_token


async def signed_in(desk: SignInDesk, practice: PracticeUpstream, account: PracticeAccount, **more: str) -> SignInView:
    practice.sign_in_as(account)
    await browse((await desk.begin_browser(**more)).url)
    return await ended(desk)


async def test_a_token_whose_seal_is_lost_is_signed_in_by_its_own_way(
    desk: SignInDesk, practice: PracticeUpstream, gateway: Gateway
) -> None:
    token_id = (await signed_in(desk, practice, ANN)).token_id
    assert token_id is not None
    await gateway.tokens.change(token_id, proxy="http://somebody:hush-hush@127.0.0.1:9")
    del gateway.state.secrets[token_id]
    view = await desk.begin_device(token_id=token_id)
    assert (view.stage, view.code) == (SignInStage.FAILED, "upstream_unreachable")


async def test_a_sign_in_by_browser_becomes_a_token(
    desk: SignInDesk, practice: PracticeUpstream, gateway: Gateway
) -> None:
    practice.sign_in_as(ANN)
    waiting = await desk.begin_browser(label="mine")
    assert (waiting.stage, waiting.label, listens(waiting)) == (SignInStage.WAITING, "mine", True)
    assert waiting.expires_at is not None
    await browse(waiting.url)
    done = await ended(desk)
    (token,) = gateway.state.pool.tokens
    assert (done.stage, done.code, done.token_id, done.known) == (SignInStage.DONE, "signed_in", token.id, False)
    assert (token.label, token.account_id, token.plan) == ("mine", ANN.account_id, "plus")
    assert (done.account, done.url) == ("an•••@example.com (plus)", None)
    assert refresh_token(gateway, token.id) == practice.newest(ANN).refresh_token
    assert not listens(waiting)


async def test_a_sign_in_by_device_code_becomes_a_token(
    desk: SignInDesk, practice: PracticeUpstream, gateway: Gateway
) -> None:
    waiting = await desk.begin_device()
    assert waiting.user_code is not None
    assert (waiting.page, waiting.url) == (f"{practice.auth_issuer}/codex/device", None)
    practice.approve_device(waiting.user_code, BOB)
    done = await ended(desk)
    assert (done.stage, done.code, done.user_code) == (SignInStage.DONE, "signed_in", None)
    assert gateway.state.pool.tokens[0].account_id == BOB.account_id


async def test_no_repr_shows_what_signs_in(desk: SignInDesk) -> None:
    waiting = await desk.begin_browser()
    assert waiting.url is not None
    (state,) = parse_qs(urlsplit(waiting.url).query)["state"]
    assert state not in repr(waiting)
    device = await desk.begin_device()
    assert device.user_code is not None
    assert device.user_code not in repr(device)


async def test_a_login_that_is_here_already_gets_its_new_secrets(
    desk: SignInDesk, practice: PracticeUpstream, gateway: Gateway
) -> None:
    first = await signed_in(desk, practice, ANN, label="mine")
    assert first.token_id is not None
    gateway.state.sign_in_needed(first.token_id, "refresh_token_reused")
    again = await signed_in(desk, practice, ANN)
    assert (again.code, again.token_id, again.known, again.label) == ("signed_in_again", first.token_id, True, "mine")
    assert again.message == "You signed in as an•••@example.com (plus) again, who is already here."
    (token,) = gateway.state.pool.tokens
    assert token.sign_in_needed is None
    assert refresh_token(gateway, token.id) == practice.newest(ANN).refresh_token


async def full(gateway: Gateway, *, is_full: bool = True) -> None:
    """Let the database refuse to be written, or not."""
    pragma = f"PRAGMA query_only = {int(is_full)}"
    store = gateway.state.store
    await asyncio.wrap_future(store._worker.call(lambda database, _: database._raw.execute(pragma).fetchall()))


async def stored(gateway: Gateway) -> dict[str, str | None]:
    """The refresh tokens that a restart would find, by the tokens' ids."""
    found = {}
    for item in await gateway.state.store.tokens():
        opened = secrets_from_json(gateway.vault.open(token_subject(item.token.id), item.sealed))
        assert isinstance(opened.credential, ChatGPTLogin)
        found[item.token.id] = opened.credential.refresh_token
    return found


@pytest.mark.expects_errors("history cannot be written")
async def test_a_login_that_cannot_be_written_is_used_and_stored_later(
    desk: SignInDesk, practice: PracticeUpstream, gateway: Gateway
) -> None:
    await full(gateway)
    done = await signed_in(desk, practice, ANN)
    assert (done.stage, done.code, done.stored) == (SignInStage.DONE, "signed_in", False)
    assert done.message == f"Signed in as an•••@example.com (plus). {NOT_STORED}"
    assert done.token_id is not None
    newest = practice.newest(ANN).refresh_token
    assert refresh_token(gateway, done.token_id) == newest
    assert await stored(gateway) == {}
    await full(gateway, is_full=False)
    # It may be changed before it is tried again.
    await gateway.tokens.change(done.token_id, label="mine")
    assert await stored(gateway) == {done.token_id: newest}
    assert (await signed_in(desk, practice, ANN)).stored


@pytest.mark.expects_errors("history cannot be written")
async def test_a_refresh_token_that_was_spent_on_a_full_disk_is_not_lost(
    practice: PracticeUpstream, gateway: Gateway
) -> None:
    await full(gateway)
    taken = await gateway.importer.take(RefreshToken(ANN.refresh_token))
    assert taken.warning == "not_stored_yet"
    again = await gateway.importer.take(RefreshToken(ANN.refresh_token))
    assert (again.added.token.id, again.warning) == (taken.added.token.id, "older_than_known")
    newest = practice.newest(ANN).refresh_token
    assert refresh_token(gateway, taken.added.token.id) == newest
    await full(gateway, is_full=False)
    async with asyncio.timeout(5):
        while await stored(gateway) != {taken.added.token.id: newest}:  # noqa: ASYNC110 - the store tells nobody
            await asyncio.sleep(0.05)


@pytest.mark.expects_errors("history cannot be written")
async def test_a_login_that_could_not_be_written_is_stored_at_the_end(
    desk: SignInDesk, practice: PracticeUpstream, tmp_path: Path
) -> None:
    endpoints = UpstreamEndpoints(practice.chatgpt_base_url, practice.openai_base_url, practice.auth_issuer)
    folder = tmp_path / "other"
    gateway = await Gateway.open(folder, endpoints, key_store_kind=KeyStoreKind.FILE, live=False)
    await full(gateway)
    taken = await gateway.importer.take(RefreshToken(ANN.refresh_token))
    await full(gateway, is_full=False)
    await gateway.close()
    gateway = await Gateway.open(folder, endpoints, key_store_kind=KeyStoreKind.FILE, live=False)
    try:
        assert refresh_token(gateway, taken.added.token.id) == practice.newest(ANN).refresh_token
    finally:
        await gateway.close()


async def test_having_the_key_again_does_not_bring_back_what_was_replaced(
    desk: SignInDesk, practice: PracticeUpstream, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await signed_in(desk, practice, ANN)
    assert first.token_id is not None
    unlock = gateway.vault.unlock

    async def meanwhile(has_sealed_rows: bool) -> None:
        await unlock(has_sealed_rows)
        await gateway.tokens.renewed(first.token_id or "", None, "rt_newer", None)

    monkeypatch.setattr(gateway.vault, "unlock", meanwhile)
    await gateway.unlock()
    assert refresh_token(gateway, first.token_id) == "rt_newer"


@pytest.mark.expects_errors("history cannot be written")
async def test_a_login_that_is_not_stored_yet_outlives_another_key_store(
    desk: SignInDesk, practice: PracticeUpstream, gateway: Gateway
) -> None:
    await full(gateway)
    done = await signed_in(desk, practice, ANN)
    assert done.token_id is not None
    gateway._use_vault(Vault(MemoryStore()))
    await gateway.unlock()
    await full(gateway, is_full=False)
    await gateway.tokens.close()
    assert await stored(gateway) == {done.token_id: practice.newest(ANN).refresh_token}


async def test_one_address_in_two_workspaces_is_two_tokens(
    desk: SignInDesk, practice: PracticeUpstream, gateway: Gateway
) -> None:
    team = other_workspace(ANN)
    practice.add(team)
    first, second = await signed_in(desk, practice, ANN), await signed_in(desk, practice, team)
    assert (second.code, second.known) == ("signed_in", False)
    assert first.token_id != second.token_id
    assert (first.account, second.account) == ("an•••@example.com (plus)", "an•••@example.com (team)")
    assert len(gateway.state.pool.tokens) == 2


async def test_a_certain_token_is_renewed(desk: SignInDesk, practice: PracticeUpstream) -> None:
    first = await signed_in(desk, practice, ANN)
    assert first.token_id is not None
    again = await signed_in(desk, practice, ANN, token_id=first.token_id)
    assert (again.code, again.token_id) == ("renewed", first.token_id)


async def test_another_account_than_the_wanted_one_is_a_token_of_its_own(
    desk: SignInDesk, practice: PracticeUpstream, gateway: Gateway
) -> None:
    ann = await signed_in(desk, practice, ANN, label="Ann's")
    assert ann.token_id is not None
    gateway.state.sign_in_needed(ann.token_id, "refresh_token_expired")
    bob = await signed_in(desk, practice, BOB, token_id=ann.token_id)
    assert (bob.code, bob.known) == ("other_added", False)
    assert bob.token_id not in (None, ann.token_id)
    assert "not as Ann's" in str(bob.message)
    known = await signed_in(desk, practice, BOB, token_id=ann.token_id)
    assert (known.code, known.token_id, known.known) == ("other_known", bob.token_id, True)
    token = gateway.state.pool.get(ann.token_id)
    assert token is not None
    assert token.sign_in_needed == "refresh_token_expired"


async def test_an_api_key_has_no_sign_in(desk: SignInDesk, gateway: Gateway) -> None:
    added = await gateway.tokens.add(login_from_api_key(practice_api_key("k").key), None)
    with pytest.raises(InvalidInput):
        await desk.begin_browser(token_id=added.token.id)
    with pytest.raises(NotFound):
        await desk.begin_device(token_id="t-unknown")
    assert desk.view is None


async def test_the_address_can_be_pasted(desk: SignInDesk, practice: PracticeUpstream, gateway: Gateway) -> None:
    practice.sign_in_as(ANN)
    waiting = await desk.begin_browser()
    address = await sent_back(waiting.url)
    for wrong in ("", "https://example.com", str(waiting.url), address.replace("state=", "state=x")):
        with pytest.raises(InvalidInput) as refused:
            desk.paste(waiting.id, wrong)
        assert "code=" not in str(refused.value).replace("code=…", "")
    desk.paste(waiting.id, f"  {address}\n")
    assert (await ended(desk)).stage is SignInStage.DONE
    assert len(gateway.state.pool.tokens) == 1
    with pytest.raises(InvalidInput):
        desk.paste(waiting.id, address)
    with pytest.raises(NotFound):
        desk.paste("i-other", address)


async def test_a_refusal_that_is_pasted_ends_it(desk: SignInDesk, practice: PracticeUpstream) -> None:
    practice.decline_sign_in()
    waiting = await desk.begin_browser()
    desk.paste(waiting.id, await sent_back(waiting.url))
    failed = await ended(desk)
    assert (failed.stage, failed.code) == (SignInStage.FAILED, "sign_in_refused")
    assert dict(failed.details)["reason"] == "access_denied"


async def test_cancelling_while_the_browser_is_away_frees_the_port(desk: SignInDesk) -> None:
    waiting = await desk.begin_browser()
    over = await desk.cancel(waiting.id)
    assert (over.stage, over.code, over.url) == (SignInStage.CANCELLED, "cancelled", None)
    assert not listens(waiting)
    assert (await desk.cancel(waiting.id)) == over


async def test_cancelling_while_a_device_waits_ends_the_asking(desk: SignInDesk, practice: PracticeUpstream) -> None:
    waiting = await desk.begin_device()
    assert (await desk.cancel(waiting.id)).stage is SignInStage.CANCELLED
    asked = len(practice.received)
    await asyncio.sleep(1.3)
    assert len(practice.received) == asked


async def test_cancelling_while_the_login_is_fetched_leaves_no_token(
    desk: SignInDesk, practice: PracticeUpstream, gateway: Gateway
) -> None:
    practice.script(Turn(hang_at="headers"), on="token")
    practice.sign_in_as(ANN)
    waiting = await desk.begin_browser()
    await browse(waiting.url)
    await seen(desk, SignInStage.FINISHING)
    assert (await desk.cancel(waiting.id)).stage is SignInStage.CANCELLED
    assert gateway.state.pool.tokens == ()


async def test_cancelling_before_anything_was_shown(desk: SignInDesk, practice: PracticeUpstream) -> None:
    practice.script(Turn(hang_at="headers"), on="device")
    beginning = asyncio.get_running_loop().create_task(desk.begin_device())
    await desk.cancel((await seen(desk, SignInStage.WAITING)).id)
    assert (await asyncio.wait_for(beginning, 5)).stage is SignInStage.CANCELLED


async def test_a_new_sign_in_takes_the_place_of_one_that_waits(desk: SignInDesk, practice: PracticeUpstream) -> None:
    first = await desk.begin_browser()
    second = await desk.begin_browser()
    assert not listens(first)
    assert listens(second)
    with pytest.raises(NotFound):
        await desk.cancel(first.id)
    practice.sign_in_as(ANN)
    await browse(second.url)
    assert (await ended(desk)).id == second.id


async def test_closing_takes_the_listener_along(gateway: Gateway) -> None:
    desk = SignInDesk(gateway.state, gateway.tokens, gateway.sign_in_service, Clock(), ports=(0,))
    waiting = await desk.begin_browser()
    await desk.close()
    assert not listens(waiting)
    assert desk.view is not None
    assert desk.view.stage is SignInStage.CANCELLED


async def test_busy_ports_are_told_with_the_program_that_has_them(gateway: Gateway) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        desk = SignInDesk(
            gateway.state,
            gateway.tokens,
            gateway.sign_in_service,
            Clock(),
            ports=(port,),
            port_owner=lambda asked: f"Code ({asked})",
        )
        failed = await desk.begin_browser()
    assert (failed.stage, failed.code) == (SignInStage.FAILED, "sign_in_ports_busy")
    assert dict(failed.details)["program"] == f"Code ({port})"
    assert "device code" in str(failed.message)
    await desk.close()


@pytest.mark.parametrize("way", ["browser", "device"])
async def test_a_refusal_of_the_user_is_told(desk: SignInDesk, practice: PracticeUpstream, way: str) -> None:
    if way == "browser":
        practice.decline_sign_in()
        await browse((await desk.begin_browser()).url)
    else:
        waiting = await desk.begin_device()
        practice.deny_device(str(waiting.user_code))
    failed = await ended(desk)
    assert (failed.stage, failed.code) == (SignInStage.FAILED, "sign_in_refused")
    assert failed.message


async def test_a_service_that_cannot_be_reached_is_told_and_a_proxy_looked_for(
    desk: SignInDesk, practice: PracticeUpstream, gateway: Gateway
) -> None:
    await practice.stop()
    failed = await desk.begin_device()
    assert (failed.stage, failed.code) == (SignInStage.FAILED, "upstream_unreachable")
    assert gateway.state.way_lost.is_set()


async def test_a_sign_in_goes_through_the_tokens_own_proxy(
    desk: SignInDesk, practice: PracticeUpstream, gateway: Gateway
) -> None:
    async with proxy_running(SmallProxy("http", practice.port, login=True), ssl.create_default_context()) as proxy:
        done = await signed_in(desk, practice, ANN, proxy=proxy.address)
        assert done.stage is SignInStage.DONE
        (token,) = gateway.state.pool.tokens
        assert (token.proxy, gateway.state.secrets[token.id].proxy) == (f"http://127.0.0.1:{proxy.port}", proxy.address)
        assert proxy.asked
    # The same proxy, gone: nothing goes past it.
    await gateway.tokens.change(token.id, proxy="http://user:proxy-secret@127.0.0.1:9")
    practice.sign_in_as(ANN)
    await browse((await desk.begin_browser(token_id=token.id)).url)
    failed = await ended(desk)
    assert (failed.stage, failed.code) == (SignInStage.FAILED, "upstream_unreachable")
    assert "proxy-secret" not in repr(failed)


async def test_a_proxy_that_makes_no_sense_is_refused_at_once(desk: SignInDesk) -> None:
    with pytest.raises(InvalidInput):
        await desk.begin_browser(proxy="ftp://example.com")
    assert desk.view is None
