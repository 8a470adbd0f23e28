"""Codex's terminal interface in a pseudo-terminal, used as a person does."""

import asyncio
import json
import time
from collections.abc import Callable

import pytest

from app.practice.server import PracticeUpstream
from tests.e2e.codex import NEWEST, codex_shell
from tests.e2e.codex_cells import AROUND_A_PROXY, Way, cell
from tests.e2e.guide import environment_block
from tests.e2e.program import Run, Waystation
from tests.e2e.talking import parsed
from tests.platform.terminal import Terminal

# Seconds in which a screen that has come to rest writes nothing.
REST = 0.3
PROMPT_BOX = "Ask Codex to do anything"


class Person:
    """Types, and looks at what has been written since."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._mark = 0

    @property
    def news(self) -> str:
        """What was written since the last key."""
        return self._terminal.text[self._mark :]

    def sees(self, text: str) -> None:
        """Wait until this has been written since the last key."""
        self._terminal.wait_for(lambda: text in self.news, repr(text))

    def presses(self, keys: str) -> None:
        """Press keys once the screen is at rest: what is typed into one that is being set up gets lost."""
        seen, since = self._terminal.text, time.monotonic()

        def rested() -> bool:
            nonlocal seen, since
            if self._terminal.text != seen:
                seen, since = self._terminal.text, time.monotonic()
            return time.monotonic() - since > REST

        self._terminal.wait_for(rested, "rest")
        self.presses_at_once(keys)

    def presses_at_once(self, keys: str) -> None:
        """Press keys, also where something moves all the time."""
        self._mark = len(self._terminal.text)
        self._terminal.write(keys)

    def asks(self, text: str, answer: str) -> None:
        """Paste a question, send it, and wait for the answer."""
        self.presses(f"\x1b[200~{text}\x1b[201~")
        self.presses("\r")
        self.sees(answer)

    def keeps_pressing(self, key: str, until: Callable[[], object], what: str) -> None:
        """Press a key every half second until something is so."""
        pressed = 0.0

        def so() -> object:
            nonlocal pressed
            if time.monotonic() - pressed > 0.5:
                pressed = time.monotonic()
                self._terminal.write(key)
            return until()

        self._terminal.wait_for(so, what)


async def test_the_newest_is_used_with_its_own_provider_left_and_resumed(
    waystation: Waystation, serve_with_login: Run, upstream: PracticeUpstream
) -> None:
    key = await waystation.license()
    assert serve_with_login.address
    async with cell(Way.OWN_PROVIDER, NEWEST, serve_with_login.address, key) as codex:
        work = codex.shell.home / "work"
        with (codex.codex_home / "config.toml").open("a", encoding="utf-8") as config:
            config.write(f'[projects."{work}"]\ntrust_level = "trusted"\n')
        start = "codex --dangerously-bypass-approvals-and-sandbox"

        def converse() -> None:
            script = f'{start}; echo "left with $?"; {start} resume; echo "gone with $?"'
            with Terminal(["bash", "--norc", "-c", script], codex.shell.env, work) as terminal:
                person = Person(terminal)
                person.sees(PROMPT_BOX)
                person.asks("say hello\nslowly: 1", "[practice] You asked: “say hello")
                person.asks("run: echo marker-$((40+2))", "[practice] The tool ran. Its output:")
                assert "marker-42" in person.news
                person.presses("/status")
                person.presses("\r")
                person.sees("Model provider: waystation")
                person.presses("/quit")
                person.presses("\r")
                person.sees("left with 0")
                person.sees("Resume a previous session")
                # The conversation, by the title that Codex has asked for.
                person.sees("› ")
                person.sees("[practice] You asked")
                person.presses("\r")
                person.sees("say hello")
                person.asks("which model are you", "[practice] I am ")
                person.presses("/quit")
                person.presses("\r")
                person.sees("gone with 0")
                assert "Sign in" not in terminal.text
                assert "Reconnecting" not in terminal.text

        await asyncio.to_thread(converse)

    assert {turn.problem for turn in upstream.turns} == {""}
    bodies = [parsed(turn) for turn in upstream.turns]
    titles = [body for body in bodies if "format" in body.get("text", {})]
    turns = [body for body in bodies if body not in titles]
    assert len(titles) == 1
    # The question, the tool's call and its output, the question after coming back.
    assert len({body["prompt_cache_key"] for body in turns}) == 1
    assert [len(turns), *("say hello" in json.dumps(body["input"]) for body in turns)] == [4, True, True, True, True]
    # The title was asked for while the first turn ran.
    title, first = [row for row in await waystation.command("turn.list") if row["endpoint"] == "responses"][-2:]
    if first["started_at"] > title["started_at"]:
        title, first = first, title
    assert title["started_at"] < first["started_at"] + first["total_ms"] / 1000
    assert (title["outcome"], first["outcome"]) == ("completed", "completed")


@pytest.mark.parametrize(("version", "choice"), [("0.42.0", "2"), ("0.45.0", "2"), ("0.80.0", "2"), ("0.100.0", "3")])
async def test_the_fourth_step_of_the_guide_saves_the_key(
    version: str, choice: str, waystation: Waystation, serve_with_login: Run, upstream: PracticeUpstream
) -> None:
    """From 0.100 on the guide's `2` is the sign-in with a device code, and `3` the key."""
    key = await waystation.license()
    block = environment_block("127.0.0.1", serve_with_login.port, key)
    async with codex_shell(version, AROUND_A_PROXY) as shell:
        work = shell.home / "work"

        def converse() -> None:
            with Terminal(["bash", "--norc", "-c", f"{block}codex"], shell.env, work) as terminal:
                person = Person(terminal)
                person.sees("Sign in")
                person.presses_at_once(choice)
                # "Then keep pressing Enter".
                greeting = "? for shortcuts" if version == "0.100.0" else "To get started"
                person.keeps_pressing("\r", lambda: greeting in terminal.text, "the first prompt")
                person.asks("你是什么模型", "练习")
                if version == "0.45.0":
                    terminal.interrupt()

        await asyncio.to_thread(converse)
        saved = json.loads((shell.home / ".codex" / "auth.json").read_text(encoding="utf-8"))

    assert saved["OPENAI_API_KEY"] == key
    assert [turn.problem for turn in upstream.turns] == [""]
    assert upstream.turns[0].account_id == upstream.accounts[0].account_id
