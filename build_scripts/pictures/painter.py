"""python -m build_scripts.pictures.painter OUT SCALE: the real desktop on three stages, painted in every look.

Prints what it has taken and ends with 1 if anything is missing.
"""

import asyncio
import logging
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import qasync

from app.desktop.appearance import Appearance
from app.desktop.application import Application, OpenInstance
from app.desktop.desktop import Desktop
from app.desktop.icons import Icons
from app.desktop.machine import Machine, no_codex
from app.desktop.place import Place
from app.desktop.preferences import Preferences
from app.gateway.sign_in_desk import SignInWay
from app.gateway.snapshot import GatewaySnapshot, TokenState
from app.platform.codex_check import CodexCheck
from app.platform.codex_facts import CodexFacts
from app.platform.codex_install import CodexInstall
from app.platform.codex_notes import parse_codex_version
from app.platform.codex_writer import CodexWriter
from app.platform.shells import Shell
from build_scripts.pictures.camera import SMALL, Camera, quiet
from build_scripts.pictures.questions import Questions
from build_scripts.pictures.stages import in_trouble, lived_in, new

ROOT = Path(__file__).resolve().parents[2]
# Seconds until the gateway is there, and until practice reaches its limit.
_OPENING, _LIMIT = 30.0, 90.0
# Nobody's in particular.
_HOME_OF_CODEX = Path("/home/ann/.codex")
# Groups of operations that hold buttons back while they run.
_GROUPS = ("gateway", "tokens", "sessions", "licenses", "copy", "export", "backup", "proxy", "add_token")


