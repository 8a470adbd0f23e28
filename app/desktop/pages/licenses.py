"""The licenses: one for each client or device, with what it used and what it may."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QHideEvent, QIcon
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QMenu, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from app.core.license import LicenseState, LicenseUsage
from app.desktop import dialogs, formats, words
from app.desktop.design import colours, space
from app.desktop.icons import Icons
from app.desktop.licenses.colleague_dialog import ColleagueDialog
from app.desktop.licenses.edit_dialog import LicenseDialog
from app.desktop.licenses.license_card import LicenseCard
from app.desktop.machine import Machine
from app.desktop.models.licenses import TONES, LicenseRow, LicensesModel
from app.desktop.operations import Operations
from app.desktop.preferences import Preferences
from app.desktop.widgets.empty_state import EmptyState
from app.desktop.widgets.page_frame import PageFrame
from app.desktop.widgets.symbol import Symbol
from app.desktop.widgets.table import Table
from app.desktop.widgets.two_lines import use_two_lines
from app.gateway.license_desk import LicenseView
from app.gateway.snapshot import GatewaySnapshot
from app.platform.shells import Shell

# What was used is asked for at most so often.
_USAGE_EVERY_MS = 5000


class LicensesPage(PageFrame):
    """All licenses in a table, the selected one below it.

    Args:
        icons: for symbols.
        operations: what the buttons do.
        preferences: where the widths of the columns are kept.
        shell: chosen at first for a colleague.
        machine: knows this computer's addresses.
        open_settings: leads to where other computers are let in.
    """

    def __init__(
        self,
        icons: Icons,
        operations: Operations,
        preferences: Preferences,
        shell: Shell,
        machine: Machine,
        open_settings: Callable[[], None],
    ) -> None:
        self._head = (QPushButton(), QPushButton())
        super().__init__(
            self.tr("Licenses"),
            self.tr("A license is the key with which a client enters. Give each client or device its own."),
            self._head,
        )
        self._icons = icons
        self._operations = operations
        self._preferences = preferences
        self._shell = shell
        self._machine = machine
        self._open_settings = open_settings
        self._snapshot: GatewaySnapshot | None = None
        self._now = 0.0
        self._colleague: ColleagueDialog | None = None
        self._usage: dict[str, LicenseUsage] | None = None
        self._usage_key: object = None
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_USAGE_EVERY_MS)
        self._pause.timeout.connect(self._ask_for_usage)
        self._make_ways(*self._head)
        self._model = LicensesModel(self._symbol, self)
        self.table = Table(self._model, self.tr("Licenses"))
        use_two_lines(self.table)
        self.table.arrange(preferences.geometry("licenses.table"))
        self.table.activated.connect(self._on_activated)
        self.table.selectionModel().selectionChanged.connect(self._show_selected)
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.table.customContextMenuRequested.connect(self._on_context_menu)
        self.menu = QMenu(self)
        self.revoked = QCheckBox()
        self.revoked.toggled.connect(self._show_rows)
        self.card = LicenseCard(
            icons, copy_key=self._on_copy_key, edit=self._on_edit, rotate=self._on_rotate, revoke=self._on_revoke
        )
        self._stack = QStackedWidget()
        self._stack.addWidget(self._empty())
        self._stack.addWidget(self._filled())
        self.body.addWidget(self._stack)
        operations.busy_changed.connect(self._show_selected)

    def show_snapshot(self, snapshot: GatewaySnapshot, now: float) -> None:
        """See `Page`."""
        self._snapshot, self._now = snapshot, now
        there = bool(snapshot.licenses)
        self._stack.setCurrentIndex(1 if there else 0)
        for button in self._head:
            button.setVisible(there)
        hidden = sum(item.state is LicenseState.REVOKED for item in snapshot.licenses)
        self.revoked.setText(self.tr("Show re&voked ones ({number})").format(number=formats.count(hidden)))
        self.revoked.setVisible(hidden > 0)
        self._show_rows()
        self._ask_for_usage()
        if self._colleague is not None:
            self._colleague.show_snapshot(snapshot)

    def hideEvent(self, event: QHideEvent) -> None:
        """Remember what the user arranged."""
        super().hideEvent(event)
        self._preferences.keep_geometry("licenses.table", self.table.arrangement())

    def sight(self) -> Any:
        """See `Page`."""
        return self.revoked.isChecked(), self.table.sight()

    def show_sight(self, sight: Any) -> None:
        """See `Page`."""
        revoked, table = sight
        self.revoked.setChecked(revoked)
        self.table.show_sight(table)

    def selected(self) -> LicenseRow | None:
        """The selected license."""
        number = self._model.number_of(self.table.selected_id() or "")
        return None if number is None else self._model.row(number)

    def fill_menu(self) -> None:
        """Put what can be done with the selected license into the menu."""
        self.menu.clear()
        for button, act in (
            (self.card.copy_key, self._on_copy_key),
            (self.card.edit, self._on_edit),
            (self.card.rotate, self._on_rotate),
            (self.card.revoke, self._on_revoke),
        ):
            action = self.menu.addAction(button.text())
            action.setEnabled(button.isEnabled())
            action.triggered.connect(lambda _checked=False, act=act: act())

    def _symbol(self, name: str) -> QIcon:
        return self._icons.tinted(name, colours.mark(TONES[name], self.palette()))

    def _make_ways(self, create: QPushButton, colleague: QPushButton) -> None:
        create.setText(self.tr("&New license…"))
        Symbol(self._icons, create, "add")
        create.clicked.connect(self._on_create)
        colleague.setText(self.tr("Copy for a &colleague…"))
        Symbol(self._icons, colleague, "lan")
        colleague.clicked.connect(self._on_colleague)

    def _empty(self) -> QWidget:
        ways = (QPushButton(), QPushButton())
        self._make_ways(*ways)
        return EmptyState(
            self._icons,
            "page-licenses",
            self.tr("No license yet"),
            self.tr(
                "This computer gets its own by itself, as soon as you copy its set-up. Make others for colleagues and "
                "devices: then you see what each uses, and can limit or revoke it alone."
            ),
            ways,
        )

    def _filled(self) -> QWidget:
        filled = QWidget()
        column = QVBoxLayout(filled)
        space.bare(column, space.M)
        row = QHBoxLayout()
        row.addWidget(self.revoked)
        row.addStretch()
        column.addWidget(self.table, 1)
        column.addLayout(row)
        column.addWidget(self.card)
        return filled

    def _show_rows(self) -> None:
        if self._snapshot is None:
            return
        shown = [
            item
            for item in self._snapshot.licenses
            if self.revoked.isChecked() or item.state is not LicenseState.REVOKED
        ]
        used = self._usage
        rows = [LicenseRow(item, None if used is None else used.get(item.id, LicenseUsage())) for item in shown]
        first = not self._model.total
        self._model.show_rows(rows, self._now)
        if first and shown:
            # Only then: in place of one that has gone, another would take the press of a button that was meant for it.
            self.table.select_row(0)
        self._show_selected()

    def _show_selected(self) -> None:
        if self.selected() is None:
            self.menu.close()
        self.card.show_row(self.selected(), free=not self._operations.is_busy("licenses"))

    def _ask_for_usage(self) -> None:
        """Ask when something was used since; what is used in a pause is asked for at its end."""
        if self._snapshot is None or self._pause.isActive() or not self.isVisible():
            return
        key = tuple((item.id, item.last_used_at, item.used_today) for item in self._snapshot.licenses)
        if key and key != self._usage_key:
            self._usage_key = key
            self._pause.start()
            self._operations.begin("look at licenses", self._look())

    async def _look(self) -> None:
        self._usage = await self._operations.licenses.usage()
        self._show_rows()

    def _on_create(self) -> None:
        self._operations.run("ask", self._edit(None))

    def _on_activated(self) -> None:
        if self.card.edit.isEnabled():
            self._on_edit()

    def _on_edit(self) -> None:
        row = self.selected()
        if row is not None:
            self._operations.run("ask", self._edit(row.view))

    async def _edit(self, before: LicenseView | None) -> None:
        licenses = self._operations.licenses

        async def apply(changes: dict[str, Any]) -> str | None:
            if before is not None:
                await licenses.change(before.id, changes)
                return None
            label = changes.pop("label")
            await licenses.create(label, changes)
            return self.tr("The license “{label}” is made, and its key is copied.").format(label=label)

        dialog = LicenseDialog(self._icons, self._operations, before, self._now, apply, self.window())
        await dialogs.finished(dialog)

    def _on_colleague(self) -> None:
        self._operations.run("ask", self._for_colleague())

    async def _for_colleague(self) -> None:
        if self._snapshot is None:
            return
        addresses = await asyncio.to_thread(self._machine.lan_addresses)
        row = self.selected()
        dialog = ColleagueDialog(
            self._icons,
            self._operations,
            self._snapshot,
            addresses,
            row.view.id if row else None,
            self._shell,
            self._open_settings,
            self.window(),
        )
        self._colleague = dialog
        try:
            await dialogs.finished(dialog)
        finally:
            self._colleague = None

    def _on_copy_key(self) -> None:
        row = self.selected()
        if row is not None:
            self._operations.licenses.copy_key(row.view.id)

    def _on_rotate(self) -> None:
        row = self.selected()
        if row is not None:
            self._operations.run("ask", self._ask_and_rotate(row.view))

    async def _ask_and_rotate(self, view: LicenseView) -> None:
        if await dialogs.confirmed(
            self.window(),
            self.tr("Rotate license"),
            self.tr("Give “{label}” a new key?").format(label=_name(view)),
            yes=self.tr("Rotate and copy"),
            explanation=self.tr(
                "The key that it has now stops at once: every client that uses it is refused until it is set up with "
                "the new one. Requests that run now end normally. Label, expiry, budget and what it used stay."
            ),
        ):
            self._operations.licenses.rotate(view.id)

    def _on_revoke(self) -> None:
        row = self.selected()
        if row is not None:
            self._operations.run("ask", self._ask_and_revoke(row.view))

    async def _ask_and_revoke(self, view: LicenseView) -> None:
        if await dialogs.confirmed(
            self.window(),
            self.tr("Revoke license"),
            self.tr("Let “{label}” in no more?").format(label=_name(view)),
            yes=self.tr("Revoke"),
            explanation=self.tr(
                "Every client that uses it is refused from now on; requests that run now end normally. This cannot be "
                "taken back: make a new license instead."
            ),
        ):
            self._operations.licenses.revoke(view.id)

    def _on_context_menu(self, position: QPoint) -> None:
        if self.selected() is not None:
            self.fill_menu()
            self.menu.popup(self.table.viewport().mapToGlobal(position))


def _name(view: LicenseView) -> str:
    return formats.shortened(words.license_label(view.label), 60)
