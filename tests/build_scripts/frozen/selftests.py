"""The selftest of a frozen program."""

import json
import os
import subprocess
from pathlib import Path

from bundle.layout import Bundle


def selftest(bundle: Bundle, folder: Path, env: dict[str, str]) -> dict[str, object]:
    """Run it by the program that has no console, with a home that must stay as it was."""
    home, told = folder / "home", folder / "told.json"
    home.mkdir()
    places = ("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME")
    env = env | dict.fromkeys(places, str(home))
    done = subprocess.run([bundle.program, "selftest", told], env=env, capture_output=True, text=True, timeout=60)
    result: dict[str, object] = json.loads(told.read_text(encoding="utf-8"))
    assert result["failed"] == []
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert [path for path in home.rglob("*") if path.is_file()] == []
    return result


def system_environment() -> dict[str, str]:
    """What a program needs of the environment, and nothing of this one's.

    Without SYSTEMROOT no program of Windows has sockets; USERPROFILE and the others are its user's folders.
    """
    windows = ("SYSTEMROOT", "TEMP", "TMP", "USERPROFILE", "APPDATA", "LOCALAPPDATA")
    kept = ("PATH", "TMPDIR", "LANG", *windows)
    return {name: os.environ[name] for name in kept if name in os.environ}
