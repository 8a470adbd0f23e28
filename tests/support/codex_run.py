"""The real Codex as a process of its own, until its end."""

import asyncio
import contextlib
import os
import tempfile
import time
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from tests.support.done import Done
from tests.support.left_behind import all_of, end_all_of

_LOOK_S = 1.0
LINGER_S = 8.0
_ESTABLISHED = b"01"


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

    A Codex of 0.100 or later that has written the end of its turn into its own file and holds no connection may hang
    all the same: its threads wait for each other (seen with 0.100 and 0.120 once in thousands of runs, told of others
    by others). Nobody outside can keep it then, so this is no fault of what is tested: after ``linger`` seconds it is
    ended, and the run counts as a success, with a warning. Whoever hangs in any other state fails the test.

    Raises:
        AssertionError: no end within ``limit`` seconds.
    """
    started, since = time.monotonic(), time.time()
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
        home = Path(env["HOME"])
        over = 0.0
        try:
            while (code := await _ended(process)) is None:
                over = (
                    over + _LOOK_S if _turn_is_over(Path(env["CODEX_HOME"]), since) and not _connections(home) else 0.0
                )
                if over >= linger:
                    warnings.warn(f"Codex hung after its last answer and was ended:\n{_state(home)}", stacklevel=2)
                    code = 0
                    break
                late = time.monotonic() - started > limit
                assert not late, f"no end in {limit:g} s:\n{_all(out)}\n{_all(err)[-3000:]}\n{_state(home)}"
        finally:
            if process.returncode is None:
                end_all_of(home)
                await process.wait()
        return Done(code, _all(out), _all(err), time.monotonic() - started)


async def _ended(process: asyncio.subprocess.Process) -> int | None:
    """Its exit status, or None if it still runs after a while."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_LOOK_S):
            return await process.wait()
    return None


def _turn_is_over(codex_home: Path, since: float) -> bool:
    """Whether the newest of the conversations ends with the end of a turn, written after ``since`` (Unix time)."""
    files = [(file.stat().st_mtime, file) for file in codex_home.glob("sessions/**/rollout-*.jsonl")]
    if not files or max(files)[0] < since:
        return False
    lines = max(files)[1].read_bytes().splitlines()
    return bool(lines) and b'"type":"task_complete"' in lines[-1]


def _connections(home: Path) -> list[str]:
    """The inodes of the TCP connections that a process of this home has open."""
    tables = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
    rows = [row.split() for table in tables if table.exists() for row in table.read_bytes().splitlines()[1:]]
    open_ones = {row[9].decode() for row in rows if row[3] == _ESTABLISHED}
    held: set[str] = set()
    for pid in all_of(home):
        with contextlib.suppress(OSError):
            for file in Path(f"/proc/{pid}/fd").iterdir():
                with contextlib.suppress(OSError):
                    held.add(os.readlink(file).removeprefix("socket:[").removesuffix("]"))
    return sorted(open_ones & held)


def _state(home: Path) -> str:
    """What each process of this home is, and what its threads wait for."""
    told = [f"connections: {_connections(home)}"]
    for pid in all_of(home):
        with contextlib.suppress(OSError):
            name = Path(f"/proc/{pid}/comm").read_text().strip()
            waits = [(task / "wchan").read_text() for task in Path(f"/proc/{pid}/task").iterdir()]
            told.append(f"{pid} {name}: {' '.join(waits)}")
    return "\n".join(told)


def _all(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")
