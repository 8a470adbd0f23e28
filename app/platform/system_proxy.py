"""The proxy of the system's own settings, which Codex on Windows and macOS takes where its environment names none.

By the source of hyper-util, and by what the programs of Codex 0.42, 0.45, 0.80 and (Windows) 0.169 hold; not run.
On Windows, HTTP and HTTPS go to the server of the Internet settings, but for the exceptions there, which count only
where NO_PROXY names none; none of the usual ones, such as `127.*`, stands for 127.0.0.1. On macOS the exceptions of the
system's settings are not looked at.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from app.platform.codex_proxies import in_effect

_SETTINGS = r"Software\Microsoft\Windows\CurrentVersion\Internet Settings"


@dataclass(frozen=True, slots=True)
class SystemProxy:
    """What the system's settings say.

    Attributes:
        server: the proxy for HTTP.
        exceptions: from it, with semicolons between them.
    """

    server: str
    exceptions: str = ""


def system_proxy() -> SystemProxy | None:
    """The proxy that is set now; None: none, or not on this system. Never raises."""
    with suppress(Exception):
        if sys.platform == "win32":
            return _of_windows()
        if sys.platform == "darwin":
            return _of_macos()
    return None


def terminal_proxies(
    environ: Mapping[str, str], *, system: str = sys.platform, proxy: SystemProxy | None = None
) -> dict[str, str]:
    """The variables of proxies as a Codex has them that is started in a terminal, with what the system adds to them.

    Args:
        environ: of the terminal.
        system: as `sys.platform` names it.
        proxy: of the system.
    """
    found = in_effect(environ, {}, system=system)
    if proxy is None:
        return found
    if not found.get("HTTP_PROXY", found.get("http_proxy", "")):
        found["HTTP_PROXY"] = proxy.server
    if not found.get("NO_PROXY", found.get("no_proxy", "")) and proxy.exceptions:
        found["NO_PROXY"] = ",".join(part.strip() for part in proxy.exceptions.split(";")).replace("*.", "")
    return found


def _of_windows() -> SystemProxy | None:
    if sys.platform != "win32":
        return None
    import winreg

    with winreg.OpenKey(winreg.HKEY_CURRENT_USER, _SETTINGS) as settings:
        if not winreg.QueryValueEx(settings, "ProxyEnable")[0]:
            return None
        server = str(winreg.QueryValueEx(settings, "ProxyServer")[0]).strip()
        exceptions = ""
        with suppress(OSError):
            exceptions = str(winreg.QueryValueEx(settings, "ProxyOverride")[0])
    return SystemProxy(server, exceptions) if server else None


def _of_macos() -> SystemProxy | None:
    if sys.platform != "darwin":
        return None
    from urllib.request import getproxies_macosx_sysconf  # type: ignore[attr-defined]

    server = getproxies_macosx_sysconf().get("http")
    return SystemProxy(server) if server else None
