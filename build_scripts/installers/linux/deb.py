"""Make waystation_<version>_<architecture>.deb by dpkg-deb, the same for the same bundle.

Everything is under /usr, as of any package that dpkg alone looks after: the program in /usr/lib/waystation and not in
/opt, which the Filesystem Hierarchy Standard keeps for what puts nothing into /usr/bin and the menus.
"""

import gzip
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

from bundle.layout import Bundle
from installers.linux.needs import depends
from installers.linux.texts import FILES, filled
from installers.linux.versions import debian_version
from machine.report import Stop

NAME = "waystation"
#: Relative to the root; maintain.pl names it, too.
PROGRAM_FOLDER = Path("usr/lib/waystation")
#: Debian's names of what `platform.machine()` says.
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
#: Nobody reads mail at a place that every clone of the source would know.
_MAINTAINER = "Waystation contributors <nobody@waystation.invalid>"
#: What keeps the key, and a font for Chinese: most desktops have both.
_SUGGESTED = ("gnome-keyring | kwalletmanager", "fonts-noto-cjk")
_DESCRIPTION = """\
local gateway for ChatGPT/Codex tokens and OpenAI API keys
 A tray application that pools ChatGPT logins and OpenAI API keys behind one
 address on this computer. The Codex CLI and any OpenAI-compatible client talk
 to that address.
 .
 It carries Python and Qt with it."""
_PACKED = ("-Zxz", "-z6")


def make_deb(
    bundle: Bundle,
    version: str,
    target: Path,
    moment: int,
    *,
    icons: Path,
    svg: Path,
    packed: Sequence[str] = _PACKED,
) -> Path:
    """Make the package.

    Args:
        bundle: what to install.
        version: such as 1.0.0rc1, which the file's name says as it is: GitHub renames a file with `~`.
        target: the folder for it.
        moment: Unix seconds, of everything in it.
        icons: the folder with `waystation-<size>.png`.
        svg: the same icon in any size.
        packed: how, as dpkg-deb has it.

    Returns: its path.

    Raises:
        Stop: something is missing, or the bundle needs what no package is known to have.
    """
    dpkg_deb = shutil.which("dpkg-deb")
    if dpkg_deb is None:
        raise Stop("dpkg-deb is not installed. Debian and Ubuntu have it; elsewhere the package is called dpkg.")
    pictures = sorted(icons.glob("waystation-*.png"))
    if not pictures:
        raise Stop(f"{icons} holds no icons: `build.py bundle` draws them.")
    architecture = _ARCHITECTURES.get(platform.machine(), platform.machine())
    made = target / f"{NAME}_{version}_{architecture}.deb"
    with tempfile.TemporaryDirectory(prefix="waystation-deb-") as name:
        root = Path(name, "root")
        _place(root, bundle, version, moment, pictures, svg)
        control = {
            "Package": NAME,
            "Version": debian_version(version),
            "Architecture": architecture,
            "Maintainer": _MAINTAINER,
            "Installed-Size": str(-(-sum(path.lstat().st_size for path in root.rglob("*")) // 1024)),
            "Depends": ", ".join(depends(bundle)),
            "Suggests": ", ".join(_SUGGESTED),
            "Section": "net",
            "Priority": "optional",
            "Description": _DESCRIPTION,
        }
        sums = _sums(root)
        debian = root / "DEBIAN"
        debian.mkdir()
        (debian / "control").write_text("".join(f"{key}: {value}\n" for key, value in control.items()), "utf-8")
        (debian / "md5sums").write_text(sums, "utf-8")
        for script in ("preinst", "prerm", "postinst"):
            shutil.copyfile(FILES / "maintain.pl", debian / script)
        shutil.copyfile(FILES / "postrm", debian / "postrm")
        scripts = {debian / script for script in ("preinst", "prerm", "postinst", "postrm")}
        _make_plain(root, moment, {root / PROGRAM_FOLDER / bundle.program.name, *scripts})
        command = [dpkg_deb, "--root-owner-group", *packed, "--build", str(root), str(made)]
        environment = {**os.environ, "SOURCE_DATE_EPOCH": str(moment), "LC_ALL": "C.UTF-8"}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Stop(f"{done.stderr.strip()}\nCould not make the package (the words are above).")
    return made


def _place(root: Path, bundle: Bundle, version: str, moment: int, pictures: Sequence[Path], svg: Path) -> None:
    """Everything that is installed."""
    shutil.copytree(bundle.folder, root / PROGRAM_FOLDER, symlinks=True)
    link = root / "usr/bin" / NAME
    link.parent.mkdir(parents=True)
    link.symlink_to(Path("..", PROGRAM_FOLDER.relative_to("usr"), bundle.program.name))
    share = root / "usr/share"
    _write(share / "applications/waystation.desktop", (FILES / "waystation.desktop").read_bytes())
    page = filled("waystation.metainfo.xml", version, moment)
    _write(share / "metainfo/app.waystation.waystation.metainfo.xml", page.encode())
    _write(share / "man/man1/waystation.1.gz", _packed_text(filled("waystation.1", version, moment)))
    for picture in pictures:
        size = picture.stem.rpartition("-")[2]
        _write(share / f"icons/hicolor/{size}x{size}/apps/waystation.png", picture.read_bytes())
    _write(share / "icons/hicolor/scalable/apps/waystation.svg", svg.read_bytes())
    _write(share / "doc" / NAME / "copyright", bundle.licenses.read_bytes())
    when = format_datetime(datetime.fromtimestamp(moment, UTC))
    entry = f"  * Waystation {version}: CHANGELOG.md of the source says what is new."
    log = f"{NAME} ({debian_version(version)}) stable; urgency=medium\n\n{entry}\n\n -- {_MAINTAINER}  {when}\n"
    _write(share / "doc" / NAME / "changelog.gz", _packed_text(log))


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _packed_text(text: str) -> bytes:
    return gzip.compress(text.encode(), mtime=0)


def _sums(root: Path) -> str:
    """What `dpkg --verify` compares with."""
    lines = []
    for path in sorted(root.rglob("*")):
        if path.is_file() and not path.is_symlink():
            digest = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
            lines.append(f"{digest}  {path.relative_to(root).as_posix()}\n")
    return "".join(lines)


def _make_plain(root: Path, moment: int, programs: set[Path]) -> None:
    """Modes and times that are the same whoever makes it, and when."""
    for path in [root, *root.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path in programs else 0o644)
        os.utime(path, (moment, moment), follow_symlinks=False)
