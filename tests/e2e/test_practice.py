"""Practice mode, the selftest, and the desktop in less friendly surroundings."""

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.practice.accounts import sample_accounts
from app.practice.script import Turn
from app.practice.server import PracticeUpstream
from tests.e2e.codex import ANSWER_MARK, NEWEST, codex_shell
from tests.e2e.program import TROUBLE, Run, Waystation, until
from tests.e2e.screen import Make, Screen, desktop_on
from tests.support.desktop_session import DesktopSession
from tests.support.ports import free_port

pytestmark = [pytest.mark.timeout(120), pytest.mark.fixed_ports]

FOLDER = re.compile(r"--data-dir (\S*waystation-practice-\w+)")


@pytest.fixture(scope="module")
def desktop_session() -> Iterator[DesktopSession]:
    with DesktopSession() as session:
        yield session


async def practice(waystation: Waystation, *arguments: str) -> tuple[Run, Path]:
    """Start practice mode; the data folder that it names."""
    run = await waystation.start("practice", "--port", "0", *arguments)
    found = await run.wait_for(lambda: FOLDER.search(run.out), "its data folder")
    return run, Path(found[1])


async def test_practice_without_a_display_makes_codex_answer(make_waystation: Make) -> None:
    waystation = make_waystation()
    run, folder = await practice(waystation, "--quiet")
    await run.wait_for(lambda: run.address, "the line of its address")
    waystation.env["WAYSTATION_DATA_DIR"] = str(folder)
    assert len(await waystation.json("token", "list")) == 3
    text = await waystation.ok("setup", "codex", "--shell", "bash")
    async with codex_shell(NEWEST) as shell:
        done = await shell.exec_with(text)
    assert done.code == 0, done.err[-3000:]
    assert ANSWER_MARK in done.out
    (session,) = await waystation.json("session", "list")
    assert session["turns"] == 2

    await waystation.ok("quit")
    assert await run.wait_end() == 0
    assert run.out.startswith("Practice: ")
    assert not folder.exists()
    assert not waystation.data_dir.joinpath("waystation.sqlite3").exists()


async def test_practice_is_visited_by_clients_of_its_own_until_it_is_ended(make_waystation: Make) -> None:
    waystation = make_waystation()
    run, folder = await practice(waystation)
    await run.wait_for(lambda: run.address, "the line of its address")
    waystation.env["WAYSTATION_DATA_DIR"] = str(folder)
    log = folder / "logs" / "waystation.log"

    def visited() -> bool:
        said = log.read_text(encoding="utf-8")
        return " responses token=" in said and " chat/completions token=" in said

    await until(visited, "turns of its own clients", within=30)
    assert len(await waystation.json("license", "list")) == 3
    said = log.read_text(encoding="utf-8")
    assert not TROUBLE.search(said), said[-3000:]
    assert sample_accounts()[0].access_token not in said

    await waystation.ok("quit")
    assert await run.wait_end() == 0
    assert not TROUBLE.search(run.err), run.err
    assert not folder.exists()


async def test_practice_with_a_display_shows_window_and_tray(
    desktop_session: DesktopSession, make_waystation: Make
) -> None:
    screen = Screen(desktop_session)
    waystation = make_waystation(desktop_session.env)
    run, _ = await practice(waystation, "--quiet")
    await screen.wait_windows(1)

    async def running() -> bool:
        return (await screen.status()).startswith("Running · 127.0.0.1:")

    await until(running, "the status line")
    assert "no token" not in await screen.status()
    tip = desktop_session.tray().property("ToolTip")[2]
    assert tip.startswith("Waystation (practice)")
    text = await screen.copied("Copy full set-up", "bash")
    async with codex_shell(NEWEST) as shell:
        done = await shell.exec_with(text)
    assert ANSWER_MARK in done.out
    account = sample_accounts()[0]
    assert account.access_token not in waystation.logs

    await screen.click("Quit")
    assert await run.wait_end() == 0


