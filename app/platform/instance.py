"""One process owns a data folder: its lock, and the file that tells others how to reach it."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO

from app.core.errors import DataUnusable, InstanceRunning

_LOCK_FILE = "instance.lock"
_INFO_FILE = "instance.json"


@dataclass(frozen=True, slots=True)
class InstanceInfo:
    """How to reach the instance: its control channel's port and secret."""

    pid: int
    port: int
    secret: str = field(repr=False)


class InstanceLock:
    """The right to a data folder. The system gives it back when the process ends, however it ends.

    Args:
        data_dir: made, for the user alone, if it is missing.
    """

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._file: IO[bytes] | None = None

    def acquire(self) -> None:
        """Take the lock.

        Raises:
            InstanceRunning: another process has it.
            DataUnusable: the folder cannot be made or written.
        """
        try:
            self._data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = (self._data_dir / _LOCK_FILE).open("a+b")
        except OSError as error:
            raise DataUnusable(
                f"The data folder {self._data_dir} cannot be used: {error.strerror}. Choose another with --data-dir."
            ) from error
        try:
            _lock(file)
        except OSError:
            file.close()
            raise InstanceRunning("Waystation is running already with this data folder.") from None
        self._file = file

    def release(self) -> None:
        """Give the lock back, and remove what told others of this instance."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                (self._data_dir / _INFO_FILE).unlink(missing_ok=True)
            self._file.close()
            self._file = None


def is_owned(data_dir: Path) -> bool:
    """Whether a process may have this data folder's lock now; nothing is made, not even in a folder being removed."""
    try:
        file = (data_dir / _LOCK_FILE).open("r+b")
    except FileNotFoundError:
        return False
    except OSError:
        # Windows refuses for a moment what is being removed.
        return True
    with file:
        try:
            _lock(file)
        except OSError:
            return True
    return False


def announce(data_dir: Path, port: int, secret: str) -> None:
    """Write `instance.json`, readable by the user alone; the caller holds the lock."""
    info = InstanceInfo(os.getpid(), port, secret)
    path = data_dir / _INFO_FILE
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(asdict(info), file)
    fresh.replace(path)


def announced(data_dir: Path) -> InstanceInfo | None:
    """What the running instance wrote; None when there is nothing readable."""
    try:
        data = json.loads((data_dir / _INFO_FILE).read_text(encoding="utf-8"))
        return InstanceInfo(int(data["pid"]), int(data["port"]), str(data["secret"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[bytes]) -> None:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
