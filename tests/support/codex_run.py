"""The real Codex as a process of its own, until its end."""

import asyncio
import contextlib
import os
import signal
import tempfile
import time
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from tests.support.done import Done
from tests.support.left_behind import end_all_of

_LOOK_S = 1.0
LINGER_S = 12.0
#: So rare is it that more of them in one process of pytest are no chance.
_FORGIVEN_AT_MOST = 2
_LISTENS = "0A"

_forgiven: list[str] = []


async def run_to_end(
    command: Sequence[str | Path],
    env: Mapping[str, str],
    cwd: Path,
    limit: float,
    *,
    together: bool = False,
    linger: float = LINGER_S,
) -> Done:
    """Run Codex, or a shell that ends with it; nothing is typed. ``together``: errors are said among the output.

    What it leaves running goes on: that is the test's to end.

    Codex may hang for good after its answer: its threads wait for each other (0.100 and 0.120, once in thousands;
    others tell it of others). Who holds no connection, and for ``linger`` seconds uses no processor, waits for nobody
    outside, so this is no fault of what is tested: it is ended, and counts as a success, with a warning; whether it has
    said all is for the test to see. Whoever hangs in any other state, or often, fails the test.

    Raises:
        AssertionError: no end within ``limit`` seconds.
    """
    started, home = time.monotonic(), Path(env["HOME"])
    # Files, because what is left running would hold a pipe open, and so that what was said is there in any case.
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = await asyncio.create_subprocess_exec(
            *command,
            env=env,
            cwd=cwd,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=out,
            stderr=asyncio.subprocess.STDOUT if together else err,
            start_new_session=True,
        )
        still, used = 0.0, 0
        try:
            while (code := await _ended(process)) is None:
                before, used = used, _used(process.pid)
                still = still + _LOOK_S if used == before and not _connections(process.pid) else 0.0
                if still >= linger and len(_forgiven) < _FORGIVEN_AT_MOST:
                    _forgiven.append(_state(process.pid))
                    warnings.warn(f"Codex hung by itself and was ended:\n{_forgiven[-1]}", stacklevel=2)
                    code = 0
                    break
                late = time.monotonic() - started > limit
                assert not late, f"no end in {limit:g} s:\n{_all(out)}\n{_all(err)[-3000:]}\n{_state(process.pid)}"
        finally:
            if process.returncode is None:
                # It leads a group of its own. What left the group has its home.
                os.killpg(process.pid, signal.SIGKILL)
                end_all_of(home)
                await process.wait()
        return Done(code, _all(out), _all(err), time.monotonic() - started)


async def _ended(process: asyncio.subprocess.Process) -> int | None:
    """Its exit status, or None if it still runs after a while."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_LOOK_S):
            return await process.wait()
    return None


def _members(group: int) -> list[Path]:
    """The processes of a group, in /proc."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if os.getpgid(int(folder.name)) == group:
                found.append(folder)
    return found


def _connections(group: int) -> list[str]:
    """The TCP connections that a group has open, by inode; who may not be looked at counts as one."""
    held: set[str] = set()
    for folder in _members(group):
        try:
            # Of the process: it may be in a network of its own.
            tables = [
                (folder / "net" / name).read_text() for name in ("tcp", "tcp6") if (folder / "net" / name).exists()
            ]
            rows = [row.split() for table in tables for row in table.splitlines()[1:]]
            sockets = {f"socket:[{row[9]}]" for row in rows if row[3] != _LISTENS}
            for file in (folder / "fd").iterdir():
                with contextlib.suppress(FileNotFoundError):
                    held |= sockets & {os.readlink(file)}
        except (FileNotFoundError, ProcessLookupError):
            # It has ended meanwhile.
            continue
        except OSError:
            held.add(f"those of {folder.name}")
    return sorted(held)


def _used(group: int) -> int:
    """What its processes have used of the processor, in the kernel's ticks."""
    used = 0
    for folder in _members(group):
        with contextlib.suppress(OSError):
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            used += int(fields[11]) + int(fields[12])
    return used


def _state(group: int) -> str:
    """What each process of a group is, and what its threads wait for."""
    told = [f"connections: {_connections(group)}"]
    for folder in _members(group):
        with contextlib.suppress(OSError):
            waits = [(task / "wchan").read_text() for task in (folder / "task").iterdir()]
            told.append(f"{folder.name} {(folder / 'comm').read_text().strip()}: {' '.join(waits)}")
    return "\n".join(told)


def _all(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")
