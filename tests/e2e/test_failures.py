"""Every failure of the command line ends with one sentence and an exit code, never with a traceback."""

import asyncio
import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from app.practice.server import PracticeUpstream
from tests.e2e.program import ROOT, Run, Waystation
from tests.support.done import Done

USAGE = 2


def check_one_sentence(done: Done, code: int, *parts: str) -> None:
    """The failure is one line that a person understands, on standard error."""
    assert done.code == code, done.err
    lines = done.err.splitlines()
    assert len(lines) == 1, done.err
    assert lines[0].startswith("waystation: ")
    assert lines[0].endswith((".", "< key.txt")), lines[0]
    for part in parts:
        assert part in lines[0], lines[0]
    assert done.out == ""


def check_usage(done: Done, *parts: str) -> None:
    """The command line itself is wrong: argparse's two parts, the usage and one line with the mistake."""
    assert done.code == USAGE, done.err
    assert done.out == ""
    assert "Traceback" not in done.err
    assert done.err.startswith("usage: waystation")
    for part in parts:
        assert part in done.err.splitlines()[-1], done.err


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Waystation]:
    """An installation with a running instance, which no test here changes; nothing is asked upstream."""
    upstream = PracticeUpstream()
    await upstream.start()
    waystation = Waystation(tmp_path_factory.mktemp("running"), upstream)
    try:
        await waystation.serve()
        yield waystation
        assert await waystation.json("token", "list") == []
        await waystation.close()
    finally:
        await waystation.kill()
        await upstream.stop()


AUTH_FILES = {
    "not JSON": ("{not json", "not JSON"),
    "an empty file": ("", "not JSON"),
    "a list": ("[]", "not Codex's auth.json"),
    "an empty object": ("{}", "neither a ChatGPT login nor an API key"),
    "a token that is none": ('{"tokens":{"access_token":"abc"}}', "not a ChatGPT access token"),
    "tokens of a wrong type": ('{"tokens":[1,2]}', "neither a ChatGPT login nor an API key"),
    "a key with blanks": ('{"OPENAI_API_KEY":"sk a b"}', "not an API key"),
}


@pytest.mark.parametrize("name", AUTH_FILES)
async def test_a_file_that_is_no_login(name: str, running: Waystation, tmp_path: Path) -> None:
    text, expected = AUTH_FILES[name]
    file = tmp_path / "auth.json"
    file.write_text(text, encoding="utf-8")

    check_one_sentence(await running.run("token", "import", file), 2, expected)


async def test_files_that_cannot_be_read(running: Waystation, tmp_path: Path) -> None:
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00\x80")
    for file, expected in (
        (tmp_path / "missing.json", "No such file"),
        (tmp_path, "s a directory"),
        (binary, "not a text file"),
    ):
        check_one_sentence(await running.run("token", "import", file), 2, expected)


