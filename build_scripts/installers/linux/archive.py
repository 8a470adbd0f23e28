"""The bundle as one compressed archive, the same for the same bundle."""

import lzma
import platform
import tarfile
from pathlib import Path

from bundle.layout import Bundle

#: Beyond 6 it takes much longer, and gains one part in a hundred.
_PACKED = {"id": lzma.FILTER_LZMA2, "preset": 6}
#: Rewrites the addresses in programs, so that calls of the same function look the same.
_PROGRAMS = {"x86_64": ({"id": lzma.FILTER_X86},)}


def make_archive(bundle: Bundle, folder: str, target: Path, moment: int) -> None:
    """Write a tar.xz whose files lie in one folder, belong to root and are of one moment.

    Args:
        bundle: what to put in.
        folder: its name in the archive.
        target: the file to write.
        moment: Unix seconds.
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
