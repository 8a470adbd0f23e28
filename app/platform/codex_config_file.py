"""Codex's own files on the disk: read, written whole or not at all, kept once as they were before Waystation."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from app.core.errors import WaystationError
from app.platform.codex_login import codex_auth_file
from app.platform.private_file import FileUnwritable

BACKUP = "config.toml.before-waystation"
_KEPT = ".before-waystation"
_MAX_BYTES = 1 << 20


class CodexConfigChanged(WaystationError):
    """Somebody has changed the file since it was read; nothing was written. Its detail is the `path`."""

    code = "codex_config_changed"


class CodexConfigUnreadable(WaystationError):
    """The system does not let us read the file, or it is none; its detail is the `path`."""

    code = "codex_config_unreadable"


def codex_config_file(environ: Mapping[str, str], home: Path) -> Path:
    """Where Codex reads its configuration: in CODEX_HOME, else in `~/.codex`."""
    return codex_auth_file(environ, home).with_name("config.toml")


def read_config(path: Path) -> bytes | None:
    """The file's bytes; None: there is none.

    Raises:
        CodexConfigUnreadable: the system refuses, it is a folder, or larger than 1 MiB.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CodexConfigUnreadable(f"{path} cannot be read: {error.strerror}.", path=str(path)) from error
    if len(data) > _MAX_BYTES:
        raise CodexConfigUnreadable(f"{path} cannot be read: it is larger than 1 MiB.", path=str(path))
    return data


def read_profile_files(path: Path) -> dict[str, bytes]:
    """Codex's profile files beside config.toml, by their names; those that cannot be read are left out."""
    found: dict[str, bytes] = {}
    with suppress(OSError):
        for file in sorted(path.parent.glob("*.config.toml")):
            with suppress(CodexConfigUnreadable):
                found[file.name] = read_config(file) or b""
    return found


def write_config(
    path: Path,
    before: bytes | None,
    after: bytes | None,
    *,
    private: bool,
    mode: int | None = None,
    keep: bool = True,
) -> int | None:
    """Put new bytes in the place of those that were read; see `staged`.

    Returns:
        The mode that the file had; None when there was none.
    """
    with staged(path, before, after, private=private, mode=mode, keep=keep) as change:
        change.put()
        return change.had


class StagedFile:
    """A change that is all on the disk but for the name; see `staged`.

    Attributes:
        had: the mode that the file had; None when there was none.
    """

    def __init__(self, path: Path, before: bytes | None, target: Path, fresh: Path | None, had: int | None) -> None:
        self.had = had
        self.is_put = False
        self._path = path
        self._before = before
        self._target = target
        self._fresh = fresh

    def put(self) -> None:
        """Let it be the file.

        Raises:
            CodexConfigChanged: somebody has changed the file meanwhile.
            FileUnwritable: the system refuses.
        """
        # As late as can be: Codex writes this file, too.
        _refuse_changed(self._path, self._before)
        try:
            if self._fresh is None:
                self._target.unlink(missing_ok=True)
            else:
                self._fresh.replace(self._target)
        except OSError as error:
            raise _unwritable(self._path, str(error.strerror or error)) from error
        self.is_put = True
        _sync_folder(self._target.parent)


@contextmanager
def staged(
    path: Path,
    before: bytes | None,
    after: bytes | None,
    *,
    private: bool,
    mode: int | None = None,
    keep: bool = True,
) -> Iterator[StagedFile]:
    """Have new bytes ready for the place of those that were read; what has not been put at the end goes away.

    Links are followed and stay. Mode and owner stay, but for `private`. The first time, the file is kept beside
    `path`, as such as `config.toml.before-waystation`, for the user alone. A new file is for the user alone, too.

    Args:
        path: such as `codex_config_file` gives.
        before: as `read_config` gave it.
        after: the new bytes; None: remove the file.
        private: a secret is in it: nobody but the user may read it from now on (POSIX).
        mode: for undoing: what an earlier call gave back, to be had again; None: it stays.
        keep: whether `before` is worth keeping: nothing of ours is in it.

    Raises:
        CodexConfigChanged: `before` is not what is there.
        CodexConfigUnreadable: the file cannot be read any more.
        FileUnwritable: the file is read-only, belongs to somebody else, or the system refuses.
    """
    with ExitStack() as leftovers:
        try:
            target = Path(os.path.realpath(path, strict=False))
            if target.is_symlink():
                raise _unwritable(path, "its link leads in a circle")
            state = target.stat() if before is not None and target.exists() else None
            _refuse_locked(target, state)
            _refuse_changed(path, before)
            had = stat.S_IMODE(state.st_mode) if state else None
            fresh = None if after is None else target.with_name(f".{target.name}.{os.getpid()}")
            change = StagedFile(path, before, target, fresh, had)
            if fresh is not None and after is not None:
                # Codex makes its folder when it first runs.
                target.parent.mkdir(mode=0o700, exist_ok=True)
                if before is not None and keep and _keep(_kept(path), before):
                    leftovers.callback(_not_kept, path, change)
                wanted = had if mode is None else mode
                if wanted is not None and private:
                    wanted &= 0o700
                leftovers.callback(fresh.unlink, missing_ok=True)
                _prepare(fresh, target, after, state, wanted, private)
        except OSError as error:
            raise _unwritable(path, str(error.strerror or error)) from error
        yield change


