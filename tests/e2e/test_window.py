"""The window over its life: closed, reopened, moved, started again, and speaking another language."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.e2e.person import Person, driven_desktop
from tests.e2e.program import until
from tests.e2e.screen import DesktopWaystation, Make, Screen
from tests.support.desktop_session import DesktopSession
from tests.support.notifications import Notifications

pytestmark = [pytest.mark.timeout(120), pytest.mark.fixed_ports]

HINT = "Waystation keeps running in the tray. To end it, choose Quit in the menu there."
CHINESE_TITLE = "驿站 Waystation"


@pytest.fixture(scope="module")
def desktop_session() -> Iterator[DesktopSession]:
    with DesktopSession() as session:
        yield session


@pytest.fixture
def screen(desktop_session: DesktopSession) -> Screen:
    return Screen(desktop_session)


@pytest.fixture
def told(desktop_session: DesktopSession) -> Iterator[list[str]]:
    """What the tray has said by itself."""
    with Notifications(desktop_session.env["DBUS_SESSION_BUS_ADDRESS"]) as notifications:
        yield notifications.texts


async def started_again(desktop: DesktopWaystation) -> None:
    """Quit, and start anew on the same data."""
    await desktop.run.quit()
    desktop.run = await desktop.waystation.start()
    await desktop.screen.wait_windows(1)
    await desktop.screen.wait_status(f"{desktop.running} · no token yet")


async def geometry(screen: Screen, title: str = "Waystation") -> dict[str, int]:
    """Where the window is and how large, in pixels."""
    (window,) = await screen.windows(title)
    done = await asyncio.to_thread(screen.session.run, ["xdotool", "getwindowgeometry", "--shell", window])
    told = dict(line.split("=") for line in done.stdout.split())
    return {name: int(told[name]) for name in ("X", "Y", "WIDTH", "HEIGHT")}


async def place(screen: Screen, wanted: dict[str, int]) -> None:
    """Move the window, and give it another size."""
    (window,) = await screen.windows()
    size = ["windowsize", window, str(wanted["WIDTH"]), str(wanted["HEIGHT"])]
    await asyncio.to_thread(screen.session.run, ["xdotool", *size])
    await asyncio.to_thread(screen.session.run, ["xdotool", "windowmove", window, str(wanted["X"]), str(wanted["Y"])])
    await until(lambda: _is_at(screen, wanted), f"the window at {wanted}")


async def _is_at(screen: Screen, wanted: dict[str, int], title: str = "Waystation") -> bool:
    return await geometry(screen, title) == wanted


async def test_closing_hides_it_with_a_hint_the_first_time_ever(
    screen: Screen, make_waystation: Make, told: list[str]
) -> None:
    desktop, _ = await driven_desktop(screen, make_waystation)
    await screen.wait_windows(1)
    await screen.close_windows()
    await screen.wait_windows(0)
    await until(lambda: HINT in told, "the hint")
    assert (await desktop.waystation.status())["state"] == "running"

    await screen.click("Open window")
    await screen.wait_windows(1)
    await screen.close_windows()
    await screen.wait_windows(0)
    await started_again(desktop)
    await screen.close_windows()
    await screen.wait_windows(0)
    # Something later that is told, so that an earlier hint would be there.
    await screen.copied("Copy full set-up", "bash")
    await until(lambda: len(told) > 1, "what is told of copying")
    assert told.count(HINT) == 1


async def test_size_position_and_page_are_as_they_were(screen: Screen, make_waystation: Make) -> None:
    desktop, person = await driven_desktop(screen, make_waystation)
    await screen.wait_windows(1)
    wanted = {"X": 130, "Y": 60, "WIDTH": 1000, "HEIGHT": 620}
    await place(screen, wanted)
    await person.turn_to("Licenses")

    await started_again(desktop)

    await until(lambda: _is_at(screen, wanted), f"the window at {wanted}")
    await until(lambda: person.is_on("Licenses"), "the same page")


async def test_another_language_is_spoken_at_once_and_given_back(
    screen: Screen, make_waystation: Make, told: list[str]
) -> None:
    desktop, person = await driven_desktop(screen, make_waystation)
    await screen.wait_windows(1)
    await person.turn_to("Settings")
    wanted = {"X": 90, "Y": 40, "WIDTH": 1040, "HEIGHT": 640}
    await place(screen, wanted)

    await person.choose("Language:", "简体中文")

    await screen.wait_windows(1, CHINESE_TITLE)
    await screen.wait_status(f"运行中 · 127.0.0.1:{desktop.port} · 尚无 Token")
    await screen.entry("退出")
    await until(lambda: person.is_on("设置"), "the same page")
    await until(lambda: _is_at(screen, wanted, CHINESE_TITLE), f"the window at {wanted}")
    await follows_the_gateway(person, "停止", "启动")

    await person.choose("语言：", "English")

    await screen.wait_status(f"{desktop.running} · no token yet")
    await screen.wait_windows(0, CHINESE_TITLE)
    await until(lambda: person.is_on("Settings"), "the same page")
    assert HINT not in told


async def follows_the_gateway(person: Person, stop: str, start: str) -> None:
    """The window shows at once what the gateway does."""
    await person.click(stop, "button")
    await person.wait_sees(start, "button")
    await person.click(start, "button")
    await person.wait_sees(stop, "button")


async def test_the_wheel_scrolls_past_choices_and_changes_none(screen: Screen, make_waystation: Make) -> None:
    _, person = await driven_desktop(screen, make_waystation)
    await screen.wait_windows(1)
    await person.turn_to("Settings")
    await person.wait_sees("Port:", "field")
    before = await chosen(person)
    assert {("Port:", "field"), ("Language:", "choice")} <= set(before)
    for text, kind in before:
        await person.turn_wheel_over(text, kind)
        if text == "Port:":
            await until(lambda: _is_scrolled(person), "the page to scroll")
    assert await chosen(person) == before


async def _is_scrolled(person: Person) -> bool:
    return not await person.sees("Address", "label")


async def chosen(person: Person) -> dict[tuple[str, str], str]:
    """What is chosen on the page that is open, where there is something to choose."""
    usable = [item for item in await person.look() if item.enabled and item.kind in ("choice", "field")]
    return {(item.text, item.kind): item.value for item in usable if item.value and item.at[0] > 200}
