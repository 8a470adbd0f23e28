"""The configuration files of a project that outweigh the user's own, in the versions of Codex that have it so.

Measured with the real Codex 0.80, 0.100, 0.120 and 0.140, with a provider of the project's own: `.codex/config.toml` of
the folder and of those above it, up to the one that git begins in, or of the folder alone where there is no git. 0.80
reads them in any folder, 0.100 and 0.120 where the folder or git's is trusted; 0.42, 0.45, 0.140 and 0.169 never take a
provider from there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from app.platform.codex_notes import CodexVersion

#: The first of these versions that asks for trust.
_ASKS_FOR_TRUST = (0, 100)
_FROM, _UNTIL = (0, 46), (0, 140)


def follows_projects(version: CodexVersion | None) -> bool:
    """Whether this Codex takes a provider from a project; also where nobody knows."""
    return version is None or _FROM <= version[:2] < _UNTIL


def trusted_folders(values: Mapping[str, Any]) -> tuple[Path, ...]:
    """The folders that the user's config.toml trusts."""
    projects = values.get("projects")
    return tuple(
        Path(folder)
        for folder, said in (projects if isinstance(projects, dict) else {}).items()
        if isinstance(said, dict) and said.get("trust_level") == "trusted"
    )


def files_above(
    folder: Path, codex_home: Path, values: Mapping[str, Any], version: CodexVersion | None
) -> tuple[Path, ...]:
    """The files that count for a Codex that is started in `folder`, the weightiest first.

    Args:
        folder: absolute.
        codex_home: its config.toml is the user's own, also where it lies in the folder.
        values: of that.
        version: of Codex, if known.
    """
    if not follows_projects(version):
        return ()
    top = next((above for above in (folder, *folder.parents) if (above / ".git").exists()), folder)
    if version is None or version[:2] >= _ASKS_FOR_TRUST:
        trusted = trusted_folders(values)
        if folder not in trusted and top not in trusted:
            return ()
    return tuple(_files(folder, top, codex_home))


def _files(folder: Path, top: Path, codex_home: Path) -> Iterator[Path]:
    for above in (folder, *folder.parents):
        path = above / ".codex" / "config.toml"
        if path.parent != codex_home and path.is_file():
            yield path
        if above == top:
            return
