"""The bundle as one compressed archive, the same for the same bundle."""

import io
import lzma
import platform
import tarfile
from collections.abc import Mapping
from pathlib import Path

from bundle.layout import Bundle
from installers.linux.needs import depends
from installers.linux.texts import FILES, filled

#: Beyond 6 it takes much longer, and gains one part in a hundred.
_PACKED = {"id": lzma.FILTER_LZMA2, "preset": 6}
#: Rewrites the addresses in programs, so that calls of the same function look the same.
_PROGRAMS = {"x86_64": ({"id": lzma.FILTER_X86},)}
_MENU = "menu-entry"


def companions(bundle: Bundle, version: str, moment: int, svg: Path) -> dict[str, bytes]:
    """What lies beside the program for whoever unpacks it: how it is used, and what puts it into the menu.

    Args:
        bundle, version, moment: of the archive.
        svg: the icon.

    Raises:
        Stop: see `depends`.
    """
    glibc, packages = "", []
    for entry in depends(bundle):
        name, _, least = entry.partition(" (>= ")
        if least:
            glibc = least.rstrip(")")
        else:
            packages.append(name)
    text = filled("README.txt", version, moment, GLIBC=glibc, PACKAGES=" ".join(packages))
    return {
        "README.txt": text.encode(),
        _MENU: (FILES / _MENU).read_bytes(),
        "waystation.desktop": (FILES / "waystation.desktop").read_bytes(),
        "waystation.svg": svg.read_bytes(),
    }


def make_archive(bundle: Bundle, folder: str, target: Path, moment: int, beside: Mapping[str, bytes]) -> None:
    """Write a tar.xz whose files lie in one folder, belong to root and are of one moment.

    Args:
        bundle: what to put in.
        folder: its name in the archive.
        target: the file to write.
        moment: Unix seconds.
        beside: other files beside the program, by name.
    """

    def plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.uid = entry.gid = 0
        entry.uname = entry.gname = "root"
        entry.mtime = moment
        # Whatever the umask of who built it.
        entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
        return entry

    with (
        lzma.open(target, "wb", filters=[*_PROGRAMS.get(platform.machine(), ()), _PACKED]) as stream,
        tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        # Entries of a folder are added in the order of their names.
        tar.add(bundle.folder, arcname=folder, filter=plain)
        for name, content in beside.items():
            entry = tarfile.TarInfo(f"{folder}/{name}")
            entry.size = len(content)
            entry.mode = 0o755 if name == _MENU else 0o644
            tar.addfile(plain(entry), io.BytesIO(content))
