"""The log file: small, rotated, and without secrets whatever is logged."""

from __future__ import annotations

import faulthandler
import logging
import logging.handlers
import re
from pathlib import Path

_SIZE = 2 * 1024 * 1024
_FILES = 5
# JSON web tokens, OpenAI keys, our license keys, and whatever follows a Bearer.
_SECRETS = re.compile(
    r"eyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?|\bsk-[\w-]{8,}|\bws-[a-z2-7]{16,}|(?<=[Bb]earer )\S+|\brt[._][\w.-]{16,}"
)


def without_secrets(text: str) -> str:
    """The text with everything that looks like a secret left out."""
    return _SECRETS.sub("…", text)


class RedactingFormatter(logging.Formatter):
    """Formats a record, its traceback too, and leaves secrets out of the result."""

    def format(self, record: logging.LogRecord) -> str:
        """See `logging.Formatter`."""
        return without_secrets(super().format(record))


def log_to_file(folder: Path, *, faults: bool = True) -> None:
    """Send the process's log to `waystation.log` in this folder, and fatal faults to `crash.log`.

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
            folder / "waystation.log", maxBytes=_SIZE, backupCount=_FILES - 1, encoding="utf-8", delay=True
        )
        if faults:
            # Kept open for the process's life: a fault has no time to open it.
            faulthandler.enable((folder / "crash.log").open("a", encoding="utf-8"))
    except OSError:
        root.addHandler(logging.NullHandler())
        return
    handler.setFormatter(RedactingFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root.addHandler(handler)
