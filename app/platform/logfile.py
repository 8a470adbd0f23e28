"""The log file: small, rotated, and without secrets whatever is logged."""

from __future__ import annotations

import io
import logging
import logging.handlers
import time
from pathlib import Path

from app.platform.redaction import without_secrets

#: The log's name in the log folder; older ones have a number behind it.
LOG_FILE = "waystation.log"
_SIZE = 2 * 1024 * 1024
_FILES = 5


class RedactingFormatter(logging.Formatter):
    """Formats a record, its traceback too, and leaves secrets out of the result."""

    _second = (0, "")

    def format(self, record: logging.LogRecord) -> str:
        """See `logging.Formatter`."""
        return without_secrets(super().format(record))

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        """See `logging.Formatter`; each second is put into words once."""
        second = int(record.created)
        if second != self._second[0]:
            self._second = second, time.strftime(self.default_time_format, self.converter(second))
        return f"{self._second[1]},{record.msecs:03.0f}"


class LogFile(logging.handlers.RotatingFileHandler):
    """Writes each line as one piece, at once: what happened last is there after a crash, too.

    The library's own handler formats every record twice, looks at the file twice, and writes through two buffers.
    """

    stream: io.FileIO | None  # type: ignore[assignment] # unbuffered bytes instead of text

    def emit(self, record: logging.LogRecord) -> None:
        """See `logging.Handler`."""
        try:
            line = f"{self.format(record)}\n".encode("utf-8", "backslashreplace")
            if self.stream is None:
                self.stream = self._open()
            if self._written and self._written + len(line) > self.maxBytes:
                self.doRollover()
                self.stream = self.stream or self._open()
            self.stream.write(line)
            self._written += len(line)
        except Exception:
            self.handleError(record)

    def _open(self) -> io.FileIO:  # type: ignore[override]
        stream = open(self.baseFilename, "ab", buffering=0)  # noqa: SIM115
        self._written = stream.tell()
        return stream


def log_to_file(folder: Path) -> None:
    """Send the process's log to `waystation.log` in this folder.

    A folder that cannot be written is no reason not to start: the log then goes nowhere.
    """
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    # A log that cannot be written (disk full, folder gone) must not print tracebacks where the user reads.
    logging.raiseExceptions = False
    # Nobody reads these of a record, and each costs a look at the system.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    # Nor where in the code a line comes from; "Optimization" in the library's documentation names this switch.
    logging._srcfile = None
    # Says at every migration which of its plug-ins it has loaded.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    try:
        for part in (*reversed(folder.parents), folder):
            # One by one: `parents=True` would leave the data folder open to others.
            part.mkdir(mode=0o700, exist_ok=True)
        handler = LogFile(folder / LOG_FILE, maxBytes=_SIZE, backupCount=_FILES - 1, delay=True)
    except OSError:
        root.addHandler(logging.NullHandler())
        return
    handler.setFormatter(RedactingFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root.addHandler(handler)
