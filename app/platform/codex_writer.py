"""Sets Codex up for the user: writes its files, remembers what it wrote, and takes exactly that back."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from app.platform.codex_config_findings import Finding

if TYPE_CHECKING:
    from app.platform.codex_notes import CodexVersion
    from app.platform.codex_route import Route


@dataclass(frozen=True, slots=True)
class FileEdit:
    """One file as it is and as it is to be.

    Attributes:
        path: of the file.
        diff: for display, secrets masked.
        before: as it was read; None: there is none.
        after: as it is to be; None: it is to be removed.
    """

    path: Path
    diff: str
    before: bytes | None = field(repr=False)
    after: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class WrittenState:
    """What stands in Codex's files by our doing.

    Attributes:
        mode: `own_provider` or `openai_address`.
        base_url: such as `http://127.0.0.1:8787/codex/v1`.
        written_at: Unix seconds.
        path: of the config.toml.
    """

    mode: Route
    base_url: str
    written_at: float
    path: Path


@dataclass(frozen=True, slots=True)
class WritePlan:
    """What would be written.

    Attributes:
        route: `own_provider` or `openai_address`.
        base_url: of the gateway.
        files: those that change; none: all is written already.
        findings: what the user should know before.
        command: what the user still has to run; empty if nothing.
    """

    route: Route
    base_url: str
    files: tuple[FileEdit, ...]
    findings: tuple[Finding, ...]
    command: str = ""


@dataclass(frozen=True, slots=True)
class UndoPlan:
    """What would be taken back.

    Attributes:
        files: those that change.
        left: keys of ours that say something else by now, so that they stay.
        findings: what the user should know before.
        command: what the user still has to run; empty if nothing.
    """

    files: tuple[FileEdit, ...]
    left: tuple[str, ...]
    findings: tuple[Finding, ...]
    command: str = ""


class CodexWriter:
    """Every method reads or writes files: call it off the loop.

    Args:
        environ: of Codex, for CODEX_HOME.
        home: the user's home folder.
        memory_file: `codex-setup.json` in our data folder.
    """

    def __init__(self, environ: Mapping[str, str], home: Path, memory_file: Path) -> None:
        self._environ = environ
        self._home = home
        self._memory_file = memory_file

    def state(self) -> WrittenState | None:
        """What we have written for the present CODEX_HOME; None: nothing."""
        raise NotImplementedError

    def plan(
        self,
        route: Route,
        base_url: str,
        license_key: str,
        version: CodexVersion | None = None,
        *,
        upstreams: Collection[str] = (),
        followed: Collection[str] = (),
    ) -> WritePlan:
        """What writing would change. Nothing is written.

        Args:
            route: `own_provider` or `openai_address`.
            base_url: of the gateway, such as `http://127.0.0.1:8787/codex/v1`.
            license_key: that Codex is to send.
            version: of the installed Codex, if known.
            upstreams: addresses that the gateway itself asks.
            followed: paths of the login files that tokens follow.

        Raises:
            WaystationError: it cannot be done; the code says why.
        """
        raise NotImplementedError

    def write(self, plan: WritePlan, now: float) -> WrittenState:
        """Carry the plan out; `now` in Unix seconds.

        Raises:
            WaystationError: a file has changed since, or cannot be written.
        """
        raise NotImplementedError

    def plan_undo(self) -> UndoPlan:
        """What undoing would change. Nothing is written.

        Raises:
            NotFound: we have written nothing.
            WaystationError: a file cannot be read.
        """
        raise NotImplementedError

    def undo(self, plan: UndoPlan) -> None:
        """Carry the plan out.

        Raises:
            WaystationError: a file has changed since, or cannot be written.
        """
        raise NotImplementedError
