"""What the desktop asks of this computer, apart from the gateway."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from app.platform.codex_install import CodexInstall


class Crash(Protocol):
    """What is left of a crash; see `app.platform.crash`."""

    @property
    def at(self) -> float:
        """When it was, in Unix seconds."""

    @property
    def text(self) -> str:
        """To be sent to somebody who helps; without secrets."""

    def forget(self) -> None:
        """It need not be shown again."""


class AutostartSwitch(Protocol):
    """Whether the application starts when the user signs in; see `app.platform.autostart`."""

    @property
    def variables(self) -> Sequence[str]:
        """Names in this program's environment that change it, and that a sign-in may not know."""

    def is_on(self) -> bool:
        """As the system has it now."""

    def other(self) -> str | None:
        """The path of another copy that starts instead; "": this one, with other options; None: neither."""

    def set(self, on: bool) -> None:
        """Change it; raises a WaystationError that the user can act on."""


async def no_codex() -> CodexInstall | None:
    """For a computer without Codex."""
    return None


@dataclass(frozen=True, slots=True)
class Machine:
    """This computer.

    Attributes:
        lan_addresses: its addresses on the local network as a URL has them, the likeliest first.
        autostart: starting when the user signs in; None where that makes no sense, as in practice.
        log_folder: where the log files are.
        crash: of an earlier run, until it is put away.
        find_codex: finds the installed Codex.
        start_for_real: in practice, starts the application outside it, or raises a WaystationError; None: no practice.
    """

    lan_addresses: Callable[[], Sequence[str]]
    autostart: AutostartSwitch | None
    log_folder: Path
    crash: Crash | None = None
    find_codex: Callable[[], Awaitable[CodexInstall | None]] = no_codex
    start_for_real: Callable[[], None] | None = None
