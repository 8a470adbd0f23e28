"""What Linux installs Waystation by, with a stand-in for the program and the real dpkg."""

import itertools
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

if sys.platform != "linux":
    pytest.skip("dpkg is Linux", allow_module_level=True)

from app.commandline.parser import parser
from app.platform.autostart_files import DesktopEntry
from bundle.layout import Bundle
from installers.linux import make as linux
from installers.linux.archive import companions, make_archive
from installers.linux.deb import make_deb
from installers.linux.needs import depends
from installers.linux.texts import FILES, filled
from installers.linux.versions import debian_version
from machine.report import Stop
from release.files import newest_of
from tests.build_scripts.linux.machine import SERVE, Debian, stand_in
from tests.support.waiting import wait_for

MOMENT = 1764000000
ROOT_USER = os.geteuid() == 0
SVG = Path(__file__).resolve().parents[2] / "resources/icons/waystation.svg"


def packaged(folder: Path, version: str) -> Path:
    """A package of the stand-in."""
    icons = folder / "icons"
    icons.mkdir(exist_ok=True)
    for size in (16, 256):
        (icons / f"waystation-{size}.png").write_bytes(b"\x89PNG")
    bundle = stand_in(folder / "bundle" / version, version)
    return make_deb(bundle, version, folder, MOMENT, icons=icons, svg=SVG, packed=("-Znone",))


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("packages")
    return {version: packaged(folder, version) for version in ("1.0.0rc1", "1.0.0")}


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where another user may go, too: not so in `tmp_path`."""
    with tempfile.TemporaryDirectory(prefix="waystation-dpkg-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="module")
def with_the_older(packages: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Debian:
    """A system that only copies are made of: that is quicker than to install it each time."""
    debian = Debian(tmp_path_factory.mktemp("debian"))
    debian.begin()
    debian.install(packages["1.0.0rc1"])
    return debian


@pytest.fixture
def debian(with_the_older: Debian, folder: Path) -> Debian:
    """A system with the older version."""
    debian = Debian(folder)
    shutil.copytree(with_the_older.root, debian.root, symlinks=True)
    return debian


class Program:
    """The stand-in as somebody has started it.

    Args:
        debian: where it is installed.
        home: of its user.
    """

    def __init__(self, debian: Debian, home: Path) -> None:
        self.home = home
        (home / "work 间").mkdir()
        for name in ("serve", "doctor"):
            (home / "work 间" / name).write_text(SERVE)
        self._debian = debian

    @contextmanager
    def started(self, *arguments: str, user: int | None = None, environ: dict[str, str]) -> Iterator[int]:
        """Start it; its process. Whatever of it runs at the end is ended."""
        if user is not None:
            for path in (self.home, *self.home.glob("work*")):
                os.chown(path, user, user)
        process = subprocess.Popen(
            [self._debian.command, *(arguments or ("serve",))],
            cwd=self.home / "work 间",
            env={"PATH": "/usr/bin:/bin", "HOME": str(self.home), **environ},
            stdin=subprocess.DEVNULL,
            umask=0o027,
            user=user,
            group=user,
            extra_groups=None if user is None else [user + 1],
        )
        try:
            wait_for(lambda: self.noted(), "the stand-in to start")
            yield process.pid
        finally:
            for left in self._debian.running():
                with suppress(ProcessLookupError):
                    os.kill(left, signal.SIGKILL)
            process.wait(10)

    def noted(self) -> list[str]:
        file = self.home / "noted"
        return file.read_text().splitlines() if file.exists() else []

    def events(self) -> list[str]:
        """What happened to it, without the numbers of its processes."""
        return [line.rpartition(" ")[0] for line in self.noted()]

    def seen(self) -> tuple[str, set[str]]:
        """Of the last start: who, where, and with what arguments; and the environment."""
        environ = (self.home / "environ").read_text().split("\0")
        return (self.home / "seen").read_text(), {entry for entry in environ if entry and entry[:2] != "_="}


@pytest.fixture
def program(debian: Debian, folder: Path) -> Program:
    return Program(debian, folder)


def test_versions_sort_in_debian_as_they_do_in_python() -> None:
    order = ["0.9.1", "1.0.0.dev2", "1.0.0a1", "1.0.0a2", "1.0.0b1", "1.0.0rc1.dev1", "1.0.0rc1", "1.0.0rc10", "1.0.0"]
    order += ["1.0.0.post1.dev1", "1.0.0.post1", "1.0.1", "1.10.0"]
    debian = [debian_version(version) for version in order]
    assert debian[6] == "1.0.0~rc1"
    for one, other in itertools.pairwise(debian):
        assert subprocess.run(["dpkg", "--compare-versions", one, "lt", other]).returncode == 0, (one, other)
    with pytest.raises(Stop, match="none that a package can have"):
        debian_version("1.0.0-1 beta")


def test_the_same_bundle_makes_the_same_package_whoever_makes_it_and_when(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    first = packaged(one, "1.0.0")
    before = os.umask(0o077)
    try:
        second = packaged(other, "1.0.0")
    finally:
        os.umask(before)
    assert first.name == second.name
    assert first.read_bytes() == second.read_bytes()


def test_the_files_have_the_names_of_a_release_and_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("build/icons/waystation-16.png", "resources/icons/waystation.svg"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    monkeypatch.setattr(linux, "_ROOT", tmp_path)
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    made = linux.make(stand_in(tmp_path / "Waystation", "1.0.0"), "1.0.0", tmp_path)
    assert made == [newest_of(tmp_path, kind, "1.0.0") for kind in ("deb", "tar.xz")]
    monkeypatch.setattr(linux, "LARGEST", made[1].stat().st_size - 1)
    with pytest.raises(Stop, match=r"Waystation-1\.0\.0-linux-x86_64\.tar\.xz is larger than"):
        linux.make(Bundle(tmp_path / "Waystation"), "1.0.0", tmp_path)


def test_it_is_roots_and_says_what_it_is(packages: dict[str, Path]) -> None:
    deb = packages["1.0.0rc1"]
    assert deb.name.startswith("waystation_1.0.0rc1_")
    listed = subprocess.run(["dpkg-deb", "--contents", deb], capture_output=True, text=True, check=True).stdout
    assert {line.split()[1] for line in listed.splitlines()} == {"root/root"}
    assert {line.split()[3] for line in listed.splitlines()} == {"2025-11-24"}
    told = subprocess.run(["dpkg-deb", "--field", deb], capture_output=True, text=True, check=True).stdout
    assert "Version: 1.0.0~rc1\n" in told
    assert re.search(r"^Depends: libc6 \(>= 2\.\d+\), xkb-data$", told, re.MULTILINE)
    assert re.search(r"^Installed-Size: [1-9]\d+$", told, re.MULTILINE)


def test_all_is_where_a_system_looks_for_it(folder: Path, packages: dict[str, Path]) -> None:
    debian = Debian(folder)
    debian.begin()
    debian.install(packages["1.0.0"])
    assert debian.state() == "installed 1.0.0"
    assert debian.files() == {
        "usr/bin/waystation": "../lib/waystation/Waystation",
        "usr/lib/waystation/LICENSES.txt": "0o644",
        "usr/lib/waystation/Waystation": "0o755",
        "usr/lib/waystation/_internal/link": "version",
        "usr/lib/waystation/_internal/only-in-1.0.0": "0o644",
        "usr/lib/waystation/_internal/version": "0o644",
        "usr/share/applications/waystation.desktop": "0o644",
        "usr/share/doc/waystation/changelog.gz": "0o644",
        "usr/share/doc/waystation/copyright": "0o644",
        "usr/share/icons/hicolor/16x16/apps/waystation.png": "0o644",
        "usr/share/icons/hicolor/256x256/apps/waystation.png": "0o644",
        "usr/share/icons/hicolor/scalable/apps/waystation.svg": "0o644",
        "usr/share/man/man1/waystation.1.gz": "0o644",
        "usr/share/metainfo/app.waystation.waystation.metainfo.xml": "0o644",
    }
    assert debian.command.resolve() == debian.program
    assert (debian.root / "usr/share/doc/waystation/copyright").read_text() == "MIT, and others\n"
    assert debian.dpkg("--verify", "waystation") == ""


def test_the_menu_entry_and_the_pages_are_valid(tmp_path: Path) -> None:
    entry = FILES / "waystation.desktop"
    done = subprocess.run(["desktop-file-validate", entry], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")
    assert "\nName=Waystation\nName[zh_CN]=驿站 Waystation\n" in entry.read_text("utf-8")
    page = tmp_path / "app.waystation.waystation.metainfo.xml"
    page.write_text(filled("waystation.metainfo.xml", "1.0.0", MOMENT), "utf-8")
    done = subprocess.run(["appstreamcli", "validate", "--no-net", page], capture_output=True, text=True)
    assert (done.returncode, re.findall(r"^[EW]: .*", done.stdout, re.MULTILINE)) == (0, []), done.stdout
    assert '<release version="1.0.0" date="2025-11-24"/>' in page.read_text("utf-8")
    # AppStream before 1.0 compares it with the name of the locale.
    assert set(re.findall('xml:lang="(.*?)"', page.read_text("utf-8"))) == {"zh_CN"}


def test_the_manual_page_can_be_read_and_names_what_there_is(tmp_path: Path) -> None:
    page = tmp_path / "waystation.1"
    page.write_text(filled("waystation.1", "1.0.0", MOMENT), "utf-8")
    # As `man` calls it, which small machines have without its pages.
    command = ["groff", "-man", "-Tascii", "-P-cbu", "-ww", "-rLL=100n", page]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    text = re.sub(r"\s+", " ", done.stdout)
    options = {option for action in parser()._actions for option in action.option_strings if option[:2] == "--"}
    assert options - {"--help"} == set(re.findall(r"--[a-z-]+", text)) - {"--help"}
    for command_line in re.findall(r"waystation (setup codex|doctor)", text):
        assert parser().parse_args(command_line.split()).action == command_line


def test_a_library_that_is_neither_carried_nor_asked_for_is_refused(tmp_path: Path) -> None:
    bundle = Bundle(tmp_path / "bundle")
    (bundle.internal / "PySide6").mkdir(parents=True)
    wanted = Path(shutil.which("bash") or "")
    shutil.copyfile(wanted, bundle.internal / "needs-tinfo.so")
    with pytest.raises(Stop, match=r"_internal/needs-tinfo\.so needs libtinfo\.so\.\d, which neither"):
        depends(bundle)
    (bundle.internal / "PySide6" / next(iter(re.findall(r"libtinfo\.so\.\d", _needed(wanted))))).touch()
    assert depends(bundle)[1:] == ["xkb-data"]


def _needed(program: Path) -> str:
    return subprocess.run(["objdump", "-p", program], capture_output=True, text=True, check=True).stdout


def test_the_oldest_c_library_is_read_from_the_programs(tmp_path: Path) -> None:
    bundle = stand_in(tmp_path, "1.0.0")
    newest = max(tuple(map(int, found)) for found in re.findall(r"GLIBC_(\d+)\.(\d+)", _needed(bundle.program)))
    assert depends(bundle)[0] == "libc6 (>= {}.{})".format(*newest)


def test_what_is_missing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = stand_in(tmp_path / "bundle", "1.0.0")
    with pytest.raises(Stop, match="holds no icons"):
        make_deb(bundle, "1.0.0", tmp_path, MOMENT, icons=tmp_path / "none", svg=SVG)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Stop, match="dpkg-deb is not installed"):
        make_deb(bundle, "1.0.0", tmp_path, MOMENT, icons=tmp_path, svg=SVG)


def test_an_upgrade_and_a_downgrade_leave_nothing_of_the_other_version(
    debian: Debian, packages: dict[str, Path]
) -> None:
    for version, state in (("1.0.0", "1.0.0"), ("1.0.0rc1", "1.0.0~rc1")):
        said = debian.install(packages[version])
        assert "Waystation" not in said.replace("Waystation-", "")
        assert debian.state() == f"installed {state}"
        assert [path.name for path in debian.folder.glob("_internal/only*")] == [f"only-in-{version}"]


@pytest.mark.parametrize("user", [None, 4321] if ROOT_USER else [None])
def test_an_upgrade_ends_the_program_before_it_and_starts_it_again_after(
    user: int | None, debian: Debian, packages: dict[str, Path], program: Program
) -> None:
    environ = {
        "LD_LIBRARY_PATH": "/bundle:/own",
        "LD_LIBRARY_PATH_ORIG": "/own",
        "_PYI_HOME": "/old",
        "TWO": "a\nb='$'",
    }
    with program.started("serve", "--port", "8 8", user=user, environ=environ) as first:
        before, own = program.seen()
        said = debian.install(packages["1.0.0"])
        assert "Ending Waystation" in said
        assert "Waystation starts again." in said
        wait_for(lambda: len(program.noted()) == 3, "the second start")
        assert program.events() == ["started 1.0.0rc1", "ended 1.0.0rc1", "started 1.0.0"]
        assert not Path(f"/proc/{first}/exe").exists()
        after, environment = program.seen()
        second = int(program.noted()[-1].split()[-1])
        # Both this test's and the package's: nobody hears it.
        assert after.splitlines()[:-1] == before.splitlines()[:-1]
        assert after.splitlines()[3:] == ["0027", str(program.home / "work 间"), "--port 8 8", "/dev/null"]
        if user is not None:
            assert after.splitlines()[:3] == [str(user), str(user), f"{user} {user + 1}"]
        assert "TWO=a\nb='$'" in environment
        assert environment == own - {"LD_LIBRARY_PATH=/bundle:/own", "LD_LIBRARY_PATH_ORIG=/own", "_PYI_HOME=/old"} | {
            "LD_LIBRARY_PATH=/own"
        }
        assert os.getsid(second) == second
        assert not debian.notes.exists()
        assert debian.program.samefile(f"/proc/{second}/exe")


def test_removing_ends_it_for_good_and_purging_leaves_nothing(debian: Debian, program: Program) -> None:
    own = program.home / ".local/share/Waystation/data"
    own.parent.mkdir(parents=True)
    own.write_text("theirs")
    with program.started(environ={}):
        said = debian.dpkg("--remove", "waystation")
        assert "Ending Waystation" in said
        assert "starts again" not in said
        assert program.events() == ["started 1.0.0rc1", "ended 1.0.0rc1"]
        assert debian.files() == {}
        said = debian.dpkg("--purge", "waystation")
        assert "stays: ~/.local/share/Waystation" in said
        assert "~/.config/autostart/waystation.desktop" in said
        assert debian.files() == {}
        assert not debian.folder.exists()
        assert debian.state() == ""
        assert not debian.notes.exists()
        assert own.read_text() == "theirs"
        assert len(program.noted()) == 2


def test_a_command_that_runs_is_ended_and_not_repeated(
    debian: Debian, packages: dict[str, Path], program: Program
) -> None:
    with program.started("doctor", environ={}):
        assert "starts again" not in debian.install(packages["1.0.0"])
        assert program.events() == ["started 1.0.0rc1", "ended 1.0.0rc1"]


def test_an_upgrade_that_fails_starts_the_old_program_again(
    debian: Debian, packages: dict[str, Path], program: Program, folder: Path
) -> None:
    cut = folder / "cut.deb"
    cut.write_bytes(packages["1.0.0"].read_bytes()[:-20000])
    with program.started(environ={}):
        debian.install(cut, code=1)
        wait_for(lambda: len(program.noted()) == 3, "the second start")
        assert program.events() == ["started 1.0.0rc1", "ended 1.0.0rc1", "started 1.0.0rc1"]
    assert debian.state() == "installed 1.0.0~rc1"
    assert not debian.notes.exists()


def test_the_same_path_on_another_system_is_left_alone(
    debian: Debian, packages: dict[str, Path], program: Program, tmp_path: Path
) -> None:
    other = Debian(tmp_path)
    shutil.copytree(debian.root, other.root, symlinks=True)
    with program.started(environ={}) as process:
        assert "Ending" not in other.install(packages["1.0.0"])
        assert Path(f"/proc/{process}/exe").exists()
        assert len(program.noted()) == 1


def test_what_does_not_end_is_ended(debian: Debian, program: Program, folder: Path) -> None:
    script = folder / "preinst"
    script.write_text((FILES / "maintain.pl").read_text("utf-8").replace("$patience = 30;", "$patience = 0.5;"))
    environ = {"PATH": debian.path, "DPKG_ROOT": str(debian.root), "DPKG_MAINTSCRIPT_NAME": "preinst"}
    with program.started("serve", "stubborn", environ={}) as process:
        subprocess.run(["perl", script, "upgrade"], env=environ, check=True, timeout=20)
        assert not Path(f"/proc/{process}/exe").exists()
        # Others may read neither the environment nor the arguments.
        assert oct(debian.notes.stat().st_mode & 0o777) == "0o700"
        assert program.events() == ["started 1.0.0rc1"]


@pytest.mark.parametrize("works", [True, False])
def test_systemd_counts_the_second_start_among_its_users_programs(
    works: bool, debian: Debian, packages: dict[str, Path], program: Program, folder: Path
) -> None:
    (debian.root / "run/systemd/system").mkdir(parents=True)
    run = folder / "bin/systemd-run"
    run.parent.mkdir()
    scope = f'until [ "$1" = -- ]; do echo "$1" >> {folder}/scope; shift; done; shift; exec "$@"'
    run.write_text(f"#!/bin/sh\n{scope if works else 'exit 1'}\n")
    run.chmod(0o755)
    debian.path = f"{run.parent}:{debian.path}"
    with program.started(environ={}):
        said = debian.install(packages["1.0.0"])
        if works:
            wait_for(lambda: len(program.noted()) == 3, "the second start")
            words = (folder / "scope").read_text().split()
            assert words == ["--scope", "--quiet", "--collect", f"--slice=user-{os.getuid()}.slice"]
    # Then the package is installed all the same.
    assert ("did not start again: start it yourself" in said) is not works
    assert debian.state() == "installed 1.0.0"
    assert not debian.notes.exists()


@pytest.fixture
def unpacked(folder: Path) -> Path:
    """What the user of the archive has, in a folder whose name a menu entry has to write otherwise."""
    bundle = stand_in(folder / "bundle", "1.0.0")
    target = folder / "made.tar.xz"
    make_archive(bundle, "waystation-1.0.0", target, MOMENT, companions(bundle, "1.0.0", MOMENT, SVG))
    place = folder / "opt 100% \\ $HOME `x`"
    place.mkdir()
    subprocess.run(["tar", "-xf", target, "-C", place], check=True)
    return place / "waystation-1.0.0"


def test_the_archive_says_what_to_do_with_it_in_two_languages(unpacked: Path) -> None:
    assert {path.name for path in unpacked.iterdir()} == {
        "Waystation", "_internal", "LICENSES.txt", "README.txt", "menu-entry", "waystation.desktop", "waystation.svg"
    }  # fmt: skip
    text = (unpacked / "README.txt").read_text("utf-8")
    assert "@" not in text
    english, chinese = text.split("驿站 Waystation 1.0.0", 1)
    for words in ("./menu-entry add", "./menu-entry remove", "./Waystation quit", "glibc 2.", "install xkb-data\n"):
        assert words in english
        assert words in chinese
    assert english.count("~/.local/share/Waystation") == chinese.count("~/.local/share/Waystation") == 1


def test_the_archives_program_comes_into_the_menu_and_out_of_it(unpacked: Path, folder: Path) -> None:
    home = folder / "home"
    home.mkdir()
    environ = {"PATH": "/usr/bin:/bin", "HOME": str(home)}
    subprocess.run([unpacked / "menu-entry", "add"], env=environ, check=True)
    entry = home / ".local/share/applications/waystation.desktop"
    done = subprocess.run(["desktop-file-validate", entry], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")
    # As the program itself writes and reads such a line.
    place = DesktopEntry(entry.parent, "Waystation")
    assert place.read() == place.words([str(unpacked / "Waystation")])
    assert "TryExec=" + str(unpacked / "Waystation").replace("\\", "\\\\") in entry.read_text().splitlines()
    assert (home / ".local/share/icons/hicolor/scalable/apps/waystation.svg").read_bytes() == SVG.read_bytes()
    command = [home / ".local/bin/waystation", "-c", "readlink /proc/$$/exe"]
    told = subprocess.run(command, env=environ, capture_output=True, text=True, check=True).stdout
    assert told == f"{unpacked / 'Waystation'}\n"
    subprocess.run([unpacked / "menu-entry", "remove"], env=environ, check=True)
    assert [path for path in home.rglob("*") if not path.is_dir() or path.is_symlink()] == []
    assert subprocess.run([unpacked / "menu-entry"], env=environ, capture_output=True).returncode == 2


@pytest.mark.parametrize("is_link", [True, False])
def test_a_command_of_somebody_elses_is_left_alone(is_link: bool, unpacked: Path, folder: Path) -> None:
    command = folder / ".local/bin/waystation"
    command.parent.mkdir(parents=True)
    if is_link:
        theirs = folder / "theirs"
        theirs.touch()
        command.symlink_to(theirs)
    else:
        command.write_text("theirs")
    for word in ("add", "remove"):
        environ = {"PATH": "/usr/bin:/bin", "HOME": str(folder)}
        done = subprocess.run([unpacked / "menu-entry", word], env=environ, capture_output=True, text=True, check=True)
        assert (f"{command} is something else" in done.stderr) is (word == "add")
        assert command.exists()
        assert command.is_symlink() is is_link
