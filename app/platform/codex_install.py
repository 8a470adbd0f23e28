"""The Codex CLI that is installed on this computer: where it is, and which version.

A program with a window has a shorter PATH than the user's shell, on macOS above all. So the places where npm, Homebrew
and the managers of Node's versions put programs are looked at too.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from app.platform.codex_notes import CodexVersion, parse_codex_version
from app.platform.program_output import printed

#: How long `codex --version` may take, in seconds. 0.05 to 0.6 s were measured; a sleeping disk takes longer.
VERSION_TIMEOUT_S = 10.0
_MOST_INSTALLS = 6

_NODE_VERSION = re.compile(r"v(\d+)\.(\d+)\.(\d+)")


@dataclass(frozen=True, slots=True)
class CodexInstall:
    """An installed Codex; `version` is None when it does not tell."""

    path: Path
    version: CodexVersion | None


async def find_codex(
    environ: Mapping[str, str], home: Path, *, system: str = sys.platform, timeout_s: float = VERSION_TIMEOUT_S
) -> CodexInstall | None:
    """The Codex that the user's shell would most likely start; None when there is none.

    Runs `codex --version`, which touches no file and no network.

    Args:
        environ: of this process.
        home: the user's home folder.
        system: as `sys.platform` names it.
        timeout_s: how long to wait for its answer, in seconds.
    """
    return next(iter(await _asked(environ, home, system, timeout_s, 1)), None)


async def find_every_codex(
    environ: Mapping[str, str], home: Path, *, system: str = sys.platform, timeout_s: float = VERSION_TIMEOUT_S
) -> tuple[CodexInstall, ...]:
    """All of them, up to six; the first is the one of `find_codex`, whose arguments these are."""
    return await _asked(environ, home, system, timeout_s, _MOST_INSTALLS)


async def _asked(
    environ: Mapping[str, str], home: Path, system: str, timeout_s: float, most: int
) -> tuple[CodexInstall, ...]:
    folders = program_folders(environ, home, system)
    paths = await asyncio.to_thread(_found, environ, folders, most)
    said = await asyncio.gather(*(_said(path, folders, environ, timeout_s) for path in paths))
    return tuple(CodexInstall(path, parse_codex_version(text)) for path, text in zip(paths, said, strict=True))


def is_on_path(path: Path, environ: Mapping[str, str]) -> bool:
    """Whether the program lies in a folder of the PATH."""
    return str(path.parent) in {
        str(Path(part).absolute()) for part in environ.get("PATH", "").split(os.pathsep) if part
    }


def program_folders(environ: Mapping[str, str], home: Path, system: str) -> tuple[Path, ...]:
    """Folders beside the PATH in which `codex` may lie, the likeliest first."""
    return tuple(dict.fromkeys(_folders(environ, home, system)))


def _folders(environ: Mapping[str, str], home: Path, system: str) -> Iterator[Path]:
    if prefix := _npm_prefix(environ, home):
        yield prefix if system == "win32" else prefix / "bin"
    if system == "win32":
        for name, parts in (
            ("APPDATA", ("npm",)),
            ("LOCALAPPDATA", ("Volta", "bin")),
            ("LOCALAPPDATA", ("pnpm",)),
            ("NVM_SYMLINK", ()),
            ("ProgramFiles", ("nodejs",)),
        ):
            # A copy of the environment has all names in capital letters.
            if value := environ.get(name) or environ.get(name.upper()):
                yield Path(value, *parts)
        yield home / ".volta" / "bin"
        return
    if environ.get("NVM_BIN"):
        yield Path(environ["NVM_BIN"])
    nvm = Path(environ.get("NVM_DIR") or home / ".nvm")
    yield from _nvm_folders(nvm)
    yield Path(environ.get("VOLTA_HOME") or home / ".volta") / "bin"
    if environ.get("PNPM_HOME"):
        yield Path(environ["PNPM_HOME"])
    yield home / ("Library/pnpm" if system == "darwin" else ".local/share/pnpm")
    for name in (".npm-global/bin", ".local/bin", ".bun/bin"):
        yield home / name
    if system == "darwin":
        yield Path("/opt/homebrew/bin")
    yield Path("/usr/local/bin")
    if system == "linux":
        yield Path("/home/linuxbrew/.linuxbrew/bin")


def _npm_prefix(environ: Mapping[str, str], home: Path) -> Path | None:
    """Where npm has been told to install programs, by the environment or by the user's `.npmrc`."""
    told = environ.get("npm_config_prefix") or environ.get("NPM_CONFIG_PREFIX")
    if not told:
        with suppress(OSError, UnicodeDecodeError):
            for line in (home / ".npmrc").read_text(encoding="utf-8").splitlines():
                name, _, value = line.partition("=")
                if name.strip() == "prefix":
                    told = value.strip().strip("\"'")
    if not told:
        return None
    return Path(told.replace("${HOME}", str(home)).replace("~", str(home), 1) if told[0] in "~$" else told)


def _nvm_folders(nvm: Path) -> list[Path]:
    """The programs of nvm's versions of Node: the one that new shells get, then the newest first."""
    try:
        versions = [folder for folder in (nvm / "versions" / "node").iterdir() if _NODE_VERSION.fullmatch(folder.name)]
    except OSError:
        return []
    wanted = ""
    with suppress(OSError, UnicodeDecodeError):
        wanted = (nvm / "alias" / "default").read_text(encoding="utf-8").strip().removeprefix("v")

    def rank(folder: Path) -> tuple[bool, tuple[int, ...]]:
        number = folder.name.removeprefix("v")
        chosen = bool(wanted) and f"{number}.".startswith(f"{wanted}.")
        return chosen, tuple(int(part) for part in number.split("."))

    return [folder / "bin" for folder in sorted(versions, key=rank, reverse=True)]


def _found(environ: Mapping[str, str], folders: tuple[Path, ...], most: int) -> list[Path]:
    """The programs, each once; whatever a link leads to is the same one under another name."""
    found: dict[str, Path] = {}
    for where in (*filter(None, environ.get("PATH", "").split(os.pathsep)), *map(str, folders)):
        path = shutil.which("codex", path=where)
        if path:
            found.setdefault(os.path.realpath(path), Path(path).absolute())
        if len(found) == most:
            break
    return list(found.values())


async def _said(path: Path, folders: tuple[Path, ...], environ: Mapping[str, str], timeout_s: float) -> str:
    """What `codex --version` prints; empty when it prints nothing in time."""
    # npm's `codex` is a script for a Node that lies beside it as a rule, or in one of the other folders.
    parts = [str(path.parent), environ.get("PATH", ""), *(str(folder) for folder in folders)]
    env = {**environ, "PATH": os.pathsep.join(part for part in parts if part)}
    return (await printed([str(path), "--version"], env, timeout_s)).decode("utf-8", "replace")
