"""The installers of Linux: for now the archive, to be unpacked anywhere."""

import platform
from pathlib import Path

from bundle.layout import Bundle
from installers.linux.archive import make_archive


def make(bundle: Bundle, version: str, target: Path) -> list[Path]:
    """Make them into a folder; see `installers.make`."""
    name = f"waystation-{version}-linux-{platform.machine()}"
    archive = target / f"{name}.tar.xz"
    make_archive(bundle, name, archive, moment=int(bundle.program.stat().st_mtime))
    return [archive]
