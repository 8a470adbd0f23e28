"""How the desktop looks, speaks, starts and speaks up."""

from __future__ import annotations

from PySide6.QtWidgets import QCheckBox, QComboBox

from app.core.errors import WaystationError
from app.desktop.appearance import Appearance
from app.desktop.design.theme import Theme
from app.desktop.machine import AutostartSwitch, Machine
from app.desktop.operations import Operations
from app.desktop.preferences import Placement, Preferences
from app.desktop.settings.section import Section
from app.desktop.widgets.form import note_label
from app.gateway.snapshot import GatewaySnapshot


class LooksSection(Section):
    """Choices about the desktop itself, and about starting.

    Args:
        operations: tell what failed.
        preferences: where the choices are kept.
        appearance: language and theme.
        machine: knows what starts when the user signs in.
    """

    def __init__(
        self, operations: Operations, preferences: Preferences, appearance: Appearance, machine: Machine
    ) -> None:
        super().__init__("")
        self.set_heading(self.tr("Appearance and start"))
        self._operations = operations
        self._preferences = preferences
        self._machine = machine
        self.language = QComboBox()
        for title, value in ((self.tr("As the system"), ""), ("English", "en"), ("简体中文", "zh_CN")):
            self.language.addItem(title, value)
        self.language.setCurrentIndex(self.language.findData(preferences.language or ""))
        self.language.activated.connect(lambda: appearance.use_language(self.language.currentData() or None))
        self.theme = QComboBox()
        for title, theme in (
            (self.tr("As the system"), Theme.SYSTEM),
            (self.tr("Light"), Theme.LIGHT),
            (self.tr("Dark"), Theme.DARK),
        ):
            self.theme.addItem(title, theme.value)
        self.theme.setCurrentIndex(self.theme.findData(preferences.theme.value))
        self.theme.activated.connect(lambda: appearance.use_theme(Theme(self.theme.currentData())))
        self.notifications = QCheckBox(self.tr("Notify me when something needs me"))
        self.notifications.setChecked(preferences.notifications)
        self.notifications.clicked.connect(self._on_notifications)
        self.autostart = QCheckBox(self.tr("Start Waystation when I sign in to this computer"))
        self.autostart.clicked.connect(self._on_autostart)
        self.launch = QCheckBox(self.tr("Start the gateway with Waystation"))
        self.launch.clicked.connect(lambda wanted: operations.settings.change(start_on_launch=wanted))
        self.own_thread = QCheckBox(self.tr("Run the gateway on a thread of its own"))
        self.own_thread.setChecked(preferences.placement is Placement.THREAD)
        self.own_thread.clicked.connect(self._on_thread)
        self.form.row(self.tr("Language:"), self.language)
        self.form.row(self.tr("Theme:"), self.theme)
        self.form.wide(
            self.notifications,
            self.tr(
                "No token left, a sign-in needed, a port taken, the gateway stopped; each every 10 minutes at most."
            ),
        )
        self.autostart_note = note_label()
        self.form.wide(self.autostart)
        self.form.addRow(self.autostart_note)
        self.form.setRowVisible(self.autostart_note, False)
        if machine.autostart is None:
            self.form.setRowVisible(self.autostart, False)
        self.form.wide(self.launch)
        self.form.wide(
            self.own_thread,
            self.tr("From the next start on. Try it where answers stutter while the window is used."),
        )

    def show_snapshot(self, snapshot: GatewaySnapshot, now: float) -> None:
        """See `Section`."""
        self.launch.setChecked(snapshot.settings.start_on_launch)

    def look(self) -> None:
        """Ask the system anew; somebody else may have changed it."""
        if self._machine.autostart is not None:
            self.autostart.setChecked(self._machine.autostart.is_on())
            note = self._about_autostart(self._machine.autostart)
            if note == self.autostart_note.text():
                return
            self.autostart_note.setText(note)
            self.form.setRowVisible(self.autostart_note, bool(note))
            # Left to itself, Qt gives a row that has just appeared the height of one line. Not without need: done
            # while the page gets its size, it leaves other rows too low.
            if (rows := self.layout()) is not None:
                rows.activate()

    def _about_autostart(self, switch: AutostartSwitch) -> str:
        """What a mere tick would leave out; mostly nothing."""
        other = switch.other()
        parts = []
        if other and switch.other_is_gone():
            said = self.tr(
                "Nothing starts at sign-in now: {program} was moved or removed. Tick the box to start this copy."
            )
            parts.append(said.format(program=other))
        elif other:
            said = self.tr("Another copy starts at sign-in now: {program}. Tick the box to start this one instead.")
            parts.append(said.format(program=other))
        elif other is not None:
            parts.append(
                self.tr(
                    "It now starts with other options, such as another data folder. Tick the box to start it as it "
                    "runs now."
                )
            )
        if switch.variables:
            said = self.tr(
                "Waystation was started with {variables}. At sign-in this counts only if it is set for your whole "
                "session, not just in a terminal."
            )
            parts.append(said.format(variables=", ".join(switch.variables)))
        return " ".join(parts)

    def _on_notifications(self, wanted: bool) -> None:
        self._preferences.notifications = wanted

    def _on_thread(self, wanted: bool) -> None:
        self._preferences.placement = Placement.THREAD if wanted else Placement.LOOP

    def _on_autostart(self, wanted: bool) -> None:
        self._operations.begin("autostart", self._set_autostart(wanted))

    async def _set_autostart(self, wanted: bool) -> None:
        if self._machine.autostart is None:
            return
        try:
            self._machine.autostart.set(wanted)
        except WaystationError:
            self.look()
            raise
        self.look()
