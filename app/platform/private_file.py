"""Files that only the user may read."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from app.core.errors import InvalidInput, WaystationError


class FileUnwritable(WaystationError):
    """The system does not let us write a file where the user wants it."""

    code = "file_unwritable"


def refuse_existing(path: Path) -> None:
    """See that nothing is overwritten.

    Raises:
        InvalidInput: there is a file already, or something else.
    """
    if os.path.lexists(path):
        raise _exists(path)


def write_private(path: Path, text: str, *, replace: bool = False) -> None:
    """Write a file, readable by the user alone, whole or not at all.

    Args:
        path: of the file; its folder is there.
        text: goes in as it is, line ends and all.
        replace: overwrite what is there; it stays as it is until all is written.

    Raises:
        InvalidInput: there is a file already.
        FileUnwritable: the system refuses.
    """
    fresh = path.with_name(f".{path.name}.{os.getpid()}") if replace else path
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(text.encode())
                file.flush()
                os.fsync(file.fileno())
            if replace:
                fresh.replace(path)
        except BaseException:
            with suppress(OSError):
                fresh.unlink()
            raise
    except FileExistsError:
        raise _exists(path) from None
    except OSError as error:
        raise FileUnwritable(f"{path} cannot be written: {error.strerror}.", path=str(path)) from error


def _exists(path: Path) -> InvalidInput:
    return InvalidInput(f"{path} is there already. Choose another name, or overwrite it with --force.", path=str(path))