class Painter:
    """Opens a stage, shows it, and has its pictures taken.

    Args:
        application: Qt's.
        camera: takes the pictures.
        folder: for preferences.
    """

    def __init__(self, application: Application, camera: Camera, folder: Path) -> None:
        self._application = application
        self._camera = camera
        self._questions = Questions(camera, ROOT / "resources" / "translations")
        self._folder = folder
        self._icons = Icons(ROOT / "resources" / "icons")
        self._preferences = Preferences(folder / "desktop.ini")
        self.appearance = Appearance(application, self._preferences, ROOT / "build")

    async def paint(self) -> None:
        """Paint all stages."""
        await self._on_stage(lived_in, self._lived_in, practice=True)
        await self._on_stage(new, self._new)
        await self._on_stage(in_trouble, self._in_trouble)

    async def _on_stage(
        self, stage: OpenInstance, act: Callable[[Desktop], Awaitable[None]], *, practice: bool = False
    ) -> None:
        machine = Machine(
            lan_addresses=lambda: ["192.168.1.20"],
            autostart=None,
            log_folder=self._folder,
            look_at_codex=_codex if practice else no_codex,
            codex_writer=CodexWriter({}, self._folder, self._folder / "codex-setup.json"),
            codex_check=lambda call: CodexCheck({}, self._folder, call),
            start_for_real=(lambda: None) if practice else None,
        )
        desktop = Desktop(
            self._icons,
            self._preferences,
            self.appearance,
            machine,
            Shell.BASH,
            self._application.clipboard(),
            practice=practice,
        )
        async with asyncio.TaskGroup() as tasks:
            living = tasks.create_task(desktop.live(stage, minimized=False))
            try:
                await seen(desktop, lambda snapshot: True, _OPENING)
                await act(desktop)
            finally:
                desktop.quit()
                await living

    async def _lived_in(self, desktop: Desktop) -> None:
        async for _ in self._camera.looks(desktop, self.appearance):
            await self._camera.take_pages(desktop, "full")
        await seen(desktop, lambda snapshot: snapshot.tokens[0].state is TokenState.RESTING, _LIMIT)
        async for _ in self._camera.looks(desktop, self.appearance):
            for place in (Place.OVERVIEW, Place.TOKENS, Place.SESSIONS):
                await self._camera.take_page(desktop, place, "limit")
            await self._questions.take_menu(desktop.tray.menu, "tray")
        async for _ in self._camera.looks(desktop, self.appearance):
            await self._camera.take_pages(desktop, "small", SMALL)
        async for _ in self._camera.looks(desktop, self.appearance):
            for place in Place:
                await self._questions.take_page(desktop, place)

    async def _new(self, desktop: Desktop) -> None:
        async for _ in self._camera.looks(desktop, self.appearance):
            await self._camera.take_pages(desktop, "empty")
            await self._questions.take_menu(desktop.tray.menu, "tray-empty")
            for way in SignInWay:
                begin = partial(desktop.signing_in.sign_in, way=way)
                await self._questions.take_dialog(desktop, begin, f"sign-in-{way.value}")

    async def _in_trouble(self, desktop: Desktop) -> None:
        async for _ in self._camera.looks(desktop, self.appearance):
            for place in (Place.OVERVIEW, Place.TOKENS, Place.SESSIONS, Place.REQUESTS):
                await self._camera.take_page(desktop, place, "failed")
            await self._questions.take_dialog(desktop, desktop.ask_to_quit, "quit-while-requests-run")
        done = asyncio.Event()

        async def work() -> None:
            await done.wait()

        for group in _GROUPS:
            desktop.operations.begin(group, work())
        async for _ in self._camera.looks(desktop, self.appearance):
            for place in Place:
                desktop.window.go(place)
                await asyncio.sleep(0.4)
                self._camera.take(desktop.window, f"{place.value.replace('_', '-')}-busy")
        done.set()
        await quiet(desktop)
        await self._busy_port(desktop)

    async def _busy_port(self, desktop: Desktop) -> None:
        """Somebody else has our port."""
        handle_port = desktop.feed.latest.port if desktop.feed.latest else 0
        desktop.operations.stop_gateway()
        await quiet(desktop)
        other = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", handle_port)
        async with other:
            desktop.operations.start_gateway()
            await quiet(desktop)
            async for _ in self._camera.looks(desktop, self.appearance):
                await self._camera.take_page(desktop, Place.OVERVIEW, "port-busy")
            desktop.operations.stop_gateway()
            await quiet(desktop)
        async for _ in self._camera.looks(desktop, self.appearance):
            await self._camera.take_page(desktop, Place.OVERVIEW, "stopped")


async def _codex(base_url: str) -> CodexFacts:
    nothing = await no_codex(base_url)
    return replace(
        nothing,
        install=CodexInstall(Path("/usr/local/bin/codex"), parse_codex_version("codex-cli 0.169.0")),
        codex_home=_HOME_OF_CODEX,
        config=replace(nothing.config, path=_HOME_OF_CODEX / "config.toml"),
    )


async def seen(desktop: Desktop, look: Callable[[GatewaySnapshot], bool], within: float) -> None:
    """Wait until the gateway shows this."""
    deadline = time.monotonic() + within
    while desktop.feed.latest is None or not look(desktop.feed.latest):
        if time.monotonic() > deadline:
            raise TimeoutError("the gateway never came to what was to be painted")
        await asyncio.sleep(0.1)
        desktop.feed.look()


def main(target: str, scale: str) -> int:
    """Paint into a folder; the exit code."""
    logging.basicConfig(level=logging.ERROR)
    application = Application(sys.argv[:1])
    loop = qasync.QEventLoop(application)
    asyncio.set_event_loop(loop)
    camera = Camera(Path(target), int(scale))
    with tempfile.TemporaryDirectory() as folder, loop:
        painter = Painter(application, camera, Path(folder))
        loop.run_until_complete(painter.paint())
        painter.appearance.close()
    print(f"{len(camera.taken)} pictures at scale {scale} in {target}")
    for words in camera.missing:
        print(f"missing: {words}", file=sys.stderr)
    return 1 if camera.missing or not camera.taken else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
