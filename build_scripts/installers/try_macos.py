"""macOS: the disk image is opened, the application dragged out of it, and thrown away in the end."""

import platform
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bundle.app_bundle import IDENTIFIER
from bundle.layout import NAME
from installers.trial import run
from machine.report import Stop, say


def machine() -> str:
    """The processor, as the names of the disk images say it."""
    return {"arm64": "arm64", "aarch64": "arm64"}.get(platform.machine(), "x86_64")


class MacOS:
    """A Mac of one user.

    Args:
        applications: the folder that holds them.
        home: the user's.
    """

    # Nothing of ours runs when a user drags an application.
    upgrade_ends_it = upgrade_starts_it = False

    def __init__(self, applications: Path, home: Path) -> None:
        self._app = applications / f"{NAME}.app"
        self._home = home
        self.program = self._app / "Contents" / "MacOS" / NAME

    @classmethod
    def here(cls) -> "MacOS":
        """This system."""
        return cls(Path("/Applications"), Path.home())

    def there(self) -> dict[str, str]:
        """See `System`: the application, and what is kept in the user's Library."""
        library = self._home / "Library"
        places = (
            self._app,
            library / "Application Support" / NAME,
            library / "Logs" / NAME,
            library / "LaunchAgents" / f"{IDENTIFIER}.plist",
        )
        return {str(path): "there" for path in places if path.exists()}

    def is_installed(self) -> bool:
        """See `System`."""
        return self._app.exists()

    def install(self, file: Path) -> None:
        """See `System`: as Finder does, in place of what was there."""
        with _opened(file) as volume:
            source = volume / self._app.name
            if not source.is_dir():
                names = ", ".join(sorted(path.name for path in volume.iterdir()))
                raise Stop(f"{file.name} holds no {self._app.name}, but {names}")
            if not (volume / "Applications").is_symlink():
                raise Stop(f"{file.name} holds no link to the folder that the application is to be dragged into.")
            shutil.rmtree(self._app, ignore_errors=True)
            # It keeps links, rights and signatures as they are.
            run(["ditto", source, self._app], "copy the application")

    def look(self, file: Path, version: str) -> None:
        """See `System`: the signature; and, where the name does not say that there is none, what Gatekeeper says."""
        run(["codesign", "--verify", "--deep", "--strict", self._app], "verify the signature")
        if "-unsigned" in file.name:
            say("it is not signed by a developer: what Gatekeeper says of it is not asked")
            return
        run(["spctl", "--assess", "--type", "execute", "--verbose", self._app], "pass Gatekeeper")
        run(["xcrun", "stapler", "validate", file], "find the notarisation in the disk image")

    def uninstall(self) -> None:
        """See `System`."""
        shutil.rmtree(self._app)


@contextmanager
def _opened(file: Path) -> Iterator[Path]:
    """The volume of a disk image."""
    with tempfile.TemporaryDirectory(prefix="waystation-try-") as name:
        volume = Path(name) / "volume"
        volume.mkdir()
        run(["hdiutil", "attach", "-readonly", "-nobrowse", "-mountpoint", volume, file], "open the disk image")
        try:
            yield volume
        finally:
            # Spotlight may still look into it.
            run(["hdiutil", "detach", "-force", volume], "close the disk image")
