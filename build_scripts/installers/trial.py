"""Try on this very system what `build.py installer` has made, as `build.py try` does.

It is installed, used, installed once more while it runs, and removed; then the system is as it was. Each system's part
is `installers.try_<system>`, with a class that is a `System`.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from bundle.layout import version_of
from machine.checkout import Checkout
from machine.report import Stop, say
from release.files import newest_of

#: Seconds for one step. A scanner for viruses looks at each file of a program that it has never seen.
PATIENCE = 300.0


class System(Protocol):
    """One operating system with at most one Waystation."""

    #: Of what is installed, for a terminal.
    program: Path
    #: Whether an upgrade ends the program that runs.
    upgrade_ends_it: bool
    #: Whether it then starts all that ran again; Windows' does so with the window alone.
    upgrade_starts_it: bool

    def there(self) -> dict[str, str]:
        """Every trace of Waystation on this system by its place, and what it looks like; the user's data among it."""

    def is_installed(self) -> bool:
        """Whether a program is there that a trial would overwrite and remove."""

    def install(self, file: Path) -> None:
        """Install, or upgrade. Raises Stop."""

    def look(self, file: Path, version: str) -> None:
        """Look at what has been installed from the file, but for the program itself. Raises Stop."""

    def uninstall(self) -> None:
        """Remove it, and wait until that has happened. Raises Stop."""


class Check(Protocol):
    """What is done with an installed program."""

    def works(self, program: Path, version: str) -> None:
        """Use it. Raises Stop where it does not work."""

    def running(self, program: Path, comes_back: bool) -> AbstractContextManager[Callable[[], bool]]:
        """Have it run meanwhile. What is given tells whether it has ended by itself; at the end it has.

        One that ended meanwhile must run again by then if it `comes_back`: that one is ended, too. Raises Stop.
        """


def try_installer(checkout: Checkout, arguments: list[str]) -> int:
    """Try the newest installer in `dist`, or the file that is named; the exit code. Raises Stop."""
    parser = argparse.ArgumentParser(prog="build.py try")
    parser.add_argument("file", type=Path, nargs="?", metavar="FILE", help="of this system, such as a .deb")
    given = parser.parse_args(arguments).file
    version = version_of(checkout)
    if sys.platform == "linux":
        from installers.try_linux import Debian, try_archive

        if given is None or given.name.endswith(".tar.xz"):
            try_archive(given or newest_of(checkout.dist, "tar.xz", version), version)
        if given is None or given.suffix == ".deb":
            try_it(Debian.here(), given or newest_of(checkout.dist, "deb", version), version)
        return 0
    if sys.platform == "win32":
        from installers.try_windows import Windows

        try_it(Windows.here(), given or newest_of(checkout.dist, "windows", version), version)
        return 0
    if sys.platform == "darwin":
        from installers.try_macos import MacOS, machine

        try_it(MacOS.here(), given or newest_of(checkout.dist, f"macos-{machine()}", version), version)
        return 0
    raise Stop(f"There is no installer for {sys.platform}.")


def try_it(system: System, file: Path, version: str, check: Check | None = None) -> None:
    """Install, use, upgrade, remove, and compare before with after.

    Args:
        system: this one; nothing of Waystation's may be installed.
        file: the installer.
        version: what it holds.
        check: what uses the program; the trial of this module's own if none is given.

    Raises:
        Stop: anything is not as it should be. What is installed then stays, to be looked at.
    """
    file = file.resolve()
    if not file.exists():
        raise Stop(f"{file} is not there: run `build.py installer` first.")
    if system.is_installed():
        raise Stop("Waystation is installed on this system. A trial would remove it: uninstall it yourself first.")
    before = system.there()
    check = check or SelftestAndServe()
    began = time.monotonic()
    say(f"installing {file.name}")
    system.install(file)
    system.look(file, version)
    check.works(system.program, version)
    say("installing it again while it runs")
    with check.running(system.program, system.upgrade_starts_it) as ended:
        system.install(file)
        if system.upgrade_ends_it and not ended():
            raise Stop("The installer has not ended the program that ran.")
    system.look(file, version)
    check.works(system.program, version)
    say("removing it")
    system.uninstall()
    after = system.there()
    if after != before:
        changed = sorted(place for place in before.keys() | after.keys() if before.get(place) != after.get(place))
        raise Stop(f"Not as it was before: {', '.join(changed)}")
    say(f"{file.name}: installed, used, upgraded and removed in {time.monotonic() - began:.0f} s; nothing is left")


