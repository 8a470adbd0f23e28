"""The settings: of the gateway, of the pool, of the desktop, and of the data."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QShowEvent

from app.desktop.appearance import Appearance
from app.desktop.icons import Icons
from app.desktop.machine import Machine
from app.desktop.operations import Operations
from app.desktop.preferences import Preferences
from app.desktop.settings.about import AboutSection
from app.desktop.settings.data import DataSection
from app.desktop.settings.looks import LooksSection
from app.desktop.settings.models import ModelsSection
from app.desktop.settings.network import NetworkSection
from app.desktop.settings.pool import PoolSection
from app.desktop.settings.updates import UpdatesSection
from app.desktop.widgets.page_frame import PageFrame
from app.gateway.snapshot import GatewaySnapshot


class SettingsPage(PageFrame):
    """Everything that can be chosen; each choice holds at once.

    Args:
        icons: for dialogs.
        operations: what the choices do.
        preferences: of the desktop.
        appearance: language and theme.
        machine: this computer.
        copy_text: puts a text without secrets on the clipboard, and says so.
    """

    def __init__(
        self,
        icons: Icons,
        operations: Operations,
        preferences: Preferences,
        appearance: Appearance,
        machine: Machine,
        copy_text: Callable[[str], None],
    ) -> None:
        super().__init__(self.tr("Settings"), scrolls=True)
        self._operations = operations
        self._asked = False
        self.network = NetworkSection(operations, machine)
        self.pool = PoolSection(icons, operations)
        self.models = ModelsSection(icons, operations)
        self.looks = LooksSection(operations, preferences, appearance, machine)
        self.data = DataSection(operations, practice=machine.start_for_real is not None)
        self.updates = UpdatesSection(icons, operations)
        self.about = AboutSection(operations, machine, copy_text)
        self._sections = (self.network, self.pool, self.models, self.looks, self.data, self.updates, self.about)
        for section in self._sections:
            self.body.addWidget(section)
        self.body.addStretch()
        operations.busy_changed.connect(self._on_busy_changed)
        self.models.search.found.connect(self.reveal_models)

    def show_snapshot(self, snapshot: GatewaySnapshot, now: float) -> None:
        """See `Page`."""
        for section in self._sections:
            section.show_snapshot(snapshot, now)
        if not self._asked:
            self._ask()

    def showEvent(self, event: QShowEvent) -> None:
        """What is not in the snapshot is asked for when somebody looks."""
        super().showEvent(event)
        self._asked = False

    def reveal_models(self) -> None:
        """Scroll to the names of models."""
        self.reveal(self.models)

    def _on_busy_changed(self, group: str, busy: bool) -> None:
        if group == "settings" and not busy:
            self._ask()

    def _ask(self) -> None:
        if self.isVisible():
            self._asked = True
            self.looks.look()
            self._operations.run("look at settings", self._look())

    async def _look(self) -> None:
        self.data.show_details(await self._operations.settings.shown())
