"""Waystation as a person starts it: a process of its own on a data folder of its own, looked through at the end."""

import asyncio
import json
import os
import re
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from app.commandline.control_client import ask
from app.platform.instance import announced
from app.practice.server import PracticeUpstream
from app.store.store import DATABASE_FILE, Store
from tests.support.done import Done
from tests.support.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
# Seconds. A busy machine is slow, and slow is not wrong.
START_TIMEOUT = 30.0
COMMAND_TIMEOUT = 40.0
END_TIMEOUT = 20.0
LISTENING = re.compile(r"listening on (http://\S+:(\d+)/codex/v1)")
PROGRAM = ("-m", "app")
KEPT = ("PATH", "PYENV_ROOT", "TMPDIR", "HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME")
# What no log of a healthy run has.
TROUBLE = re.compile(
    r"^.*(?: ERROR | CRITICAL |Traceback \(most recent|never awaited|never retrieved|(?:Resource|Runtime)Warning).*$",
    re.MULTILINE,
)

T = TypeVar("T")


class Waystation:
    """The program on one data folder; ``env`` is what every start of it sees."""

    def __init__(self, folder: Path, upstream: PracticeUpstream, env: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.data_dir = folder / "data"
        self.secrets: set[str] = set()
        # What `start` has Python run.
        self.program: tuple[str | Path, ...] = PROGRAM
        self.env = {name: os.environ[name] for name in KEPT if name in os.environ}
        self.env |= {
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(ROOT),
            # So that Python tells of tasks and files that were left.
            "PYTHONWARNINGS": "default::ResourceWarning,default::RuntimeWarning",
            "WAYSTATION_DATA_DIR": str(self.data_dir),
            "WAYSTATION_KEY_STORE": "file",
            "WAYSTATION_CHATGPT_BASE_URL": upstream.chatgpt_base_url,
            "WAYSTATION_OPENAI_BASE_URL": upstream.openai_base_url,
            "WAYSTATION_AUTH_ISSUER": upstream.auth_issuer,
        }
        self.env |= dict(env or {})
        self._runs: list[Run] = []
        for account in upstream.accounts:
            self.secrets |= {account.access_token, account.refresh_token, account.id_token}
        self.secrets |= {key.key for key in upstream.api_keys}

    def command_line(self, program: tuple[str | Path, ...], arguments: tuple[str | Path, ...]) -> list[str]:
        """What starts the program; ``program`` is what Python runs."""
        return [sys.executable, *map(str, (*program, *arguments))]

    async def run(
        self, *arguments: str | Path, stdin: str = "", env: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> Done:
        """Run one command to its end."""
        started = time.monotonic()
        process = await asyncio.create_subprocess_exec(
            *self.command_line(PROGRAM, arguments),
            env=self.env | dict(env or {}),
            cwd=cwd or ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(COMMAND_TIMEOUT):
                out, err = await process.communicate(stdin.encode())
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        code = process.returncode if process.returncode is not None else -1
        done = Done(code, out.decode(), err.decode(), time.monotonic() - started)
        assert not TROUBLE.search(done.err), f"{arguments} complained:\n{done.err}"
        return done

    async def ok(self, *arguments: str | Path, stdin: str = "") -> str:
        """Run one command that must succeed, and give its standard output."""
        done = await self.run(*arguments, stdin=stdin)
        assert done.code == 0, f"{arguments} ended with {done.code}: {done.err}"
        return done.out

    async def json(self, *arguments: str) -> Any:
        """What a listing command says with ``--json``."""
        return json.loads(await self.ok(*arguments, "--json"))

    async def import_account(self, text: str, label: str) -> str:
        """Import an ``auth.json`` from a file; the token's id."""
        file = self.folder / "auth.json"
        file.write_text(text, encoding="utf-8")
        out = await self.ok("token", "import", file, "--label", label)
        file.unlink()
        return out.split()[1]

    async def license(self) -> str:
        """A new license key; like every secret it must turn up in no log."""
        key = (await self.ok("license", "create", "--label", "test")).strip()
        self.secrets.add(key)
        return key

    async def start(self, *arguments: str | Path, env: Mapping[str, str] | None = None) -> "Run":
        """Start it without waiting for anything."""
        number = len(self._runs)
        command = self.command_line(self.program, arguments)
        run = Run(self, command, self.folder / f"run-{number}.out", self.folder / f"run-{number}.err")
        self._runs.append(run)
        await run.launch(self.env | dict(env or {}))
        return run

    async def serve(self, *arguments: str | Path, env: Mapping[str, str] | None = None) -> "Run":
        """Start ``serve`` and wait until it listens; on a free port unless the arguments name one."""
        port = () if "--port" in arguments else ("--port", str(free_port()))
        run = await self.start("serve", *port, *arguments, env=env)
        await run.wait_for(lambda: run.address, "the line of its address")
        return run

    async def remember_port(self) -> int:
        """A free port that the next start listens on, as after an earlier `serve --port`; but no start is spent."""
        port = free_port()
        store = await Store.open(self.data_dir / DATABASE_FILE)
        try:
            await store.set_setting("port", str(port))
        finally:
            await store.close()
        return port

    async def command(self, name: str, **params: Any) -> Any:
        """Give the running instance a command by its control channel."""
        info = await until(lambda: announced(self.data_dir), "instance.json")
        self.secrets.add(info.secret)
        return await asyncio.to_thread(ask, info, name, params)

    async def status(self) -> dict[str, Any]:
        """What the running instance says of itself."""
        found: dict[str, Any] = await self.command("status")
        return found

    async def room_for_files(self) -> int:
        """How many files the running instance can open before Linux makes room for more, which stops it for a while."""
        told = Path(f"/proc/{(await self.status())['pid']}/status").read_text(encoding="ascii")
        return int(told.partition("FDSize:")[2].split()[0])

    @property
    def logs(self) -> str:
        """Everything that the application has logged so far."""
        files = sorted((self.data_dir / "logs").glob("*"))
        return "\n".join(file.read_text(encoding="utf-8", errors="replace") for file in files)

    async def close(self) -> None:
        """End what still runs, then look through all that was written."""
        for run in self._runs:
            await run.quit()
        self.check_traces()

    async def kill(self) -> None:
        """Leave no process behind, whatever has happened."""
        for run in self._runs:
            await run.kill()

    def check_traces(self) -> None:
        """No unexpected error anywhere, no secret in a log, no secret or conversation in the data folder."""
        said = "\n".join([self.logs, *(run.out + run.err for run in self._runs)])
        found = [match.group() for match in TROUBLE.finditer(said)]
        assert not found, "unexpected in the log:\n" + "\n".join(found) + f"\n\n{said[-6000:]}"
        leaked = [secret[:12] for secret in self.secrets if secret in said]
        assert not leaked, f"in a log: {leaked}"
        for file in self.data_dir.rglob("*"):
            if file.is_file():
                held = file.read_bytes()
                leaked = [secret[:12] for secret in self.secrets if secret.encode() in held]
                assert not leaked, f"in {file}: {leaked}"


class Run:
    """One running ``waystation``; what it says goes to two files."""

    def __init__(self, owner: Waystation, command: list[str], out: Path, err: Path) -> None:
        self._owner = owner
        self._command = command
        self._out, self._err = out, err
        self._process: asyncio.subprocess.Process | None = None
        self.expected_code = 0

    async def launch(self, env: Mapping[str, str]) -> None:
        """Start the process."""
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self._process = await asyncio.create_subprocess_exec(
                *self._command, env=dict(env), cwd=ROOT, stdin=asyncio.subprocess.DEVNULL, stdout=out, stderr=err
            )

    @property
    def process(self) -> asyncio.subprocess.Process:
        assert self._process is not None, "not launched"
        return self._process

    @property
    def out(self) -> str:
        """Its standard output so far."""
        return self._out.read_text(encoding="utf-8")

    @property
    def err(self) -> str:
        """Its standard error so far."""
        return self._err.read_text(encoding="utf-8")

    @property
    def address(self) -> str | None:
        """The base URL that it printed."""
        found = LISTENING.search(self.out)
        return found[1] if found else None

    @property
    def port(self) -> int:
        """The port that it printed."""
        found = LISTENING.search(self.out)
        assert found, f"no address in {self.out!r}"
        return int(found[2])

    async def wait_for(self, look: Callable[[], T | None], what: str, within: float = START_TIMEOUT) -> T:
        """Wait for something of this process; its end before that is a failure."""

        def look_while_it_runs() -> T | None:
            found = look()
            ended = found is None and self.process.returncode is not None
            assert not ended, f"ended with {self.process.returncode} before {what}:\n{self.err}\n{self._owner.logs}"
            return found

        return await until(look_while_it_runs, what, within)

    async def wait_end(self, within: float = END_TIMEOUT) -> int:
        """Wait until it has ended by itself; the exit code."""
        async with asyncio.timeout(within):
            return await self.process.wait()

    async def quit(self) -> None:
        """End it by ``waystation quit``, if it still runs, and see that all went well."""
        if self.process.returncode is None:
            await self._owner.ok("quit")
        code = await self.wait_end()
        assert code == self.expected_code, f"exit code {code}:\n{self.err}\n{self._owner.logs[-3000:]}"

    async def kill(self) -> None:
        """End it at once, as a crash or a power cut does."""
        if self.process.returncode is None:
            self.process.kill()
            await self.process.wait()
            self.expected_code = self.process.returncode or 0


async def until(look: Callable[[], T | None] | Callable[[], Awaitable[T | None]], what: str, within: float = 15.0) -> T:
    """Call ``look`` until it gives something true; AssertionError after ``within`` seconds."""
    deadline = time.monotonic() + within
    while True:
        found = look()
        if isinstance(found, Awaitable):
            found = await found
        if found:
            return found
        assert time.monotonic() < deadline, f"waited {within:g} s in vain for {what}; last seen: {found!r}"
        await asyncio.sleep(0.05)
