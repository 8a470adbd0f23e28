"""The frozen program on a desktop of its own, with its tray's menu over D-Bus, and with the real Codex."""

import asyncio
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from app.platform.autostart_files import DesktopEntry
from app.platform.instance import announced
from app.practice.server import PracticeUpstream
from bundle.layout import Bundle
from tests.build_scripts.frozen.selftests import selftest, system_environment
from tests.e2e.codex import NEWEST, PROMPT_MARK, check_tool_turn, codex_shell
from tests.e2e.program import Waystation, until
from tests.e2e.screen import Make, Screen, desktop_on
from tests.e2e.test_practice import practice
from tests.support.desktop_session import DesktopSession
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.bundle, pytest.mark.timeout(120), pytest.mark.fixed_ports]


@pytest.fixture(scope="module")
def desktop_session() -> Iterator[DesktopSession]:
    with DesktopSession() as session:
        yield session


@pytest.fixture
def screen(desktop_session: DesktopSession) -> Screen:
    return Screen(desktop_session)


def test_the_selftest_passes_on_a_desktop(bundle: Bundle, tmp_path: Path, desktop_session: DesktopSession) -> None:
    result = selftest(bundle, tmp_path, desktop_session.env)
    assert result["key_store"] == "keyring.backends.SecretService.Keyring"
    desktop = result["desktop"]
    assert isinstance(desktop, dict)
    assert desktop["platform"] == "xcb"
    assert desktop["tray"] is True


