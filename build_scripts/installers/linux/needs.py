"""What the package has to ask of the system: the libraries that the bundle needs and does not carry."""

from collections.abc import Iterable
from pathlib import Path

from bundle.elf import glibc_of, needed_by
from bundle.layout import Bundle
from machine.report import Stop
from machine.system_packages import QT_LIBRARIES

#: Of the C library, whose package is called libc6 on every architecture that we make.
_GLIBC = {"ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1", *(f"lib{name}.so.6" for name in ("c", "m"))} | {
    f"lib{name}" for name in ("dl.so.2", "pthread.so.0", "resolv.so.2", "rt.so.1", "util.so.1")
}
#: Read by our libxkbcommon, and no library: without it no key can be pressed.
_FILES = ("xkb-data",)
_ELF = b"\x7fELF"


def depends(bundle: Bundle) -> list[str]:
    """The entries of `Depends`, sorted.

    Raises:
        Stop: something in the bundle needs a library that is neither in it nor of a package that is known.
    """
    programs = [path for path in sorted(bundle.folder.rglob("*")) if _is_elf(path)]
    carried = {path.name for path in bundle.folder.rglob("*.so*")}
    packages = set(_FILES)
    for path in programs:
        for name in needed_by(str(path)):
            if name in carried or name in _GLIBC:
                continue
            if name not in QT_LIBRARIES:
                place = path.relative_to(bundle.folder)
                raise Stop(
                    f"{place} needs {name}, which neither the bundle nor machine/system_packages.py has: "
                    "look at bundle/filters.py."
                )
            packages.add(QT_LIBRARIES[name])
    return sorted({*packages, f"libc6 (>= {oldest_glibc(programs)})"})


def oldest_glibc(programs: Iterable[Path]) -> str:
    """The oldest C library that has everything, such as 2.36."""
    versions = {version for path in programs for version in glibc_of(str(path))}
    return ".".join(map(str, max(versions, default=(2, 0))))


def _is_elf(path: Path) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(_ELF)) == _ELF
