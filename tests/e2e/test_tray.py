"""The tray's menu with a real gateway behind it, used as a person does."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.practice.server import PracticeUpstream
from tests.e2e.person import driven_desktop
from tests.e2e.program import until
from tests.e2e.screen import DesktopWaystation, Make, Screen, desktop_on
from tests.support.desktop_session import DesktopSession
from tests.support.notifications import Notifications
from tests.support.release_feed import running_feed
from tests.support.tray import MenuEntry

pytestmark = [pytest.mark.timeout(120), pytest.mark.fixed_ports]

OVERNIGHT = "Wait overnight when all tokens are at their limit"


@pytest.fixture(scope="module")
def desktop_session() -> Iterator[DesktopSession]:
    with DesktopSession() as session:
        yield session


@pytest.fixture
def screen(desktop_session: DesktopSession) -> Screen:
    return Screen(desktop_session)


async def with_tokens(screen: Screen, make: Make, upstream: PracticeUpstream) -> DesktopWaystation:
    """The application in the tray, with the first two practice accounts."""
    desktop = await desktop_on(screen, make, "--minimized")
    for account, label in zip(upstream.accounts, ("first", "second"), strict=False):
        await desktop.waystation.import_account(account.auth_json(), label)
    await screen.wait_status(desktop.running)
    return desktop


async def token_entry(screen: Screen, label: str) -> MenuEntry:
    """The entry of a token, whatever is said behind its label."""
    tokens = await screen.entry("Tokens")
    (found,) = [entry for entry in tokens.children if entry.label.split("  ")[0] == label]
    return found


async def tick(screen: Screen, label: str, *, on: bool) -> MenuEntry:
    """Click on a token's entry and wait until the gateway has done it."""
    await screen.click("Tokens", (await token_entry(screen, label)).label)

    async def look() -> MenuEntry | None:
        entry = await token_entry(screen, label)
        return entry if entry.checked is on and entry.label.endswith("Disabled") is not on else None

    return await until(look, f"the tick of {label}")


async def test_a_token_is_ticked_off_and_on(screen: Screen, make_waystation: Make, upstream: PracticeUpstream) -> None:
    desktop = await with_tokens(screen, make_waystation, upstream)
    assert (await token_entry(screen, "first")).checked

    assert (await tick(screen, "first", on=False)).label == "first  Disabled"
    states = {token["label"]: token["state"] for token in await desktop.waystation.json("token", "list")}
    assert states == {"first": "disabled", "second": "ready"}
    await tick(screen, "second", on=False)
    await screen.wait_status(f"{desktop.running} · no usable token")

    await tick(screen, "first", on=True)
    await screen.wait_status(desktop.running)
    states = {token["label"]: token["state"] for token in await desktop.waystation.json("token", "list")}
    assert states == {"first": "ready", "second": "disabled"}


@pytest.fixture
def told(desktop_session: DesktopSession) -> Iterator[list[str]]:
    """What the tray has said by itself."""
    with Notifications(desktop_session.env["DBUS_SESSION_BUS_ADDRESS"]) as notifications:
        yield notifications.texts


async def test_limits_and_dead_logins_are_said_with_their_ends(
    screen: Screen, make_waystation: Make, upstream: PracticeUpstream, told: list[str]
) -> None:
    desktop = await with_tokens(screen, make_waystation, upstream)
    key = await desktop.waystation.license()
    body = '{"model": "gpt-5-codex", "input": "Hello"}'
    url = f"http://127.0.0.1:{desktop.port}/codex/v1/responses"
    command = ["curl", "-s", "-m", "20", "-H", f"Authorization: {key}", "-d", body, url]

    async def status_is(beginning: str, ending: str = "") -> None:
        async def look() -> bool:
            status = await screen.status()
            return status.startswith(f"{desktop.running}{beginning}") and status.endswith(ending)

        await until(look, f"a status {beginning!r}: {await screen.status()}")

    for account in upstream.accounts[:2]:
        upstream.exhaust(account, resets_in=4 * 3600)
    done = await asyncio.to_thread(screen.session.run, command)
    assert "usage_limit_reached" in done.stdout
    await status_is(" · all tokens resting until ")
    assert " until " in (await token_entry(screen, "first")).label

    before = await desktop.waystation.command("pool.policy")
    await screen.click(OVERNIGHT)
    await until(lambda: _overnight(screen), "the tick")

    async def holds() -> bool:
        return (await desktop.waystation.command("pool.policy"))["wait_s"] > before["wait_s"]

    # The tick comes with the click, what it stands for a moment later.
    await until(holds, "the policy")
    waiting = screen.session.start(command)
    await status_is(" · 1 waiting until ")
    waiting.end()
    await status_is(" · all tokens resting until ")

    upstream.sign_out(upstream.accounts[1])
    (_, second) = await desktop.waystation.json("token", "list")
    await desktop.waystation.run("token", "test", second["id"])
    await status_is(" · all tokens resting until ", " · sign-in needed")
    assert (await token_entry(screen, "second")).label == "second  Sign in again"
    # Each kind once: it rested again after somebody had waited.
    await until(lambda: len(told) == 3, f"what the tray says by itself: {told}")
    assert [text.split(" ")[0] for text in told] == ["No", "1", "“second”"]


