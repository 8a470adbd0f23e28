"""LICENSES.txt: everything that is in the bundle, with its license. Runs in the build environment."""

import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from machine.checkout import Checkout

_RULE = "=" * 100
_LICENSE_FILE = re.compile(r"(^|/)(LICEN[CS]E|COPYING|NOTICE|AUTHORS)[^/]*$", re.IGNORECASE)
#: The runtime that PyInstaller puts in front of the program stays under its license, with an exception for bundles.
_BOOTLOADER = "pyinstaller"
_TEXTS = Path(__file__).with_name("texts")

QT_NOTICE = """\
Qt {qt} and PySide6 (Qt for Python) are used under the GNU Lesser General Public License, version 3. Its text, and that
of the GNU General Public License that it refers to, stand at the end of this file.

Qt is Copyright (C) The Qt Company Ltd. and other contributors. The files are those of the packages PySide6-Essentials
and shiboken6 {qt} from the Python Package Index, unchanged on Windows; on Linux without their symbol tables; on macOS
for one kind of processor each, with other search paths and signatures. They are dynamically linked, in the folders
PySide6 and shiboken6 of the bundle: you may replace them by your own build of the same version. You may take Waystation
apart as far as debugging such a change needs it.

Source code: https://download.qt.io/official_releases/QtForPython/ and https://download.qt.io/official_releases/qt/
What Qt itself contains of others: https://doc.qt.io/qt-6/licenses-used-in-qt.html
"""


@dataclass(frozen=True)
class Part:
    """One Python package in the bundle."""

    name: str
    version: str
    terms: str
    texts: tuple[str, ...]


def parts_of(checkout: Checkout) -> list[Part]:
    """The packages that the project needs on this system, themselves and what they need, by name."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    project = tomllib.loads(checkout.pyproject.read_text(encoding="utf-8"))["project"]
    waiting = [Requirement(text) for text in project["dependencies"]]
    found: dict[str, Part] = {}
    while waiting:
        requirement = waiting.pop()
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        distribution = metadata.distribution(requirement.name)
        part = _part(distribution)
        name = canonicalize_name(part.name)
        if name not in found:
            found[name] = part
            waiting += [Requirement(text) for text in distribution.requires or ()]
    return [found[name] for name in sorted(found)]


def text_of(checkout: Checkout, parts: Sequence[Part], libraries: Iterable[str]) -> str:
    """The whole file.

    Args:
        checkout: whose own license it begins with.
        parts: as `parts_of` gives them.
        libraries: the paths that the bundle's libraries were taken from.
    """
    qt = metadata.version("PySide6-Essentials")
    bootloader = _part(metadata.distribution(_BOOTLOADER))
    python = _python_license()
    packages = _debian_packages(libraries)
    lines = [
        "Waystation is under the MIT license. It contains the parts that are listed here, each under its own license.",
        "",
        f"Python {sys.version.split()[0]}",
        f"PyInstaller's bootloader {bootloader.version}",
        *(f"{part.name} {part.version}: {part.terms}" for part in parts),
        *(f"{name} {version} (library of the system it was built on)" for name, version, _ in packages),
    ]
    sections = [
        ("Waystation", (checkout.root / "LICENSE").read_text(encoding="utf-8")),
        ("Qt and PySide6", QT_NOTICE.format(qt=qt)),
        ("Python", python),
        ("PyInstaller's bootloader", "\n\n".join(bootloader.texts)),
        *((f"{part.name} {part.version}", "\n\n".join(part.texts) or part.terms) for part in parts),
        *((f"{name} {version}", text) for name, version, text in packages),
        *((path.stem, path.read_text(encoding="utf-8")) for path in sorted(_TEXTS.glob("*.txt"), reverse=True)),
    ]
    lines += [f"\n{_RULE}\n{title}\n{_RULE}\n\n{text.strip()}" for title, text in sections]
    return "\n".join(lines) + "\n"


def _part(distribution: metadata.Distribution) -> Part:
    about = distribution.metadata
    texts = []
    for file in sorted(distribution.files or (), key=str):
        if ".dist-info/" in file.as_posix() and _LICENSE_FILE.search(file.as_posix()):
            texts.append(
                Path(str(distribution.locate_file(file))).read_text(encoding="utf-8", errors="replace").strip()
            )
    terms = next(iter(about.get_all("License-Expression") or about.get_all("License") or ()), "")
    if not terms or "\n" in terms:
        classifiers = [text for text in about.get_all("Classifier") or () if text.startswith("License ::")]
        terms = classifiers[0].rpartition(" :: ")[2] if classifiers else "see below"
    return Part(about["Name"], distribution.version, terms, tuple(texts))


def _python_license() -> str:
    """Windows keeps it beside the program, the others with the library."""
    for folder in (Path(sys.base_prefix), Path(sysconfig.get_path("stdlib"))):
        file = folder / "LICENSE.txt"
        if file.exists():
            return file.read_text(encoding="utf-8")
    # Debian's own Python.
    return Path(f"/usr/share/doc/python3.{sys.version_info.minor}/copyright").read_text(encoding="utf-8")


def _debian_packages(libraries: Iterable[str]) -> list[tuple[str, str, str]]:
    """Name, version and copyright file of the packages that these files come from; empty on other systems."""
    query = shutil.which("dpkg-query")
    if query is None:
        return []
    owners: set[str] = set()
    for library in sorted(set(libraries)):
        path = Path(library)
        if path.is_relative_to(sys.prefix) or path.is_relative_to(sys.base_prefix):
            continue
        # With /usr merged into /, dpkg knows a file by one of two paths.
        paths = {str(path), str(path.resolve()), str(path.resolve()).removeprefix("/usr")}
        for name in sorted(paths):
            done = subprocess.run([query, "--search", name], capture_output=True, text=True, check=False)
            if done.returncode == 0:
                owners.add(done.stdout.split(": ")[0].split(",")[0])
                break
        else:
            raise ValueError(f"{library} is of no package, so that its license is not known")
    found = []
    for owner in sorted(owners):
        show = [query, "--show", "--showformat", "${Package}\n${Version}", owner]
        name, version = subprocess.run(show, capture_output=True, text=True, check=True).stdout.splitlines()
        found.append((name, version, Path(f"/usr/share/doc/{name}/copyright").read_text(encoding="utf-8")))
    return found
