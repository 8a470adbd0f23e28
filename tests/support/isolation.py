"""An environment in which no test reaches the data, accounts or screen of the person who runs it."""

import os
import ssl
from pathlib import Path

# Settings of the person's own programs: ours, Codex's, OpenAI's, proxies, locale, screen and session.
_FOREIGN_PREFIXES = ("WAYSTATION_", "CODEX_", "OPENAI_", "XDG_", "LC_", "QT_", "DBUS_", "GNOME_KEYRING_")
_FOREIGN_NAMES = (
    "ALL_PROXY",
    "DISPLAY",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "LANGUAGE",
    "NO_PROXY",
    "PYTHON_KEYRING_BACKEND",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
)


def private_folders(home: Path) -> dict[str, str]:
    """HOME and the XDG folders inside ``home``, which is created with them; the runtime folder is 0700."""
    folders = {
        "HOME": home,
        "XDG_CONFIG_HOME": home / ".config",
        "XDG_DATA_HOME": home / ".local/share",
        "XDG_STATE_HOME": home / ".local/state",
        "XDG_CACHE_HOME": home / ".cache",
        "XDG_RUNTIME_DIR": home / "run",
    }
    if os.name == "nt":
        folders |= {
            "USERPROFILE": home,
            "APPDATA": home / "AppData/Roaming",
            "LOCALAPPDATA": home / "AppData/Local",
        }
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    folders["XDG_RUNTIME_DIR"].chmod(0o700)
    return {name: str(folder) for name, folder in folders.items()}


def isolate(home: Path) -> None:
    """Change this process's environment: own folders, no screen, no session bus, no foreign settings."""
    for name in list(os.environ):
        if name.startswith(_FOREIGN_PREFIXES) or name.upper() in _FOREIGN_NAMES:
            del os.environ[name]
    # Version managers keep their programs under HOME and are lost without this.
    pyenv = Path.home() / ".pyenv"
    if pyenv.is_dir():
        os.environ.setdefault("PYENV_ROOT", str(pyenv))
    os.environ.update(private_folders(home))
    os.environ["LANG"] = "C.UTF-8"
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    # An unset address would let libdbus start a bus of its own where a display is found.
    os.environ["DBUS_SESSION_BUS_ADDRESS"] = f"unix:path={home}/run/no-bus"
    _trust_one_authority(home)


def _trust_one_authority(home: Path) -> None:
    """Of the system's authorities keep the first: nobody outside is spoken to, and each gateway reads them all."""
    system = ssl.get_default_verify_paths().cafile
    if system is None:
        return
    first, end, _ = Path(system).read_text(encoding="utf-8").partition("-----END CERTIFICATE-----")
    one = home / "authority.pem"
    one.write_text(f"{first}{end}\n", encoding="utf-8")
    os.environ["SSL_CERT_FILE"] = str(one)
