"""Who starts with the computer reads what the tray and the gateway need, and the rest when somebody looks."""

import re
from collections.abc import Iterator

import pytest

from tests.e2e.program import until
from tests.e2e.screen import Make, Screen, desktop_on
from tests.support.desktop_session import DesktopSession

pytestmark = [pytest.mark.timeout(120), pytest.mark.fixed_ports]

# Of Python's `-X importtime`.
READ = re.compile(r"^import time: +\d+ \| +\d+ \| +(\S+)$", re.MULTILINE)
NOT_BEFORE_THE_WINDOW = {
    "app.desktop.window",
    "app.desktop.pages",
    "app.desktop.models",
    "app.desktop.set_up",
    "app.desktop.sign_in.dialog",
    "app.desktop.widgets.focus_ring",
    "app.platform.codex_check",
    "app.platform.codex_facts",
    "app.platform.codex_writer",
    "tomlkit",
    "psutil",
}
NEVER = {"aiohttp_socks", "app.practice", "alembic", "multiprocessing", "sqlalchemy.orm", "PySide6.QtNetwork"}


@pytest.fixture(scope="module")
def desktop_session() -> Iterator[DesktopSession]:
    with DesktopSession() as session:
        yield session


async def test_the_window_and_what_sets_codex_up_are_read_when_somebody_looks(
    desktop_session: DesktopSession, make_waystation: Make
) -> None:
    screen = Screen(desktop_session)
    desktop = await desktop_on(screen, make_waystation, "--minimized", program=("-X", "importtime", "-m", "app"))
    await screen.wait_status(f"{desktop.running} · no token yet")

    def read() -> set[str]:
        return set(READ.findall(desktop.run.err))

    assert "app.desktop.tray" in read()
    assert not read() & (NOT_BEFORE_THE_WINDOW | NEVER)
    await screen.click("Open window")
    await screen.wait_windows(1)
    assert {"app.desktop.pages", "app.platform.codex_writer"} <= read()
    # The window is there before it has the keyboard.
    await until(lambda: "app.desktop.widgets.focus_ring" in read(), "the line around what has the keyboard")
    assert not read() & NEVER
    # No stream stops while Linux looks for room.
    assert await desktop.waystation.room_for_files() >= 4_500
    await desktop.run.quit()
