"""Which tests may run side by side, and which begin first."""

from functools import cache
from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).resolve().parents[2]
#: What waits for other programs comes first, so that the end is made of many short tests for all processes.
_EARLY = ("tests/e2e/", "tests/build_scripts/", "tests/commandline/", "tests/desktop/")


class FilesSideBySide(LoadScopeScheduling):
    """One file in one process, and all files that need a fixed port in the same.

    `--dist loadgroup` would do it, but pytest-xdist 3.8 has no groups with pytest 9.2, and says nothing of it:
    https://github.com/pytest-dev/pytest-xdist/issues/1386
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "fixed ports" if needs_a_fixed_port(file) else file


@cache
def needs_a_fixed_port(file: str) -> bool:
    """Whether a file of tests, named from the root, is marked so: the process that distributes imports none."""
    return "pytest.mark.fixed_ports" in (ROOT / file).read_text(encoding="utf-8")


def begin_early(item: pytest.Item) -> int:
    """The place of a test in the order of the long before the short."""
    if item.get_closest_marker("fixed_ports"):
        return 0
    return next((1 + place for place, folder in enumerate(_EARLY) if item.nodeid.startswith(folder)), len(_EARLY) + 1)
