"""Which hanging Codex is forgiven: one that nobody keeps."""

import os
import socket
import sys
from pathlib import Path

import pytest

from tests.support import codex_run
from tests.support.codex_run import run_to_end
from tests.support.done import Done
from tests.support.left_behind import all_of

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are looked at in /proc")

HANGS = """
import socket, sys, time
print("answer", flush=True)
kept = socket.create_connection(("127.0.0.1", int(sys.argv[1]))) if sys.argv[1] != "0" else None
while True:
    time.sleep(100 if sys.argv[2] == "still" else 0)
"""


async def hung(home: Path, *, port: int = 0, how: str = "still") -> Done:
    env = {"HOME": str(home), "PATH": os.environ["PATH"]}
    return await run_to_end([sys.executable, "-c", HANGS, str(port), how], env, home, 6.0, linger=2.0)


@pytest.fixture(autouse=True)
def none_forgiven_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codex_run, "_forgiven", [])


async def test_one_that_does_nothing_more_is_ended(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="hung by itself"):
        done = await hung(tmp_path)
    assert (done.code, done.out) == (0, "answer\n")
    assert not all_of(tmp_path)


async def test_one_that_is_at_work_fails_the_test(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="no end in 6 s:\nanswer"):
        await hung(tmp_path, how="busy")
    assert not all_of(tmp_path)


async def test_one_that_holds_a_connection_fails_the_test(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as kept, pytest.raises(AssertionError, match=r"\['socket:\[\d+"):
        await hung(tmp_path, port=kept.getsockname()[1])
    assert not all_of(tmp_path)


async def test_what_happens_again_and_again_is_no_chance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codex_run, "_forgiven", ["one", "another"])
    with pytest.raises(AssertionError, match="no end in 6 s"):
        await hung(tmp_path)
