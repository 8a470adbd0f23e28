"""The files of a release by their names, and their sums."""

import hashlib
import re
from pathlib import Path

from machine.report import Stop

SUMS = "SHA256SUMS"
#: What each system makes (`installers.<system>.make`), as expressions with the version as {}.
KINDS = {
    "windows": r"Waystation-{}-windows-x64-setup(-unsigned)?\.exe",
    "macos-arm64": r"Waystation-{}-macos-arm64(-unsigned)?\.dmg",
    "macos-x86_64": r"Waystation-{}-macos-x86_64(-unsigned)?\.dmg",
    "deb": r"waystation_{}_amd64\.deb",
    "tar.xz": r"Waystation-{}-linux-x86_64\.tar\.xz",
}


def files_of(folder: Path, kind: str, version: str) -> list[Path]:
    """All files of a kind, the oldest first."""
    pattern = KINDS[kind].format(re.escape(version))
    found = (path for path in folder.glob("*") if re.fullmatch(pattern, path.name))
    return sorted(found, key=lambda path: path.stat().st_mtime)


def newest_of(folder: Path, kind: str, version: str) -> Path:
    """The file that was made last. Raises Stop where there is none."""
    found = files_of(folder, kind, version)
    if not found:
        raise Stop(f"{folder} has no {KINDS[kind].format(version)}: run `build.py installer` first.")
    return found[-1]


def write_sums(folder: Path, version: str) -> list[Path]:
    """Write SHA256SUMS over the installers of all systems, as sha256sum does; the files, it among them.

    Raises Stop unless each kind is there exactly once: half a release is none, and one of two is the wrong one.
    """
    paths = []
    for kind in KINDS:
        found = files_of(folder, kind, version)
        if len(found) != 1:
            names = ", ".join(path.name for path in found) or "none"
            raise Stop(f"Of {KINDS[kind].format(version)} one is needed in {folder}, and there is: {names}")
        paths += found
    paths.sort()
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in paths]
    sums = folder / SUMS
    sums.write_text("".join(lines), encoding="ascii", newline="\n")
    return [*paths, sums]
