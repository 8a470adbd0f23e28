"""What a crash leaves, in real processes that really die."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.core.errors import InvalidInput
from app.platform.crash import crashes_noted, previous_crash, relative_names
from app.practice.accounts import sample_accounts, sample_api_keys

ROOT = Path(__file__).resolve().parents[2]
KEY = sample_api_keys()[0].key

BEGIN = """
import ctypes, logging, os, sys, threading
from pathlib import Path
from app.platform.crash import crashes_noted
from app.platform.logfile import log_to_file
folder = Path(sys.argv[1])
log_to_file(folder)
for number in range(80):
    logging.info("line %d", number)
logging.info("for ann@example.com in %s", Path.home())
with crashes_noted(folder):
"""


def die(folder: Path, how: str) -> int:
    """Run a program that ends like this inside; its exit code."""
    lines = BEGIN + "".join(f"    {line}\n" for line in how.splitlines())
    done = subprocess.run(
        [sys.executable, "-c", lines, str(folder)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        timeout=30,
        check=False,
    )
    return done.returncode


def next_start(folder: Path) -> str | None:
    """What the next start has to show."""
    with crashes_noted(folder):
        report = previous_crash(folder)
        return None if report is None else report.text


@pytest.fixture(autouse=True)
def hooks_as_before() -> Iterator[None]:
    before = sys.excepthook, threading.excepthook
    yield
    assert (sys.excepthook, threading.excepthook) == before


def test_a_fault_in_native_code_is_told_with_its_trace_and_the_end_of_the_log(tmp_path: Path) -> None:
    assert die(tmp_path, "ctypes.string_at(0)") != 0
    text = next_start(tmp_path)
    assert text is not None
    assert text.startswith("Waystation ")
    assert "Python 3." in text
    assert "in string_at" in text
    assert 'File "ctypes/__init__.py"' in text
    assert "line 79" in text
    assert "line 20\n" not in text
    assert "ann@example.com" not in text
    assert str(Path.home()) not in text


def test_an_error_that_nobody_handles_is_told_without_its_secrets(tmp_path: Path) -> None:
    assert die(tmp_path, f"raise RuntimeError('lost {KEY}')") == 1
    text = next_start(tmp_path)
    assert text is not None
    assert "RuntimeError: lost …" in text
    assert KEY not in text


def test_an_error_in_a_thread_is_told_if_the_process_was_killed_later(tmp_path: Path) -> None:
    how = "t = threading.Thread(target=lambda: 1 / 0, name='gateway')\nt.start()\nt.join()\nos.kill(os.getpid(), 9)"
    assert die(tmp_path, how) == -signal.SIGKILL
    text = next_start(tmp_path)
    assert text is not None
    assert "unhandled error in thread gateway" in text
    assert "ZeroDivisionError" in text


@pytest.mark.parametrize("how", ["os.kill(os.getpid(), 9)", "os._exit(3)", "logging.error('said, without a trace')"])
def test_where_there_is_nothing_to_tell_nothing_is_told(tmp_path: Path, how: str) -> None:
    die(tmp_path, how)
    assert next_start(tmp_path) is None


@pytest.mark.parametrize(
    "how",
    [
        "pass",
        "sys.exit(0)",
        "raise KeyboardInterrupt",
        # Somebody handled it, and the program went on to an orderly end.
        "try:\n    1 / 0\nexcept ZeroDivisionError:\n    logging.exception('unexpected')",
    ],
)
def test_an_orderly_end_leaves_nothing(tmp_path: Path, how: str) -> None:
    die(tmp_path, how)
    assert {file.name for file in tmp_path.iterdir()} == {"waystation.log"}
    assert next_start(tmp_path) is None


def test_what_the_user_is_told_in_a_sentence_is_no_crash(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput), crashes_noted(tmp_path):
        raise InvalidInput("no such thing")
    assert list(tmp_path.iterdir()) == []


def test_a_report_is_shown_until_it_is_put_away(tmp_path: Path) -> None:
    die(tmp_path, "raise RuntimeError('lost')")
    assert next_start(tmp_path) is not None
    assert next_start(tmp_path) is not None
    report = previous_crash(tmp_path)
    assert report is not None
    assert "lost" not in repr(report.at)
    report.forget()
    report.forget()
    assert next_start(tmp_path) is None


@pytest.mark.skipif(os.name == "nt", reason="POSIX modes")
def test_a_report_is_for_the_user_alone(tmp_path: Path) -> None:
    die(tmp_path, "raise RuntimeError('lost')")
    next_start(tmp_path)
    assert (tmp_path / "crash-report.json").stat().st_mode & 0o077 == 0


def test_a_folder_that_cannot_be_written_does_not_hinder_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with crashes_noted(tmp_path / "file" / "logs"):
        assert previous_crash(tmp_path / "file" / "logs") is None


@pytest.mark.parametrize("left", [b"", b"\xff\xfe", b"[1]", b'{"at": null}'])
def test_damaged_files_are_no_report_and_no_hindrance(tmp_path: Path, left: bytes) -> None:
    (tmp_path / "crash-report.json").write_bytes(left)
    (tmp_path / "running.json").write_bytes(left)
    (tmp_path / "crash.log").write_bytes(b"\xff trace")
    with crashes_noted(tmp_path):
        assert previous_crash(tmp_path) is None


def test_a_marker_that_says_little_is_enough_for_a_report(tmp_path: Path) -> None:
    (tmp_path / "running.json").write_text('{"pid": 1, "packages": ["?"], "started_at": "yesterday"}')
    (tmp_path / "crash.log").write_text("Fatal Python error: Aborted")
    text = next_start(tmp_path)
    assert text is not None
    assert "Fatal Python error: Aborted" in text
    assert "Started unknown" in text


def test_a_successor_that_has_begun_already_keeps_its_marker(tmp_path: Path) -> None:
    with crashes_noted(tmp_path):
        (tmp_path / "running.json").write_text('{"pid": 1}')
    assert (tmp_path / "running.json").exists()


@pytest.mark.expects_errors("unexpected")
def test_errors_are_noted_up_to_a_limit(tmp_path: Path) -> None:
    with crashes_noted(tmp_path):
        for _ in range(60):
            try:
                raise ValueError(sample_accounts()[0].access_token + " y" * 5_000)
            except ValueError:
                logging.getLogger("app.test").exception("unexpected")
        noted = (tmp_path / "crash.log").read_text(encoding="utf-8")
    assert 100_000 < len(noted) < 200_000
    assert sample_accounts()[0].access_token not in noted


def test_files_are_named_relative_to_where_they_belong() -> None:
    trace = (
        '  File "/opt/w/app/core/pool.py", line 3 in lease\n'
        '  File "/home/ann/v/lib/python3.11/site-packages/aiohttp/web.py", line 4 in run\n'
        '  File "C:\\Python311\\Lib\\asyncio\\events.py", line 5 in _run\n'
        '  File "app/core/pool.py", line 6 in lease\n'
        '  File "<frozen runpy>", line 7 in _run\n'
    )
    assert relative_names(trace, Path("/opt/w")) == (
        '  File "app/core/pool.py", line 3 in lease\n'
        '  File "aiohttp/web.py", line 4 in run\n'
        '  File "asyncio/events.py", line 5 in _run\n'
        '  File "app/core/pool.py", line 6 in lease\n'
        '  File "<frozen runpy>", line 7 in _run\n'
    )
