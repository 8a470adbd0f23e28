"""An empty Windows: wine with a prefix of its own and without a screen, and what its user would do and see there."""

import os
import re
import shutil
import struct
import subprocess
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath

from bundle.layout import Bundle
from tests.support.waiting import wait_for

HERE = Path(__file__).parent
CURRENT_VERSION = r"Software\Microsoft\Windows\CurrentVersion"
LISTED = rf"{CURRENT_VERSION}\Uninstall\Waystation"
RUN = rf"{CURRENT_VERSION}\Run"
APPROVED = rf"{CURRENT_VERSION}\Explorer\StartupApproved\Run"
#: For one program, in s; also on a busy machine.
LIMIT = 40.0


@dataclass(frozen=True)
class Control:
    """A part of a dialog that can be seen."""

    number: int
    kind: str
    ticked: bool
    text: str


class Windows:
    """A Windows of a user who is no administrator's concern.

    Args:
        folder: for all of it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        #: What the stand-ins write down, and what they are told by files.
        self.signs = folder / "signs"
        self.signs.mkdir()
        #: What Wine said of the program that was started last.
        self.complaints = folder / "complaints"
        self.drive = folder / "prefix" / "drive_c"
        self.environ = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(folder),
            "USER": "tester",
            "WINEPREFIX": str(folder / "prefix"),
            "WINEDEBUG": "-all",
            # Neither .NET nor a browser, and nothing in the menus of the desktop that runs the tests.
            "WINEDLLOVERRIDES": "mscoree,mshtml=;winemenubuilder.exe=",
            "LANG": "C.UTF-8",
            "STAND_IN": self.path(self.signs),
        }
        self.run("wineboot", "-i", program="", limit=50)
        # Dialogs that nobody sees, but that are there.
        self.run("reg", "add", r"HKCU\Software\Wine\Drivers", "/v", "Graphics", "/d", "null", "/f")
        self.version("win10")
        # The services of the first session end too early, and are waited for in vain. The second one goes on between
        # programs, since each start costs a second or two; it ends a minute after the last.
        self.end()
        subprocess.run(["wineserver", "-p60"], env=self.environ, timeout=30, check=True)
        (self.home,) = (path for path in (self.drive / "users").iterdir() if path.name not in ("Public", "crossuser"))
        self.local = self.home / "AppData" / "Local"
        self.programs = self.local / "Programs" / "Waystation"
        self.data = self.local / "Waystation"
        self.menu = self.home / "AppData/Roaming/Microsoft/Windows/Start Menu/Programs/Waystation.lnk"
        self.hand = compiled(HERE / "hand.nsi", folder / "hand.exe")

    def path(self, path: Path) -> str:
        """What Windows calls a file."""
        if path.is_relative_to(self.drive):
            return str(PureWindowsPath("C:\\", path.relative_to(self.drive)))
        return "Z:" + str(path).replace("/", "\\")

    def version(self, name: str) -> None:
        """Which Windows this says that it is: win7, win10."""
        self.run("reg", "add", r"HKCU\Software\Wine", "/v", "Version", "/d", name, "/f")

    def run(self, *command: str | Path, program: str = "wine", limit: float = LIMIT, **environ: str) -> int:
        """Run a program of Windows to its end; its exit code."""
        with self.started(*command, program=program, **environ) as process:
            return process.wait(limit)

    @contextmanager
    def started(
        self, *command: str | Path, program: str = "wine", largest_file: int | None = None, **environ: str
    ) -> Iterator["subprocess.Popen[bytes]"]:
        """Start a program of Windows; at the end it must have ended.

        Args:
            command: the program and its arguments, put together as they are.
            program: what runs it; "": itself.
            largest_file: bytes that it may write into one file, as if the disk were full then.
        """
        words = [*([program] if program else []), *(self.path(c) if isinstance(c, Path) else c for c in command)]
        if largest_file is not None:
            words = ["sh", "-c", f"trap '' XFSZ; ulimit -f {largest_file // 512}; exec \"$@\"", "sh", *words]
        with self.complaints.open("wb") as complaints:
            process = subprocess.Popen(
                words,
                env={**self.environ, **environ},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=complaints,
            )
        try:
            yield process
            process.wait(LIMIT)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()

    def said(self) -> list[str]:
        """What the stand-ins were asked: version, program, arguments."""
        file = self.signs / "said"
        return file.read_text("utf-16-le").splitlines() if file.exists() else []

    def is_running(self) -> bool:
        return (self.signs / "running").exists()

    def start_program(self) -> None:
        """Start the installed program, as its user does; `forget` is its end."""
        # Through cmd, which does not wait for it.
        assert self.run("cmd", "/c", "start", '""', self.programs / "Waystation.exe") == 0
        wait_for(self.is_running, "the stand-in to start")

    def forget(self) -> None:
        """End what runs, and remove every trace of an installation."""
        (self.signs / "stubborn").unlink(missing_ok=True)
        if self.is_running():
            (self.signs / "quit").touch()
            wait_for(lambda: not self.is_running(), "the stand-in to end")
        for folder in (self.programs, self.data):
            shutil.rmtree(folder, ignore_errors=True)
        self.menu.unlink(missing_ok=True)
        for sign in self.signs.iterdir():
            sign.unlink()
        self.change("".join(rf"[-HKEY_CURRENT_USER\{key}]" + "\n\n" for key in (LISTED, RUN, APPROVED)))

    def change(self, keys: str) -> None:
        """Change the registry by a file of its own form; one start of a program, however much is changed."""
        file = self.folder / "changes.reg"
        file.write_text(f"Windows Registry Editor Version 5.00\n\n{keys}", "utf-16")
        assert self.run("reg", "import", file) == 0

    def registry(self, key: str) -> dict[str, str]:
        """The values of a key of the user, as `reg export` writes them; texts without their quotes."""
        file = self.folder / "exported.reg"
        file.unlink(missing_ok=True)
        self.run("reg", "export", rf"HKCU\{key}", file, "/y")
        if not file.exists():
            return {}
        part = file.read_text("utf-16").split("\n[")[1].partition("\n\n")[0]
        values = dict(re.findall(r'^"(\w+)"=(.*)$', part, re.MULTILINE))
        return {name: re.sub(r"\\(.)", r"\1", re.sub(r'^"(.*)"$', r"\1", value)) for name, value in values.items()}

    def files(self) -> dict[str, bytes]:
        """All files of the user, but for those that Windows keeps for a while."""
        found = (path for path in self.home.rglob("*") if path.is_file() and "Temp" not in path.parts)
        return {str(path.relative_to(self.home)): path.read_bytes() for path in found}

    def look(self) -> list[Control]:
        """The controls of the dialog in front; none if it goes while one looks."""
        file = self.folder / "seen"
        if self.run(self.hand, self.path(file), "look") != 0:
            return []
        rows = re.findall(
            r"^(-?\d+)\|(.*?)\|(\d+)\|(.*?)\r$", file.read_bytes().decode("utf-16-le"), re.MULTILINE | re.DOTALL
        )
        return [Control(int(number), kind, ticked == "1", text) for number, kind, ticked, text in rows]

    def see(self, text: str) -> dict[int, Control]:
        """The controls by their number, as soon as one has this in its text."""
        seen: list[Control] = []

        def look() -> bool:
            seen[:] = self.look()
            return any(text in one.text for one in seen)

        try:
            wait_for(look, f"“{text}” in a dialog", 30.0)
        except AssertionError as error:
            raise AssertionError(f"{error}: {[one.text for one in seen]}") from None
        return {one.number: one for one in seen}

    def press(self, number: int) -> None:
        """Press a button or a box."""
        assert self.run(self.hand, self.path(self.folder / "pressed"), "press", str(number)) == 0

    def keep_password(self, name: str) -> None:
        """Keep one in Windows' store, as the program keeps its key."""
        assert self.run(self.hand, self.path(self.folder / "kept"), "keep", name) == 0
        assert self.has_password(name)

    def has_password(self, name: str) -> bool:
        # Where wine keeps them.
        return bool(self.registry(rf"Software\Wine\Credential Manager\Generic: {name}"))

    @contextmanager
    def held(self, path: Path) -> Iterator[None]:
        """Another program reads this file for a while."""
        sign = self.folder / "held"
        with self.started(self.hand, self.path(sign), "hold", path):
            wait_for(sign.exists, "the file to be held")
            yield
            sign.unlink()

    def end(self) -> None:
        """End what runs in this Windows, and nothing else."""
        subprocess.run(["wineserver", "-k"], env=self.environ, timeout=30, check=False)


