"""The frozen program, used as people do: from a terminal, by its tray, and with the real Codex.

Collected with ``--bundle FOLDER`` alone, which `build.py smoke` gives: the folder of the program.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from app.platform.autostart_files import DesktopEntry
from app.practice.server import PracticeUpstream
from bundle.layout import Bundle, version_of
from machine.checkout import Checkout
from tests.e2e.codex import NEWEST, PROMPT_MARK, check_tool_turn, codex_shell
from tests.e2e.program import Waystation, until
from tests.e2e.screen import Make, Screen, desktop_on
from tests.support.desktop_session import DesktopSession

pytestmark = [pytest.mark.bundle, pytest.mark.timeout(120), pytest.mark.fixed_ports]
linux = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc, Xvfb and D-Bus")

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def bundle(request: pytest.FixtureRequest) -> Bundle:
    return Bundle(request.config.getoption("--bundle").resolve())


class FrozenWaystation(Waystation):
    """An installation whose program is the frozen one."""

    frozen: Bundle

    def command_line(self, program: tuple[str | Path, ...], arguments: tuple[str | Path, ...]) -> list[str]:
        return [str(self.frozen.console), *map(str, arguments)]


@pytest.fixture
async def upstream() -> AsyncIterator[PracticeUpstream]:
    server = PracticeUpstream()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def make_waystation(bundle: Bundle, tmp_path: Path, upstream: PracticeUpstream) -> AsyncIterator[Make]:
    """Makes installations, as that of tests/e2e does."""
    made: list[FrozenWaystation] = []

    def make(env: dict[str, str] | None = None) -> FrozenWaystation:
        folder = tmp_path / f"waystation-{len(made)}"
        folder.mkdir()
        waystation = FrozenWaystation(folder, upstream, env)
        waystation.frozen = bundle
        # Nothing of this checkout.
        del waystation.env["PYTHONPATH"]
        made.append(waystation)
        return waystation

    try:
        yield make
        for waystation in made:
            await waystation.close()
    finally:
        for waystation in made:
            await waystation.kill()


@pytest.fixture
async def waystation(make_waystation: Make) -> Waystation:
    return make_waystation()


@pytest.fixture(scope="module")
def desktop_session() -> Iterator[DesktopSession]:
    with DesktopSession() as session:
        yield session


@pytest.fixture
def screen(desktop_session: DesktopSession) -> Screen:
    return Screen(desktop_session)


def selftest(bundle: Bundle, folder: Path, env: dict[str, str]) -> dict[str, object]:
    """Run it by the program that has no console, with a home that must stay as it was."""
    home, told = folder / "home", folder / "told.json"
    home.mkdir()
    places = ("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME")
    env = env | dict.fromkeys(places, str(home))
    done = subprocess.run([bundle.program, "selftest", told], env=env, capture_output=True, text=True, timeout=60)
    result: dict[str, object] = json.loads(told.read_text(encoding="utf-8"))
    assert result["failed"] == []
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert [path for path in home.rglob("*") if path.is_file()] == []
    return result


def test_the_selftest_passes_without_a_screen(bundle: Bundle, tmp_path: Path) -> None:
    result = selftest(bundle, tmp_path, {**_system(), "QT_QPA_PLATFORM": "offscreen"})
    assert result["version"] == version_of(Checkout(ROOT))
    assert result["modules"] > 400  # type: ignore[operator]


@linux
def test_the_selftest_passes_on_a_desktop(bundle: Bundle, tmp_path: Path, desktop_session: DesktopSession) -> None:
    result = selftest(bundle, tmp_path, desktop_session.env)
    assert result["key_store"] == "keyring.backends.SecretService.Keyring"
    desktop = result["desktop"]
    assert isinstance(desktop, dict)
    assert desktop["platform"] == "xcb"
    assert desktop["tray"] is True


@linux
def test_wayland_is_there(bundle: Bundle, tmp_path: Path) -> None:
    """Without a compositor the plugin says so itself."""
    env = {**_system(), "QT_QPA_PLATFORM": "wayland", "WAYLAND_DISPLAY": "nobody", "XDG_RUNTIME_DIR": str(tmp_path)}
    command = [bundle.program, "selftest", tmp_path / "told.json"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)
    assert "Failed to create wl_display" in done.stderr
    assert (bundle.internal / "PySide6/Qt/plugins/wayland-shell-integration/libxdg-shell.so").exists()


def test_all_that_is_in_it_has_its_license(bundle: Bundle) -> None:
    text = bundle.licenses.read_text(encoding="utf-8")
    parts = [path.name.removesuffix(".dist-info") for path in bundle.internal.glob("*.dist-info")]
    assert len(parts) > 30
    listed = {_canonical(line.partition(": ")[0]) for line in text.split("====", 1)[0].splitlines()}
    assert {_canonical(part.replace("-", " ")) for part in parts} <= listed
    for words in ("MIT License", "GNU LESSER GENERAL PUBLIC LICENSE", "PYTHON SOFTWARE FOUNDATION LICENSE"):
        assert words in text


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


async def test_the_command_line_answers(waystation: Waystation) -> None:
    version = version_of(Checkout(ROOT))
    assert await waystation.ok("--version") == f"waystation {version}\n"
    assert await waystation.json("token", "list") == []
    assert "usage: waystation" in await waystation.ok("--help")
    assert await waystation.ok("quit") == "Waystation is not running.\n"
    done = await waystation.run("license", "show", "nobody")
    assert (done.code != 0, done.err.startswith("waystation: ")) == (True, True)


@linux
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


@linux
async def test_other_programs_get_the_users_own_environment(make_waystation: Make, tmp_path: Path) -> None:
    codex, told = tmp_path / "programs" / "codex", tmp_path / "told"
    codex.parent.mkdir()
    codex.write_text(f'#!/bin/sh\nenv >{told}\necho "codex-cli {NEWEST}"\n')
    codex.chmod(0o755)
    waystation = make_waystation({"LD_LIBRARY_PATH": "/users/own"})
    waystation.env["PATH"] = f"{codex.parent}:{waystation.env['PATH']}"
    await waystation.ok("setup", "codex", "--json")
    seen = dict(line.split("=", 1) for line in told.read_text().splitlines() if "=" in line)
    assert seen["LD_LIBRARY_PATH"] == "/users/own"
    assert [name for name in seen if name.startswith(("_PYI", "QT_", "QML"))] == []


@linux
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
    (file,) = (Path(screen.session.env["XDG_CONFIG_HOME"]) / "autostart").iterdir()
    place = DesktopEntry(file.parent, "Waystation")
    command = [str(bundle.program), "--minimized", "--data-dir", str(desktop.waystation.data_dir)]
    await until(lambda: place.read() == place.words(command), "the entry of the frozen program")
    file.unlink()

    await screen.click("Open window")
    await screen.wait_windows(1)
    await screen.picture(tmp_path / "window.png")
    await screen.click("Quit")
    assert await desktop.run.wait_end() == 0


@linux
async def test_it_speaks_chinese(screen: Screen, make_waystation: Make) -> None:
    chinese = {"LANG": "zh_CN.UTF-8", "LANGUAGE": "zh_CN"}
    desktop = await desktop_on(screen, make_waystation, "--minimized", env=chinese)
    await screen.wait_status(f"运行中 · 127.0.0.1:{desktop.port} · 尚无 Token")
    await screen.entry("打开窗口")


def test_it_runs_from_another_folder(bundle: Bundle, tmp_path: Path) -> None:
    moved = tmp_path / "moved to 驿站"
    shutil.copytree(bundle.folder, moved, symlinks=True)
    result = selftest(Bundle(moved), tmp_path, {**_system(), "QT_QPA_PLATFORM": "offscreen"})
    assert result["failed"] == []


def _system() -> dict[str, str]:
    """What a program needs of the environment, and nothing of this one's."""
    kept = ("PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "LANG")
    return {name: os.environ[name] for name in kept if name in os.environ}
