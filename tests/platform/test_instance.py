"""One process owns a data folder."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from app.core.errors import DataUnusable, InstanceRunning
from app.platform.instance import InstanceInfo, InstanceLock, announce, announced, is_owned

HOLD = textwrap.dedent(
    """
    import sys, time, pathlib
    from app.platform.instance import InstanceLock, announce
    folder = pathlib.Path(sys.argv[1])
    lock = InstanceLock(folder)
    lock.acquire()
    announce(folder, 1, "secret")
    print("held", flush=True)
    time.sleep(60)
    """
)


def test_a_second_process_is_refused_and_a_killed_one_leaves_the_folder_free(tmp_path: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(InstanceRunning):
            InstanceLock(tmp_path).acquire()
        assert is_owned(tmp_path)
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait(10)
        assert not is_owned(tmp_path)
        InstanceLock(tmp_path).acquire()
    finally:
        holder.kill()
        holder.wait(10)
        holder.stdout.close()


def test_the_announcement_is_for_the_user_alone_and_ends_with_the_instance(tmp_path: Path) -> None:
    lock = InstanceLock(tmp_path / "new" / "folder")
    lock.acquire()
    folder = tmp_path / "new" / "folder"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    announce(folder, 4711, "the-secret")
    assert stat.S_IMODE((folder / "instance.json").stat().st_mode) == 0o600
    assert announced(folder) == InstanceInfo(os.getpid(), 4711, "the-secret")
    lock.release()
    assert announced(folder) is None


def test_who_asks_whether_a_folder_is_owned_makes_nothing_in_it(tmp_path: Path) -> None:
    # As practice leaves it for a moment: its files are removed, and then the folder.
    for folder in (tmp_path, tmp_path / "gone"):
        assert not is_owned(folder)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid":1}', '{"pid":"x","port":1,"secret":"s"}'])
def test_an_unreadable_announcement_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "instance.json").write_text(text)
    assert announced(tmp_path) is None


def test_a_folder_that_cannot_be_made_is_said_with_its_path(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataUnusable, match="file"):
        InstanceLock(tmp_path / "file" / "data").acquire()


def test_the_secret_is_not_in_the_repr() -> None:
    assert "hidden" not in repr(InstanceInfo(1, 2, "hidden"))
