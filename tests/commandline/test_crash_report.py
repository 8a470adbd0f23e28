"""The program that dies, and its next start."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.platform.crash import previous_crash

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")


@contextmanager
def serving(data_dir: Path, end: int) -> Iterator[int]:
    """The gateway as a process; it gets this signal at the end, and must have ended then."""
    process = subprocess.Popen(
        [sys.executable, "-m", "app", "serve", "--port", "0"],
        cwd=ROOT,
        env={**os.environ, "WAYSTATION_DATA_DIR": str(data_dir), "WAYSTATION_KEY_STORE": "file"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("listening on ")
        yield process.pid
        process.send_signal(end)
        process.wait(20)
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def test_the_start_after_a_crash_has_a_report_and_one_after_a_kill_has_none(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    with serving(tmp_path, signal.SIGKILL):
        assert (logs / "running.json").exists()
    with serving(tmp_path, signal.SIGABRT):
        assert previous_crash(logs) is None
    with serving(tmp_path, signal.SIGTERM):
        report = previous_crash(logs)
        assert report is not None
        assert "Fatal Python error: Aborted" in report.text
        assert 'File "app/commandline/serve.py"' in report.text
        assert "app.gateway.listener: listening on http://127.0.0.1:" in report.text
        report.forget()
    assert {file.name for file in logs.iterdir()} == {"waystation.log"}
    with serving(tmp_path, signal.SIGTERM):
        assert previous_crash(logs) is None
