"""`waystation doctor`: whether the user's own Codex gets an answer through the gateway, and if not, why."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.commandline.control_client import ask
from app.commandline.delivery import NOBODY, ask_owner
from app.core.errors import InstanceUnreachable, WaystationError
from app.platform.codex_check import Call, CheckReport, CheckStep, CodexCheck
from app.platform.codex_check_report import Stage, StepState, step_lines
from app.platform.instance import InstanceLock, announced


def doctor(arguments: argparse.Namespace, data_dir: Path, environ: Mapping[str, str]) -> int:
    """Check, and say what is found as soon as it is known; 0 when all is well, else 1."""
    report = asyncio.run(_checked(arguments, data_dir, environ))
    if arguments.json:
        print(json.dumps(report.as_data(), indent=2, ensure_ascii=False))
    else:
        for name, value in report.facts.items():
            print(f"       {name}: {value}")
        if report.problem is not None:
            print("The line marked FAIL is the first thing that is wrong.")
        else:
            print("All is well so far; Codex was not run." if arguments.no_run else "Codex works through Waystation.")
    return 0 if report.problem is None else 1


async def _checked(arguments: argparse.Namespace, data_dir: Path, environ: Mapping[str, str]) -> CheckReport:
    call = await _instance(data_dir)
    folder = None
    with contextlib.suppress(OSError):
        # It may be gone.
        folder = Path.cwd()
    check = CodexCheck(environ, Path.home(), call, fresh=False, runs=not arguments.no_run, folder=folder)
    return await check.run(_quiet if arguments.json else _Lines())


async def _instance(data_dir: Path) -> Call | None:
    """How the running instance is asked; None when there is none."""
    lock = InstanceLock(data_dir)
    try:
        if await asyncio.to_thread(ask_owner, lock, data_dir, "status", {}) is NOBODY:
            lock.release()
            return None
    except WaystationError:
        # It runs, and does not answer: the check says so.
        pass

    async def call(name: str, params: dict[str, Any]) -> Any:
        info = announced(data_dir)
        if info is None:
            raise InstanceUnreachable("The Waystation that was running has ended.")
        return await asyncio.to_thread(ask, info, name, params)

    return call


def _quiet(steps: tuple[CheckStep, ...]) -> None:
    """The report says everything at once."""


class _Lines:
    """Prints what is known of a step as soon as it is; again only where a step that had gone well turns out wrong."""

    def __init__(self) -> None:
        self._printed: dict[Stage, StepState] = {}

    def __call__(self, steps: tuple[CheckStep, ...]) -> None:
        for step in steps:
            if step.state in (StepState.OK, StepState.FAILED) and self._printed.get(step.stage) is not step.state:
                self._printed[step.stage] = step.state
                print("\n".join(step_lines(step)), flush=True)
