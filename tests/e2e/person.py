"""Somebody at the screen: reads what can be seen on the windows, and uses the real mouse and keyboard."""

import asyncio
import json
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.program import until
from tests.e2e.screen import DesktopWaystation, Make, Screen, desktop_on

# Of an answer of the program, in seconds.
_PATIENCE = 10.0
# Nobody turns the wheel for longer.
_TURNS = 60


@dataclass(frozen=True)
class Seen:
    """Something on a window: what it says, and where of it a piece can be seen.

    ``kind`` is button, check, choice, entry (of a menu), field, label or row (of a list); ``value`` says what is
    chosen, ticked or unticked.
    """

    kind: str
    text: str
    value: str
    enabled: bool
    blocked: bool
    window: str
    at: tuple[int, int, int, int]

    @property
    def visible(self) -> bool:
        """Whether enough of it can be seen to be hit."""
        return self.at[2] > 4 and self.at[3] > 4

    @property
    def middle(self) -> tuple[int, int]:
        x, y, width, height = self.at
        return x + width // 2, y + height // 2


class Person:
    """Uses a program that was started by `tests.e2e.watched`; counts clicks.

    Args:
        screen: where the windows are.
        ear: the socket on which the program tells what is on its windows.
    """

    def __init__(self, screen: Screen, ear: Path) -> None:
        self.screen = screen
        self.ear = ear
        self.clicks = 0

    @property
    def command(self) -> tuple[str, ...]:
        """What the program is to be started with, before its own arguments."""
        return ("-m", "tests.e2e.watched", str(self.ear))

    async def look(self) -> list[Seen]:
        """All that is on visible windows, also what is scrolled away."""
        return [Seen(**{**item, "at": tuple(item["at"])}) for item in await self._ask("look")]

    async def end_session(self) -> float:
        """What the system does when the user signs out; the seconds until the program lets it go on."""
        took: float = await self._ask("end of session")
        return took

    async def sees(self, text: str, kind: str | None = None) -> bool:
        """Whether this can be seen now."""
        return any(item.visible for item in await self._all(text, kind))

    async def wait_sees(self, text: str, kind: str | None = None) -> None:
        """Wait until this can be seen."""
        try:
            await until(lambda: self.sees(text, kind), f"the {kind or 'text'} {text!r}")
        except AssertionError as error:
            seen = "\n".join(f"{item.kind}: {item.text}" for item in await self.look() if item.visible)
            raise AssertionError(f"{error}; what is there:\n{seen}") from None

    async def value(self, text: str, kind: str) -> str:
        """What is chosen there, or whether it is ticked."""
        (found,) = await self._all(text, kind)
        return found.value

    async def click(self, text: str, kind: str | None = None) -> None:
        """Wait until this can be used, bring it into sight with the wheel, and click on it."""
        found = await self._usable(text, kind)
        self.clicks += 1
        x, y = found.middle
        await self._do("mousemove", str(x), str(y), "click", "1")

    async def turn_wheel_over(self, text: str, kind: str) -> None:
        """Turn the wheel up and down by a notch with the mouse over something."""
        x, y = (await self._usable(text, kind)).middle
        await self._do("mousemove", str(x), str(y), "click", "5", "click", "4", "click", "5")

    async def keys(self, *names: str) -> None:
        """Press keys, such as ``ctrl+2``."""
        await self._do("key", *names)

    async def type(self, text: str) -> None:
        """Type a text where the keyboard is."""
        await self._do("type", "--delay", "5", text)

    async def turn_to(self, page: str) -> None:
        """Turn to a page by the sidebar."""
        await self.click(page, "row")
        await until(lambda: self.is_on(page), f"the page {page!r}")

    async def is_on(self, page: str) -> bool:
        """Whether this page is the chosen one in the sidebar."""
        return any(item.value == "chosen" and item.visible for item in await self._all(page, "row"))

    async def choose(self, choice: str, wanted: str) -> None:
        """Open a list of choices and take one."""
        await self.click(choice, "choice")
        await self.click(wanted, "row")

    async def _usable(self, text: str, kind: str | None) -> Seen:
        async def look() -> list[Seen]:
            return [item for item in await self._all(text, kind) if item.enabled and not item.blocked]

        try:
            found = await until(look, f"{kind or 'something'} {text!r} that can be used")
        except AssertionError as error:
            seen = "\n".join(f"{item.kind}: {item.text} {item.enabled} {item.blocked}" for item in await self.look())
            raise AssertionError(f"{error}; what is there:\n{seen}") from None
        assert len(found) == 1, found
        for _ in range(_TURNS):
            if found[0].visible:
                return await self._still(found[0], text, kind)
            # At the right edge, where nothing else takes the wheel.
            width, height = await self._window_size()
            await self._do("mousemove", str(width - 30), str(height // 2), "click", "5")
            found = await look()
        raise AssertionError(f"{text!r} did not come into sight")

    async def _still(self, found: Seen, text: str, kind: str | None) -> Seen:
        """Where it is when layouts and scrolling have come to rest."""
        while True:
            await asyncio.sleep(0.05)
            again = next((item for item in await self._all(text, kind) if item.enabled and not item.blocked), found)
            if again.at == found.at:
                return again
            found = again

    async def _window_size(self) -> tuple[int, int]:
        (window, *_) = await self.screen.windows()
        done = await asyncio.to_thread(self.screen.session.run, ["xdotool", "getwindowgeometry", "--shell", window])
        told = dict(line.split("=") for line in done.stdout.split())
        return int(told["X"]) + int(told["WIDTH"]), int(told["Y"]) + int(told["HEIGHT"])

    async def _all(self, text: str, kind: str | None) -> list[Seen]:
        return [item for item in await self.look() if item.text == text and kind in (None, item.kind)]

    async def _do(self, *arguments: str) -> None:
        done = await asyncio.to_thread(self.screen.session.run, ["xdotool", *arguments])
        assert done.returncode == 0, done.stderr

    async def _ask(self, question: str) -> Any:
        return await asyncio.to_thread(self._asked, question)

    def _asked(self, question: str) -> Any:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(_PATIENCE)
            client.connect(str(self.ear))
            client.sendall(question.encode())
            told = b""
            while more := client.recv(65536):
                told += more
        return json.loads(told)


async def driven_desktop(
    screen: Screen, make: Make, *arguments: str, env: dict[str, str] | None = None
) -> tuple[DesktopWaystation, Person]:
    """Like `desktop_on`, with somebody at the screen."""
    person = Person(screen, screen.session.home / "ear")
    return await desktop_on(screen, make, *arguments, env=env, program=person.command), person
