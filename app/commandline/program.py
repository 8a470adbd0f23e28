"""From the command line to an exit code: every failure ends with one sentence."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from app.commandline.delivery import NOBODY, ask_owner
from app.commandline.importing import modules_read
from app.commandline.options import data_dir, instance_options
from app.commandline.parser import parsed_arguments
from app.core.errors import InstanceRunning, WaystationError
from app.platform.crash import crashes_noted
from app.platform.display import display_problem
from app.platform.instance import InstanceLock
from app.platform.logfile import log_to_file
from app.platform.open_files import allow_many_files
from app.platform.paths import PREFERENCES_FILE, default_data_dir, log_dir

#: Of sysexits.h: an internal error.
_EX_SOFTWARE = 70
_INTERRUPTED = 130

_log = logging.getLogger(__name__)


def run(arguments: list[str]) -> int:
    """Carry out what the command line says; returns the exit code."""
    parsed = parsed_arguments(arguments)
    environ = os.environ
    try:
        folder = data_dir(parsed, environ)
    except WaystationError as error:
        return _failed(error.message, error.exit_code)
    if parsed.action not in ("practice", "selftest"):
        # These have a folder of their own, log and all.
        log_to_file(log_dir(folder))
    try:
        code = _act(parsed, folder, environ)
        # Here rather than at the interpreter's end, where a reader that has left would count as a failure.
        sys.stdout.flush()
        return code
    except WaystationError as error:
        return _failed(error.message, error.exit_code)
    except BrokenPipeError:
        # Whoever read our output has left, as in `waystation token list | head -1`.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return _INTERRUPTED
    except Exception as error:
        _log.exception("unexpected")
        return _failed(
            f"Something unexpected went wrong ({type(error).__name__}). The log: {log_dir(folder)}",
            _EX_SOFTWARE,
        )


def _act(parsed: argparse.Namespace, folder: Path, environ: Mapping[str, str]) -> int:
    match parsed.action:
        case "serve":
            return _serve(folder, environ, parsed.host, parsed.port)
        case "desktop":
            return _desktop(folder, environ, minimized=parsed.minimized)
        case "practice":
            return _practice(environ, parsed.port, visited=not parsed.quiet)
        case "selftest":
            from app.commandline.selftest import selftest

            return selftest(parsed.output)
        case _:
            with modules_read():
                from app.commandline.actions import run_action

            return run_action(parsed, folder, environ)


def _serve(folder: Path, environ: Mapping[str, str], host: str | None, port: int | None) -> int:
    with modules_read():
        from app.commandline.owner import owned_gateway
        from app.commandline.serve import serve

    options = instance_options(folder, environ)
    lock = InstanceLock(folder)
    answer = ask_owner(lock, folder, "status", {})
    if answer is not NOBODY:
        raise InstanceRunning(
            f"Waystation is running already (process {answer['pid']}, {answer['state']}, {answer['base_url']}). "
            "End it with `waystation quit`, or use another --data-dir."
        )
    try:
        allow_many_files()
        with crashes_noted(log_dir(folder)):
            return serve(partial(owned_gateway, options, lock), host=host, port=port)
    finally:
        lock.release()


def _desktop(folder: Path, environ: Mapping[str, str], *, minimized: bool) -> int:
    if problem := display_problem(environ, sys.platform):
        print(f"{problem}: starting the gateway alone.", file=sys.stderr, flush=True)
        return _serve(folder, environ, None, None)
    lock = InstanceLock(folder)
    if ask_owner(lock, folder, "show", {}) is not NOBODY:
        return 0
    with modules_read():
        from app.commandline.desktop import run as run_desktop
        from app.commandline.owner import owned_gateway

    try:
        options = instance_options(folder, environ)
        allow_many_files()
        with crashes_noted(log_dir(folder)):
            return run_desktop(
                partial(owned_gateway, options, lock),
                environ,
                preferences_file=folder / PREFERENCES_FILE,
                log_folder=log_dir(folder),
                data_dir=None if folder == default_data_dir() else folder,
                minimized=minimized,
            )
    finally:
        lock.release()


def _practice(environ: Mapping[str, str], port: int, *, visited: bool) -> int:
    with modules_read():
        from app.commandline.desktop import run as run_desktop
        from app.commandline.practice import practice_instance
        from app.commandline.serve import serve

    open_instance = partial(practice_instance, visited=visited)
    allow_many_files()
    print("Practice: a simulated upstream and three sample tokens; nothing leaves this computer.", flush=True)
    if problem := display_problem(environ, sys.platform):
        print(f"{problem}: starting the gateway alone.", file=sys.stderr, flush=True)
        return serve(open_instance, host=None, port=port)
    # Nothing of the user's own choices is touched by practice.
    with tempfile.TemporaryDirectory(prefix="waystation-practice-", ignore_cleanup_errors=True) as own:
        preferences = Path(own) / PREFERENCES_FILE
        return run_desktop(
            partial(open_instance, log_folder=log_dir(Path(own))),
            environ,
            preferences_file=preferences,
            log_folder=log_dir(Path(own)),
            practice=True,
            port=port,
        )


def _failed(sentence: str, code: int) -> int:
    print(f"waystation: {sentence}", file=sys.stderr)
    return code
