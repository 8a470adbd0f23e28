"""What there is of Codex on this computer, and what of it decides how to set Codex up. Nothing is changed.

No secret is kept: of the login only its kind, of the license only where it is set, of a proxy no password.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.platform.codex_config_file import CodexConfigUnreadable, codex_config_file, read_config
from app.platform.codex_config_seen import ConfigSeen, SavedLogin, config_seen, same_address
from app.platform.codex_env_file import env_values
from app.platform.codex_install import CodexInstall, find_every_codex, is_on_path
from app.platform.codex_notes import CodexVersion
from app.platform.codex_proxies import ProxySeen, in_effect, is_bypassed, proxies_seen
from app.platform.codex_setup import LICENSE_VARIABLE
from app.platform.codex_wsl import WslCodex, codex_in_wsl, our_distribution
from app.platform.system_proxy import system_proxy, terminal_proxies

__all__ = [
    "CodexFacts",
    "ConfigSeen",
    "ProxySeen",
    "SavedLogin",
    "VariableSeen",
    "WslCodex",
    "look_at_codex",
]


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
class CodexFacts:
    """What there is.

    Attributes:
        install: the Codex that the user's shell most likely starts; None: there is none.
        others: further ones.
        codex_home: the folder of Codex's files.
        home_from_variable: whether CODEX_HOME names it.
        config: what config.toml says.
        login: what `codex login` has left.
        proxies: that the environment, Codex's `.env` or the system's settings name.
        proxy_bypassed: whether Codex reaches the gateway without a proxy.
        license_variable: WAYSTATION_LICENSE.
        on_path: whether `install` is on this process's PATH, which may be shorter than the shell's.
        wsl: the distributions of WSL, seen from Windows.
        in_wsl: the distribution that we are in ourselves; None: in none.
        environment_leads_here: whether OPENAI_BASE_URL is the gateway's address; Codex up to 0.118 follows it.
        terminal: the variables of proxies in the environment that was looked at, with any passwords, and the system's
            own proxy among them; for the writer.
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
    terminal: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def version(self) -> CodexVersion | None:
        """Of the installed Codex; None: there is none, or it does not tell."""
        return self.install.version if self.install else None

    def as_data(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "install": _install_data(self.install) if self.install else None,
            "on_path": self.on_path,
            "others": [_install_data(other) for other in self.others],
            "wsl": [
                {"distribution": seen.distribution, "running": seen.running, **_found_data(seen.path, seen.version)}
                for seen in self.wsl
            ],
            "in_wsl": self.in_wsl,
            "codex_home": str(self.codex_home),
            "codex_home_from_variable": self.home_from_variable,
            "config": {
                "path": str(self.config.path),
                "exists": self.config.exists,
                "provider": self.config.provider,
                "address": self.config.address,
                "leads_here": self.config.leads_here,
                "problem": self.config.problem,
            },
            "login": self.login.value,
            "proxies": {seen.name: seen.value for seen in self.proxies},
            "proxy_bypassed": self.proxy_bypassed,
            "license_in_environment": self.license_variable.in_environment,
            "license_in_file": self.license_variable.in_file,
            "environment_leads_here": self.environment_leads_here,
        }


async def look_at_codex(
    environ: Mapping[str, str], home: Path, base_url: str, *, system: str = sys.platform
) -> CodexFacts:
    """Look. Takes a second as a rule; each program that is asked has some seconds to answer.

    Args:
        environ: of the terminal in which Codex is started, or of this process.
        home: the user's home folder.
        base_url: of the gateway, such as `http://127.0.0.1:8787/codex/v1`.
        system: as `sys.platform` names it.

    Raises:
        InvalidInput: the address cannot be used.
    """
    path = codex_config_file(environ, home)
    in_file = await asyncio.to_thread(_dotenv, path.with_name(".env"))
    # Measured from 0.42 to 0.169: it wins over the environment, and is there before a proxy is chosen.
    terminal = terminal_proxies(environ, system=system, proxy=system_proxy())
    effective = in_effect(terminal, in_file, system=system)
    bypassed = is_bypassed(effective, base_url)
    installs, wsl = await asyncio.gather(
        find_every_codex(environ, home, system=system), codex_in_wsl(environ, system=system)
    )
    install = installs[0] if installs else None
    config, login = await asyncio.to_thread(config_seen, path, base_url, install.version if install else None)
    return CodexFacts(
        install,
        installs[1:],
        path.parent,
        bool(environ.get("CODEX_HOME", "").strip()),
        config,
        login,
        proxies_seen(effective),
        bypassed,
        VariableSeen(LICENSE_VARIABLE, bool(environ.get(LICENSE_VARIABLE)), bool(in_file.get(LICENSE_VARIABLE))),
        install is not None and is_on_path(install.path, environ),
        wsl,
        our_distribution(environ, system=system),
        same_address(environ.get("OPENAI_BASE_URL", ""), base_url),
        terminal,
    )


def _dotenv(path: Path) -> dict[str, str]:
    """What Codex takes from its `.env`."""
    try:
        return env_values(read_config(path))
    except CodexConfigUnreadable:
        return {}


def _install_data(install: CodexInstall) -> dict[str, Any]:
    return _found_data(str(install.path), install.version)


def _found_data(path: str | None, version: CodexVersion | None) -> dict[str, Any]:
    return {"path": path, "version": ".".join(map(str, version)) if version else None}
