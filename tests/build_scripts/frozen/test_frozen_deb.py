"""The package of the frozen program: installed, used, upgraded while it runs, and removed, by the real dpkg."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import aiohttp
import pytest

if sys.platform != "linux":
    pytest.skip("dpkg is Linux", allow_module_level=True)

from app.platform.instance import announced
from app.practice.script import Turn
from app.practice.server import PracticeUpstream
from bundle.layout import Bundle
from installers.linux.deb import make_deb
from tests.build_scripts.frozen.selftests import selftest, system_environment
from tests.build_scripts.linux.machine import Debian
from tests.e2e.conftest import Make
from tests.e2e.program import until
from tests.e2e.test_desktop import refuses

pytestmark = [pytest.mark.bundle, pytest.mark.timeout(120), pytest.mark.fixed_ports]

SVG = Path(__file__).resolve().parents[3] / "resources/icons/waystation.svg"


@pytest.fixture(scope="module")
def deb(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package, not compressed: that takes half a minute, and is tried with each release."""
    folder = tmp_path_factory.mktemp("deb")
    (folder / "waystation-16.png").write_bytes(b"\x89PNG")
    return make_deb(bundle, "1.0.0", folder, 1764000000, icons=folder, svg=SVG, packed=("-Znone",))


@pytest.fixture(scope="module")
def debian(deb: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Debian]:
    """A system that has it. Whatever of it runs at the end is ended."""
    debian = Debian(tmp_path_factory.mktemp("debian"))
    debian.begin()
    debian.install(deb)
    try:
        yield debian
    finally:
        for process in debian.running():
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)


def test_what_is_installed_passes_the_selftest_and_is_as_it_was_after(debian: Debian, tmp_path: Path) -> None:
    before = debian.files()
    # Over the link in /usr/bin, as a terminal finds it.
    shown = subprocess.run([debian.command, "--version"], env=system_environment(), capture_output=True, text=True)
    assert shown.stdout.startswith("waystation ")
    selftest(Bundle(debian.folder), tmp_path, {**system_environment(), "QT_QPA_PLATFORM": "offscreen"})
    assert debian.files() == before
    assert debian.dpkg("--verify", "waystation") == ""


async def test_an_upgrade_lets_a_request_end_and_brings_desktop_and_serve_back(
    debian: Debian, deb: Path, make_waystation: Make, upstream: PracticeUpstream
) -> None:
    serving, desktop = make_waystation(), make_waystation({"QT_QPA_PLATFORM": "offscreen"})
    for waystation in (serving, desktop):
        waystation.frozen = Bundle(debian.folder)
    serve = await serving.serve()
    window = await desktop.start("--data-dir", desktop.data_dir)
    await until(lambda: announced(desktop.data_dir), "the desktop's instance.json")
    await serving.import_account(upstream.accounts[0].auth_json(), "first")
    key = await serving.license()
    released = asyncio.Event()
    upstream.script(Turn(hold=released, hold_at="response.output_item.added"))
    body = {"model": "gpt-5", "input": "hi", "instructions": "", "stream": True, "store": False}

    async def end_of_answer(answer: aiohttp.ClientResponse) -> str:
        # Asked to end, it takes no more requests.
        await until(lambda: refuses(serve.port), "the old program's end to begin")
        released.set()
        return await answer.text()

    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {key}"}) as client,
        client.post(f"{serve.address}/responses", json=body) as answer,
    ):
        said, text = await asyncio.gather(asyncio.to_thread(debian.install, deb), end_of_answer(answer))
    assert "response.completed" in text
    assert said.count("Waystation starts again.") == 2, said
    assert await serve.wait_end() == await window.wait_end() == 0
    for waystation, before in ((serving, serve), (desktop, window)):
        info = await until(lambda folder=waystation.data_dir: announced(folder), "the second start")
        assert info.pid != before.process.pid
        assert info.pid in debian.running()
        arguments = Path(f"/proc/{info.pid}/cmdline").read_bytes().decode().split("\0")
        assert ("--minimized" in arguments) is (waystation is desktop)
        # And it is the same to its clients.
        assert (await waystation.status())["pid"] == info.pid
        await waystation.command("quit")
    assert await until(lambda: not debian.running(), "the end of both")


def test_a_purge_ends_it_and_leaves_nothing(debian: Debian, tmp_path: Path) -> None:
    data = tmp_path / "data"
    env = {**system_environment(), "WAYSTATION_KEY_STORE": "file", "WAYSTATION_DATA_DIR": str(data), "HOME": str(data)}
    with subprocess.Popen([debian.command, "serve", "--port", "0"], env=env, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        assert run.stdout.readline().startswith("listening on")
        assert "Ending Waystation" in debian.dpkg("--purge", "waystation")
        assert run.wait(10) == 0
    assert debian.files() == {}
    assert not debian.folder.exists()
    assert (data / "waystation.sqlite3").exists()
