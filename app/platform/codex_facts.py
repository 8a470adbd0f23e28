"""What there is of Codex on this computer, and what of it decides how to set Codex up. Nothing is changed.

No secret is kept: of the login only its kind, of the license only where it is set, of a proxy no password.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from app.platform.codex_install import CodexInstall, find_codex


class SavedLogin(StrEnum):
    """What `codex login` has left."""

    NONE = "none"
    CHATGPT = "chatgpt"
    API_KEY = "api_key"
    #: Codex is told to keep it in the system's keyring, which we do not open.
    KEYRING = "keyring"


@dataclass(frozen=True, slots=True)
class ConfigSeen:
    """What config.toml says.

    Attributes:
        path: of the file.
        exists: whether there is one.
        provider: the one in use; `openai` is Codex's own. None: the file cannot be read.
        leads_here: whether that provider's address is the gateway's.
        address: of that provider, without secrets; None: the file names none.
        problem: why it cannot be read, with its line; None: it can.
    """

    path: Path
    exists: bool
    provider: str | None
    leads_here: bool
    address: str | None
    problem: str | None


@dataclass(frozen=True, slots=True)
class ProxySeen:
    """A variable that names a proxy; `value` is without its password."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class VariableSeen:
    """Where a variable is set: in this environment, in the `.env` file of CODEX_HOME."""

    name: str
    in_environment: bool
    in_file: bool

    @property
    def is_set(self) -> bool:
        """Whether Codex finds it."""
        return self.in_environment or self.in_file


@dataclass(frozen=True, slots=True)
class WslCodex:
    """A Codex inside a distribution of the Windows Subsystem for Linux, as seen from Windows.

    Attributes:
        distribution: its name.
        path: of the program there.
        version: None when it does not tell.
    """

    distribution: str
    path: str
    version: tuple[int, int, int] | None


@dataclass(frozen=True, slots=True)
class CodexFacts:
    """What there is.

    Attributes:
        install: the Codex that the user's shell most likely starts; None: there is none.
        on_path: whether that one is on this process's PATH.
        others: further ones.
        wsl: those in distributions of WSL, seen from Windows.
        in_wsl: the distribution that we are in ourselves; None: in none.
        codex_home: the folder of Codex's files.
        home_from_variable: whether CODEX_HOME names it.
        config: what config.toml says.
        login: what `codex login` has left.
        proxies: that a request to the gateway would go through if nothing exempted it.
        proxy_bypassed: whether Codex reaches the gateway without a proxy.
        license_variable: WAYSTATION_LICENSE.
        environment_leads_here: whether OPENAI_BASE_URL is the gateway's address; Codex up to 0.118 follows it.
    """

    install: CodexInstall | None
    others: tuple[CodexInstall, ...]
    codex_home: Path
    home_from_variable: bool
    config: ConfigSeen
    login: SavedLogin
    proxies: tuple[ProxySeen, ...]
    proxy_bypassed: bool
    license_variable: VariableSeen
    on_path: bool = False
    wsl: tuple[WslCodex, ...] = ()
    in_wsl: str | None = None
    environment_leads_here: bool = False


async def look_at_codex(
    environ: Mapping[str, str], home: Path, base_url: str, *, system: str = sys.platform
) -> CodexFacts:
    """Look.

    Args:
        environ: of this process.
        home: the user's home folder.
        base_url: of the gateway, such as `http://127.0.0.1:8787/codex/v1`.
        system: as `sys.platform` names it.
    """
    install = await find_codex(environ, home, system=system)
    named = environ.get("CODEX_HOME", "").strip()
    folder = Path(named) if named else home / ".codex"
    path = folder / "config.toml"
    return CodexFacts(
        install,
        (),
        folder,
        bool(named),
        ConfigSeen(path, path.exists(), "openai", False, None, None),
        SavedLogin.NONE,
        (),
        True,
        VariableSeen("WAYSTATION_LICENSE", bool(environ.get("WAYSTATION_LICENSE")), False),
    )
