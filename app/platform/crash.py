"""After a crash: what happened, as a text that a user can copy and hand on.

While a program runs, a marker and an open file lie in its log folder. Python's fault handler and every error that
nobody handled write into the file; an orderly end removes both. What the next start finds becomes the report.
"""

from __future__ import annotations

import contextlib
import faulthandler
import getpass
import importlib.metadata
import json
import logging
import os
import platform
import re
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from app import __version__
from app.core.errors import WaystationError
from app.platform.logfile import LOG_FILE, RedactingFormatter
from app.platform.redaction import redacted

_MARKER_FILE = "running.json"
_TRACE_FILE = "crash.log"
_REPORT_FILE = "crash-report.json"

_LOG_LINES = 50
#: Bytes at the end of a log in which its last lines are looked for.
_LOG_TAIL = 64 * 1024
#: Characters of what was written down of the crash.
_LONGEST_TRACE = 40_000
#: Bytes after which no further error is noted; the fault handler itself writes as much as it must.
_NOTES_END = 128 * 1024
#: What is worth knowing of the libraries.
_PACKAGES = ("PySide6-Essentials", "qasync", "aiohttp", "SQLAlchemy", "keyring", "cryptography")

_FILE_NAME = re.compile(r'File "([^"\n]+)"')
_ABSOLUTE = re.compile(r"/|[A-Za-z]:/")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CrashReport:
    """What is known of the last crash that the user has not put away yet.

    Attributes:
        at: when it was, in Unix seconds.
        text: in English and without secrets, names and home folders.
    """

    at: float
    text: str
    _file: Path = field(repr=False)

    def forget(self) -> None:
        """Put it away: it is not shown again."""
        with contextlib.suppress(OSError):
            self._file.unlink(missing_ok=True)


def previous_crash(folder: Path) -> CrashReport | None:
    """The report of a crash before this start, if there is one.

    Args:
        folder: the log folder; `crashes_noted` has been entered for it.
    """
    file = folder / _REPORT_FILE
    found = _read(file)
    try:
        return CrashReport(float(found["at"]), str(found["text"]), file)
    except (ValueError, KeyError, TypeError):
        return None


@contextlib.contextmanager
def crashes_noted(folder: Path) -> Iterator[None]:
    """While inside, whatever ends the process without order leaves its trace; the caller owns the data folder.

    What an earlier process has left is made into a report first. A process that was killed leaves nothing to tell.
    A folder that cannot be written is no reason not to start.
    """
    try:
        _make_report(folder)
        marker = folder / _MARKER_FILE
        marker.write_text(json.dumps(_self_portrait()), encoding="utf-8")
        # Kept open for the process's life: a fault has no time to open it.
        file = (folder / _TRACE_FILE).open("a", encoding="utf-8")
    except OSError:
        yield
        return
    orderly = True
    try:
        with file, _faults_into(file), _errors_into(file):
            try:
                yield
            except (WaystationError, BrokenPipeError):
                # The user is told of these in a sentence.
                raise
            except Exception:
                orderly = False
                file.write(traceback.format_exc())
                raise
    finally:
        # The data folder may have a new owner already, who has begun a marker of its own.
        if orderly and _read(marker).get("pid") == os.getpid():
            with contextlib.suppress(OSError):
                marker.unlink(missing_ok=True)
                (folder / _TRACE_FILE).unlink(missing_ok=True)


@contextlib.contextmanager
def _faults_into(file: IO[str]) -> Iterator[None]:
    before = faulthandler.is_enabled()
    faulthandler.enable(file)
    try:
        yield
    finally:
        faulthandler.disable()
        if before and sys.stderr is not None:
            # Somebody, such as a test runner, had it enabled.
            with contextlib.suppress(OSError, ValueError, RuntimeError):
                faulthandler.enable()


@contextlib.contextmanager
def _errors_into(file: IO[str]) -> Iterator[None]:
    """While inside, errors that nobody handles are logged, in any thread, and logged errors with a trace are noted."""
    notes = _Notes(file)
    root = logging.getLogger()
    before = sys.excepthook, threading.excepthook
    root.addHandler(notes)
    sys.excepthook, threading.excepthook = _unhandled, _unhandled_in_thread
    try:
        yield
    finally:
        sys.excepthook, threading.excepthook = before
        root.removeHandler(notes)


