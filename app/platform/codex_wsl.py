"""Codex inside the Windows Subsystem for Linux (WSL), as seen from Windows, and whether we are in there ourselves."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app.platform.codex_notes import CodexVersion, parse_codex_version
from app.platform.program_output import printed

#: For each question, in seconds. A login shell with a manager of Node's versions takes one or two.
_TIMEOUT_S = 8.0
_MOST_DISTRIBUTIONS = 4
#: As an interactive login shell, since nvm is set up in `.bashrc`. What Windows' own PATH brings in is left out.
_LOOK = (
    "for found in $(type -aP codex); do case $found in /mnt/*) ;; "
    '*) echo "codex-at=$found"; "$found" --version; break;; esac; done'
)
_KERNEL = Path("/proc/sys/kernel/osrelease")


@dataclass(frozen=True, slots=True)
class WslCodex:
    """One distribution of WSL.

    Attributes:
        distribution: its name.
        path: of the Codex in there; None: there is none, or it could not be seen.
        version: of that; None when it does not tell.
        running: whether it runs; one that does not is not started only to look.
    """

    distribution: str
    path: str | None
    version: CodexVersion | None
    running: bool


async def codex_in_wsl(
    environ: Mapping[str, str], *, system: str = sys.platform, timeout_s: float = _TIMEOUT_S
) -> tuple[WslCodex, ...]:
    """The distributions of WSL, with their Codex; none elsewhere than on Windows.

    Args:
        environ: of this process.
        system: as `sys.platform` names it.
        timeout_s: how long each answer may take, in seconds; three follow each other at most.
    """
    program = shutil.which("wsl.exe", path=environ.get("PATH", "")) if system == "win32" else None
    if program is None:
        return ()
    # Else it writes UTF-16.
    env = {**environ, "WSL_UTF8": "1"}
    names = _names(await printed([program, "-l", "-q"], env, timeout_s))
    if not names:
        return ()
    running = set(_names(await printed([program, "-l", "-q", "--running"], env, timeout_s)))

    async def look(name: str) -> WslCodex:
        if name not in running:
            return WslCodex(name, None, None, running=False)
        said = await printed([program, "-d", name, "-e", "bash", "-lic", _LOOK], env, timeout_s)
        _, _, found = said.decode("utf-8", "replace").partition("codex-at=")
        path, _, version = found.partition("\n")
        return WslCodex(name, path.strip() or None, parse_codex_version(version), running=True)

    return tuple(await asyncio.gather(*(look(name) for name in names[:_MOST_DISTRIBUTIONS])))


def our_distribution(environ: Mapping[str, str], *, system: str = sys.platform, kernel: Path = _KERNEL) -> str | None:
    """The distribution of WSL that we run in; None when it is none.

    Args:
        environ: of this process.
        system: as `sys.platform` names it.
        kernel: the file with the kernel's name, which has `microsoft` in it there.
    """
    if system != "linux":
        return None
    if environ.get("WSL_DISTRO_NAME"):
        return environ["WSL_DISTRO_NAME"]
    try:
        return "WSL" if "microsoft" in kernel.read_text(encoding="utf-8").lower() else None
    except (OSError, UnicodeDecodeError):
        return None


def _names(said: bytes) -> list[str]:
    """Of distributions. Docker's are no place to work in; an error message is no name."""
    # Older ones write UTF-16 all the same.
    text = said.decode("utf-16-le" if b"\0" in said else "utf-8", "replace").lstrip("\ufeff")
    names = [line.strip() for line in text.splitlines()]
    return [name for name in names if name and " " not in name and not name.lower().startswith("docker-desktop")]
