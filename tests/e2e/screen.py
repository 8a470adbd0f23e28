"""The desktop application on a desktop of its own, used as a person does: tray, clipboard, window."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from tests.e2e.program import PROGRAM, Run, Waystation, until
from tests.support.desktop_session import DesktopSession
from tests.support.tray import MenuEntry, find_entry, menu_text


class Screen:
    """A desktop session for tests whose loop must go on meanwhile: every look and click waits on a thread."""

    def __init__(self, session: DesktopSession) -> None:
        self.session = session

    async def menu(self) -> tuple[MenuEntry, ...]:
        """The tray's menu, as it is now."""
        return await asyncio.to_thread(self.session.tray_menu)

    async def menu_text(self) -> str:
        """The tray's menu as text."""
        return menu_text(await self.menu())

    async def status(self) -> str:
        """The status line: the menu's first entry."""
        return (await self.menu())[0].label

    async def wait_status(self, expected: str) -> None:
        """Wait until the status line is this."""
        seen = ""

        async def look() -> bool:
            nonlocal seen
            seen = await self.status()
            return seen == expected

        try:
            await until(look, f"the status {expected!r}")
        except AssertionError as error:
            raise AssertionError(f"{error}: {seen!r}") from None

    async def entry(self, *labels: str) -> MenuEntry:
        """The entry that these labels lead to."""
        return find_entry(await self.menu(), labels)

    async def click(self, *labels: str) -> None:
        """Choose an entry of the tray's menu."""
        await asyncio.to_thread(self.session.tray_click, *labels)

    async def clipboard(self) -> str:
        """What is on the clipboard."""
        return await asyncio.to_thread(self.session.clipboard)

    async def copied(self, *labels: str) -> str:
        """Click a copying entry and give what it puts on the clipboard."""
        await asyncio.to_thread(self.session.set_clipboard, "nothing was copied")
        await self.click(*labels)

        async def look() -> str | None:
            text = await self.clipboard()
            return text if text != "nothing was copied" else None

        return await until(look, f"the text of {labels}")

    async def windows(self, title: str = "Waystation") -> list[str]:
        """The windows with this title that can be seen."""
        command = ["xdotool", "search", "--onlyvisible", "--name", title]
        done = await asyncio.to_thread(self.session.run, command)
        return done.stdout.split()

    async def wait_windows(self, count: int, title: str = "Waystation") -> None:
        """Wait until so many windows with this title can be seen."""

        async def look() -> bool:
            return len(await self.windows(title)) == count

        await until(look, f"{count} windows {title!r}")

    async def close_windows(self, title: str = "Waystation") -> None:
        """Close the windows by the keyboard."""
        for window in await self.windows(title):
            command = ["xdotool", "windowfocus", "--sync", window, "key", "Escape"]
            await asyncio.to_thread(self.session.run, command)

    async def picture(self, path: Path) -> None:
        """Keep a picture of the screen, for people."""
        path.parent.mkdir(parents=True, exist_ok=True)
        await asyncio.to_thread(self.session.screenshot, path)


class DesktopWaystation:
    """An installation whose desktop application runs on a screen."""

    def __init__(self, waystation: Waystation, screen: Screen, run: Run, port: int) -> None:
        self.waystation = waystation
        self.screen = screen
        self.run = run
        self.port = port

    @property
    def running(self) -> str:
        """The status line while it serves and has tokens."""
        return f"Running · 127.0.0.1:{self.port}"


Make = Callable[..., Waystation]


async def desktop_on(
    screen: Screen,
    make: Make,
    *arguments: str,
    env: dict[str, str] | None = None,
    program: tuple[str | Path, ...] = PROGRAM,
) -> DesktopWaystation:
    """Start the desktop application on a port of its own and wait until its control channel answers.

    ``program`` is what Python runs.
    """
    waystation = make(screen.session.env | (env or {}))
    port = await waystation.remember_port()
    waystation.program = program
    run = await waystation.start(*arguments)

    async def listens() -> bool:
        return (await waystation.status())["state"] == "running"

    await until(listens, "the gateway of the desktop", 30.0)
    return DesktopWaystation(waystation, screen, run, port)
