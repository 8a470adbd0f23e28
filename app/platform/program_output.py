"""What another program prints, bounded in time and size, with nothing of it left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress

_MOST_OUTPUT = 4096


async def printed(command: Sequence[str], environ: Mapping[str, str], timeout_s: float) -> bytes:
    """What a program prints to its standard output; empty when it does not start or does not end in time.

    Args:
        command: the program's path and its arguments. It gets no input.
        environ: its environment.
        timeout_s: how long it may take, in seconds; it is killed then, with all that it started (POSIX). What is
            longer than 4096 bytes is cut off.
    """
    # Windows starts a .cmd by itself, without a shell of ours whose quoting could go wrong; no window flashes up.
    flags = {"creationflags": 0x08000000} if sys.platform == "win32" else {"start_new_session": True}
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=environ,
            **flags,
        )
    except OSError:
        # Damaged, or for another processor.
        return b""
    said = b""
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                said = await _read(process)
    finally:
        _end(process)
        await process.wait()
    return said


async def _read(process: asyncio.subprocess.Process) -> bytes:
    said = b""
    while process.stdout is not None and len(said) < _MOST_OUTPUT:
        piece = await process.stdout.read(_MOST_OUTPUT - len(said))
        if not piece:
            await process.wait()
            break
        said += piece
    return said


def _end(process: asyncio.subprocess.Process) -> None:
    """Leave nothing of it behind: a script starts programs of its own."""
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        if sys.platform == "win32":
            process.kill()
        else:
            # The group is the process's own: it was started as a leader.
            os.killpg(process.pid, signal.SIGKILL)
