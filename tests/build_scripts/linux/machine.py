"""A system of its own for dpkg, in a folder; and a stand-in for the program, of which the package's scripts see what
they would see of the real one: its file, its process, and what it does when it is asked to end.
"""

import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

from bundle.layout import Bundle

#: What the stand-in runs, from the folder that it is started in: it is a shell, whose first argument is a file.
SERVE = """\
note() { echo "$1 $(cat "$HOME/root/usr/lib/waystation/_internal/version") $$" >> "$HOME/noted"; }
trap 'sleep 0.1; note ended; exit 0' TERM
output=$(readlink /proc/$$/fd/1)
{ id -u; id -g; id -G; umask; pwd -P; echo "$@"; echo "$output"; } > "$HOME/seen.new"
env -0 > "$HOME/environ.new"
mv "$HOME/seen.new" "$HOME/seen"
mv "$HOME/environ.new" "$HOME/environ"
note started
[ "$1" = stubborn ] && trap '' TERM
# As any program's child is for a moment, before it becomes what it was made for.
(while [ -e "$HOME" ]; do sleep 0.05; done) &
while [ -e "$HOME" ]; do sleep 0.05; done
"""


class Debian:
    """What dpkg has installed in a folder.

    Args:
        folder: for the root of its files, and all else that is made here.
    """

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self.folder = self.root / "usr/lib/waystation"
        self.program = self.folder / "Waystation"
        self.command = self.root / "usr/bin/waystation"
        self.notes = self.root / "run/waystation-upgrade"
        self._database = self.root / "var/lib/dpkg"
        self.path = f"{os.environ['PATH']}:/usr/sbin:/sbin"

    def begin(self) -> None:
        """Have nothing installed yet."""
        for name in ("info", "updates", "triggers"):
            (self._database / name).mkdir(parents=True)
        (self._database / "status").touch()

    def dpkg(self, *arguments: str | Path, code: int = 0) -> str:
        """Run dpkg as its user, who may be nobody special; what it said."""
        # A real system has the packages that are needed, and waits for the disk.
        force = "not-root,script-chrootless,depends,bad-path,unsafe-io,downgrade"
        done = subprocess.run(
            [
                *("dpkg", f"--root={self.root}", f"--force-{force}"),
                # What this machine has in /etc/dpkg holds here, too: a log, and on small ones files to leave out.
                *(f"--log={self.root}.log", "--path-include=*"),
                *map(str, arguments),
            ],
            env={"PATH": self.path, "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
        )
        assert done.returncode == code, done.stdout
        return done.stdout

    def install(self, deb: Path, code: int = 0) -> str:
        return self.dpkg("--install", deb, code=code)

    def state(self) -> str:
        """What dpkg says of the package: `installed 1.0.0`, `config-files 1.0.0`, or nothing."""
        show = ["dpkg-query", f"--root={self.root}", "--show", "--showformat=${db:Status-Status} ${Version}"]
        return subprocess.run([*show, "waystation"], capture_output=True, text=True).stdout

    def running(self) -> list[int]:
        """The processes of the installed program."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            # Not another user's, and none that ends meanwhile.
            with suppress(OSError):
                if (folder / "exe").samefile(self.program):
                    found.append(int(folder.name))
        return found

    def files(self) -> dict[str, str]:
        """All that is there but dpkg's own: the mode of a file, or where a link leads."""
        found = {}
        for path in sorted(self.root.rglob("*")):
            if not path.is_relative_to(self._database) and (path.is_symlink() or not path.is_dir()):
                leads = path.is_symlink()
                name = str(path.relative_to(self.root))
                found[name] = str(path.readlink()) if leads else oct(path.stat().st_mode & 0o7777)
        return found


def stand_in(folder: Path, version: str) -> Bundle:
    """A bundle whose program is a shell: it has a file of its own, so that /proc names that, and not an interpreter."""
    bundle = Bundle(folder)
    bundle.internal.mkdir(parents=True)
    shutil.copyfile(shutil.which("dash") or "/bin/sh", bundle.program)
    with bundle.program.open("ab") as file:
        file.write(version.encode())
    bundle.program.chmod(0o700)
    bundle.licenses.write_text("MIT, and others\n")
    (bundle.internal / "version").write_text(version)
    (bundle.internal / f"only-in-{version}").touch()
    (bundle.internal / "link").symlink_to("version")
    for path in (bundle.program, *bundle.folder.rglob("*")):
        os.utime(path, (1764000000, 1764000000), follow_symlinks=False)
    return bundle
