"""Whether windows can be shown here; asked before Qt, which would abort the process instead of saying so."""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping
from pathlib import Path

#: A display that is forwarded through a network may take a moment to answer, in seconds.
_PATIENCE_S = 3.0
#: The X Window System: the display N of a host listens at 6000 + N, of this machine at a socket named after it.
_X11_PORT = 6000
_X11 = re.compile(r"(?P<host>.*?):(?P<number>\d{1,4})(?:\.\d+)?")


def display_problem(environ: Mapping[str, str], platform: str) -> str | None:
    """Why no window can be shown, as the beginning of a sentence; None when one can."""
    if platform in ("win32", "darwin") or environ.get("QT_QPA_PLATFORM"):
        return None
    x11, wayland = environ.get("DISPLAY"), environ.get("WAYLAND_DISPLAY")
    if not x11 and not wayland:
        return "No display found"
    if (x11 and _x11_answers(x11)) or (wayland and _wayland_answers(wayland, environ)):
        return None
    return f"The display {x11 or wayland} cannot be reached"


def _x11_answers(name: str) -> bool:
    found = _X11.fullmatch(name)
    if found is None:
        return False
    host, number = found["host"], int(found["number"])
    if host not in ("", "unix"):
        return _answers(socket.AF_INET6 if ":" in host else socket.AF_INET, (host.strip("[]"), _X11_PORT + number))
    path = f"/tmp/.X11-unix/X{number}"  # noqa: S108 - where X servers listen
    return _answers(socket.AF_UNIX, f"\0{path}") or _answers(socket.AF_UNIX, path)


def _wayland_answers(name: str, environ: Mapping[str, str]) -> bool:
    return _answers(socket.AF_UNIX, str(Path(environ.get("XDG_RUNTIME_DIR", "/")) / name))


def _answers(family: socket.AddressFamily, address: str | tuple[str, int]) -> bool:
    with socket.socket(family) as probe:
        probe.settimeout(_PATIENCE_S)
        try:
            probe.connect(address)
        except OSError:
            return False
        return True
