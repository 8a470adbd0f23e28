"""`setup codex --write` and `--undo`: Codex's own files, after a look at what will change."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from app.commandline.delivery import Deliver
from app.core.errors import InvalidInput
from app.platform.client_address import client_url
from app.platform.codex_config_findings import Finding
from app.platform.codex_install import find_codex
from app.platform.codex_notes import CodexVersion, parse_codex_version
from app.platform.codex_ways import Route
from app.platform.codex_write_plan import FileEdit
from app.platform.codex_writer import CodexWriter
from app.platform.paths import CODEX_MEMORY_FILE
from app.platform.system_proxy import system_proxy, terminal_proxies


def write_codex_config(
    arguments: argparse.Namespace, deliver: Deliver, environ: Mapping[str, str], data_dir: Path
) -> int:
    """Show what will change in Codex's files, ask, and change it; returns the exit code: 1 if the user said no.

    Raises:
        WaystationError: it cannot be done; nothing was changed.
    """
    host, port = arguments.host, arguments.port
    if host is None or port is None:
        status = deliver("status", {})
        host = host or status["client_host"]
        port = port or status["port"]
    key = arguments.license or deliver("license.default", {})["key"]
    followed = [token["follows"] for token in deliver("token.list", {}) if token["follows"]]
    home = _home()
    writer = CodexWriter(environ, home, data_dir / CODEX_MEMORY_FILE)
    plan = writer.plan(
        Route(arguments.route or Route.OWN_PROVIDER),
        client_url(host.strip("[]"), port),
        key,
        _version(arguments, environ, home),
        followed=followed,
        terminal=terminal_proxies(environ, proxy=system_proxy()),
    )
    _show(plan.files, plan.findings)
    if not plan.files:
        print("Codex's files say so already.")
    elif not _agreed(arguments, "Write this?"):
        return _left_alone()
    writer.write(plan, time.time())
    for file in plan.files:
        print(f"wrote {file.path}" if file.after is not None else f"removed {file.path}")
    _still_to_run(plan.command)
    return 0


def undo_codex_config(arguments: argparse.Namespace, environ: Mapping[str, str], data_dir: Path) -> int:
    """Show what will be taken back out of Codex's files, ask, and do it; returns the exit code: 1 if the user said no.

    Raises:
        WaystationError: it cannot be done; nothing was changed.
    """
    writer = CodexWriter(environ, _home(), data_dir / CODEX_MEMORY_FILE)
    plan = writer.plan_undo()
    _show(plan.files, plan.findings)
    for key in plan.left:
        print(f"note: {key} has been changed since; it stays as it is.", file=sys.stderr)
    if plan.files and not _agreed(arguments, "Take this back?"):
        return _left_alone()
    writer.undo(plan)
    for file in plan.files:
        print(f"restored {file.path}" if file.after is not None else f"removed {file.path}")
    if not plan.files:
        print("Nothing of Waystation is in Codex's files any more.")
    _still_to_run(plan.command)
    return 0


def _version(arguments: argparse.Namespace, environ: Mapping[str, str], home: Path) -> CodexVersion | None:
    if arguments.codex_version is None:
        install = asyncio.run(find_codex(environ, home))
        return install.version if install else None
    version = parse_codex_version(arguments.codex_version)
    if version is None:
        raise InvalidInput(f"{arguments.codex_version!r} is no version of Codex; it looks like 0.169.0.")
    return version


def _show(files: Sequence[FileEdit], findings: Sequence[Finding]) -> None:
    for file in files:
        print(file.path)
        print(file.diff)
    for finding in findings:
        print(f"note: {finding.text}", file=sys.stderr)
    sys.stdout.flush()


def _agreed(arguments: argparse.Namespace, question: str) -> bool:
    if arguments.yes:
        return True
    if sys.stdin is None or not sys.stdin.isatty():
        raise InvalidInput("There is nobody to ask whether to do this. If it is right, say --yes.")
    try:
        return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False


def _left_alone() -> int:
    print("Nothing was changed.")
    return 1


def _still_to_run(command: str) -> None:
    if command:
        print("Now run this once, in your shell:", file=sys.stderr)
        print(command)


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError:
        raise InvalidInput("This user has no home folder, and so no files of Codex.") from None