class _Notes(logging.Handler):
    """Writes down errors that come with a trace, up to a limit."""

    def __init__(self, file: IO[str]) -> None:
        super().__init__(logging.ERROR)
        self._file = file
        self.setFormatter(RedactingFormatter("%(asctime)s %(name)s: %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        """See `logging.Handler`."""
        if record.exc_info is None or record.exc_info[0] is None:
            return
        with contextlib.suppress(OSError, ValueError):
            if self._file.tell() < _NOTES_END:
                self._file.write(self.format(record) + "\n")
                self._file.flush()


def _unhandled(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
    else:
        _log.error("unhandled error", exc_info=(kind, error, trace))


def _unhandled_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None and not issubclass(args.exc_type, SystemExit):
        name = args.thread.name if args.thread is not None else "unknown"
        _log.error("unhandled error in thread %s", name, exc_info=(args.exc_type, args.exc_value, args.exc_traceback))


def _self_portrait() -> dict[str, Any]:
    packages = {}
    for name in _PACKAGES:
        # A bundle may come without their descriptions.
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            packages[name] = importlib.metadata.version(name)
    return {
        "pid": os.getpid(),
        "started_at": time.time(),
        "version": __version__,
        "python": platform.python_version(),
        "system": _system(),
        "packages": packages,
    }


def _system() -> str:
    if sys.platform != "linux":
        return platform.platform()
    # Python would start a program and search its own file to say the same, which takes a while.
    system = os.uname()
    try:
        libc = f"-with-{(os.confstr('CS_GNU_LIBC_VERSION') or '').replace(' ', '')}"
    except (ValueError, OSError):
        libc = ""
    return f"{system.sysname}-{system.release}-{system.machine}{libc}"


def _make_report(folder: Path) -> None:
    """Make a report of what an earlier process has left, if it says anything, and clear the place."""
    marker, trace_file = folder / _MARKER_FILE, folder / _TRACE_FILE
    about = _read(marker)
    if "pid" in about and trace_file.exists():
        trace = trace_file.read_text(encoding="utf-8", errors="replace").strip()
        if trace:
            at = trace_file.stat().st_mtime
            text = redacted(_composed(about, trace, at, _last_lines(folder)), home=_home(), user=_user())
            report = folder / _REPORT_FILE
            report.write_text(json.dumps({"at": at, "text": text}), encoding="utf-8")
            report.chmod(0o600)
    marker.unlink(missing_ok=True)
    trace_file.unlink(missing_ok=True)


def _read(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _composed(about: dict[str, Any], trace: str, at: float, log: list[str]) -> str:
    packages = about.get("packages")
    known = packages.items() if isinstance(packages, dict) else ()
    libraries = ", ".join(f"{name} {version}" for name, version in known) or "unknown"
    if len(trace) > _LONGEST_TRACE:
        # The last error is the one that ended it.
        trace = f"[…]\n{trace[-_LONGEST_TRACE:]}"
    text = "\n".join(
        [
            f"Waystation {about.get('version')} ended unexpectedly.",
            f"Started {_moment(about.get('started_at'))}, last sign {_moment(at)}.",
            f"System: {about.get('system')}; Python {about.get('python')}",
            f"Libraries: {libraries}",
            "",
            "What happened:",
            trace,
            "",
            f"The last {_LOG_LINES} lines of the log:",
            *log,
            "",
        ]
    )
    return relative_names(text, _root())


def relative_names(trace: str, root: Path) -> str:
    """The trace with each file named relative to the program, to the installed packages, or to Python.

    Args:
        trace: as Python and its fault handler write it.
        root: the folder that holds the program.
    """
    program = root.as_posix().rstrip("/") + "/"

    def named(found: re.Match[str]) -> str:
        path = found[1].replace("\\", "/")
        if not _ABSOLUTE.match(path):
            return found[0]
        for start in (program, "/site-packages/", "/lib-dynload/"):
            place = path.find(start)
            if place >= 0:
                return f'File "{path[place + len(start) :]}"'
        return f'File "{"/".join(path.split("/")[-2:])}"'

    return _FILE_NAME.sub(named, trace)


def _last_lines(folder: Path) -> list[str]:
    try:
        with (folder / LOG_FILE).open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - _LOG_TAIL))
            return file.read().decode("utf-8", "replace").splitlines()[-_LOG_LINES:]
    except OSError:
        return []


def _moment(at: Any) -> str:
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S %z", time.localtime(float(at)))
    except (TypeError, ValueError, OverflowError, OSError):
        return "unknown"


def _home() -> str:
    try:
        return str(Path.home())
    except RuntimeError:
        # Neither the environment nor the system names one.
        return ""


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        # No name in the environment, and none in the system.
        return ""


def _root() -> Path:
    return Path(__file__).resolve().parents[2]