async def test_practice_hands_over_to_the_application_itself(
    desktop_session: DesktopSession, make_waystation: Make
) -> None:
    screen = Screen(desktop_session)
    waystation = make_waystation(desktop_session.env)
    await waystation.remember_port()
    run, folder = await practice(waystation)
    await screen.wait_windows(1)

    async def practising() -> bool:
        return (await screen.status()).startswith("Running")

    await until(practising, "the status line")
    (window,) = await screen.windows()
    # From the pages past the gateway's button and the words of the notice.
    keys = ("ctrl+1", "Tab", "Tab", "Tab", "space")
    await asyncio.to_thread(desktop_session.run, ["xdotool", "windowfocus", "--sync", window, "key", *keys])
    try:
        assert await run.wait_end() == 0
        assert not folder.exists()

        async def runs() -> bool:
            return (await waystation.status())["state"] == "running"

        await until(runs, "the application itself", 30)
        assert await waystation.json("token", "list") == []
        await screen.wait_windows(1)
        assert await screen.windows("practice") == []
    finally:
        # It is no child of ours.
        await waystation.run("quit")


@pytest.mark.parametrize("display", ["offscreen", "Xvfb"])
async def test_the_selftest_passes(
    display: str, desktop_session: DesktopSession, make_waystation: Make, tmp_path: Path
) -> None:
    env = {"QT_QPA_PLATFORM": "offscreen"} if display == "offscreen" else desktop_session.env
    waystation = make_waystation(env)
    file = tmp_path / "selftest.json"

    done = await waystation.run("selftest", file)

    result = json.loads(file.read_text(encoding="utf-8"))
    assert done.code == 0, f"{result} {done.err}"
    assert result["failed"] == []
    assert result["gateway"]["tokens"] == 1
    assert result["tls"]["authorities"] > 0
    assert str(tmp_path) not in done.out
    if display == "Xvfb":
        assert "SecretService" in result["key_store"]


async def test_without_a_display_the_gateway_starts_alone(waystation: Waystation) -> None:
    port = await waystation.remember_port()
    run = await waystation.start()
    await run.wait_for(lambda: run.address, "the line of its address")

    assert run.port == port
    assert "No display found: starting the gateway alone." in run.err


async def test_a_display_that_nobody_serves_does_not_hinder_the_gateway(waystation: Waystation) -> None:
    serve = await waystation.serve("--port", str(free_port()))
    await serve.quit()
    run = await waystation.start(env={"DISPLAY": ":7399"})
    await run.wait_for(lambda: run.address, "the line of its address")

    assert "The display :7399 cannot be reached: starting the gateway alone." in run.err


async def test_without_a_tray_the_window_stays(make_waystation: Make) -> None:
    with DesktopSession(with_tray=False) as session:
        screen = Screen(session)
        waystation = (await desktop_on(screen, make_waystation, "--minimized")).waystation
        await screen.wait_windows(1)
        await screen.close_windows()
        assert (await waystation.status())["state"] == "running"
        await waystation.ok("show")
        await screen.wait_windows(1)
        await waystation.close()


async def test_without_a_keyring_the_desktop_asks_and_serves_nothing_sealed(make_waystation: Make) -> None:
    with DesktopSession(with_keyring=False) as session:
        screen = Screen(session)
        desktop = await desktop_on(screen, make_waystation, env={"WAYSTATION_KEY_STORE": ""})
        await screen.wait_status(f"{desktop.running} · keyring unavailable")
        done = await desktop.waystation.run("license", "create")
        assert done.code == 1
        assert "keyring is missing, locked or full" in done.err

        await desktop.waystation.command("keystore.choose", kind="file")
        await screen.wait_status(f"{desktop.running} · no token yet")
        await desktop.waystation.license()
        assert (desktop.waystation.data_dir / "data.key").stat().st_mode & 0o777 == 0o600
        await desktop.waystation.close()


async def test_quit_ends_the_desktop_cleanly_while_codex_waits(
    desktop_session: DesktopSession, make_waystation: Make, upstream: PracticeUpstream
) -> None:
    screen = Screen(desktop_session)
    desktop = await desktop_on(screen, make_waystation)
    await desktop.waystation.import_account(upstream.accounts[0].auth_json(), "first")
    text = await screen.copied("Copy full set-up", "bash")
    upstream.script(Turn(hang_at="response.in_progress"))
    async with codex_shell(NEWEST) as shell, asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(shell.exec_with(text))
        await until(lambda: upstream.turns, "the turn")
        # Exit code and log are looked at there.
        await desktop.run.quit()
        waiting.cancel()

    assert "gateway_stopped" in desktop.waystation.logs


async def test_a_command_reaches_a_running_instance_quickly(waystation: Waystation, serve: Run) -> None:
    done = await waystation.run("token", "list")

    assert done.code == 0
    print(f"token list against a running instance: {done.seconds * 1000:.0f} ms")
