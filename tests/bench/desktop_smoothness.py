"""What the window costs the streams: delays of events while somebody uses every page, and Qt's longest slots.

One process with the real desktop and the real gateway, in Qt's loop or on a thread of its own; another one with
upstream and the clients. First the window is hidden, then somebody walks through all of it.

usage: python -m tests.bench.desktop_smoothness [--placement loop|thread] [--streams 50] [--rate 20] [--rows 10000]
       [--rest 20] [--why] [--plain]     (QT_QPA_PLATFORM=offscreen without a display)
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.commandline.collecting import collecting_in_quiet
from app.commandline.serve import new_loop
from app.core.errors import WaystationError
from app.desktop.appearance import Appearance
from app.desktop.application import Application
from app.desktop.desktop import Desktop
from app.desktop.garbage import garbage_collected_here
from app.desktop.icons import Icons
from app.desktop.loop import DesktopLoop
from app.desktop.machine import Machine
from app.desktop.preferences import Preferences
from app.gateway.commands import Commands
from app.gateway.gateway import Gateway
from app.gateway.handle import GatewayHandle, LoopHandle, ThreadedGateway
from app.platform.paths import build_dir, resources_dir
from app.platform.shells import Shell
from app.store.key_stores import KeyStoreKind
from app.upstream.endpoints import UpstreamEndpoints
from tests.bench.furnished import House, furnish
from tests.bench.slots import Slots, TimedApplication, table
from tests.bench.stalls import Stalls
from tests.bench.walk import Walk

_ROOT = Path(__file__).resolve().parents[2]
#: What the project promises, in milliseconds: the added delay of an event (p99), and of one slot.
DELAY_LIMIT_MS, SLOT_LIMIT_MS = 25.0, 20.0


class FarEnd:
    """The other process."""

    def __init__(self, streams: int, rate: float) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.far_end", str(streams), str(rate)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=_ROOT,
            text=True,
        )
        self.hello = self._heard()

    def ask(self, **content: Any) -> dict[str, Any]:
        """Have it do something; blocks until it has."""
        assert self._process.stdin is not None
        print(json.dumps(content), file=self._process.stdin, flush=True)
        return self._heard() if content["do"] != "stop" else {}

    async def take(self) -> dict[str, Any]:
        """The delays since the last time."""
        return await asyncio.get_running_loop().run_in_executor(None, lambda: self.ask(do="take"))

    def close(self) -> None:
        """End it."""
        with contextlib.suppress(BrokenPipeError):
            self.ask(do="stop")
        self._process.wait(20)

    def _heard(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        said: dict[str, Any] = json.loads(self._process.stdout.readline())
        return said


@dataclass(frozen=True, slots=True)
class Delays:
    """Of one part of a run, in milliseconds."""

    events: int
    answers: int
    broken: int
    p50: float
    p99: float
    p999: float
    most: float

    @classmethod
    def of(cls, taken: dict[str, Any]) -> Delays:
        """From what the far end has measured."""
        delays = sorted(taken["delays"]) or [float("nan")]

        def part(share: float) -> float:
            return float(delays[min(len(delays) - 1, int(share * len(delays)))])

        return cls(
            len(delays), taken["answers"], taken["broken"], part(0.5), part(0.99), part(0.999), float(delays[-1])
        )

    def __str__(self) -> str:
        return (
            f"p50 {self.p50:6.1f}  p99 {self.p99:6.1f}  p99.9 {self.p999:6.1f}  most {self.most:6.1f} ms   "
            f"({self.events} events of {self.answers} answers, {self.broken} broken)"
        )


async def _measured(
    desktop: Desktop,
    far: FarEnd,
    slots: Slots,
    stalls: Stalls,
    key: str,
    opened: asyncio.Future[str],
    options: argparse.Namespace,
) -> None:
    base_url = await opened
    desktop.window.hide()
    far.ask(do="start", base_url=base_url, key=key)
    await asyncio.sleep(8)
    parts: dict[str, Delays] = {}
    for name in ("hidden", "walk"):
        await far.take()
        slots.begin_anew()
        stalls.begin_anew()
        slots.step = name
        began, used = time.perf_counter(), time.process_time()
        if name == "hidden":
            await asyncio.sleep(options.rest)
        else:
            slots.step = "show the window"
            desktop.window.bring_up()
            await asyncio.sleep(1)
            await Walk(desktop.window, lambda step: setattr(slots, "step", step)).whole()
        parts[name] = Delays.of(await far.take())
        took = time.perf_counter() - began
        busy = (time.process_time() - used) / took
        print(f"{name:7} {took:5.0f} s, {busy:4.0%} of a core  {parts[name]}", flush=True)
        if not options.plain:
            print(table(slots, 12 if name == "hidden" else 40), flush=True)
        if options.placement == "loop":
            print(
                f"by computing alone an event waits until it is read: p99 {stalls.waited_ms(0.99, took):.1f}  "
                f"p99.9 {stalls.waited_ms(0.999, took):.1f}  most {stalls.longest_ms():.1f} ms",
                flush=True,
            )
    added = parts["walk"].p99 - parts["hidden"].p99
    longest = max((slot.ms for slot in slots.long), default=0.0)
    own = max((slot.own_ms for slot in slots.long), default=0.0)
    slowest = (
        ""
        if options.plain
        else f"; longest slot {longest:.1f} ms, of computing {own:.1f} ms (limit {SLOT_LIMIT_MS:.0f})"
    )
    print(f"load {os.getloadavg()[0]:.1f}; added at p99: {added:.1f} ms (limit {DELAY_LIMIT_MS:.0f}){slowest}")


def _opener(
    folder: Path, endpoints: UpstreamEndpoints, placement: str, opened: asyncio.Future[str]
) -> Callable[[Callable[[], None], Callable[[], None]], AbstractAsyncContextManager[GatewayHandle]]:
    @asynccontextmanager
    async def inner() -> AsyncIterator[GatewayHandle]:
        gateway = await Gateway.open(folder, endpoints, key_store_kind=KeyStoreKind.FILE)
        try:
            await gateway.start("127.0.0.1", 0)
            async with collecting_in_quiet(lambda: bool(gateway.state.active)):
                yield LoopHandle(gateway, Commands(gateway, lambda: False, lambda: None))
        finally:
            with contextlib.suppress(WaystationError):
                await gateway.close()

    @asynccontextmanager
    async def outer() -> AsyncIterator[GatewayHandle]:
        async with ThreadedGateway(inner, new_loop()) if placement == "thread" else inner() as handle:
            opened.set_result(handle.snapshot().base_url)
            yield handle

    return lambda _show, _quit: outer()


def _furnished(folder: Path, far: FarEnd, options: argparse.Namespace) -> tuple[UpstreamEndpoints, House]:
    hello = far.hello
    endpoints = UpstreamEndpoints(hello["chatgpt"], hello["openai"], hello["issuer"])
    work = furnish(
        folder,
        endpoints,
        hello["logins"],
        hello["api_key"],
        rows=options.rows,
        streams=options.streams,
        now=time.time(),
    )
    return endpoints, asyncio.run(work)


def main(arguments: Sequence[str]) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--placement", choices=("loop", "thread"), default="loop")
    parser.add_argument("--streams", type=int, default=50)
    parser.add_argument("--rate", type=float, default=20.0, help="events a second of each stream")
    parser.add_argument("--rows", type=int, default=10_000, help="sessions, and requests")
    parser.add_argument("--rest", type=float, default=20.0, help="seconds with the window hidden")
    parser.add_argument("--why", action="store_true", help="tell where the long slots were")
    parser.add_argument("--plain", action="store_true", help="delays only: take no time of slots, which costs some")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="waystation-bench-") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        far = FarEnd(options.streams, options.rate)
        stack.callback(far.close)
        endpoints, house = _furnished(folder / "data", far, options)
        application = Application(sys.argv[:1]) if options.plain else TimedApplication(sys.argv[:1])
        print(
            f"placement {options.placement}, {options.streams} streams of {options.rate:.0f} events/s, "
            f"{options.rows} rows; {application.platformName()}, Python {platform.python_version()}, "
            f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}",
            flush=True,
        )
        preferences = Preferences(folder / "desktop.ini")
        appearance = Appearance(application, preferences, build_dir())
        icons = Icons(resources_dir() / "icons")
        # Before the loop, which takes its own methods with it.
        stalls = Stalls()
        stack.callback(stalls.close)
        loop = DesktopLoop(application)
        asyncio.set_event_loop(loop)
        slots = Slots()
        stack.callback(slots.close)
        if options.why:
            slots.watch()
        machine = Machine(lan_addresses=lambda: ["192.168.1.20"], autostart=None, log_folder=folder)
        began = time.perf_counter()
        desktop = Desktop(icons, preferences, appearance, machine, Shell.BASH, application.clipboard(), practice=False)
        print(f"made tray and window in {(time.perf_counter() - began) * 1000:.0f} ms", flush=True)
        if isinstance(application, TimedApplication):
            application.slots = slots

        async def run() -> int:
            opened: asyncio.Future[str] = loop.create_future()
            living = loop.create_task(
                desktop.live(_opener(folder / "data", endpoints, options.placement, opened), minimized=False)
            )
            try:
                await _measured(desktop, far, slots, stalls, house.key, opened, options)
            finally:
                desktop.quit()
                await living
            return 0

        try:
            with garbage_collected_here(lambda: True):
                return loop.run_until_complete(run())
        finally:
            if isinstance(application, TimedApplication):
                application.slots = None
            loop.close()
            appearance.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
