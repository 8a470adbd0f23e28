"""`build.py try` for Linux: the package, with scripts in place of apt and dpkg, and the archive."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

if sys.platform != "linux":
    pytest.skip("apt is Linux", allow_module_level=True)

from bundle.layout import NAME
from installers import try_linux
from installers.trial import try_it
from installers.try_linux import Debian, try_archive
from machine.report import Stop
from tests.build_scripts.test_trial import installer

STATE = "install ok installed"


class Used:
    """In place of what is done with the program in /usr/bin, which is not there."""

    def works(self, program: Path, version: str) -> None:
        assert program == Path("/usr/bin/waystation")

    @contextmanager
    def running(self, program: Path, comes_back: bool) -> Iterator[Callable[[], bool]]:
        assert comes_back
        yield lambda: True


@pytest.fixture
def debian(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Debian:
    """One whose package is a folder of its own in a folder that others share, and an entry of the menu."""
    usr, state = tmp_path / "usr", tmp_path / "state"
    (usr / "share").mkdir(parents=True)
    files = f"{usr}/lib/waystation/program {usr}/share/waystation.desktop"
    scripts = {
        "apt-get": f"""
            echo "$*" >> "{tmp_path}/asked"
            case "$*" in
            *\\ purge\\ *) rm -rf "{state}" "{usr}/lib/waystation"; [ -e "{tmp_path}/leaves" ] || rm -f {files};;
            *) mkdir -p "{usr}/lib/waystation"; touch {files}; echo "{STATE}" > "{state}";;
            esac""",
        "dpkg-query": f'[ -e "{state}" ] && printf "%s" "$(cat "{state}")"',
        "dpkg": f'printf "%s\\n" /. "{usr}/share" "{usr}/lib/waystation" {files}',
    }
    for name, script in scripts.items():
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    return Debian([])


def test_the_package_is_installed_twice_and_purged(debian: Debian, tmp_path: Path) -> None:
    file = tmp_path / "waystation.deb"
    file.touch()
    try_it(debian, file, "1.2.3", Used())
    install, again, purge = (tmp_path / "asked").read_text().splitlines()
    assert install == again
    assert install.endswith(f" install -y --reinstall --allow-downgrades {file}")
    assert purge.endswith(" purge -y waystation")
    # What others share is no trace.
    assert (tmp_path / "usr" / "share").is_dir()


def test_a_file_of_the_package_that_is_left_is_named(debian: Debian, tmp_path: Path) -> None:
    (tmp_path / "leaves").touch()
    with pytest.raises(Stop, match=r"Not as it was before: .*/usr/share/waystation\.desktop$"):
        try_it(debian, tmp_path / "leaves", "1.2.3", Used())


def test_data_that_a_user_has_is_seen(debian: Debian, tmp_path: Path) -> None:
    assert debian.there() == {}
    (tmp_path / "home" / NAME).mkdir(parents=True)
    assert debian.there() == {str(tmp_path / "home" / NAME): "there"}


@pytest.mark.parametrize(("state", "there"), [("deinstall ok config-files", True), ("unknown ok not-installed", False)])
def test_a_package_that_was_removed_and_not_purged_is_there(
    state: str, there: bool, debian: Debian, tmp_path: Path
) -> None:
    (tmp_path / "state").write_text(state)
    assert debian.is_installed() is there
    with pytest.raises(Stop, match="dpkg says of waystation"):
        debian.look(tmp_path, "1.2.3")


def test_a_user_who_may_not_install_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(try_linux, "as_root", lambda: None)
    with pytest.raises(Stop, match="as root or with a sudo that does not ask"):
        Debian.here()


def test_the_archive_is_unpacked_into_one_folder_and_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "waystation-1.2.3"
    folder.mkdir()
    program = installer(tmp_path).rename(folder / NAME)
    program.chmod(0o755)
    made = tmp_path / "made.tar.xz"
    subprocess.run(["tar", "-cJf", made, "-C", tmp_path, folder.name], check=True)
    try_archive(made, "1.2.3")
    assert "made.tar.xz: unpacked and used" in capsys.readouterr().err
    subprocess.run(["tar", "-cJf", made, "-C", folder, "."], check=True)
    with pytest.raises(Stop, match=r"unpacks into more than a folder: Waystation$"):
        try_archive(made, "1.2.3")
