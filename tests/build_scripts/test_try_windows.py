"""`build.py try` for Windows, in wine's, with the real installer and a stand-in for the program."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("wine", allow_module_level=True)

from installers import trial, try_windows
from installers.trial import try_it
from installers.windows.make import compile_installer
from machine.report import Stop
from release.files import newest_of
from tests.build_scripts.windows import machine
from tests.build_scripts.windows.machine import one_icon, stand_in_bundle
from tests.support.waiting import wait_for

VERSION = "1.10.0"


class StandIn:
    """In place of what is done with a real program, which writes files that a stand-in does not."""

    def __init__(self, windows: machine.Windows) -> None:
        self.windows = windows

    def works(self, program: Path, version: str) -> None:
        assert self.windows.run(program, "selftest") == 0
        assert self.windows.said()[-1].startswith(f"{version} ")

    @contextmanager
    def running(self, program: Path, comes_back: bool) -> Iterator[Callable[[], bool]]:
        assert self.windows.run("cmd", "/c", "start", '""', program) == 0
        wait_for(self.windows.is_running, "the stand-in to start")
        yield lambda: not self.windows.is_running()


@pytest.fixture(scope="module")
def wine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[machine.Windows]:
    running = machine.Windows(tmp_path_factory.mktemp("windows"))
    yield running
    running.end()


@pytest.fixture(scope="module")
def setup(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("setup")
    bundle = stand_in_bundle(folder, VERSION)
    return compile_installer(bundle, VERSION, folder, one_icon(folder / "icon.ico"), {"PATH": "/usr/bin:/bin"})


@pytest.fixture
def windows(wine: machine.Windows, monkeypatch: pytest.MonkeyPatch) -> Iterator[machine.Windows]:
    for name, value in wine.environ.items():
        monkeypatch.setenv(name, value)
    yield wine
    wine.forget()


def this(windows: machine.Windows) -> try_windows.Windows:
    return try_windows.Windows(windows.local, windows.home / "AppData" / "Roaming", ["wine"])


def test_the_whole_trial_leaves_windows_as_it_was(
    windows: machine.Windows, setup: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    system = this(windows)
    assert newest_of(setup.parent, "windows", VERSION) == setup
    windows.data.mkdir()
    assert system.there() == {str(windows.data): "there"}
    try_it(system, setup, VERSION, StandIn(windows))
    assert "nothing is left" in capsys.readouterr().err
    assert system.there() == {str(windows.data): "there"}
    asked = [line.split()[-1] for line in windows.said()]
    assert asked == ["selftest", asked[1], "quit", "selftest"]


def test_every_trace_of_an_installation_is_seen(
    windows: machine.Windows, setup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = this(windows)
    system.install(setup)
    system.look(setup, VERSION)
    with pytest.raises(Stop, match=r"lists version 1\.10\.0 .* not 1\.9\.0"):
        system.look(setup, "1.9.0")
    places = system.there()
    named = {place.rpartition("\\")[2] if place.startswith("HKCU") else Path(place).name for place in places}
    assert (len(places), named) == (4, {"Waystation", "Waystation.lnk", "DisplayVersion"})
    with pytest.raises(Stop, match="uninstall it yourself first"):
        try_it(system, setup, VERSION, StandIn(windows))
    # A file of the user's keeps the folder.
    (windows.programs / "mine.txt").touch()
    monkeypatch.setattr(trial, "PATIENCE", 4.0)
    with pytest.raises(Stop, match="Waited 4 s for the uninstaller"):
        system.uninstall()
    assert system.there() == {str(windows.programs): "there"}


def test_the_words_of_an_installer_that_refuses_are_its_exit_code(windows: machine.Windows, setup: Path) -> None:
    system = this(windows)
    windows.programs.parent.mkdir(parents=True, exist_ok=True)
    # In place of the folder.
    windows.programs.touch()
    try:
        with pytest.raises(Stop, match=r"waystation\.nsi names the exit codes\): exit code 5"):
            system.install(setup)
    finally:
        windows.programs.unlink()
