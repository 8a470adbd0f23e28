"""What we remember of our writing in Codex's files: `codex-setup.json` in the data folder, for the user alone.

It is kept by the path of config.toml, since CODEX_HOME may change. It holds no license of ours, but what stood in the
user's own files before. While files are being written it holds the old state and the new one, so that a crash at any
moment leaves enough for undoing either.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from app.platform.codex_write_errors import CodexMemoryUnusable, CodexSetupBusy
from app.platform.private_file import FileUnwritable, write_private

_VERSION = 1


@dataclass(frozen=True, slots=True)
class FileNote:
    """One file that we wrote.

    Attributes:
        before_sha256: of the file before; None: there was none.
        mode: that it had, if we change it.
        memory: as `Memory.as_data` or `EnvMemory.as_data` gives it.
    """

    before_sha256: str | None
    mode: int | None
    memory: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Writing:
    """One writing.

    Attributes:
        route: as `Route` spells it.
        base_url: of the gateway.
        written_at: Unix seconds.
        license_sha256: of the license.
        config, env: what was done to config.toml and to `.env`; None: nothing.
    """

    route: str
    base_url: str
    written_at: float
    license_sha256: str
    config: FileNote | None
    env: FileNote | None

    def as_data(self) -> dict[str, Any]:
        """For JSON."""
        data = {name: getattr(self, name) for name in ("route", "base_url", "written_at", "license_sha256")}
        return data | {name: _note_data(note) for name, note in (("config", self.config), ("env", self.env))}

    @staticmethod
    def from_data(data: Mapping[str, Any]) -> Writing:
        """What `as_data` gave."""
        return Writing(
            str(data["route"]),
            str(data["base_url"]),
            float(data["written_at"]),
            str(data["license_sha256"]),
            _note(data["config"]),
            _note(data["env"]),
        )


class WriteMemory:
    """The file.

    Args:
        path: `codex-setup.json`; its folder is made if it is missing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, config: Path) -> tuple[Writing, ...]:
        """What was written for this config.toml: nothing, one, or more where a process ended amidst; newest first.

        Raises:
            CodexMemoryUnusable: the file cannot be read, is damaged, or was written by a newer Waystation.
        """
        try:
            return tuple(Writing.from_data(data) for data in self._all().get(str(config), []))
        except (KeyError, TypeError, ValueError, AttributeError):
            raise self._unusable("it is damaged") from None

    def write(self, config: Path, writings: Sequence[Writing]) -> None:
        """Remember these instead; the file goes away when nothing is left in it.

        Raises:
            CodexMemoryUnusable: the system refuses.
        """
        files = self._all() | {str(config): [writing.as_data() for writing in writings]}
        files = {path: kept for path, kept in files.items() if kept}
        try:
            if files:
                write_private(self.path, json.dumps({"version": _VERSION, "files": files}, indent=1), replace=True)
            else:
                self.path.unlink(missing_ok=True)
        except (OSError, FileUnwritable) as error:
            reason = error.strerror if isinstance(error, OSError) else error.message
            raise self._unusable(str(reason)) from error

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keep every other process from writing meanwhile.

        Raises:
            CodexSetupBusy: another one is.
            CodexMemoryUnusable: the folder cannot be used.
        """
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = self.path.with_suffix(".lock").open("a+b")
        except OSError as error:
            raise self._unusable(str(error.strerror)) from error
        with file:
            try:
                _lock(file)
            except OSError:
                raise CodexSetupBusy("Another Waystation is writing Codex's files now. Try again.") from None
            yield

    def _all(self) -> dict[str, Any]:
        try:
            data = json.loads(self.path.read_text(encoding="utf-8"))
            if data["version"] > _VERSION:
                raise self._unusable("it was written by a newer Waystation")
            return dict(data["files"])
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise self._unusable(str(error.strerror)) from error
        except (KeyError, TypeError, ValueError):
            raise self._unusable("it is damaged") from None

    def _unusable(self, reason: str) -> CodexMemoryUnusable:
        return CodexMemoryUnusable(
            f"{self.path}, in which Waystation remembers what it wrote for Codex, cannot be used: {reason}. Nothing "
            "was changed. Put it right or move it away; then take Waystation's lines out of Codex's files by hand.",
            path=str(self.path),
            reason=reason,
        )


def _note_data(note: FileNote | None) -> dict[str, Any] | None:
    if note is None:
        return None
    return {"before_sha256": note.before_sha256, "mode": note.mode, "memory": dict(note.memory)}


def _note(data: Mapping[str, Any] | None) -> FileNote | None:
    return None if data is None else FileNote(data["before_sha256"], data["mode"], dict(data["memory"]))


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[bytes]) -> None:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
