"""Processes that a test starts, and ends: these and no others."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

# How long a process may take to end after SIGTERM before it is killed. Seconds.
GRACE = 5.0


class Child(subprocess.Popen[bytes]):
    """A running process; what it says goes to the file ``log``, so that no full pipe can stop it."""

    log: Path

    def output(self) -> str:
        """Everything that the process has said until now, standard output and error together."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def end(self, grace: float = GRACE) -> int:
        """Ask the process and its group to end, kill what does not, and give the exit code."""
        _signal_group(self.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(grace)
        _signal_group(self.pid, signal.SIGKILL)
        return self.wait(GRACE)


class Children:
    """Starts processes, each in a group of its own, and ends the groups in reverse order."""

    def __init__(self, log_folder: Path) -> None:
        self._log_folder = log_folder
        self._started: list[Child] = []
        log_folder.mkdir(parents=True, exist_ok=True)

    def start(
        self,
        command: Sequence[str | Path],
        *,
        env: Mapping[str, str],
        stdin: int | IO[Any] = subprocess.DEVNULL,
        cwd: Path | None = None,
        pass_fds: Sequence[int] = (),
    ) -> Child:
        """Start a command; its log is named after its number and the program."""
        arguments = [str(part) for part in command]
        log = self._log_folder / f"{len(self._started):02d}-{Path(arguments[0]).name}.log"
        with log.open("wb") as output:
            child = Child(
                arguments,
                env=dict(env),
                stdin=stdin,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=cwd,
                pass_fds=pass_fds,
                start_new_session=True,
            )
        child.log = log
        self._started.append(child)
        return child

    def end_all(self) -> None:
        """End every process that is still there, the youngest first."""
        while self._started:
            self._started.pop().end()


def _signal_group(leader: int, number: signal.Signals) -> None:
    # The group keeps the leader's number for as long as any member lives, so no stranger can have it.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)
