"""The background server of Codex's terminal interface: whether one runs, and what it has kept from its start.

Measured with the real 0.169 (0.140 starts none of itself): the terminal interface starts one for its CODEX_HOME and
leaves it behind. It holds on to the environment of its start with `.env` in it, NO_PROXY too, and to the login of then,
also after `codex logout`, while config.toml is read anew. So a license that was written later is not shown: the gateway
gets the old one, or Codex says "Missing environment variable". `codex exec`, `codex --no-daemon` and every `codex -c …`
go without it. A restart takes half a second, or up to a minute while a turn is running; an open terminal interface goes
on by itself.
`app-server-daemon/daemon.pid` names the process; older ones, which somebody has to start, have `app-server.pid`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from app.platform.codex_config_findings import Finding, FindingCode
from app.platform.codex_notes import CodexVersion

RESTART = "codex app-server daemon restart"
"""Starts it again, with what stands in the files by then; known from 0.140 on."""

_HAS_SERVER: CodexVersion = (0, 140, 0)
_PID_FILES = ("daemon.pid", "app-server.pid")
#: The system tells a process's start with less precision than a file's time, in seconds.
_BLUR_S = 2.0


@dataclass(frozen=True, slots=True)
class CodexServer:
    """One that runs.

    Attributes:
        started_at: Unix seconds.
        environ: that it was started with, `.env` included; None: the system does not tell.
    """

    started_at: float
    environ: Mapping[str, str] | None = field(default=None, repr=False)

    def is_older_than(self, path: Path) -> bool:
        """Whether a file has changed since."""
        with suppress(OSError):
            return path.stat().st_mtime > self.started_at
        return False


def codex_server(codex_home: Path, version: CodexVersion | None) -> CodexServer | None:
    """The one that a Codex of this version uses; None: none runs. Codex is not started for that."""
    if version is not None and version < _HAS_SERVER:
        return None
    for name in _PID_FILES:
        path = codex_home / "app-server-daemon" / name
        # The file stays when the process is killed, and its number may be another's by now.
        with suppress(OSError, ValueError, KeyError, TypeError, OverflowError, psutil.Error):
            named_at = path.stat().st_mtime
            process = psutil.Process(int(json.loads(path.read_bytes())["pid"]))
            if process.create_time() < named_at + _BLUR_S and "app-server" in process.cmdline():
                return CodexServer(named_at, _environ(process))
    return None


def server_findings(
    codex_home: Path, version: CodexVersion | None, *, changes: bool, files: Iterable[Path]
) -> tuple[Finding, ...]:
    """That it has to be started again: something that it keeps `changes` now, or one of the files has since."""
    server = codex_server(codex_home, version)
    if server is None or not (changes or any(map(server.is_older_than, files))):
        return ()
    return (Finding(FindingCode.SERVER_KEEPS, value=RESTART),)


def _environ(process: psutil.Process) -> Mapping[str, str] | None:
    with suppress(OSError, psutil.Error):
        return process.environ() or None
    return None
