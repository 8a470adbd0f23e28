"""Trying an installer: what is done in which order, what is compared, and what stops it."""

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from installers import trial
from installers.trial import SelftestAndServe, run, try_it, wait_for
from machine.report import Stop

if sys.platform == "win32":
    pytest.skip("the stand-in for the program is a script", allow_module_level=True)

PROGRAM = f"""#!{sys.executable}
import json, os, sys, time
from pathlib import Path

data = Path(os.environ["WAYSTATION_DATA_DIR"])
with open({{said!r}}, "a") as said:
    said.write(" ".join(sys.argv[1:2]) + os.linesep)
if sys.argv[1] == "selftest":
    result = {{{{"version": "1.2.3", "failed": {{failed!r}}, "system": "Test", "gateway": {{{{"events": 25}}}}}}}}
    Path(sys.argv[2]).write_text(json.dumps(result))
elif sys.argv[1:] == ["serve", "--port", "0"]:
    data.mkdir(exist_ok=True)
    (data / "instance.json").touch()
    began = time.monotonic()
    while not (data / "quit").exists() and time.monotonic() - began < 20:
        time.sleep(0.01)
    (data / "instance.json").unlink()
    (data / "quit").unlink()
elif sys.argv[1] == "quit":
    (data / "quit").touch()
"""


class Folder:
    """A system that is a folder, and an installer that is the program itself."""

    upgrade_ends_it = upgrade_starts_it = False
    leaves_something = False

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.program = folder / "bin" / "waystation"
        self.users = folder / "data"
        self.users.mkdir(parents=True)
        self.did: list[str] = []

    def there(self) -> dict[str, str]:
        return {str(path): "there" for path in self.folder.rglob("*")}

    def is_installed(self) -> bool:
        return self.program.exists()

    def install(self, file: Path) -> None:
        self.did.append("install")
        self.program.parent.mkdir(exist_ok=True)
        fresh = self.program.with_suffix(".new")
        shutil.copyfile(file, fresh)
        fresh.chmod(0o755)
        fresh.replace(self.program)

    def look(self, file: Path, version: str) -> None:
        self.did.append(f"look at {version}")
        assert self.program.read_bytes() == file.read_bytes()

    def uninstall(self) -> None:
        self.did.append("uninstall")
        if self.leaves_something:
            self.program.unlink()
        else:
            shutil.rmtree(self.program.parent)


@pytest.fixture
def system(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "system")


def installer(folder: Path, failed: list[str] | None = None) -> Path:
    file = folder / "installer"
    file.write_text(textwrap.dedent(PROGRAM.format(said=str(folder / "said"), failed=failed or [])))
    return file


def test_it_is_installed_used_installed_again_while_it_runs_and_removed(
    system: Folder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    try_it(system, installer(tmp_path), "1.2.3")
    assert system.did == ["install", "look at 1.2.3", "install", "look at 1.2.3", "uninstall"]
    assert (tmp_path / "said").read_text().split() == ["selftest", "serve", "quit", "selftest"]
    said = capsys.readouterr().err
    assert "selftest of 1.2.3 on Test: all passed, 25 events" in said
    assert "nothing is left" in said


def test_what_the_user_has_running_elsewhere_is_left_alone(
    system: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAYSTATION_DATA_DIR", "/the/user's own")
    monkeypatch.delenv("WAYSTATION_KEY_STORE", raising=False)
    file = installer(tmp_path)
    system.install(file)
    with SelftestAndServe().running(system.program) as ended:
        # An installer asks the program to end by its own command line.
        assert os.environ["WAYSTATION_DATA_DIR"] != "/the/user's own"
        assert os.environ["WAYSTATION_KEY_STORE"] == "file"
        assert not ended()
    assert ended()
    assert os.environ["WAYSTATION_DATA_DIR"] == "/the/user's own"
    assert "WAYSTATION_KEY_STORE" not in os.environ


def test_an_installed_program_is_neither_replaced_nor_removed(system: Folder, tmp_path: Path) -> None:
    file = installer(tmp_path)
    system.install(file)
    with pytest.raises(Stop, match="uninstall it yourself first"):
        try_it(system, file, "1.2.3")
    assert system.did == ["install"]
    assert system.is_installed()


def test_what_is_left_is_named(system: Folder, tmp_path: Path) -> None:
    system.leaves_something = True
    with pytest.raises(Stop, match=f"Not as it was before: {system.folder}/bin"):
        try_it(system, installer(tmp_path), "1.2.3")


def test_data_of_the_users_that_is_gone_is_named(
    system: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def takes_all() -> None:
        shutil.rmtree(system.program.parent)
        shutil.rmtree(system.users)

    monkeypatch.setattr(system, "uninstall", takes_all)
    with pytest.raises(Stop, match=f"Not as it was before: {system.users}"):
        try_it(system, installer(tmp_path), "1.2.3")


def test_a_selftest_that_fails_or_is_of_another_version_stops_it(system: Folder, tmp_path: Path) -> None:
    with pytest.raises(Stop, match=r"failed: \['tls'\]"):
        try_it(system, installer(tmp_path, ["tls"]), "1.2.3")
    # To be looked at.
    assert system.is_installed()
    shutil.rmtree(system.program.parent)
    with pytest.raises(Stop, match=r"version 1\.2\.3, failed: \[\]"):
        try_it(system, installer(tmp_path), "1.2.4")


def test_an_installer_that_lets_the_program_run_stops_it_where_it_should_end(system: Folder, tmp_path: Path) -> None:
    system.upgrade_ends_it = True
    with pytest.raises(Stop, match="has not ended the program that ran"):
        try_it(system, installer(tmp_path), "1.2.3")
    # But the trial has ended it.
    assert (tmp_path / "said").read_text().split()[-1] != "quit"


@pytest.mark.parametrize("starts", [True, False])
def test_what_an_upgrade_ends_it_starts_again_where_it_says_so(
    starts: bool, system: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install = system.install

    def upgrade(file: Path) -> None:
        install(file)
        if len(system.did) > 1:
            data = Path(os.environ["WAYSTATION_DATA_DIR"])
            (data / "quit").touch()
            wait_for(lambda: not (data / "instance.json").exists(), "the program to end")
            if starts:
                again.append(subprocess.Popen([system.program, "serve", "--port", "0"]))

    again: list[subprocess.Popen[bytes]] = []
    monkeypatch.setattr(system, "install", upgrade)
    monkeypatch.setattr(system, "upgrade_starts_it", True)
    monkeypatch.setattr(trial, "PATIENCE", 20 if starts else 2)
    if starts:
        try_it(system, installer(tmp_path), "1.2.3")
        assert again[0].wait(10) == 0
    else:
        with pytest.raises(Stop, match="for the program to start again"):
            try_it(system, installer(tmp_path), "1.2.3")


def test_a_program_that_hangs_or_fails_or_is_not_there_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial, "PATIENCE", 0.3)
    with pytest.raises(Stop, match=r"Could not wait: sleep took longer than 0\.3 s"):
        run(["sleep", "20"], "wait")
    with pytest.raises(Stop, match=r"no such thing\nCould not look: exit code 3"):
        run(["sh", "-c", "echo no such thing >&2; exit 3"], "look")
    with pytest.raises(Stop, match=r"Could not look: .*nothing: No such file"):
        run([tmp_path / "nothing"], "look")
    with pytest.raises(Stop, match=r"run `build\.py installer` first"):
        try_it(Folder(tmp_path / "system"), tmp_path / "nothing", "1.2.3")
