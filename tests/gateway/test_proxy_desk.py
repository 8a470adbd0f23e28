"""The application's way upstream: chosen, sealed, found again after a restart, and offered when there is none."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from yarl import URL

from app.core.errors import InvalidInput, KeyStoreUnavailable
from app.gateway.proxy_desk import SECRET_SETTING, SETTING, ProxyDesk
from app.store.key_stores import MemoryStore
from app.store.vault import Vault
from app.upstream.proxies import Proxy, ProxyFinder
from tests.gateway.house import House, house
from tests.gateway.test_responses import CODEX_BODY

WITH_PASSWORD = "socks5://me:hush-hush@127.0.0.1:1080"
TARGET = URL("https://chatgpt.com/backend-api/codex/responses")


@pytest.fixture
async def one(tmp_path: Path) -> AsyncIterator[House]:
    async with house(tmp_path) as running:
        yield running


def desk_of(running: House, finder: ProxyFinder, found: Sequence[str] = ()) -> ProxyDesk:
    async def look() -> tuple[str, ...]:
        return tuple(found)

    return ProxyDesk(running.state, running.desk._vault, finder, look)


def finder() -> ProxyFinder:
    return ProxyFinder(lambda scheme, host: None)


async def way(used: ProxyFinder) -> Proxy | None:
    return (await used.find(TARGET)).proxy


@pytest.mark.parametrize(
    ("text", "shown", "user"),
    [
        ("http://127.0.0.1:7890", "http://127.0.0.1:7890", None),
        ("  http://127.0.0.1:7890 ", "http://127.0.0.1:7890", None),
        (WITH_PASSWORD, "socks5://127.0.0.1:1080", "me"),
        ("direct", "direct", None),
        ("DIRECT", "direct", None),
        (None, None, None),
        ("  ", None, None),
    ],
)
async def test_a_choice_is_used_at_once_and_after_a_restart(
    one: House, text: str | None, shown: str | None, user: str | None
) -> None:
    used, later = finder(), finder()
    desk = desk_of(one, used)
    await desk.choose("http://127.0.0.1:1")
    await desk.choose(text)
    settings = await one.store.settings()
    assert desk.chosen == settings.get(SETTING) == shown
    assert "hush-hush" not in repr(settings)
    assert (SECRET_SETTING in settings) is (user is not None)
    again = desk_of(one, later)
    again.restore(settings)
    assert again.chosen == shown
    for proxies in (used, later):
        proxy = await way(proxies)
        assert (proxy.shown if proxy else None) == (shown if shown != "direct" else None)
        assert (proxy.user if proxy else None) == user
        if user:
            assert proxy is not None
            assert proxy.password == "hush-hush"


@pytest.mark.parametrize("text", ["nonsense", "ftp://127.0.0.1:1", "http://"])
async def test_what_makes_no_sense_changes_nothing(one: House, text: str) -> None:
    used = finder()
    desk = desk_of(one, used)
    await desk.choose(WITH_PASSWORD)
    before = await one.store.settings()
    with pytest.raises(InvalidInput):
        await desk.choose(text)
    assert await one.store.settings() == before
    assert desk.chosen == "socks5://127.0.0.1:1080"
    proxy = await way(used)
    assert proxy is not None
    assert proxy.user == "me"


async def test_a_password_that_cannot_be_sealed_changes_nothing(one: House) -> None:
    used = finder()
    desk = desk_of(one, used)
    await desk.choose("http://127.0.0.1:7890")
    desk.vault = Vault(MemoryStore())
    with pytest.raises(KeyStoreUnavailable):
        await desk.choose(WITH_PASSWORD)
    assert desk.chosen == "http://127.0.0.1:7890"


@pytest.mark.parametrize("sealed", ["", "[]", "null", '["k", "zz", ""]', '["k", "00", "00"]', "[1, 2, 3]"])
async def test_without_its_password_it_is_still_the_way(
    one: House, sealed: str, caplog: pytest.LogCaptureFixture
) -> None:
    used = finder()
    desk_of(one, used).restore({SETTING: "socks5://127.0.0.1:1080", SECRET_SETTING: sealed})
    proxy = await way(used)
    assert proxy is not None
    assert (proxy.shown, proxy.user) == ("socks5://127.0.0.1:1080", None)
    assert "cannot be opened" in caplog.text


async def test_a_stored_proxy_that_makes_no_sense_does_no_harm(one: House) -> None:
    used = finder()
    desk_of(one, used).restore({SETTING: "no proxy at all"})
    assert await way(used) is None


async def ask(running: House) -> int:
    async with running.post("/responses", data=CODEX_BODY) as answer:
        await answer.read()
        return int(answer.status)


async def test_a_proxy_on_this_machine_is_offered_while_there_is_no_way(one: House) -> None:
    desk = desk_of(one, finder(), ["http://127.0.0.1:7890"])
    one.start(desk.run())
    await one.practice.stop()
    assert await ask(one) in (400, 502)
    await one.until(lambda: one.state.offered_proxies)
    assert one.state.offered_proxies == ("http://127.0.0.1:7890",)
    await one.practice.start(port=one.practice.port)
    assert await ask(one) == 200
    assert one.state.offered_proxies == ()


async def test_who_has_chosen_is_offered_nothing(one: House) -> None:
    desk = desk_of(one, finder(), ["http://127.0.0.1:7890"])
    one.start(desk.run())
    await desk.choose("direct")
    one.state.way_lost.set()
    await one.until(lambda: not one.state.way_lost.is_set())
    await asyncio.sleep(0.05)
    assert one.state.offered_proxies == ()


async def test_choosing_withdraws_the_offer(one: House) -> None:
    desk = desk_of(one, finder())
    one.state.offered_proxies = ("http://127.0.0.1:7890",)
    revision = one.state.revision
    await desk.choose("http://127.0.0.1:7890")
    assert one.state.offered_proxies == ()
    assert one.state.revision > revision
