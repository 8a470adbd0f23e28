"""The real Codex CLI in a real shell, with a home of its own and a proxy environment that leads nowhere."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from app.practice.recorder import ReceivedRequest
from tests.platform.codex_gateway import CODEX_EXEC, dead_port, hostile_environment
from tests.support.codex_run import run_to_end
from tests.support.done import Done
from tests.support.left_behind import end_all_of

VERSIONS = ("0.42.0", "0.45.0", "0.80.0", "0.100.0", "0.120.0", "0.140.0", "0.169.0")
NEWEST = VERSIONS[-1]
TIMEOUT = 50.0

# The practice model has this run by Codex. The sum shows that a shell, not the model, made the answer.
TOOL_PROMPT = "please keep Marker-Prompt-Text to yourself\nrun: echo marker-$((40+2))"
PROMPT_MARK = "Marker-Prompt-Text"
ANSWER_MARK = "marker-42"
FREELY = f"{CODEX_EXEC} --dangerously-bypass-approvals-and-sandbox"
EXEC = f'{FREELY} "$PROMPT"'


@dataclass
class Shell:
    """A person's shell with one Codex version on the PATH."""

    home: Path
    env: dict[str, str]

    async def run(
        self, script: str, shell: str = "bash", prompt: str = TOOL_PROMPT, prefix: Sequence[str] = ()
    ) -> Done:
        """Run a script whose ``$PROMPT`` is the prompt, after ``prefix``; nothing is typed."""
        command = (*prefix, shell, *(("-f",) if shell == "zsh" else ("--norc",)), "-c", script)
        return await run_to_end(command, self.env | {"PROMPT": prompt}, self.home / "work", TIMEOUT)

    async def exec_with(
        self, text: str, shell: str = "bash", prompt: str = TOOL_PROMPT, prefix: Sequence[str] = ()
    ) -> Done:
        """Paste a set-up text into the shell, then run ``codex exec``."""
        file = self.home / "pasted"
        file.write_text(text, encoding="utf-8")
        done = await self.run(f"source {file}; {EXEC}", shell, prompt, prefix)
        file.unlink()
        return done


@asynccontextmanager
async def codex_shell(version: str, env: Mapping[str, str] | None = None) -> AsyncIterator[Shell]:
    """A shell for one version; HOME and CODEX_HOME are empty folders that go away."""
    # Codex refuses some of its conveniences below the temporary folder; the tests need none of them.
    home = Path(tempfile.mkdtemp(prefix="ws-codex-"))
    try:
        (home / "work").mkdir()
        (home / ".codex").mkdir()
        with dead_port() as port:
            found = hostile_environment(home, version, port) | {"CODEX_HOME": str(home / ".codex")}
            yield Shell(home, found | dict(env or {}))
    finally:
        # Codex 0.169 leaves a server of its terminal interface behind, and one that updates it.
        end_all_of(home)
        shutil.rmtree(home, ignore_errors=True)


def check_tool_turn(done: Done, turns: list[ReceivedRequest]) -> None:
    """Codex ran the tool and showed its output: two requests, none of which upstream found fault with."""
    assert done.code == 0, done.err[-3000:]
    assert ANSWER_MARK in done.out, f"{done.out}\n{done.err[-3000:]}"
    assert [turn.problem for turn in turns] == ["", ""]
    assert [turn.status for turn in turns] == [200, 200]
