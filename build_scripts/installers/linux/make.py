"""The installers of Linux: the package for Debian, Ubuntu and their derivatives, and the archive for all."""

import platform
from pathlib import Path

from bundle.layout import NAME, Bundle
from installers.linux.archive import companions, make_archive
from installers.linux.deb import make_deb
from machine.checkout import Checkout
from machine.report import Stop

#: Bytes of the archive, which packs best. A look that something has leaked in.
LARGEST = 45 * 2**20
_ROOT = Path(__file__).resolve().parents[3]


def make(bundle: Bundle, version: str, target: Path) -> list[Path]:
    """Make them into a folder; see `installers.make`.

    Raises:
        Stop: something is missing, or the archive is larger than LARGEST.
    """
    checkout = Checkout(_ROOT)
    # Set by build.py bundle: that of the commit.
    moment = int(bundle.program.stat().st_mtime)
    icons = checkout.build / "icons"
    svg = checkout.root / "resources" / "icons" / "waystation.svg"
    deb = make_deb(bundle, version, target, moment, icons=icons, svg=svg)
    name = f"{NAME}-{version}-linux-{platform.machine()}"
    archive = target / f"{name}.tar.xz"
    make_archive(bundle, name, archive, moment, companions(bundle, version, moment, svg))
    if archive.stat().st_size > LARGEST:
        raise Stop(f"{archive.name} is larger than {LARGEST / 2**20:.0f} MiB: look at bundle/filters.py.")
    return [deb, archive]
