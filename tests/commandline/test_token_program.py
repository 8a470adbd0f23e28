"""Signing in and importing by the program as the system starts it, with an instance running and without."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from app.practice.accounts import other_workspace, sample_accounts, sample_api_keys
from app.practice.server import PracticeUpstream

pytestmark = pytest.mark.fixed_ports

ROOT = Path(__file__).resolve().parents[2]
PLUS, PRO = sample_accounts()
KEY = sample_api_keys()[0]


@dataclass
class Program:
    """The program on one data folder, in a home of its own."""

    home: Path
    practice: PracticeUpstream
    started: list[asyncio.subprocess.Process] = field(default_factory=list)

    async def start(self, *arguments: str, **env: str) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "app",
            *arguments,
            cwd=ROOT,
            env={
                **os.environ,
                "HOME": str(self.home),
                "CODEX_HOME": str(self.home / ".codex"),
                "WAYSTATION_DATA_DIR": str(self.home / "data"),
                "WAYSTATION_KEY_STORE": "file",
                "WAYSTATION_CHATGPT_BASE_URL": self.practice.chatgpt_base_url,
                "WAYSTATION_OPENAI_BASE_URL": self.practice.openai_base_url,
                "WAYSTATION_AUTH_ISSUER": self.practice.auth_issuer,
                **env,
            },
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        self.started.append(process)
        return process

    async def run(self, *arguments: str, stdin: str = "", **env: str) -> tuple[int, str, str]:
        return await finished(await self.start(*arguments, **env), stdin)

    async def tokens(self) -> list[dict[str, object]]:
        code, out, _ = await self.run("token", "list", "--json")
        assert code == 0
        return list(json.loads(out))

    def write(self, name: str, text: str) -> str:
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return str(path)


def notes_of(table: str) -> list[str]:
    """The last column of a table."""
    title, *rows = table.splitlines()
    return [row[title.index("NOTES") :] for row in rows]


async def finished(process: asyncio.subprocess.Process, stdin: str = "") -> tuple[int, str, str]:
    async with asyncio.timeout(40):
        out, err = await process.communicate(stdin.encode())
    assert b"Traceback" not in err
    return process.returncode or 0, out.decode(), err.decode()


async def line_with(process: asyncio.subprocess.Process, pattern: str) -> str:
    """The first match of a line that the program prints."""
    assert process.stdout is not None
    async with asyncio.timeout(30):
        while line := (await process.stdout.readline()).decode():
            if match := re.search(pattern, line):
                return match[0]
    raise AssertionError(f"it ended without {pattern}")


@pytest.fixture
async def program(tmp_path: Path) -> AsyncIterator[Program]:
    practice = PracticeUpstream()
    practice.sign_in.device_interval = 1
    await practice.start()
    made = Program(tmp_path, practice)
    yield made
    for process in made.started:
        if process.returncode is None:
            process.kill()
            await process.communicate()
    await practice.stop()


@pytest.fixture(params=["no instance", "an instance"])
async def either(request: pytest.FixtureRequest, program: Program) -> Program:
    if request.param == "an instance":
        await line_with(await program.start("serve", "--port", "0"), "listening")
    return program


async def test_a_sign_in_says_that_another_took_its_place(program: Program) -> None:
    await line_with(await program.start("serve", "--port", "0"), "listening")
    first = await program.start("token", "sign-in", "--device")
    await line_with(first, r"\b[A-Z0-9]{4}-[A-Z0-9]{5}\b")
    second = await program.start("token", "sign-in", "--device")
    await line_with(second, r"\b[A-Z0-9]{4}-[A-Z0-9]{5}\b")
    assert await finished(first) == (1, "\n", "waystation: Another sign-in was begun in its place.\n")


async def test_a_sign_in_by_device_code(either: Program) -> None:
    process = await either.start("token", "sign-in", "--device", "--label", "mine")
    either.practice.approve_device((await line_with(process, r"\b[A-Z0-9]{4}-[A-Z0-9]{5}\b")), PLUS)
    code, out, err = await finished(process)
    assert (code, err) == (0, "")
    assert "Signed in as pl•••@example.com (plus)." in out
    (token,) = await either.tokens()
    assert (token["label"], token["state"]) == ("mine", "ready")


async def test_a_sign_in_that_is_refused(either: Program) -> None:
    process = await either.start("token", "sign-in", "--device")
    either.practice.deny_device(await line_with(process, r"\b[A-Z0-9]{4}-[A-Z0-9]{5}\b"))
    code, _, err = await finished(process)
    assert (code, len(err.splitlines())) == (1, 1)
    assert await either.tokens() == []


@pytest.mark.skipif(os.name == "nt", reason="a signal of POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_a_sign_in_that_is_interrupted_leaves_nothing(either: Program, number: signal.Signals) -> None:
    process = await either.start("token", "sign-in", "--device")
    await line_with(process, r"\b[A-Z0-9]{4}-[A-Z0-9]{5}\b")
    process.send_signal(number)
    code, _, err = await finished(process)
    assert (code, err) == (130, "")
    asked = len(either.practice.received)
    await asyncio.sleep(1.3)
    assert len(either.practice.received) == asked


async def test_quitting_ends_a_sign_in_that_had_no_instance(program: Program) -> None:
    process = await program.start("token", "sign-in", "--device")
    await line_with(process, r"\b[A-Z0-9]{4}-[A-Z0-9]{5}\b")
    assert (await program.run("quit"))[0] == 0
    code, _, err = await finished(process)
    assert (code, "asked to end" in err) == (1, True)


async def test_codexs_own_login_is_not_taken_by_mistake(either: Program) -> None:
    own = either.write(".codex/auth.json", PLUS.auth_json())
    code, out, err = await either.run("token", "import", own)
    assert (code, out) == (2, "")
    assert all(word in err for word in ("token sign-in", "--follow", "--take-over"))
    code, _, err = await either.run("token", "import", "-", stdin=PLUS.auth_json())
    assert (code, "--follow" in err) == (2, True)
    assert (await either.run("token", "add", "--refresh-token", "-", stdin=PLUS.refresh_token))[0] == 2
    assert await either.tokens() == []
    assert (await either.run("token", "import", own, "--follow"))[0] == 0
    assert (await either.tokens())[0]["follows"] == own
    assert "follows a file" in (await either.run("token", "list"))[1]
    code, _, err = await either.run("token", "import", own, "--take-over")
    assert (code, "codex login" in err) == (0, True)
    assert (await either.tokens())[0]["follows"] is None
    # Another login, and an API key, are nobody else's.
    assert (await either.run("token", "import", either.write("b.json", PRO.auth_json())))[0] == 0
    assert (await either.run("token", "import", either.write(".codex/auth.json", KEY.auth_json())))[0] == 0
    assert len(await either.tokens()) == 3


async def test_several_files_and_what_is_wrong_with_one(program: Program) -> None:
    team = f"[{other_workspace(PLUS).auth_json()}, {PRO.auth_json()}]"
    files = [program.write("a.json", PLUS.auth_json()), program.write("bad.json", "{}"), program.write("c.json", team)]
    code, out, err = await program.run("token", "import", *files)
    assert (code, out.count("added"), len(err.splitlines())) == (1, 3, 1)
    assert err.startswith(files[1])
    missing = str(program.home / "auth.json")
    code, _, err = await program.run("token", "import", missing)
    assert (code, "token sign-in" in err) == (2, True)
    assert (await program.run("token", "import", *files, "--follow"))[0] == 2


async def test_a_token_is_changed_ordered_and_tried(program: Program) -> None:
    for name, account in (("a", PLUS), ("b", PRO)):
        assert (await program.run("token", "import", program.write(f"{name}.json", account.auth_json())))[0] == 0
    first, second = [str(token["id"]) for token in await program.tokens()]
    assert (await program.run("token", "order", second))[0] == 0
    assert [token["id"] for token in await program.tokens()] == [second, first]
    code, _, err = await program.run("token", "change", first, "--proxy", "http://u:secret@127.0.0.1:9")
    assert (code, "command line" in err, "secret" in err) == (2, True, False)
    proxy = "http://u:secret@127.0.0.1:9\n"
    assert (await program.run("token", "change", first, "--spare", "yes", "--proxy", "-", stdin=proxy))[0] == 0
    code, out, _ = await program.run("token", "test")
    told = dict(line.split(" ", 1) for line in out.splitlines())
    assert code == 1
    assert "upstream takes it: pro, 5h 100%, week 100%" in told[second]
    assert "127.0.0.1:9" in told[first]
    assert "secret" not in out
    assert notes_of((await program.run("token", "list"))[1]) == ["-", "own proxy"]
    assert (await program.run("token", "change", second, "--proxy", "direct"))[0] == 0
    assert notes_of((await program.run("token", "list"))[1]) == ["no proxy", "own proxy"]
    assert (await program.run("token", "change", first, "--proxy", "none"))[0] == 0
    assert (await program.run("token", "test", first))[0] == 0
    table = (await program.run("token", "list"))[1]
    assert "ready, spare" in table
    assert (await program.run("token", "change", first))[0] == 2
    assert (await program.run("token", "retry"))[0] == 0


async def test_the_pool_and_the_proxy_are_set_and_shown(program: Program) -> None:
    code, out, _ = await program.run("pool", "set", "--strategy", "in-order", "--wait", "overnight")
    assert (code, out.split()[1::2][:1]) == (0, ["in-order"])
    assert "6 h" in (await program.run("pool", "show"))[1]
    for wrong in ((), ("--wait", "soon"), ("--wait", "25h"), ("--turns-per-token", "0")):
        assert (await program.run("pool", "set", *wrong))[0] == 2
    assert (await program.run("pool", "set", "--wait", "off"))[0] == 0
    assert (await program.run("proxy", "set", "-", stdin="socks5://u:secret@127.0.0.1:9"))[0] == 0
    code, out, _ = await program.run("proxy", "show")
    assert out.split() == ["chosen", "socks5://127.0.0.1:9", "in", "use", "socks5://127.0.0.1:9"]
    assert (await program.run("proxy", "set", "http://127.0.0.1:8787"))[0] == 2
    assert (await program.run("proxy", "set", "system"))[0] == 0
    assert (await program.run("proxy", "detect"))[0] == 0
    assert (await program.run("turn", "list"))[1] == "No request is waiting.\n"
    assert (await program.run("turn", "give-up", "r-1"))[0] == 1


async def test_no_secret_is_printed_or_logged(program: Program) -> None:
    process = await program.start("token", "sign-in", "--device")
    user_code = await line_with(process, r"\b[A-Z0-9]{4}-[A-Z0-9]{5}\b")
    program.practice.approve_device(user_code, PLUS)
    said = "".join((await finished(process))[1:])
    said += "".join((await program.run("token", "add", "--refresh-token", "-", stdin=PRO.refresh_token))[1:])
    logged = "".join(path.read_text() for path in (program.home / "data" / "logs").iterdir())
    plus, pro = program.practice.newest(PLUS), program.practice.newest(PRO)
    for secret in (plus.access_token, plus.refresh_token, pro.refresh_token, PRO.refresh_token, pro.access_token):
        assert secret not in said + logged
    assert user_code not in logged
    assert "sign-in i-" in logged
