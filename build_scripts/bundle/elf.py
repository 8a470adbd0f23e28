"""What a file of Linux asks the loader for."""

import re
import subprocess

_NEEDED = re.compile(r"^\s+NEEDED\s+(\S+)$", re.MULTILINE)
#: Of a line of "Version References".
_GLIBC = re.compile(r" GLIBC_(\d+(?:\.\d+)+)$", re.MULTILINE)


def needed_by(path: str) -> list[str]:
    """The names of the libraries that a program or library names itself: not those that they need in turn.

    Raises:
        CalledProcessError: it is no such file.
    """
    # PyInstaller needs objdump too, so it is there.
    done = subprocess.run(["objdump", "-p", path], capture_output=True, text=True, check=True)
    return _NEEDED.findall(done.stdout)


def glibc_of(path: str) -> set[tuple[int, ...]]:
    """The versions of the C library whose functions it uses, such as (2, 34).

    Raises:
        CalledProcessError: as `needed_by`.
    """
    done = subprocess.run(["objdump", "-p", path], capture_output=True, text=True, check=True)
    return {tuple(map(int, found.split("."))) for found in _GLIBC.findall(done.stdout)}
