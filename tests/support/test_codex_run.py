"""Which hanging Codex is forgiven: one that has said all and that nobody keeps."""

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
import pathlib, socket, sys, time
print("answer", flush=True)
file = pathlib.Path("sessions/2026/01/rollout-1.jsonl")
file.parent.mkdir(parents=True)
file.write_text('{"type":"event_msg","payload":{"type":"%s"}}\\n' % sys.argv[1])
kept = socket.create_connection(("127.0.0.1", int(sys.argv[2]))) if sys.argv[2] != "0" else None
time.sleep(100)
"""


async def hung(home: Path, last: str, port: int = 0) -> Done:
    env = {"HOME": str(home), "CODEX_HOME": str(home), "PATH": os.environ["PATH"]}
    return await run_to_end([sys.executable, "-c", HANGS, last, str(port)], env, home, 5.0, linger=2.0)


@pytest.fixture(autouse=True)
def none_forgiven_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codex_run, "_forgiven", [])


async def test_one_that_has_said_all_is_ended(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="hung after its last answer"):
        done = await hung(tmp_path, "task_complete")
    assert (done.code, done.out) == (0, "answer\n")
    assert not all_of(tmp_path)


async def test_one_in_the_middle_of_its_turn_fails_the_test(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="no end in 5 s:\nanswer"):
        await hung(tmp_path, "token_count")
    assert not all_of(tmp_path)


async def test_one_that_holds_a_connection_fails_the_test(tmp_path: Path) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as kept,
        pytest.raises(AssertionError, match=r"\['socket:\[\d+"),
    ):
        await hung(tmp_path, "task_complete", kept.getsockname()[1])
    assert not all_of(tmp_path)


async def test_what_happens_again_and_again_is_no_chance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codex_run, "_forgiven", ["one", "another"])
    with pytest.raises(AssertionError, match="no end in 5 s"):
        await hung(tmp_path, "task_complete")