def compiled(script: Path, output: Path, **definitions: str) -> Path:
    """One of the small programs beside this file."""
    words = [f"-D{name}={value}" for name, value in {**definitions, "OUTPUT": str(output)}.items()]
    command = ["makensis", "-V2", "-WX", "-INPUTCHARSET", "UTF8", "-DTARGET=amd64-unicode", *words, str(script)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return output


def stand_in_bundle(folder: Path, version: str, files: Mapping[str, bytes] | None = None) -> Bundle:
    """A bundle for Windows with stand-ins for the programs.

    Args:
        folder: in which its own is made.
        version: what the stand-ins say, and the name of a file that no other version has.
        files: more of them, by their path in the folder of the program's parts.
    """
    bundle = Bundle(folder / f"bundle-{version}" / "Waystation", "win32")
    bundle.internal.mkdir(parents=True)
    compiled(HERE / "stand_in.nsi", bundle.program, VERSION=version)
    shutil.copyfile(bundle.program, bundle.console)
    bundle.licenses.write_text("MIT\n")
    more = {f"only-{version}.pyd": b"x", "深/说明 $x.txt": version.encode(), "a/b/same.dll": version.encode()}
    for name, content in {**more, **(files or {})}.items():
        path = bundle.internal / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return bundle


def one_icon(path: Path) -> Path:
    """An icon of one red point, 1 by 1: an .ico may hold a PNG."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 6, 0, 0, 0))
    png = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0\xff\0\0\xff")) + chunk(b"IEND", b"")
    path.write_bytes(struct.pack("<HHHBBBBHHII", 0, 1, 1, 1, 1, 0, 0, 1, 32, len(png), 22) + png)
    return path


def chinese(folder: Path) -> dict[str, str]:
    """The variables of a Chinese system. Its locale is made here: few machines have it."""
    made = folder / "locales"
    made.mkdir()
    command = ["localedef", "-i", "zh_CN", "-f", "UTF-8", str(made / "zh_CN.UTF-8")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, f"{done.stderr}\nRun: python3 build_scripts/dev.py test"
    return {"LOCPATH": str(made), "LC_ALL": "zh_CN.UTF-8"}


def content_of(bundle: Bundle) -> dict[str, bytes]:
    """The files of a bundle by their path in it."""
    return {
        os.fspath(path.relative_to(bundle.folder)): path.read_bytes()
        for path in bundle.folder.rglob("*")
        if path.is_file()
    }
