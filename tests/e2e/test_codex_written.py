"""Codex's own files, written by the command line: plain Codex works through the gateway; undone, they are as before."""

from __future__ import annotations

import asyncio
import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from app.practice.server import PracticeUpstream
from tests.e2e.codex import EXEC, NEWEST, Shell, check_tool_turn, codex_shell
from tests.e2e.doctors import swallower
from tests.e2e.program import Run, Waystation
from tests.platform.terminal import Terminal
from tests.support.done import Done

VERSIONS = ("0.45.0", "0.100.0", "0.120.0", "0.169.0")
CONFIG = "\ufeff# 我的\r\nmodel = 'gpt-5' # mine\r\n\r\n[model_providers.other]\r\nname = 'Other'\r\n".encode()
ENV = b"# mine\nEDITOR_OF_MINE=vi"


@dataclass
class Person:
    """Somebody with files of their own in CODEX_HOME, and Waystation's command line."""

    waystation: Waystation
    shell: Shell

    def __post_init__(self) -> None:
        # Else Codex 0.120 writes that itself, and without the user's line ends.
        trusted = f'[projects."{self.shell.home / "work"}"]\r\ntrust_level = "trusted"\r\n'
        self.files = CONFIG + trusted.encode(), ENV
        for path, data in zip((self.config, self.env), self.files, strict=True):
            path.write_bytes(data)
            path.chmod(0o644)
        # Loopback is not for the user's proxy; nothing else is set up.
        self.shell.env |= {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}

    @property
    def codex_home(self) -> Path:
        return self.shell.home / ".codex"

    @property
    def config(self) -> Path:
        return self.codex_home / "config.toml"

    @property
    def env(self) -> Path:
        return self.codex_home / ".env"

    async def setup(self, *arguments: str) -> Done:
        """``waystation setup codex`` for this person's Codex."""
        own = {"CODEX_HOME": str(self.codex_home), "HOME": str(self.shell.home), "PATH": self.shell.env["PATH"]}
        own |= {name: value for name, value in self.shell.env.items() if name.lower().endswith("_proxy")}
        return await self.waystation.run("setup", "codex", *arguments, env=own)

    async def write(self, *arguments: str) -> Done:
        done = await self.setup("--write", "--yes", *arguments)
        assert done.code == 0, done.err
        return done

    async def undo(self) -> Done:
        done = await self.setup("--undo", "--yes")
        assert done.code == 0, done.err
        return done


@pytest.mark.parametrize("version", VERSIONS)
async def test_plain_codex_goes_through_the_written_provider_until_it_is_undone(
    version: str, waystation: Waystation, serve_with_login: Run, upstream: PracticeUpstream
) -> None:
    async with codex_shell(version) as shell:
        person = Person(waystation, shell)
        await person.write()
        written = person.config.read_bytes()
        key = person.env.read_text().splitlines()[0].removeprefix("WAYSTATION_LICENSE=")
        waystation.secrets.add(key)
        assert key.encode() not in written

        done = await shell.run(EXEC)

        check_tool_turn(done, upstream.turns)
        (session,) = await waystation.json("session", "list")
        assert session["turns"] == 2
        assert person.config.read_bytes() == written
        await person.undo()
        assert (person.config.read_bytes(), person.env.read_bytes()) == person.files
        assert {path.stat().st_mode & 0o777 for path in (person.config, person.env)} == {0o644}
        assert not list(person.codex_home.glob("*.before-waystation"))
        assert not (waystation.data_dir / "codex-setup.json").exists()


@pytest.mark.parametrize("version", ["0.120.0", "0.169.0"])
async def test_plain_codex_goes_to_the_written_address_with_its_saved_key(
    version: str, waystation: Waystation, serve_with_login: Run, upstream: PracticeUpstream
) -> None:
    async with codex_shell(version) as shell:
        person = Person(waystation, shell)
        done = await person.write("--route", "openai_address")
        command = done.out.splitlines()[-1]
        key = command.split("'")[1]
        waystation.secrets.add(key)

        done = await shell.run(f"{command} && {EXEC}")

        assert done.code == 0, done.err
        assert upstream.turns
        assert {turn.status for turn in upstream.turns} == {200}
        assert json.loads((person.codex_home / "auth.json").read_text())["OPENAI_API_KEY"] == key
        undone = await person.undo()
        assert undone.out.splitlines()[-1] == "codex logout"
        assert "send it to api.openai.com" in undone.err
        assert (person.config.read_bytes(), person.env.read_bytes()) == person.files


