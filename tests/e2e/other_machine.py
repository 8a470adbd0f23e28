"""A second machine on the same network, as far as programs can tell: a network namespace with a cable to ours."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

# RFC 5737, TEST-NET-2: belongs to nobody. Each test process takes four addresses of it.
NETWORK = "198.51.100"
PREFIX = 30


@dataclass(frozen=True)
class OtherMachine:
    """Commands run there after ``prefix``; from there this machine is ``here``."""

    name: str
    here: str

    @property
    def prefix(self) -> list[str]:
        return ["ip", "netns", "exec", self.name]


@contextmanager
def other_machine() -> Iterator[OtherMachine]:
    """Lay the cable, and take everything away again whatever happens. Skips the test for all but root."""
    if os.geteuid() != 0:
        pytest.skip("needs root: a second network namespace is laid out")
    assert shutil.which("ip"), "ip is missing (Debian: iproute2). Run: python3 build_scripts/dev.py test"
    first = os.getpid() % 64 * 4
    address_here, address_there = f"{NETWORK}.{first + 1}", f"{NETWORK}.{first + 2}"
    # Interface names have 15 characters at most.
    name, here, there = (f"ws{kind}{os.getpid()}" for kind in ("ns", "h", "t"))
    _ip("netns", "add", name)
    try:
        _ip("link", "add", here, "type", "veth", "peer", "name", there, "netns", name)
        _ip("addr", "add", f"{address_here}/{PREFIX}", "dev", here)
        _ip("link", "set", here, "up")
        for command in (
            ("addr", "add", f"{address_there}/{PREFIX}", "dev", there),
            ("link", "set", there, "up"),
            ("link", "set", "lo", "up"),
        ):
            _ip("-netns", name, *command)
        yield OtherMachine(name, address_here)
    finally:
        # The cable goes with its end there.
        _ip("netns", "delete", name)


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, timeout=20, check=False)
    if done.returncode:
        raise AssertionError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
