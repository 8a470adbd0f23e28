"""A colleague on another machine: let in, given a set-up, and answered; everybody else stays outside."""

import asyncio
from collections.abc import Iterator

import pytest

from app.practice.server import PracticeUpstream
from tests.e2e.codex import NEWEST, check_tool_turn, codex_shell
from tests.e2e.other_machine import OtherMachine, other_machine
from tests.e2e.person import Person, driven_desktop
from tests.e2e.program import until
from tests.e2e.screen import Make, Screen
from tests.e2e.test_other_machine import on
from tests.support.desktop_session import DesktopSession

pytestmark = [pytest.mark.timeout(120), pytest.mark.fixed_ports]

LAN = "Other computers on the local network may use it"
STATUS = "curl -s -m 3 -o /dev/null -w '%{http_code}'"


@pytest.fixture(scope="module")
def machine() -> Iterator[OtherMachine]:
    with other_machine() as machine:
        yield machine


@pytest.fixture(scope="module")
def desktop_session() -> Iterator[DesktopSession]:
    with DesktopSession() as session:
        yield session


async def test_a_colleague_is_let_in_set_up_and_answered(
    machine: OtherMachine, desktop_session: DesktopSession, make_waystation: Make, upstream: PracticeUpstream
) -> None:
    screen = Screen(desktop_session)
    desktop, person = await driven_desktop(screen, make_waystation)
    waystation = desktop.waystation
    await waystation.import_account(upstream.accounts[0].auth_json(), "first")
    url = f"http://{machine.here}:{desktop.port}/codex/v1/models"
    # Nobody listens there yet.
    assert await on(machine, f"{STATUS} {url}") == "000"

    await person.turn_to("Settings")
    await person.click(LAN, "check")
    await person.click("Let them", "button")
    await until(lambda: _ticked(person), "the tick")
    text = await copied_for_a_colleague(person, f"http://{machine.here}:{desktop.port}/codex/v1")

    async with codex_shell(NEWEST) as shell:
        done = await shell.exec_with(text, prefix=machine.prefix)
    check_tool_turn(done, upstream.turns)
    (made,) = await waystation.json("license", "list")
    assert made["label"] == "Ann"
    assert made["last_peer"] != "127.0.0.1"
    assert machine.here not in made["last_peer"]
    await person.turn_to("Settings")
    await until(lambda: _names(person, made["last_peer"]), "who was there")

    key = next(word for word in text.replace('"', " ").replace("'", " ").split() if word.startswith("ws-"))
    waystation.secrets.add(key)
    seen = len(upstream.turns)
    license_header = f"-H 'Authorization: {key}'"
    assert await on(machine, f"{STATUS} {license_header} {url}") == "200"
    assert await on(machine, f"{STATUS} {url}") == "401"
    assert await on(machine, f"{STATUS} -H 'Authorization: ws-guessed' {url}") == "401"
    assert await on(machine, f"{STATUS} {license_header} -H 'Host: rebound.example' {url}") == "403"
    assert len(upstream.turns) == seen

    await person.click(LAN, "check")
    await until(lambda: _unticked(person), "no tick")
    assert await on(machine, f"{STATUS} {license_header} {url}") == "000"


async def copied_for_a_colleague(person: Person, address: str) -> str:
    """Make a license for Ann and copy the set-up for her computer."""
    screen = person.screen
    await asyncio.to_thread(screen.session.set_clipboard, "nothing was copied")
    await person.turn_to("Licenses")
    await person.click("Copy for a colleague…", "button")
    await screen.wait_windows(1, "Copy for a colleague")
    await person.click("Label:", "field")
    await person.type("Ann")
    if await person.value("Address:", "choice") != address:
        await person.choose("Address:", address)
    await person.click("Copy set-up", "button")

    async def copied() -> str | None:
        text = await screen.clipboard()
        return text if text != "nothing was copied" else None

    return await until(copied, "the set-up for the colleague")


async def _ticked(person: Person) -> bool:
    return await person.value(LAN, "check") == "ticked"


async def _unticked(person: Person) -> bool:
    return not await _ticked(person)


async def _names(person: Person, peer: str) -> bool:
    return any(peer in item.text for item in await person.look() if item.kind == "label")
