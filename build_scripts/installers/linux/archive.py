"""The bundle as one compressed archive, the same for the same bundle."""

import lzma
import tarfile
from pathlib import Path

from bundle.layout import Bundle

#: Beyond 6 it takes much longer, and gains one part in a hundred.
_PRESET = 6


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
        lzma.open(target, "wb", preset=_PRESET) as stream,
        tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        # Entries of a folder are added in the order of their names.
        tar.add(bundle.folder, arcname=folder, filter=plain)
