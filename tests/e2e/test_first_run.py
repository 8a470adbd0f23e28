"""The first minute of a newcomer: from an empty folder to the first answer of the real Codex, by hand."""

import time
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from app.practice.server import PracticeUpstream
from tests.e2e.codex import NEWEST, check_tool_turn, codex_shell
from tests.e2e.person import Person
from tests.e2e.program import until
from tests.e2e.screen import Make, Screen
from tests.support.desktop_session import DesktopSession

pytestmark = [pytest.mark.timeout(150), pytest.mark.fixed_ports]

STEPS = ("1. Add a token", "2. Start the gateway", "3. Connect Codex")


@pytest.fixture(scope="module")
def desktop_session() -> Iterator[DesktopSession]:
    with DesktopSession() as session:
        yield session


class Browser:
    """What the system opens pages with; it notes the address, and the test plays the rest."""

    def __init__(self, folder: Path) -> None:
        self._opened = folder / "opened"
        # Qt and xdg-open both ask here, whatever browsers there are.
        self.folder = folder / "browser"
        self.folder.mkdir()
        for name in ("xdg-open", "x-www-browser"):
            program = self.folder / name
            program.write_text(
                f'#!/bin/sh\nprintf %s "$1" >{self._opened}.new && mv {self._opened}.new {self._opened}\n'
            )
            program.chmod(0o755)

    async def address(self) -> str:
        """The page that was opened, waited for."""
        await until(self._opened.exists, "the page in the browser")
        return self._opened.read_text(encoding="utf-8")


async def sign_in(person: Person, page: str, upstream: PracticeUpstream) -> None:
    """Choose the first account on the page of the simulated sign-in."""
    account = upstream.accounts[0]
    async with aiohttp.ClientSession() as browser:
        async with browser.get(page) as answer:
            assert account.email in await answer.text()
        person.clicks += 1
        async with browser.get(f"{page}&practice_account={account.email}") as back:
            assert back.status == 200


async def marks(person: Person) -> dict[str, str]:
    """The steps that can be seen, each with the word that tells how it stands."""
    seen = [item for item in await person.look() if item.kind == "label" and item.visible]
    found = {}
    for step in (item for item in seen if item.text in STEPS):
        words = [
            item.text for item in seen if abs(item.middle[1] - step.middle[1]) < 8 and item.text not in ("", step.text)
        ]
        found[step.text] = words[-1] if words else ""
    return found


async def test_from_an_empty_folder_to_the_first_answer(
    desktop_session: DesktopSession, make_waystation: Make, upstream: PracticeUpstream
) -> None:
    screen = Screen(desktop_session)
    browser = Browser(desktop_session.home)
    person = Person(screen, desktop_session.home / "ear")
    path = f"{browser.folder}:{desktop_session.env['PATH']}"
    waystation = make_waystation(desktop_session.env | {"PATH": path, "WAYSTATION_KEY_STORE": ""})
    waystation.program = person.command
    assert not waystation.data_dir.exists()

    started = time.monotonic()
    run = await waystation.start()
    await screen.wait_windows(1)
    shown = time.monotonic() - started
    await until(lambda: _are(person, ("Next", "Done", "Later")), "the first step")
    await until(lambda: person.is_on("Overview"), "the overview")

    await person.click("Sign in with ChatGPT", "button")
    await sign_in(person, await browser.address(), upstream)
    await person.click("Close", "button")
    await until(lambda: _are(person, ("Done", "Done", "Next")), "the last step")
    signed_in = time.monotonic() - started

    desktop_session.set_clipboard("nothing was copied")
    await person.click("Copy full set-up for bash", "button")
    await until(lambda: desktop_session.clipboard() != "nothing was copied", "the set-up")
    copied = time.monotonic() - started
    async with codex_shell(NEWEST) as shell:
        done = await shell.exec_with(desktop_session.clipboard())
    check_tool_turn(done, upstream.turns)

    await until(lambda: _are(person, ()), "the steps to go")
    seconds = time.monotonic() - started
    await until(lambda: _quiet(person), "the quiet summary")
    print(
        f"\nfirst run: {seconds:.1f} s (window {shown:.1f}, signed in {signed_in:.1f}, copied {copied:.1f}), "
        f"{person.clicks} clicks, 1 paste"
    )
    assert person.clicks <= 4
    # Of which most is spent on waiting for what this test looks at; a person reads meanwhile.
    assert seconds < 60
    assert (await waystation.status())["state"] == "running"
    await run.quit()


async def _are(person: Person, wanted: tuple[str, ...]) -> bool:
    return tuple((await marks(person)).values()) == wanted


async def _quiet(person: Person) -> bool:
    texts = [item.text for item in await person.look() if item.visible]
    return any(text.startswith("Codex connected · last request ") for text in texts)
