"""A terminal with a program in it, as a person would have it."""

import contextlib
import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

_ESCAPES = re.compile(rb"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b\[[0-9;?<>=]*[ -/]*[@-~]|\x1b[()][A-Z0-9]|\x1b.")

# What a terminal is asked for at a program's start, and what an ordinary one answers.
_ANSWERS = {
    b"\x1b[6n": b"\x1b[1;1R",
    b"\x1b[c": b"\x1b[?62;c",
    b"\x1b]10;?": b"\x1b]10;rgb:ffff/ffff/ffff\x1b\\",
    b"\x1b]11;?": b"\x1b]11;rgb:0000/0000/0000\x1b\\",
}
_QUESTIONS = re.compile(b"|".join(map(re.escape, _ANSWERS)))


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Terminal:
    """Runs a command in a pseudo-terminal of 40 lines and 120 columns; ends its session on exit."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str], folder: Path) -> None:
        self._output = b""
        self._answered = 0
        self._ended = False
        self._fd, inner = os.openpty()
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        try:
            self._process = subprocess.Popen(
                command,
                env=env,
                cwd=folder,
                stdin=inner,
                stdout=inner,
                stderr=inner,
                start_new_session=True,
                preexec_fn=_take_terminal,
            )
        except OSError:
            os.close(self._fd)
            raise
        finally:
            os.close(inner)

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # A closed terminal hangs up on its session; whoever does not leave is killed.
        os.close(self._fd)
        try:
            self._process.wait(3)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(3)

    @property
    def text(self) -> str:
        """What the program has written, without escape sequences, white space made single."""
        return " ".join(_ESCAPES.sub(b" ", self._output).decode(errors="replace").split())

    def write(self, text: str) -> None:
        """Type, or paste, these characters."""
        os.write(self._fd, text.encode())

    def interrupt(self, timeout: float = 20.0) -> None:
        """Press Ctrl-C every half second until the program has left; ``timeout`` in seconds."""
        pressed = 0.0

        def left() -> bool:
            nonlocal pressed
            if not self._ended and time.monotonic() - pressed > 0.5:
                self.write("\x03")
                pressed = time.monotonic()
            return self._ended

        self.wait_for(left, "the end", timeout)

    def wait_for(self, look: Callable[[], object], what: str, timeout: float = 20.0) -> None:
        """Serve the terminal until ``look`` gives something true; ``timeout`` in seconds."""
        deadline = time.monotonic() + timeout
        while not look():
            assert not self._ended, f"the program ended before {what}:\n{self.text[-1500:]}"
            assert time.monotonic() < deadline, f"waited {timeout:g} s in vain for {what}:\n{self.text[-1500:]}"
            self._serve()

    def wait_end(self, timeout: float = 20.0) -> None:
        """Serve the terminal until the program has left; ``timeout`` in seconds."""
        self.wait_for(lambda: self._ended, "the end", timeout)

    def _serve(self) -> None:
        if not select.select([self._fd], [], [], 0.05)[0]:
            return
        try:
            piece = os.read(self._fd, 65536)
        except OSError:  # Linux says so when the last program has left the terminal.
            piece = b""
        self._ended = not piece
        self._output += piece
        for question in _QUESTIONS.finditer(self._output, self._answered):
            os.write(self._fd, _ANSWERS[question[0]])
            self._answered = question.end()
