"""Ending the desktop while Codex is being answered: by the tray, by a signal, and with the user's session."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from app.practice.script import Turn
from app.practice.server import PracticeUpstream
from tests.e2e.codex import NEWEST, codex_shell
from tests.e2e.person import Person, driven_desktop
from tests.e2e.program import until
from tests.e2e.screen import DesktopWaystation, Make, Screen
from tests.e2e.test_desktop import refuses
from tests.support.desktop_session import DesktopSession
from tests.support.done import Done
from tests.support.tray import tray_items

pytestmark = [pytest.mark.timeout(120), pytest.mark.fixed_ports]

# The second half of the answer: it is said only when the test lets it.
END = "and Marker-End-Of-Answer"
TITLE = "Quit Waystation"


@pytest.fixture(scope="module")
def desktop_session() -> Iterator[DesktopSession]:
    with DesktopSession() as session:
        yield session


@dataclass
class Scene:
    """A desktop whose one token answers a Codex that has not heard the end."""

    desktop: DesktopWaystation
    person: Person
    codex: asyncio.Task[Done]
    released: asyncio.Event

    async def quit(self, way: str) -> None:
        """Choose Quit in the tray, and answer the question."""
        await self.desktop.screen.click("Quit")
        await self.desktop.screen.wait_windows(1, TITLE)
        await self.person.click(way, "button")
        await self.desktop.screen.wait_windows(0, TITLE)

    async def ends_whole(self) -> None:
        """The answer goes on to its end, and then nothing is left."""
        assert not self.codex.done()
        assert self.desktop.run.process.returncode is None
        self.released.set()
        done = await self.codex
        assert done.code == 0, done.err[-3000:]
        assert END in done.out
        await self.is_gone()

    async def is_gone(self) -> None:
        """The process has ended well and left neither port nor icon."""
        assert await self.desktop.run.wait_end() == 0
        assert refuses(self.desktop.port)
        assert tray_items(self.desktop.screen.session.bus) == []
        assert not (self.desktop.waystation.data_dir / "instance.json").exists()

    async def is_kept(self, outcome: str) -> None:
        """The request is in the history."""
        serve = await self.desktop.waystation.serve()
        turns = await self.desktop.waystation.command("turn.list")
        assert [turn["outcome"] for turn in turns] == [outcome]
        await serve.quit()


@pytest.fixture
async def answering(
    request: pytest.FixtureRequest, desktop_session: DesktopSession, make_waystation: Make, upstream: PracticeUpstream
) -> AsyncIterator[Scene]:
    """With the gateway in the window's loop, or where the parameter says."""
    placement = getattr(request, "param", "window")
    async with answering_on(Screen(desktop_session), make_waystation, upstream, placement) as scene:
        yield scene


both_placements = pytest.mark.parametrize("answering", ["window", "thread"], indirect=True)


@asynccontextmanager
async def answering_on(screen: Screen, make: Make, upstream: PracticeUpstream, placement: str) -> AsyncIterator[Scene]:
    desktop, person = await driven_desktop(screen, make, "--minimized", env={"WAYSTATION_PLACEMENT": placement})
    await desktop.waystation.import_account(upstream.accounts[0].auth_json(), "first")
    await screen.wait_status(desktop.running)
    text = await screen.copied("Copy full set-up", "bash")
    released = asyncio.Event()
    upstream.script(Turn(text=f"A word {END}", hold=released, hold_at="response.output_item.added"))
    async with codex_shell(NEWEST) as shell, asyncio.TaskGroup() as tasks:
        codex = tasks.create_task(shell.exec_with(text, prompt="Say it."))
        await until(lambda: upstream.turns, "the request")
        await until(lambda: _seen_running(desktop), "the request to be known")
        yield Scene(desktop, person, codex, released)
        codex.cancel()


async def _seen_running(desktop: DesktopWaystation) -> bool:
    return bool((await desktop.waystation.status())["active_turns"])


@both_placements
async def test_quitting_when_they_are_done_lets_the_answer_end(answering: Scene) -> None:
    await answering.quit("Quit when they are done")
    port = answering.desktop.port
    # Nobody new comes in.
    await until(lambda: refuses(port), "the closed door")
    assert len(tray_items(answering.desktop.screen.session.bus)) == 1
    await answering.ends_whole()
    await answering.is_kept("completed")


async def test_quitting_now_ends_at_once(answering: Scene) -> None:
    await answering.quit("Quit now")
    async with asyncio.timeout(4):
        await answering.is_gone()
    assert not answering.released.is_set()
    await answering.is_kept("failed")


async def test_quitting_can_be_called_off(answering: Scene) -> None:
    await answering.quit("Cancel")
    assert not refuses(answering.desktop.port)
    answering.released.set()
    assert END in (await answering.codex).out
    await answering.desktop.screen.click("Quit")
    await answering.is_gone()


@pytest.mark.parametrize("answering", ["thread"], indirect=True)
async def test_choosing_quit_again_waits_no_longer(answering: Scene) -> None:
    await answering.quit("Quit when they are done")
    port = answering.desktop.port
    await until(lambda: refuses(port), "the closed door")
    await answering.desktop.screen.click("Quit")
    async with asyncio.timeout(4):
        await answering.is_gone()
    assert not answering.released.is_set()


async def test_a_signal_gives_the_answer_some_seconds_to_end(answering: Scene) -> None:
    answering.desktop.run.process.send_signal(signal.SIGTERM)
    port = answering.desktop.port
    await until(lambda: refuses(port), "the closed door")
    await answering.ends_whole()
    await answering.is_kept("completed")


@both_placements
async def test_the_end_of_the_session_gives_the_answer_some_seconds_and_asks_nothing(answering: Scene) -> None:
    port = answering.desktop.port
    async with asyncio.TaskGroup() as tasks:
        ending = tasks.create_task(answering.person.end_session())
        await until(lambda: refuses(port), "the closed door")
        assert await answering.desktop.screen.windows(TITLE) == []
        await answering.ends_whole()
    # The system would have ended it then.
    assert ending.result() < 4
    await answering.is_kept("completed")


async def test_the_end_of_the_session_ends_and_keeps_an_answer_that_does_not_end(answering: Scene) -> None:
    assert await answering.person.end_session() < 4
    # All was written down when the system could go on.
    assert refuses(answering.desktop.port)
    await answering.is_gone()
    assert not answering.released.is_set()
    await answering.is_kept("failed")


async def test_the_end_of_the_session_does_not_wait_as_long_as_quitting_does(answering: Scene) -> None:
    await answering.quit("Quit when they are done")
    port = answering.desktop.port
    await until(lambda: refuses(port), "the closed door")
    assert await answering.person.end_session() < 4
    await answering.is_gone()
    assert not answering.released.is_set()
