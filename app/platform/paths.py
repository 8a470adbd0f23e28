"""Where the product's files live."""

from __future__ import annotations

import sys
from pathlib import Path

import platformdirs

#: The folder's name on every system.
NAME = "Waystation"
#: In the data folder: what the user has chosen about the desktop itself.
PREFERENCES_FILE = "desktop.ini"
#: In the data folder: what has been written into Codex's files.
CODEX_MEMORY_FILE = "codex-setup.json"
#: In a frozen bundle, where its builder knew one: the address of the release feed.
RELEASE_FEED_FILE = "release_feed.txt"


def default_data_dir() -> Path:
    """The user's data folder, such as `~/.local/share/Waystation`."""
    return Path(platformdirs.user_data_dir(NAME, appauthor=False))


def log_dir(data_dir: Path) -> Path:
    """The log folder: the system's own for the default data folder, else inside the given one."""
    if data_dir == default_data_dir():
        return Path(platformdirs.user_log_dir(NAME, appauthor=False))
    return data_dir / "logs"


def resources_dir() -> Path:
    """The folder `resources`, in a checkout and in a frozen bundle."""
    return _root() / "resources"


def build_dir() -> Path:
    """Where compiled translations lie: `build` in a checkout, the bundle itself when frozen."""
    return _root() if getattr(sys, "frozen", False) else _root() / "build"


def bundled_release_feed() -> str:
    """The release feed that this build brings; "": none, as in a checkout."""
    try:
        return (_root() / RELEASE_FEED_FILE).read_text("utf-8").strip() if getattr(sys, "frozen", False) else ""
    except (OSError, UnicodeDecodeError):
        return ""


def _root() -> Path:
    frozen = getattr(sys, "_MEIPASS", None)
    return Path(frozen) if frozen else Path(__file__).resolve().parents[2]
