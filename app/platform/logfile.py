"""The log file: small, rotated, and without secrets whatever is logged."""

from __future__ import annotations

import logging
import logging.handlers
from pathlib import Path

from app.platform.redaction import without_secrets

#: The log's name in the log folder; older ones have a number behind it.
LOG_FILE = "waystation.log"
_SIZE = 2 * 1024 * 1024
_FILES = 5


class RedactingFormatter(logging.Formatter):
    """Formats a record, its traceback too, and leaves secrets out of the result."""

    def format(self, record: logging.LogRecord) -> str:
        """See `logging.Formatter`."""
        return without_secrets(super().format(record))


def log_to_file(folder: Path) -> None:
    """Send the process's log to `waystation.log` in this folder.

    A folder that cannot be written is no reason not to start: the log then goes nowhere.
    """
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    # A log that cannot be written (disk full, folder gone) must not print tracebacks where the user reads.
    logging.raiseExceptions = False
    # Says at every migration which of its plug-ins it has loaded.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    try:
        for part in (*reversed(folder.parents), folder):
            # One by one: `parents=True` would leave the data folder open to others.
            part.mkdir(mode=0o700, exist_ok=True)
        handler = logging.handlers.RotatingFileHandler(
            folder / LOG_FILE, maxBytes=_SIZE, backupCount=_FILES - 1, encoding="utf-8", delay=True
        )
    except OSError:
        root.addHandler(logging.NullHandler())
        return
    handler.setFormatter(RedactingFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root.addHandler(handler)
