"""Whether the user's own Codex gets an answer through the gateway, and if not, the first thing that is wrong.

What can be known without a turn is looked at first; then Codex itself is run once, and its request is followed through
the gateway. Nothing is repeated, nothing is written but what Codex itself writes, and everything is bounded.
"""

from __future__ import annotations

import contextlib
import getpass
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from app import __version__
from app.core.errors import WaystationError
from app.platform.codex_check_before import BeforeTheRun, Surroundings
from app.platform.codex_check_gateway import Call
from app.platform.codex_check_progress import CheckEnds, Progress
from app.platform.codex_check_report import CheckCode, CheckReport, CheckStep, Stage, StepState
from app.platform.codex_check_turn import TheRun
from app.platform.redaction import redacted

__all__ = ["Call", "CheckCode", "CheckReport", "CheckStep", "CodexCheck", "Stage", "StepState"]

#: How long Codex may take for its one turn, in seconds. A model that thinks hard takes half a minute for a word.
LIMIT_S = 90.0


class CodexCheck:
    """Checks one user's Codex against one gateway; may be run again.

    Args:
        environ: of this process.
        home: the user's home folder.
        call: gives the instance a command; None: no instance runs.
        fresh: look at Codex as a new terminal window has it, for a program that was not started from one. False: this
            process was started from a terminal, and Codex gets its environment.
        runs: whether Codex is run; without that, only what needs no turn is looked at.
        system: as `sys.platform` names it.
        limit_s: how long Codex may take, in seconds.
        folder: in which the user types `codex`, whose project may lead elsewhere; None: not known.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        home: Path,
        call: Call | None,
        *,
        fresh: bool = True,
        runs: bool = True,
        system: str = sys.platform,
        limit_s: float = LIMIT_S,
        folder: Path | None = None,
    ) -> None:
        self._around = Surroundings(environ, home, fresh, system, folder)
        self._call = call
        self._runs = runs
        self._limit_s = limit_s

    async def run(self, told: Callable[[tuple[CheckStep, ...]], None]) -> CheckReport:
        """Check, once; `told` gets all steps whenever one has changed. Never raises for what it finds."""
        at, begun = time.time(), time.monotonic()
        progress = Progress(told, self._redacted)
        facts = {"Waystation": __version__, "System": self._around.system}
        with contextlib.suppress(CheckEnds):
            await self._look(progress, facts)
        shown = {name: self._redacted(value) for name, value in facts.items()}
        return CheckReport(progress.finish(), at, time.monotonic() - begun, shown)

    async def _look(self, progress: Progress, facts: dict[str, str]) -> None:
        call = self._call
        if call is None:
            raise progress.wrong(Stage.GATEWAY, CheckCode.NOT_RUNNING, command="waystation")
        try:
            ready = await BeforeTheRun(self._around, call, progress, facts).look()
            if self._runs:
                await TheRun(ready, call, progress, facts).go(self._limit_s)
        except WaystationError as error:
            # The instance has ended meanwhile, or does not do what it is asked.
            raise progress.wrong(Stage.GATEWAY, CheckCode.NOT_ANSWERING, {"problem": error.message}) from None

    def _redacted(self, text: str) -> str:
        user = ""
        with contextlib.suppress(Exception):
            # Without a name in the environment it asks the system, which may know none either.
            user = getpass.getuser()
        return redacted(text, home=str(self._around.home), user=user)
