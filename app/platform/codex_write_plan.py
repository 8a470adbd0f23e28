"""What writing Codex's files would change, and what has been written. Plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from app.platform.codex_config_findings import Finding, FindingCode
from app.platform.codex_ways import Route
from app.platform.codex_write_memory import Writing


@dataclass(frozen=True, slots=True)
class FileEdit:
    """One file as it is and as it is to be.

    Attributes:
        path: of the file.
        diff: for display, secrets masked.
        before: as it was read; None: there is none.
        after: as it is to be; None: it is to be removed.
        private: a secret of ours is in it: for the user alone from now on.
        mode: to be had again; None: it stays.
        keep: whether nothing of ours is in `before`, so that it is worth keeping.
    """

    path: Path
    diff: str
    before: bytes | None = field(repr=False)
    after: bytes | None = field(repr=False)
    private: bool = False
    mode: int | None = None
    keep: bool = True


@dataclass(frozen=True, slots=True)
class WrittenState:
    """What stands in Codex's files by our doing.

    Attributes:
        mode: `own_provider` or `openai_address`.
        base_url: such as `http://127.0.0.1:8787/codex/v1`.
        written_at: Unix seconds.
        path: of the config.toml.
        stands: whether it still says so; somebody may have changed it since.
        license_sha256: of the license that Codex sends; another one by now must be written again.
    """

    mode: Route
    base_url: str
    written_at: float
    path: Path
    stands: bool = True
    license_sha256: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class WritePlan:
    """What would be written.

    Attributes:
        route: `own_provider` or `openai_address`.
        base_url: of the gateway.
        files: those that change; none: all is written already.
        findings: what the user should know before.
        command: what the user still has to run, with the license in it; empty if nothing.
        writing: what will be remembered.
        remembered: what was when this was planned.
    """

    route: Route
    base_url: str
    files: tuple[FileEdit, ...]
    findings: tuple[Finding, ...]
    command: str = field(default="", repr=False)
    writing: Writing | None = field(default=None, repr=False)
    remembered: tuple[Writing, ...] = field(default=(), repr=False)

    @property
    def restart(self) -> str:
        """The command that Codex's background server needs at the very end; empty: none."""
        return _restart(self.findings)


@dataclass(frozen=True, slots=True)
class UndoPlan:
    """What would be taken back.

    Attributes:
        files: those that change.
        left: keys of ours that say something else by now, so that they stay.
        findings: what the user should know before.
        command: what the user still has to run; empty if nothing.
        remembered: what was when this was planned.
    """

    files: tuple[FileEdit, ...]
    left: tuple[str, ...]
    findings: tuple[Finding, ...]
    command: str = ""
    remembered: tuple[Writing, ...] = field(default=(), repr=False)

    @property
    def restart(self) -> str:
        """The command that Codex's background server needs at the very end; empty: none."""
        return _restart(self.findings)


def _restart(findings: tuple[Finding, ...]) -> str:
    return next((finding.value for finding in findings if finding.code is FindingCode.SERVER_KEEPS), "")