@pytest.mark.parametrize(
    ("version", "route"),
    [("0.45.0", "own_provider"), ("0.169.0", "own_provider"), ("0.169.0", "openai_address")],
)
async def test_what_is_written_leads_past_a_proxy_that_swallows(
    version: str, route: str, waystation: Waystation, serve_with_login: Run, upstream: PracticeUpstream
) -> None:
    async with codex_shell(version) as shell:
        with swallower() as proxy:
            person = Person(waystation, shell)
            names = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
            shell.env |= dict.fromkeys(names, proxy.url)
            # A WebSocket knows no proxy.
            await waystation.ok("settings", "websockets", "no")
            # Neither is enough: an asterisk stands for no address, and the second is not looked at.
            shell.env |= {"NO_PROXY": "*", "no_proxy": "127.0.0.1"}
            done = await person.write("--route", route)
            assert "NO_PROXY=*,127.0.0.1" in done.out
            assert "when your NO_PROXY changes, write this again" in done.err
            command = done.out.splitlines()[-1] if route == "openai_address" else "true"
            waystation.secrets |= {part for part in command.split("'") if part.startswith("ws-")}

            done = await shell.run(f"{command} && {EXEC}")

            check_tool_turn(done, upstream.turns)
            # What it asks of others goes there as before; nothing of ours does.
            place = urlsplit(serve_with_login.address or "").netloc
            assert not [asked for asked in proxy.seen if place in asked]
            # It is this line that does it.
            written = person.env.read_bytes()
            person.env.write_bytes(written.replace(b"NO_PROXY=", b"NOT_IT="))
            await shell.run(f"timeout 3 {EXEC}")
            assert [asked for asked in proxy.seen if place in asked], proxy.seen
            person.env.write_bytes(written)
            await person.undo()
            assert (person.config.read_bytes(), person.env.read_bytes()) == person.files


async def test_after_codex_has_rewritten_its_file_only_ours_goes(
    waystation: Waystation, serve_with_login: Run, upstream: PracticeUpstream
) -> None:
    async with codex_shell("0.120.0") as shell:
        person = Person(waystation, shell)
        person.config.write_bytes(CONFIG)
        await person.write()
        written = person.config.read_bytes()
        check_tool_turn(await shell.run(EXEC), upstream.turns)
        # It takes the mark away, and trusts the folder.
        assert person.config.read_bytes() != written
        undone = await person.undo()
        assert "stays as it is" not in undone.err
        text = person.config.read_text()
        assert "waystation" not in text
        assert tomllib.loads(text) == tomllib.loads(CONFIG.decode("utf-8-sig")) | {
            "projects": {str(shell.home / "work"): {"trust_level": "trusted"}}
        }


async def test_an_old_codex_is_not_given_an_address_that_it_does_not_read(
    waystation: Waystation, serve_with_login: Run
) -> None:
    async with codex_shell("0.100.0") as shell:
        person = Person(waystation, shell)
        done = await person.setup("--write", "--yes", "--route", "openai_address")
        assert (done.code, done.out) == (2, "")
        assert "0.100.0 does not read openai_base_url" in done.err
        assert (person.config.read_bytes(), person.env.read_bytes()) == person.files


async def test_the_license_of_the_file_wins_over_the_one_of_the_environment(
    waystation: Waystation, serve_with_login: Run, upstream: PracticeUpstream
) -> None:
    async with codex_shell(NEWEST, {"WAYSTATION_LICENSE": "ws-some-old-license-of-mine"}) as shell:
        await Person(waystation, shell).write()
        check_tool_turn(await shell.run(EXEC), upstream.turns)


async def test_the_terminal_interface_goes_through_the_written_provider(
    waystation: Waystation, serve_with_login: Run, upstream: PracticeUpstream
) -> None:
    async with codex_shell(NEWEST) as shell:
        person = Person(waystation, shell)
        await person.write()

        def talk() -> None:
            with Terminal(["codex", "marker-words"], shell.env, shell.home / "work") as terminal:
                terminal.wait_for(lambda: [turn for turn in upstream.turns if turn.status == 200], "an answer")
                terminal.interrupt()

        await asyncio.to_thread(talk)