def file_mode(path: Path) -> int | None:
    """The mode of the file, behind any links; None: there is none."""
    with suppress(OSError):
        return stat.S_IMODE(path.stat().st_mode)
    return None


def forget_kept(path: Path, now: bytes | None) -> None:
    """Remove what was kept of the file if the file is the same again. Never raises."""
    with suppress(OSError, CodexConfigUnreadable):
        if now is not None and read_config(_kept(path)) == now:
            _kept(path).unlink()


def _kept(path: Path) -> Path:
    return path.with_name(path.name + _KEPT)


def _refuse_locked(target: Path, state: os.stat_result | None) -> None:
    """A file that its owner has made read-only could still be replaced, and must not be."""
    if state is None:
        return
    if not stat.S_ISREG(state.st_mode):
        raise _unwritable(target, "it is not a file")
    if not state.st_mode & stat.S_IWUSR or not os.access(target, os.W_OK):
        raise _unwritable(target, "it is read-only. Make it writable and try again, or change it by hand")


def _refuse_changed(path: Path, before: bytes | None) -> None:
    if read_config(path) != before:
        raise CodexConfigChanged(
            f"{path} has been changed meanwhile. Nothing was written: look at the changes again.", path=str(path)
        )


def _keep(backup: Path, data: bytes) -> bool:
    """The oldest one is the one from before Waystation: it is never overwritten. Tells whether there was none."""
    if os.path.lexists(backup):
        return False
    fresh = backup.with_name(f".{backup.name}.{os.getpid()}")
    try:
        _write(fresh, data)
        fresh.replace(backup)
    finally:
        fresh.unlink(missing_ok=True)
    return True


def _not_kept(path: Path, change: StagedFile) -> None:
    if not change.is_put:
        with suppress(OSError):
            _kept(path).unlink()


def _prepare(
    fresh: Path, target: Path, after: bytes, state: os.stat_result | None, mode: int | None, private: bool
) -> None:
    _write(fresh, after)
    if state is not None and sys.platform != "win32":
        _adopt(fresh, state, 0o600 if mode is None else mode)
    if private and sys.platform != "win32" and fresh.stat().st_mode & 0o077:
        raise _unwritable(target, "others can read files in its folder, and the license would be in it")


def _write(fresh: Path, data: bytes) -> None:
    """A new file for the user alone, down on the disk."""
    # One of ours that a crash left behind.
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


if sys.platform != "win32":

    def _adopt(fresh: Path, state: os.stat_result, mode: int) -> None:
        now = fresh.stat()
        if (now.st_uid, now.st_gid) != (state.st_uid, state.st_gid):
            os.chown(fresh, state.st_uid, state.st_gid)
        fresh.chmod(mode)

    def _sync_folder(folder: Path) -> None:
        """So that the new name is on the disk as well; some file systems cannot."""
        with suppress(OSError):
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

else:

    def _adopt(fresh: Path, state: os.stat_result, mode: int) -> None:
        """Windows: the folder says who may read."""

    def _sync_folder(folder: Path) -> None:
        """Windows: folders cannot be synced."""


def _unwritable(path: Path, reason: str) -> FileUnwritable:
    return FileUnwritable(f"{path} cannot be written: {reason}. Nothing was changed.", path=str(path))
