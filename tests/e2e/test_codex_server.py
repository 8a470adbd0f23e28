"""The background server that Codex 0.169 leaves behind keeps the license of before, and Waystation says so."""

import asyncio

from app.platform.codex_server import RESTART
from app.practice.server import PracticeUpstream
from tests.e2e.codex import NEWEST, Shell, codex_shell
from tests.e2e.doctors import Patient
from tests.e2e.program import Run, Waystation
from tests.platform.terminal import Terminal


async def told(shell: Shell, *awaited: str) -> str:
    """Start the terminal interface with a question, and close it once one of these is on the screen; which."""

    def talk() -> str:
        with Terminal(["codex", "say hello"], shell.env, shell.home / "work") as terminal:
            terminal.wait_for(lambda: [text for text in awaited if text in terminal.text], " or ".join(awaited))
            return next(text for text in awaited if text in terminal.text)

    return await asyncio.to_thread(talk)


async def test_it_is_to_be_restarted_after_each_new_license_and_then_shows_it(
    waystation: Waystation, serve_with_login: Run, upstream: PracticeUpstream
) -> None:
    answer, missing = "[practice] You asked", "Missing environment variable"
    async with codex_shell(NEWEST, {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}) as shell:
        codex_home = shell.home / ".codex"
        own = {name: shell.env[name] for name in ("HOME", "PATH", "CODEX_HOME", "NO_PROXY", "no_proxy")}
        person = Patient(waystation, shell.home, own)
        trusted = f'[projects."{shell.home / "work"}"]\ntrust_level = "trusted"\n'
        # Somebody has used Codex before, with a key of their own.
        (codex_home / "config.toml").write_text(trusted, encoding="utf-8")
        (codex_home / "auth.json").write_text('{"OPENAI_API_KEY": "sk-theirs"}', encoding="utf-8")

        def used_before() -> None:
            with Terminal(["codex"], shell.env, shell.home / "work") as terminal:
                # Only the server's session names the folder at the bottom.
                terminal.wait_for(lambda: "· ~/work" in terminal.text, "a server")

        async def write() -> str:
            done = await waystation.run("setup", "codex", "--write", "--yes", env=person.terminal() | own)
            assert done.code == 0, done.err
            key = (codex_home / ".env").read_text().splitlines()[0].removeprefix("WAYSTATION_LICENSE=")
            waystation.secrets.add(key)
            return done.err

        await asyncio.to_thread(used_before)
        assert RESTART in await write()
        assert await told(shell, missing, answer) == missing
        assert (await person.is_told("door", "server_old", "--no-run"))["command"] == RESTART
        done = await shell.run(RESTART)
        assert done.code == 0, done.err
        assert (await person.doctor("--no-run"))["ok"]
        assert RESTART not in await write()
        assert await told(shell, missing, answer) == answer
        assert {turn.status for turn in upstream.turns} == {200}

        # What it has now would be refused, again and again for ten seconds.
        (license,) = await waystation.json("license", "list")
        await waystation.ok("license", "rotate", str(license["id"]))
        assert RESTART in await write()
        assert (await person.is_told("door", "server_old", "--no-run"))["command"] == RESTART