@pytest.mark.parametrize(
    ("arguments", "stdin", "code", "expected"),
    [
        (["token", "add", "--api-key", "-"], "", 2, "standard input"),
        (["token", "add", "--api-key", "-"], "two words", 2, "not an API key"),
        (["token", "add", "--access-token", "-"], "not.a.jwt", 2, "not a ChatGPT access token"),
        (["token", "disable", "t-00000000"], "", 1, "no token t-00000000"),
        (["token", "enable", "t-00000000"], "", 1, "no token t-00000000"),
        (["token", "remove", "t-00000000"], "", 1, "no token t-00000000"),
        (["license", "revoke", "l-00000000"], "", 1, "no license l-00000000"),
        (["license", "create", "--key", "short"], "", 2, "license key has 8 to 200 characters"),
        (["session", "forget", "s-00000000"], "", 1, "no session s-00000000"),
        (["setup", "codex", "--license", "two words", "--host", "127.0.0.1", "--port", "1"], "", 2, "license"),
        (["setup", "codex", "--host", "a$b", "--port", "1"], "", 2, "not an address"),
        (["setup", "codex", "--codex-version", "new"], "", 2, "no version of Codex"),
        (["show"], "", 1, "no window"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
async def test_what_cannot_be_done(
    arguments: list[str], stdin: str, code: int, expected: str, running: Waystation
) -> None:
    check_one_sentence(await running.run(*arguments, stdin=stdin), code, expected)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["no-such-command"], "no-such-command"),
        (["token"], "required"),
        (["token", "add"], "required"),
        (["token", "add", "--api-key", "sk-on-the-command-line"], "--api-key"),
        (["serve", "--port", "70000"], "70000"),
        (["serve", "--port", "many"], "many"),
        (["setup", "codex", "--shell", "tcsh"], "tcsh"),
        (["session", "forget"], "required"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
async def test_a_wrong_command_line(arguments: list[str], expected: str, running: Waystation) -> None:
    check_usage(await running.run(*arguments), expected)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("WAYSTATION_KEY_STORE", "drawer", "WAYSTATION_KEY_STORE must be keyring, file or memory"),
        ("WAYSTATION_CHATGPT_BASE_URL", "not an address", "WAYSTATION_CHATGPT_BASE_URL"),
        ("WAYSTATION_OPENAI_BASE_URL", "ftp://example.com", "WAYSTATION_OPENAI_BASE_URL"),
        ("WAYSTATION_AUTH_ISSUER", "http://", "WAYSTATION_AUTH_ISSUER"),
        ("WAYSTATION_DATA_DIR", "/dev/null/data", "/dev/null/data"),
    ],
)
@pytest.mark.parametrize("command", [["serve"], ["token", "list"]], ids=" ".join)
async def test_a_wrong_environment(
    command: list[str], name: str, value: str, expected: str, waystation: Waystation
) -> None:
    done = await waystation.run(*command, env={name: value})

    check_one_sentence(done, done.code, expected)
    assert done.code in (1, 2)


async def test_quit_without_an_instance_is_no_failure(waystation: Waystation) -> None:
    done = await waystation.run("quit")

    assert (done.code, done.out, done.err) == (0, "Waystation is not running.\n", "")


async def test_without_an_instance_the_same_sentences_come(waystation: Waystation, tmp_path: Path) -> None:
    file = tmp_path / "auth.json"
    file.write_text("{}", encoding="utf-8")

    check_one_sentence(await waystation.run("show"), 1, "not running")
    check_one_sentence(await waystation.run("token", "import", file), 2, "neither a ChatGPT login nor an API key")
    check_one_sentence(await waystation.run("token", "disable", "t-00000000"), 1, "no token t-00000000")


async def test_a_port_that_is_taken(waystation: Waystation) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        check_one_sentence(await waystation.run("serve", "--port", str(port)), 1, f"Port {port}", "is free")


async def test_an_address_that_is_not_ours(waystation: Waystation) -> None:
    check_one_sentence(await waystation.run("serve", "--host", "192.0.2.1", "--port", "0"), 2, "192.0.2.1")


async def test_a_second_serve_on_the_same_data_folder(waystation: Waystation, serve: Run) -> None:
    done = await waystation.run("serve", "--port", "0")

    check_one_sentence(done, 1, "running already", str(serve.process.pid), serve.address or "", "waystation quit")


@pytest.mark.parametrize("command", [["serve", "--port", "0"], ["token", "list"]], ids=" ".join)
async def test_a_damaged_database_is_left_alone(command: list[str], waystation: Waystation) -> None:
    file = await database(waystation)
    damaged = b"This is no database, however long it may be. " * 200
    file.write_bytes(damaged)

    check_one_sentence(await waystation.run(*command), 1, str(file), "damaged")
    assert file.read_bytes() == damaged


@pytest.mark.parametrize("command", [["serve", "--port", "0"], ["token", "list"]], ids=" ".join)
async def test_the_database_of_a_newer_version_is_left_alone(command: list[str], waystation: Waystation) -> None:
    file = await database(waystation)
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    before = file.read_bytes()

    check_one_sentence(await waystation.run(*command), 1, "newer")
    assert file.read_bytes() == before


async def test_a_data_folder_that_cannot_be_written(waystation: Waystation) -> None:
    waystation.data_dir.mkdir()
    with read_only(waystation.data_dir):
        for command in (["token", "list"], ["serve", "--port", "0"], ["quit"]):
            check_one_sentence(await waystation.run(*command), 1, str(waystation.data_dir))


async def test_what_a_crash_leaves_behind_is_in_nobodys_way(waystation: Waystation, serve: Run) -> None:
    await waystation.license()
    await serve.kill()
    assert (waystation.data_dir / "instance.json").exists()

    assert [item["label"] for item in await waystation.json("license", "list")] == ["test"]
    assert await waystation.ok("quit") == "Waystation is not running.\n"


async def test_a_reader_that_leaves_is_no_failure(waystation: Waystation, serve: Run) -> None:
    process = await asyncio.create_subprocess_exec(
        "bash",
        "-c",
        'set -o pipefail; "$0" -m app license list --json | true',
        sys.executable,
        env=waystation.env,
        cwd=ROOT,
        stderr=asyncio.subprocess.PIPE,
    )
    _, err = await process.communicate()

    assert (process.returncode, err) == (0, b"")


async def test_ctrl_c_ends_serve_in_good_order(waystation: Waystation, serve: Run) -> None:
    serve.process.send_signal(2)

    assert await serve.wait_end() == 0
    assert serve.err == ""


async def database(waystation: Waystation) -> Path:
    """The installation's database, made by a command."""
    await waystation.ok("token", "list")
    (file,) = waystation.data_dir.glob("*.sqlite3")
    for leftover in waystation.data_dir.glob("*.sqlite3-*"):
        leftover.unlink()
    return file


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """A folder in which this user cannot write. Root can everywhere, save on a disk that is mounted so."""
    if os.geteuid() != 0:
        folder.chmod(0o500)
        try:
            yield
        finally:
            folder.chmod(0o700)
        return
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "waystation-test", folder], check=False)
    if mounted.returncode:
        pytest.skip("root without the right to mount")
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)
