"""`waystation update` as the system starts it: asks once, with an instance or without, and nobody else does."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from app import __version__
from app.commandline.desktop import started
from app.commandline.options import InstanceOptions, instance_options
from app.commandline.owner import owned_gateway
from app.commandline.practice import practice_instance
from app.core.errors import InvalidInput
from app.gateway import release_desk
from app.platform.instance import InstanceLock
from app.store.key_stores import KeyStoreKind
from app.upstream.endpoints import UpstreamEndpoints
from tests.support.release_feed import Feed, running_feed

ROOT = Path(__file__).resolve().parents[2]
NOWHERE = UpstreamEndpoints("http://127.0.0.1:9", "http://127.0.0.1:9", "http://127.0.0.1:9")


@pytest.fixture
async def feed() -> AsyncIterator[Feed]:
    async with running_feed() as made:
        yield made


def environ(folder: Path, feed: str) -> dict[str, str]:
    return {
        **os.environ,
        "WAYSTATION_DATA_DIR": str(folder / "data"),
        "WAYSTATION_KEY_STORE": "file",
        "WAYSTATION_CHATGPT_BASE_URL": "http://127.0.0.1:9/backend-api",
        "WAYSTATION_OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
        "WAYSTATION_AUTH_ISSUER": "http://127.0.0.1:9",
        "WAYSTATION_RELEASE_FEED": feed,
        "NO_PROXY": "127.0.0.1",
    }


async def waystation(folder: Path, feed: str, *arguments: str) -> tuple[int, str, str]:
    """Exit code, output and errors of one command."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "app",
        *arguments,
        cwd=ROOT,
        env=environ(folder, feed),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(30):
        output, errors = await process.communicate()
    assert b"Traceback" not in errors
    return process.returncode or 0, output.decode(), errors.decode()


@asynccontextmanager
async def serving(folder: Path, feed: str) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "app",
        "serve",
        "--port",
        "0",
        cwd=ROOT,
        env=environ(folder, feed),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(30):
            assert b"listening on" in await process.stdout.readline()
        yield
        assert (await waystation(folder, feed, "quit"))[0] == 0
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_a_new_version_is_printed_and_is_an_exit_code(tmp_path: Path, feed: Feed) -> None:
    page = f"http://127.0.0.1:{feed.port}/page"
    feed.tells(published_at="2026-03-01T12:00:00Z", html_url=page, body="# New\n* \x1b[31mred\u202e " + "word " * 30)
    code, output, _ = await waystation(tmp_path, feed.address, "update")
    assert code == 3
    assert output.splitlines()[0] == f"Waystation 9.1.0 is out, of 2026-03-01. This is {__version__}."
    assert "  • [31mred word" in output
    assert max(map(len, output.splitlines())) < 80
    assert output.splitlines()[-1] == f"The page: {page}"
    assert len(feed.asked) == 1


async def test_the_newest_version_is_told_also_as_json(tmp_path: Path, feed: Feed) -> None:
    feed.tells(tag_name=f"v{__version__}")
    assert await waystation(tmp_path, feed.address, "update") == (
        0,
        f"Waystation {__version__} is the newest version.\n",
        "",
    )
    code, output, _ = await waystation(tmp_path, feed.address, "update", "--json")
    found = json.loads(output)
    assert (code, found["version"], found["news"], found["consent"]) == (0, __version__, None, "not_asked")


async def test_what_failed_is_told(tmp_path: Path, feed: Feed) -> None:
    feed.says(status=404)
    code, output, errors = await waystation(tmp_path, feed.address, "update")
    assert (code, output) == (1, "")
    assert "knows of no release" in errors
    code, _, errors = await waystation(tmp_path, "", "update")
    assert code == 2
    assert "WAYSTATION_RELEASE_FEED" in errors
    code, _, errors = await waystation(tmp_path, "ftp://x", "update")
    assert code == 2
    assert errors.startswith("waystation: WAYSTATION_RELEASE_FEED cannot be used.")


async def test_a_running_instance_asks_for_the_command_alone(tmp_path: Path, feed: Feed) -> None:
    async with serving(tmp_path, feed.address):
        assert feed.asked == []
        code, output, _ = await waystation(tmp_path, feed.address, "update", "--json")
        assert (code, json.loads(output)["news"]["version"]) == (3, "9.1.0")
        assert len(feed.asked) == 1


def test_a_test_run_names_no_feed() -> None:
    assert "WAYSTATION_RELEASE_FEED" not in os.environ
    assert instance_options(Path("data"), os.environ).release_feed == ""
    # As the instances of tests and of practice are made.
    assert InstanceOptions(Path("data"), NOWHERE).release_feed is None


async def test_practice_asks_nobody_on_its_own_or_on_a_click(
    tmp_path: Path, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAYSTATION_RELEASE_FEED", feed.address)
    monkeypatch.setattr(release_desk, "FIRST_S", 0.01)
    practice = practice_instance(lambda: False, lambda: None, visited=False, log_folder=tmp_path)
    async with started(practice, 0) as handle:
        assert not handle.snapshot().release.allowed
        await handle.call("update.feed", address=feed.address)
        await handle.call("update.agree", agreed=True)
        with pytest.raises(InvalidInput, match="Practice"):
            await handle.call("update.check")
        await asyncio.sleep(0.2)
    assert feed.asked == []


async def test_the_desktop_asks_by_itself_after_the_user_agreed(
    tmp_path: Path, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(release_desk, "FIRST_S", 0.01)
    lock = InstanceLock(tmp_path)
    lock.acquire()
    options = InstanceOptions(tmp_path, NOWHERE, KeyStoreKind.FILE, release_feed=feed.address)
    instance = owned_gateway(options, lock, show=lambda: False, quit=lambda: None)
    async with started(instance, 0) as handle:
        await asyncio.sleep(0.2)
        assert feed.asked == []
        await handle.call("update.agree", agreed=True)
        async with asyncio.timeout(5):
            while handle.snapshot().release.news is None:  # noqa: ASYNC110 - a snapshot tells nobody
                await asyncio.sleep(0.01)
    assert len(feed.asked) == 1
