"""How many files this process may have open."""

from __future__ import annotations

import subprocess
import sys

import pytest

from app.platform.open_files import allow_many_files

resource = pytest.importorskip("resource")

RAISE = """
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[1]), int(sys.argv[2])))
from app.platform.open_files import allow_many_files
allow_many_files()
print(*resource.getrlimit(resource.RLIMIT_NOFILE))
"""


@pytest.mark.parametrize(("soft", "hard"), [(100, 400), (400, 400)])
def test_the_limit_is_raised_as_far_as_the_user_may(soft: int, hard: int) -> None:
    run = subprocess.run(
        [sys.executable, "-c", RAISE, str(soft), str(hard)], capture_output=True, text=True, check=True, timeout=30
    )
    assert run.stdout.split() == [str(hard), str(hard)]


@pytest.mark.parametrize(("soft", "becomes"), [(256, 10_240), (12_000, 12_000), (resource.RLIM_INFINITY,) * 2])
def test_a_system_with_a_most_of_its_own_gives_that_and_never_less_than_before(
    monkeypatch: pytest.MonkeyPatch, soft: int, becomes: int
) -> None:
    limits = [(soft, resource.RLIM_INFINITY)]

    def as_macos(_: int, wanted: tuple[int, int]) -> None:
        if wanted[0] > 10_240:
            raise ValueError("current limit exceeds maximum limit")
        limits.append(wanted)

    monkeypatch.setattr(resource, "getrlimit", lambda _: limits[-1])
    monkeypatch.setattr(resource, "setrlimit", as_macos)
    allow_many_files()
    assert limits[-1] == (becomes, resource.RLIM_INFINITY)


ROOM = """
import os
from pathlib import Path
from app.platform.open_files import allow_many_files
before = sorted(os.listdir("/proc/self/fd"))
allow_many_files()
print(sorted(os.listdir("/proc/self/fd")) == before)
print(Path("/proc/self/status").read_text().partition("FDSize:")[2].split()[0])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone makes whoever opens a file wait for a larger table")
def test_there_is_room_for_2000_streams_and_nothing_stays_open() -> None:
    run = subprocess.run([sys.executable, "-c", ROOM], capture_output=True, text=True, check=True, timeout=30)
    unchanged, room = run.stdout.split()
    assert unchanged == "True"
    assert int(room) >= 4_000 + 500