async def test_a_new_version_is_said_once_ever(
    screen: Screen, make_waystation: Make, upstream: PracticeUpstream, told: list[str]
) -> None:
    async with running_feed() as feed:
        feed.tells(tag_name="v9.1.0", html_url=f"http://127.0.0.1:{feed.port}/page")
        env = {"WAYSTATION_RELEASE_FEED": feed.address}
        desktop = await desktop_on(screen, make_waystation, "--minimized", env=env)
        waystation = desktop.waystation
        await waystation.import_account(upstream.accounts[0].auth_json(), "first")
        await screen.wait_status(desktop.running)
        # Nobody has agreed, so nobody is asked; a command asks once.
        assert feed.asked == []
        assert (await waystation.run("update")).code == 3
        await until(lambda: told, "the tray to say it")
        assert told == ["Waystation 9.1.0 is out. The overview says what is new."]
        await desktop.run.quit()
        again = await waystation.start("--minimized")
        await screen.wait_status(desktop.running)
        assert (await waystation.run("update")).code == 3
        assert len(feed.asked) == 2
        feed.tells(tag_name="v9.2.0")
        assert (await waystation.run("update")).code == 3
        await until(lambda: len(told) > 1, "the tray to say it of the next one")
        assert told[1:] == ["Waystation 9.2.0 is out. The overview says what is new."]
        await again.quit()


async def _overnight(screen: Screen) -> bool:
    return bool((await screen.entry(OVERNIGHT)).checked)


async def test_the_entries_open_the_window_on_their_pages(screen: Screen, make_waystation: Make) -> None:
    desktop, person = await driven_desktop(screen, make_waystation, "--minimized")
    await screen.wait_status(f"{desktop.running} · no token yet")
    assert await screen.windows() == []
    for label, page in (("Sessions: 0 active", "Sessions"), ("Settings…", "Settings"), ("Open window", "Settings")):
        await screen.click(label)
        await screen.wait_windows(1)
        await until(lambda page=page: person.is_on(page), f"the page {page}")
        await screen.close_windows()
        await screen.wait_windows(0)
    await asyncio.to_thread(screen.session.tray_activate)
    await screen.wait_windows(1)


async def test_starting_at_sign_in_is_switched_on_and_off(screen: Screen, make_waystation: Make) -> None:
    desktop = await desktop_on(screen, make_waystation, "--minimized")
    folder = Path(screen.session.env["XDG_CONFIG_HOME"]) / "autostart"

    async def ticked() -> bool:
        return bool((await screen.entry("Start at sign-in")).checked)

    async def unticked() -> bool:
        return not await ticked()

    await screen.wait_status(f"{desktop.running} · no token yet")
    assert not folder.exists()
    await screen.click("Start at sign-in")
    await until(ticked, "the tick")
    (file,) = folder.iterdir()
    said = file.read_text(encoding="utf-8")
    assert "--minimized" in said
    assert str(desktop.waystation.data_dir) in said

    await screen.click("Start at sign-in")
    await until(unticked, "no tick")
    assert list(folder.iterdir()) == []

    await screen.click("Start at sign-in")
    await until(ticked, "the tick again")
    # As the desktop's own settings do.
    file.unlink()
    await until(unticked, "no tick, since another has removed it")