@pytest.fixture
def wayland(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A compositor that shows nothing; what a program needs of the environment to find it."""
    # Short, because the path of a socket may have 107 bytes at most.
    with tempfile.TemporaryDirectory(prefix="ws-wayland-") as folder:
        env = system_environment() | {"XDG_RUNTIME_DIR": folder, "HOME": folder}
        command = ["weston", "--backend=headless-backend.so", "--socket=wayland-test", "--idle-time=0"]
        with (tmp_path / "weston.log").open("wb") as log:
            weston = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            wait_for(Path(folder, "wayland-test").exists, "the compositor")
            yield {"XDG_RUNTIME_DIR": folder, "WAYLAND_DISPLAY": "wayland-test", "WAYLAND_DEBUG": "1"}
        finally:
            weston.terminate()
            weston.wait(10)


async def test_the_window_opens_under_wayland(make_waystation: Make, wayland: dict[str, str]) -> None:
    run = await make_waystation(wayland).start()
    await run.wait_for(lambda: 'set_title("Waystation")' in run.err or None, "the window")
    maps = Path(f"/proc/{run.process.pid}/maps").read_text(encoding="utf-8")
    assert "platforms/libqwayland.so" in maps
    assert "libqxcb.so" not in maps
    await run.quit()


async def test_codex_takes_a_turn_through_serve_which_loads_no_qt(
    waystation: Waystation, upstream: PracticeUpstream
) -> None:
    waystation.secrets.add(PROMPT_MARK)
    serve = await waystation.serve()
    await waystation.import_account(upstream.accounts[0].auth_json(), "first")
    text = await waystation.ok("setup", "codex", "--shell", "bash")
    async with codex_shell(NEWEST) as shell:
        done = await shell.exec_with(text)

    check_tool_turn(done, upstream.turns)
    maps = Path(f"/proc/{serve.process.pid}/maps").read_text(encoding="utf-8")
    assert "uvloop" in maps
    assert not re.search(r"libQt6|PySide6", maps)


async def test_other_programs_get_the_users_own_environment(
    make_waystation: Make, bundle: Bundle, tmp_path: Path
) -> None:
    codex, told, version = tmp_path / "programs" / "codex", tmp_path / "told", tmp_path / "version"
    codex.parent.mkdir()
    codex.write_text(f'#!/bin/sh\nenv >{told}\n"{bundle.program}" --version >{version}\necho "codex-cli {NEWEST}"\n')
    codex.chmod(0o755)
    waystation = make_waystation({"LD_LIBRARY_PATH": "/users/own"})
    waystation.env["PATH"] = f"{codex.parent}:{waystation.env['PATH']}"
    await waystation.ok("setup", "codex", "--json")
    seen = dict(line.split("=", 1) for line in told.read_text().splitlines() if "=" in line)
    assert seen["LD_LIBRARY_PATH"] == "/users/own"
    # One of them may be this very program.
    assert version.read_text().startswith("waystation ")
    assert [name for name in seen if name.startswith(("_PYI", "QT_", "QML"))] == []


async def test_the_tray_is_used_and_codex_takes_a_turn_with_what_it_copies(
    screen: Screen, make_waystation: Make, upstream: PracticeUpstream, bundle: Bundle, tmp_path: Path
) -> None:
    desktop = await desktop_on(screen, make_waystation, "--minimized")
    desktop.waystation.secrets.add(PROMPT_MARK)
    await desktop.waystation.import_account(upstream.accounts[0].auth_json(), "first")
    await screen.wait_status(desktop.running)
    text = await screen.copied("Copy full set-up", "bash")
    async with codex_shell(NEWEST) as shell:
        done = await shell.exec_with(text)
    check_tool_turn(done, upstream.turns)

    await screen.click("Start at sign-in")
    folder = Path(screen.session.env["XDG_CONFIG_HOME"]) / "autostart"
    place = DesktopEntry(folder, "Waystation")
    command = [str(bundle.program), "--minimized", "--data-dir", str(desktop.waystation.data_dir)]
    await until(lambda: place.read() == place.words(command), "the entry of the frozen program")
    (file,) = folder.iterdir()
    file.unlink()

    await screen.click("Open window")
    await screen.wait_windows(1)
    await screen.picture(tmp_path / "window.png")
    await screen.click("Quit")
    assert await desktop.run.wait_end() == 0


async def press(screen: Screen, *keys: str, title: str = "Waystation") -> None:
    """Press keys in the window with this title: the frozen program has no ear for more."""
    (window,) = await screen.windows(title)
    command = ["xdotool", "windowfocus", "--sync", window, "key", *keys]
    await asyncio.to_thread(screen.session.run, command)


async def test_a_second_start_shows_the_window_of_the_first_with_the_licenses_of_the_bundle(
    screen: Screen, make_waystation: Make, bundle: Bundle, tmp_path: Path
) -> None:
    desktop = await desktop_on(screen, make_waystation, "--minimized")
    await screen.wait_status(f"{desktop.running} · no token yet")
    assert await screen.windows() == []

    done = await desktop.waystation.run()

    assert (done.code, done.out, done.err) == (0, "", "")
    await screen.wait_windows(1)
    # The settings, and backwards to the last of their buttons.
    await press(screen, "ctrl+7", "shift+Tab", "space")
    dialog = "Software that Waystation uses"
    await screen.wait_windows(1, dialog)
    await screen.picture(tmp_path / "licenses.png")
    await asyncio.to_thread(screen.session.set_clipboard, "nothing was copied")
    (window,) = await screen.windows(dialog)
    into_the_text = ["mousemove", "--window", window, "300", "260", "click", "1"]
    await asyncio.to_thread(screen.session.run, ["xdotool", *into_the_text])
    await press(screen, "ctrl+a", "ctrl+c", title=dialog)
    written = bundle.licenses.read_text(encoding="utf-8")

    async def copied() -> bool:
        return (await screen.clipboard()).strip() == written.strip()

    await until(copied, "the licenses of everything in the bundle")
    await press(screen, "Escape", title=dialog)
    await screen.wait_windows(0, dialog)


async def test_practice_starts_the_frozen_program_for_real(
    screen: Screen, make_waystation: Make, bundle: Bundle
) -> None:
    waystation = make_waystation(screen.session.env)
    await waystation.remember_port()
    run, folder = await practice(waystation)
    await screen.wait_windows(1)

    async def practising() -> bool:
        return (await screen.status()).startswith("Running")

    await until(practising, "the status line")
    # From the pages past the gateway's button and the words of the notice.
    await press(screen, "ctrl+1", "Tab", "Tab", "Tab", "space")
    try:
        assert await run.wait_end() == 0
        assert not folder.exists()

        async def runs() -> bool:
            return (await waystation.status())["state"] == "running"

        await until(runs, "the application itself", 30)
        real = psutil.Process(announced(waystation.data_dir).pid)
        assert real.cmdline() == [str(bundle.program)]
        assert real.terminal() is None
        await screen.wait_windows(1)
        assert await screen.windows("practice") == []
    finally:
        # It is no child of ours.
        await waystation.run("quit")


async def test_it_speaks_chinese(screen: Screen, make_waystation: Make) -> None:
    chinese = {"LANG": "zh_CN.UTF-8", "LANGUAGE": "zh_CN"}
    desktop = await desktop_on(screen, make_waystation, "--minimized", env=chinese)
    await screen.wait_status(f"运行中 · 127.0.0.1:{desktop.port} · 尚无 Token")
    await screen.entry("打开窗口")
