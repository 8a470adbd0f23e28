"""`waystation` with a display: the desktop application around an instance."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from app.commandline.importing import modules_read
from app.commandline.serve import OpenInstance, new_loop
from app.core.errors import WaystationError
from app.gateway.handle import GatewayHandle, ThreadedGateway
from app.platform.paths import CODEX_MEMORY_FILE, build_dir, default_data_dir, resources_dir

if TYPE_CHECKING:
    from app.desktop.machine import Check
    from app.platform.codex_check import Call
    from app.platform.codex_facts import CodexFacts
    from app.platform.codex_writer import CodexWriter

#: `thread` gives the gateway a loop and a thread of its own, beside the window's.
PLACEMENT_VARIABLE = "WAYSTATION_PLACEMENT"

#: How long the user's shell may take to say what a new terminal has, in seconds; without an answer we go by our own.
_LOOK_S = 6.0


def run(
    open_instance: OpenInstance,
    environ: Mapping[str, str],
    *,
    preferences_file: Path,
    log_folder: Path,
    data_dir: Path | None = None,
    minimized: bool = False,
    practice: bool = False,
    port: int | None = None,
) -> int:
    """Run the desktop until the user quits; returns the exit code.

    Args:
        open_instance: opens what the desktop shows.
        environ: names the gateway's placement, if it is not as the user has chosen.
        preferences_file: where the choices about the desktop itself are kept.
        log_folder: where the log files are.
        data_dir: other than the user's own; None: that one.
        minimized: start in the tray.
        practice: mark everything as practice.
        port: instead of the remembered one.
    """
    # Imported late: everything else works without Qt.
    with modules_read():
        from app.desktop.application import run_desktop
        from app.desktop.machine import Machine
        from app.desktop.preferences import Placement, Preferences
        from app.platform.autostart import Autostart, start_command, this_place, variables_that_hold
        from app.platform.crash import previous_crash
        from app.platform.own_program import program_command, start_program

    # And these later still: only somebody who looks at the set-up needs them.
    def lan_hosts() -> list[str]:
        from app.platform.addresses import lan_addresses

        return [f"[{item.address}]" if ":" in item.address else item.address for item in lan_addresses()]

    async def look(base_url: str) -> CodexFacts:
        from app.platform.codex_check_shell import terminal_environment
        from app.platform.codex_facts import look_at_codex

        # A window is often started without what the user's terminals have: a proxy, a PATH, a CODEX_HOME.
        terminal = await terminal_environment(environ, timeout_s=_LOOK_S)
        return await look_at_codex(terminal, Path.home(), base_url)

    def codex_writer() -> CodexWriter:
        from app.platform.codex_writer import CodexWriter

        return CodexWriter(environ, Path.home(), (data_dir or default_data_dir()) / CODEX_MEMORY_FILE)

    def codex_check(call: Call) -> Check:
        from app.platform.codex_check import CodexCheck

        return CodexCheck(environ, Path.home(), call)

    def autostart() -> Autostart:
        return Autostart(start_command(data_dir), this_place(), variables_that_hold(environ))

    chosen = environ.get(PLACEMENT_VARIABLE) or Preferences(preferences_file).placement
    threaded = chosen == Placement.THREAD

    def open_for_desktop(
        show: Callable[[], None], quit: Callable[[], None]
    ) -> AbstractAsyncContextManager[GatewayHandle]:
        window_loop = asyncio.get_running_loop()

        def shown() -> bool:
            window_loop.call_soon_threadsafe(show)
            return True

        def ended() -> None:
            window_loop.call_soon_threadsafe(quit)

        def inner() -> AbstractAsyncContextManager[GatewayHandle]:
            return started(open_instance(shown, ended), port)

        return ThreadedGateway(inner, new_loop()) if threaded else inner()

    return run_desktop(
        open_for_desktop,
        minimized=minimized,
        practice=practice,
        resources=resources_dir(),
        build=build_dir(),
        preferences_file=preferences_file,
        machine=Machine(
            lan_addresses=lan_hosts,
            autostart=None if practice else autostart(),
            log_folder=log_folder,
            crash=None if practice else previous_crash(log_folder),
            look_at_codex=look,
            # What practice is set up for is gone when it ends.
            codex_writer=None if practice else codex_writer,
            codex_check=None if practice else codex_check,
            start_for_real=(lambda: start_program(program_command())) if practice else None,
        ),
    )


@asynccontextmanager
async def started(
    instance: AbstractAsyncContextManager[GatewayHandle], port: int | None
) -> AsyncIterator[GatewayHandle]:
    """The gateway starts with the application, unless the user has switched that off.

    A busy port is shown in the window, with a way out.
    """
    async with instance as handle:
        # Not by a snapshot: with ten thousand sessions the first one takes longer than all the rest.
        if (await handle.call("settings.show"))["start_on_launch"]:
            with suppress(WaystationError):
                await handle.call("gateway.start", port=port)
        # Only a window shows what is found.
        await handle.call("update.watch")
        yield handle