class SelftestAndServe:
    """`waystation selftest`, which serves a turn of a simulated upstream, and `waystation serve` meanwhile."""

    def works(self, program: Path, version: str) -> None:
        """See `Check`."""
        with tempfile.TemporaryDirectory(prefix="waystation-try-") as name:
            output = Path(name) / "selftest.json"
            run([program, "selftest", output], "run the selftest", env=_environment(Path(name)))
            result = json.loads(output.read_text(encoding="utf-8"))
        if result["version"] != version or result["failed"]:
            raise Stop(f"The selftest of {program}: version {result['version']}, failed: {result['failed']}")
        say(f"selftest of {result['version']} on {result['system']}: all passed, {result['gateway']['events']} events")

    @contextmanager
    def running(self, program: Path, comes_back: bool = False) -> Iterator[Callable[[], bool]]:
        """See `Check`."""
        with tempfile.TemporaryDirectory(prefix="waystation-try-", ignore_cleanup_errors=True) as name:
            env = _environment(Path(name))
            # The installer ends what it finds by this.
            kept = {key: os.environ.get(key) for key in ("WAYSTATION_DATA_DIR", "WAYSTATION_KEY_STORE")}
            os.environ.update({key: env[key] for key in kept})
            command = [str(program), "serve", "--port", "0"]
            process = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
            try:
                instance = Path(name) / "data" / "instance.json"
                wait_for(instance.exists, "the program to start", process)
                yield lambda: process.poll() is not None
                if process.poll() is None:
                    run([program, "quit"], "ask the program to end", env=env)
                    wait_for(lambda: process.poll() is not None, "the program to end")
                elif comes_back:
                    wait_for(instance.exists, "the program to start again")
                    run([program, "quit"], "ask the program to end", env=env)
                    wait_for(lambda: not instance.exists(), "the program to end")
            finally:
                for key, value in kept.items():
                    os.environ.pop(key)
                    os.environ.update({} if value is None else {key: value})
                if process.poll() is None:
                    process.kill()
                process.wait()


def run(command: Sequence[str | Path], what: str, env: Mapping[str, str] | None = None) -> str:
    """Run to the end, and give what it printed. Raises Stop where it fails or takes too long; ``what`` names it."""
    code, words = attempt(command, what, env)
    if code:
        raise Stop(f"{words.strip()}\nCould not {what}: exit code {code} (the words are above).")
    return words


def attempt(command: Sequence[str | Path], what: str, env: Mapping[str, str] | None = None) -> tuple[int, str]:
    """As `run`, whatever the exit code; that, and what it printed."""
    words = [str(word) for word in command]
    # Into a file: what is started in turn and goes on would hold a pipe open.
    with tempfile.TemporaryFile() as said:
        try:
            done = subprocess.run(
                words, env=env, stdin=subprocess.DEVNULL, stdout=said, stderr=said, timeout=PATIENCE, check=False
            )
        except subprocess.TimeoutExpired:
            raise Stop(f"Could not {what}: {words[0]} took longer than {PATIENCE:g} s.") from None
        except OSError as error:
            raise Stop(f"Could not {what}: {words[0]}: {error.strerror}.") from None
        said.seek(0)
        return done.returncode, said.read().decode("utf-8", "replace")


def wait_for(condition: Callable[[], bool], what: str, process: "subprocess.Popen[bytes] | None" = None) -> None:
    """Look again and again. Raises Stop when it takes too long, or when a process that has to go on has ended."""
    began = time.monotonic()
    while not condition():
        if process is not None and process.poll() is not None:
            raise Stop(f"Waited for {what}, and it ended with exit code {process.returncode}.")
        if time.monotonic() - began > PATIENCE:
            raise Stop(f"Waited {PATIENCE:g} s for {what}.")
        time.sleep(0.2)


def _environment(folder: Path) -> dict[str, str]:
    """The system's own, but for the user's data, and for a screen where there is none."""
    env = {key: value for key, value in os.environ.items() if not key.startswith(("WAYSTATION_", "PYTHON", "QT_"))}
    env |= {"WAYSTATION_DATA_DIR": str(folder / "data"), "WAYSTATION_KEY_STORE": "file"}
    if sys.platform == "linux" and not (env.get("DISPLAY") or env.get("WAYLAND_DISPLAY")):
        env["QT_QPA_PLATFORM"] = "offscreen"
    return env
