"""What another program prints, bounded in time and size, with nothing of it left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress

_MOST_OUTPUT = 4096


def text_of(data: bytes, *, system: str = sys.platform, code_page: str = "oem") -> str:
    """What a program has printed, as text.

    Windows' own programs write in the code page of the console, such as 936 in China, and so does cmd where npm's
    script fails; Codex and Node write UTF-8, into the same pipe. So each line is what it can be.

    Args:
        data: as it was read; its end may be missing.
        system: as `sys.platform` names it.
        code_page: what is no UTF-8 on Windows; `oem` is Python's name for the console's.
    """
    if system != "win32":
        return data.decode("utf-8", "replace")
    return "\n".join(_line_of(line, code_page) for line in data.split(b"\n"))


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


def _line_of(line: bytes, code_page: str) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        # A character whose end has not been read yet is no reason to take the line for something else.
        is_cut = error.reason == "unexpected end of data"
        return line.decode("utf-8" if is_cut else code_page, "replace")


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
