"""Finding the user's Codex: the real ones, and folders as other people have them."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import time
from pathlib import Path

import pytest

from app.platform.codex_install import CodexInstall, find_codex, program_folders
from tests.e2e.codex import VERSIONS

INSTALLED = Path(__file__).resolve().parents[2] / ".cache" / "codex"
NODE = shutil.which("node")

pytestmark = pytest.mark.skipif(os.name == "nt", reason="scripts of POSIX")


def script(folder: Path, text: str) -> Path:
    """A `codex` of our own in this folder."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "codex"
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)
    return file


@pytest.mark.parametrize("version", VERSIONS)
async def test_the_real_codex_is_found_with_its_version(version: str, tmp_path: Path) -> None:
    folder = INSTALLED / version / "node_modules" / ".bin"
    assert (folder / "codex").exists(), f"Codex {version} is not installed. Run: python3 build_scripts/dev.py test"
    path = os.pathsep.join([str(folder), os.environ["PATH"]])
    started = time.monotonic()
    found = await find_codex({"PATH": path, "HOME": str(tmp_path)}, tmp_path)
    print(f"codex {version} --version: {(time.monotonic() - started) * 1000:.0f} ms")
    numbers = tuple(int(part) for part in version.split("."))
    assert found == CodexInstall(folder / "codex", numbers)  # type: ignore[arg-type] # three of them
    assert list(tmp_path.iterdir()) == []


async def test_npms_codex_beside_its_node_is_found_without_any_path(tmp_path: Path) -> None:
    assert NODE is not None, "node is not installed"
    home = tmp_path / "home"
    folder = home / ".npm-global" / "bin"
    folder.mkdir(parents=True)
    (folder / "node").symlink_to(NODE)
    (folder / "codex").symlink_to((INSTALLED / VERSIONS[-1] / "node_modules" / ".bin" / "codex").resolve())
    # What a program started by a double click gets on macOS.
    found = await find_codex({"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "HOME": str(home)}, home)
    assert found == CodexInstall(folder / "codex", (0, 169, 0))


async def test_without_codex_there_is_none(tmp_path: Path) -> None:
    assert await find_codex({"PATH": str(tmp_path)}, tmp_path, system="none") is None
    assert await find_codex({}, tmp_path, system="none") is None


@pytest.mark.parametrize(
    ("told", "version"),
    [
        ("echo codex-cli 0.150.2", (0, 150, 2)),
        ("echo nonsense", None),
        ("exit 3", None),
        ("echo codex-cli 0.1.2 >&2", None),
        ("cat; echo codex-cli 0.9.1", (0, 9, 1)),
        ("while :; do echo flood; done", None),
    ],
)
async def test_whatever_it_says_it_is_found(tmp_path: Path, told: str, version: tuple[int, int, int] | None) -> None:
    file = script(tmp_path / "with space", told)
    path = os.pathsep.join([str(file.parent), "/usr/bin", "/bin"])
    assert await find_codex({"PATH": path}, tmp_path) == CodexInstall(file, version)


async def test_one_that_does_not_start_is_found_without_a_version(tmp_path: Path) -> None:
    file = script(tmp_path, "")
    file.write_bytes(b"\x7fELF damaged")
    assert await find_codex({"PATH": str(tmp_path)}, tmp_path) == CodexInstall(file, None)


async def test_one_that_hangs_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    file = script(tmp_path / "bin", f"sleep 60 & echo $! > {tmp_path}/child; wait")
    started = time.monotonic()
    path = os.pathsep.join([str(file.parent), "/usr/bin", "/bin"])
    assert await find_codex({"PATH": path}, tmp_path, timeout_s=0.5) == CodexInstall(file, None)
    assert time.monotonic() - started < 5
    child = int((tmp_path / "child").read_text())
    for _ in range(100):
        try:
            os.kill(child, 0)
        except ProcessLookupError:
            return
        # Somebody may have to collect it still.
        if sys.platform == "linux" and ") Z " in Path(f"/proc/{child}/stat").read_text():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("its child lives on")


async def test_whoever_stops_waiting_leaves_no_process(tmp_path: Path) -> None:
    file = script(tmp_path, f"echo $$ > {tmp_path}/self; exec sleep 60")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1.0):
            await find_codex({"PATH": f"{file.parent}:/usr/bin:/bin"}, tmp_path)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "self").read_text()), 0)


async def test_the_paths_own_codex_goes_before_the_others(tmp_path: Path) -> None:
    first = script(tmp_path / "first", "echo codex-cli 0.1.1")
    script(tmp_path / ".local" / "bin", "echo codex-cli 0.2.2")
    env = {"PATH": f"{first.parent}:/usr/bin:/bin"}
    assert await find_codex(env, tmp_path) == CodexInstall(first, (0, 1, 1))


@pytest.mark.parametrize(
    ("default", "expected"),
    [("20", "v20.11.0"), ("v18.20.4", "v18.20.4"), ("lts/*", "v22.3.0"), (None, "v22.3.0"), ("2", "v22.3.0")],
)
def test_of_nvms_versions_the_users_own_goes_first(tmp_path: Path, default: str | None, expected: str) -> None:
    for name in ("v18.20.4", "v20.11.0", "v20.9.1", "v22.3.0", "system"):
        (tmp_path / ".nvm" / "versions" / "node" / name).mkdir(parents=True)
    if default is not None:
        (tmp_path / ".nvm" / "alias").mkdir()
        (tmp_path / ".nvm" / "alias" / "default").write_text(f"{default}\n")
    folders = program_folders({}, tmp_path, "linux")
    assert folders[0] == tmp_path / ".nvm" / "versions" / "node" / expected / "bin"


@pytest.mark.parametrize("told", ["~/tools", "${HOME}/tools", '"{home}/tools"'])
def test_npms_own_prefix_is_known(tmp_path: Path, told: str) -> None:
    (tmp_path / ".npmrc").write_text(f"registry=https://x.example/\nprefix = {told.replace('{home}', str(tmp_path))}\n")
    assert program_folders({}, tmp_path, "linux")[0] == tmp_path / "tools" / "bin"
    assert program_folders({"npm_config_prefix": "/opt/n"}, tmp_path, "linux")[0] == Path("/opt/n/bin")


def test_homebrew_is_looked_at_on_macos_and_npm_on_windows(tmp_path: Path) -> None:
    assert Path("/opt/homebrew/bin") in program_folders({}, tmp_path, "darwin")
    assert Path("/usr/local/bin") in program_folders({}, tmp_path, "darwin")
    windows = program_folders({"APPDATA": str(tmp_path / "Roaming")}, tmp_path, "win32")
    assert windows[0] == tmp_path / "Roaming" / "npm"
