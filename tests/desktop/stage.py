"""The window and its operations on a scripted gateway, with everything that they did written down."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from PySide6.QtWidgets import QAbstractButton, QApplication, QMessageBox, QPushButton, QToolButton, QWidget

from app.desktop.adding import Adding
from app.desktop.appearance import Appearance
from app.desktop.icons import Icons
from app.desktop.machine import Machine
from app.desktop.operations import Operations
from app.desktop.overview import overview
from app.desktop.place import Place
from app.desktop.preferences import Preferences
from app.desktop.sign_in.leader import SignInLeader
from app.desktop.window import MainWindow
from app.gateway.handle import GatewayHandle
from app.gateway.snapshot import GatewaySnapshot
from app.platform.shells import Shell
from tests.desktop.scripted import NOW, RUNNING, ScriptedGateway, session, token, turn

AnyButton = TypeVar("AnyButton", bound=QAbstractButton)
FULL = replace(RUNNING, tokens=(token(1, label="Work"), token(2)), sessions=(session(1),), turns=(turn(1),))


async def settled(operations: Operations) -> None:
    """Wait until none of these runs."""
    changed = asyncio.Event()
    operations.busy_changed.connect(lambda _group, _busy: changed.set())
    async with asyncio.timeout(5):
        while operations.is_busy():
            changed.clear()
            await changed.wait()


class Desk:
    """Operations on a scripted gateway, or on another, and what they told."""

    def __init__(self, handle: GatewayHandle | None = None) -> None:
        self.gateway = ScriptedGateway()
        self.handle = handle or self.gateway
        self.copied: list[str] = []
        self.clipboard = ""
        self.told: list[str] = []
        self.failures: list[str] = []
        self.operations = Operations(self.copied.append)
        self.operations.done.connect(self.told.append)
        self.operations.failed.connect(self.failures.append)
        self.operations.attach(self.handle)
        self.sign_ins = 0
        #: The file with the login that the local Codex uses, by the text that holds it too.
        self.shared: dict[str, Path] = {}
        self.adding = Adding(
            self.operations, lambda: None, lambda: self.clipboard, self._sign_in, self.shared.get, Path("/nowhere")
        )

    async def settle(self) -> None:
        """Wait until no operation runs."""
        await settled(self.operations)

    def _sign_in(self) -> None:
        self.sign_ins += 1


class Autostart:
    """Whether the application starts at sign-in, on a machine of the test's own."""

    def __init__(self) -> None:
        self.on = False
        self.instead: str | None = None
        self.gone = False
        self.variables: tuple[str, ...] = ()

    def is_on(self) -> bool:
        return self.on

    def other(self) -> str | None:
        return self.instead

    def other_is_gone(self) -> bool:
        return self.gone

    def set(self, on: bool) -> None:
        self.on, self.instead = on, None


def machine(folder: Path) -> Machine:
    """A computer with one address."""
    return Machine(lan_addresses=lambda: ["192.168.1.20"], autostart=Autostart(), log_folder=folder)


class Stage:
    """A window with everything around it written down."""

    def __init__(self, icons: Icons, desk: Desk, folder: Path, *, practice: bool = False, **of_machine: Any) -> None:
        self.desk = desk
        self.visible: list[bool] = []
        self.copied: list[str] = []
        self.quits = 0
        self.starts_for_real = 0
        self.opened: list[str] = []
        self.has_browser = True
        self.machine = replace(machine(folder), **of_machine)
        self.preferences = Preferences(folder / "desktop.ini")
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        self.appearance = Appearance(application, self.preferences, folder)
        self.signing_in = SignInLeader(
            icons, desk.operations, lambda: self.window, self.copied.append, self._open_page, self.look
        )
        self.window = MainWindow(
            icons,
            desk.operations,
            preferences=self.preferences,
            appearance=self.appearance,
            machine=self.machine,
            shell=Shell.BASH,
            practice=practice,
            adding=desk.adding,
            signing_in=self.signing_in,
            copy_text=self.copied.append,
            visible_changed=self.visible.append,
            start_for_real=self._start_for_real,
            quit=self._quit,
        )

    def show(self, snapshot: GatewaySnapshot, place: Place = Place.TOKENS) -> None:
        self.window.show()
        self.window.go(place)
        self.tell(snapshot)

    def look(self) -> None:
        """Show what the gateway says now."""
        self.tell(self.desk.handle.snapshot())

    def tell(self, snapshot: GatewaySnapshot) -> None:
        """Show this snapshot wherever snapshots are shown."""
        self.signing_in.show_snapshot(snapshot)
        self.window.show_overview(overview(snapshot, NOW))
        self.window.show_snapshot(snapshot)

    def _open_page(self, address: str) -> bool:
        self.opened.append(address)
        return self.has_browser

    def _start_for_real(self) -> None:
        self.starts_for_real += 1

    def _quit(self) -> None:
        self.quits += 1


async def until(look: Callable[[], object]) -> None:
    """Wait until something can be seen."""
    async with asyncio.timeout(5):
        while True:
            if look():
                return
            await asyncio.sleep(0.01)


def button(parent: QWidget, label: str, kind: type[AnyButton] = QPushButton) -> AnyButton:
    """The visible button with this label, whatever its access key."""
    found = [
        item for item in parent.findChildren(kind) if item.text().replace("&", "") == label and item.isVisibleTo(parent)
    ]
    assert len(found) == 1, (label, [item.text() for item in parent.findChildren(kind)])
    return found[0]


def tool(parent: QWidget, name: str) -> QToolButton:
    """The visible button with this name and without words."""
    found = [item for item in parent.findChildren(QToolButton) if item.accessibleName() == name and item.isVisible()]
    assert len(found) == 1, [item.accessibleName() for item in parent.findChildren(QToolButton)]
    return found[0]


async def answer(label: str) -> str:
    """Press a button of the question that stands; returns what was asked."""
    async with asyncio.timeout(5):
        while True:
            for box in QApplication.topLevelWidgets():
                if isinstance(box, QMessageBox) and box.isVisible():
                    text = f"{box.text()} {box.informativeText()}"
                    button(box, label).click()
                    return text
            await asyncio.sleep(0.01)
