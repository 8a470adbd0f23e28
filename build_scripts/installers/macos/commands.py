"""Starting the programs of macOS so that no secret gets into their environment or out of their words."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from machine.report import Stop, say

#: All that this package reads of the environment begins so; no program that is started sees it.
PREFIX = "WAYSTATION_MACOS_"
_HIDDEN = "•••"
_TRIES = 6


@dataclass(frozen=True)
class Done:
    """How a program ended; its words are without secrets."""

    exit_code: int
    output: str
    errors: str

    @property
    def words(self) -> str:
        return f"{self.errors}\n{self.output}".strip()


class Commands:
    """The programs on the PATH.

    Args:
        environ: for the programs; what begins with PREFIX is left out.
        hidden: secrets, of which none is shown. Of several lines, each is hidden.
    """

    def __init__(self, environ: Mapping[str, str], hidden: Iterable[str] = ()) -> None:
        self._environ = {name: value for name, value in environ.items() if not name.startswith(PREFIX)}
        lines = {line.strip() for secret in hidden for line in secret.splitlines()}
        # The longest first: one may be a part of another.
        self._hidden = sorted(lines - {""}, key=len, reverse=True)

    def __repr__(self) -> str:
        return "Commands()"

    def run(self, command: Sequence[str | Path], what: str, given: str = "") -> str:
        """What a program writes to its standard output.

        Args:
            command: the program and its arguments. They are never shown; but other programs of this machine can see
                them, so what is secret is given.
            what: it is for, such as "sign the program".
            given: its standard input.

        Raises:
            Stop: it is not there, or it failed; with its own words.
        """
        done = self.attempt(command, given)
        if done.exit_code:
            raise Stop(f"{done.words}\nCould not {what} (the words are above).")
        return done.output

    def attempt(self, command: Sequence[str | Path], given: str = "") -> Done:
        """As `run`, whatever the exit code. Raises Stop where there is no such program."""
        name = os.fspath(command[0])
        program = shutil.which(name, path=self._environ.get("PATH"))
        if program is None:
            raise Stop(f"{name} is not there: a disk image is made on a Mac that has Xcode's command line tools.")
        done = subprocess.run(
            [program, *map(os.fspath, command[1:])],
            env=self._environ,
            input=given,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        return Done(done.returncode, self._shown(done.stdout), self._shown(done.stderr))

    def insist(self, command: Sequence[str | Path], what: str, passing: str, pause_s: float) -> None:
        """As `run`, a few times where the words of the program say that the trouble passes.

        Args:
            command, what: as there.
            passing: in its words.
            pause_s: between two tries.
        """
        for left in reversed(range(_TRIES)):
            done = self.attempt(command)
            if not done.exit_code:
                return
            if not left or passing not in done.words:
                raise Stop(f"{done.words}\nCould not {what} (the words are above).")
            say(f"could not {what} yet ({passing}); trying again")
            time.sleep(pause_s)

    def _shown(self, words: str) -> str:
        for secret in self._hidden:
            words = words.replace(secret, _HIDDEN)
        return words
