"""What the desktop asks of this computer, apart from the gateway."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from app.platform.own_program import license_file

if TYPE_CHECKING:
    # Not needed before somebody looks at the set-up.
    from app.platform.codex_check import Call, CheckReport, CheckStep
    from app.platform.codex_facts import CodexFacts
    from app.platform.codex_writer import CodexWriter


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

    def other_is_gone(self) -> bool:
        """Whether that copy is no longer there, so that nothing starts."""

    def set(self, on: bool) -> None:
        """Change it; raises a WaystationError that the user can act on."""


class Check(Protocol):
    """Whether Codex gets an answer through the gateway; see `app.platform.codex_check`."""

    async def run(self, told: Callable[[tuple[CheckStep, ...]], None]) -> CheckReport:
        """Look, and tell the steps whenever one has changed."""


async def no_codex(_base_url: str) -> CodexFacts:
    """What is seen of a computer without Codex."""
    from app.platform.codex_facts import CodexFacts, ConfigSeen, SavedLogin, VariableSeen
    from app.platform.codex_setup import LICENSE_VARIABLE

    folder = Path.home() / ".codex"
    return CodexFacts(
        install=None,
        others=(),
        codex_home=folder,
        home_from_variable=False,
        config=ConfigSeen(
            folder / "config.toml", exists=False, provider="openai", leads_here=False, address=None, problem=None
        ),
        login=SavedLogin.NONE,
        proxies=(),
        proxy_bypassed=True,
        license_variable=VariableSeen(LICENSE_VARIABLE, in_environment=False, in_file=False),
    )


@dataclass(frozen=True, slots=True)
class Machine:
    """This computer.

    Attributes:
        lan_addresses: its addresses on the local network as a URL has them, the likeliest first.
        autostart: starting when the user signs in; None where that makes no sense, as in practice.
        log_folder: where the log files are.
        crash: of an earlier run, until it is put away.
        look_at_codex: finds out what there is of Codex, for a gateway with this base URL.
        codex_writer: makes what sets Codex up by its files; None where that must not be, as in practice.
        codex_check: makes a check that asks the gateway by this call; None where there is nothing to be checked.
        licenses: the file with the licenses of everything that is bundled, or with our own.
        start_for_real: in practice, starts the application outside it, or raises a WaystationError; None: no practice.
    """

    lan_addresses: Callable[[], Sequence[str]]
    autostart: AutostartSwitch | None
    log_folder: Path
    crash: Crash | None = None
    look_at_codex: Callable[[str], Awaitable[CodexFacts]] = no_codex
    codex_writer: Callable[[], CodexWriter] | None = None
    codex_check: Callable[[Call], Check] | None = None
    start_for_real: Callable[[], None] | None = None
    licenses: Path = field(default_factory=license_file)
