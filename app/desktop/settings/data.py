"""What is kept, how it is sealed, and how to take it along."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QLabel, QPushButton, QSpinBox

from app.core.settings import LEAST_MB, MOST_DAYS, MOST_MB, GatewaySettings
from app.desktop import dialogs, formats, words
from app.desktop.operations import Operations
from app.desktop.settings import passphrase
from app.desktop.settings.section import Section
from app.desktop.widgets.form import note_label
from app.desktop.widgets.selectable import make_selectable
from app.gateway.snapshot import GatewaySnapshot

_MB = 1_000_000


class DataSection(Section):
    """History, key store, export and import.

    Args:
        operations: what it does.
        practice: whether all of it is gone at the end.
    """

    def __init__(self, operations: Operations, *, practice: bool) -> None:
        super().__init__("")
        self.set_heading(self.tr("Data"))
        self._operations = operations
        self._practice = practice
        self._settings = GatewaySettings()
        self.days = QSpinBox()
        self.days.setRange(1, MOST_DAYS)
        self.days.setSuffix(self.tr(" days"))
        self.days.editingFinished.connect(self._on_days)
        self.megabytes = QSpinBox()
        self.megabytes.setRange(LEAST_MB, MOST_MB)
        self.megabytes.setSuffix(" MB")
        self.megabytes.editingFinished.connect(self._on_megabytes)
        self._size = note_label()
        self.form.row(
            self.tr("Keep the history for:"),
            self.days,
            note=self.tr("When, on which token, how fast, how many tokens. What was said is never kept."),
        )
        self.form.row(self.tr("At most:"), self.megabytes)
        self.form.addRow(self._size)
        self._key_store = QLabel()
        make_selectable(self._key_store)
        self._key_store.setAccessibleName(self.tr("Where the key is kept that seals secrets"))
        self.form.row(self.tr("Secrets:"), self._key_store)
        self.export = QPushButton(self.tr("Export everything…"))
        self.export.clicked.connect(lambda: operations.run("backup", self._export()))
        self.restore = QPushButton(self.tr("Import…"))
        self.restore.clicked.connect(lambda: operations.run("backup", self._import()))
        self.folder = QPushButton(self.tr("Open data folder"))
        self.folder.clicked.connect(operations.settings.open_data_folder)
        self.form.row(
            self.tr("Move or back up:"),
            self.export,
            self.restore,
            self.folder,
            note=self.tr("Tokens, licenses and settings in one file, sealed by a passphrase of yours."),
        )
        operations.failed.connect(self._show)
        operations.busy_changed.connect(self._draw)
        self._show()
        self._draw()

    def show_snapshot(self, snapshot: GatewaySnapshot, now: float) -> None:
        """See `Section`."""
        said = words.key_store(snapshot.key_store, practice=self._practice)
        self._key_store.setText(said or self.tr("No key yet: see the notice above."))
        if snapshot.settings != self._settings:
            self._settings = snapshot.settings
            self._show()

    def show_details(self, shown: dict[str, Any]) -> None:
        """What `settings.show` said beside the settings themselves."""
        said = self.tr("Used now: {size} MB in {folder}")
        size = formats.count(max(1, round(shown["size_bytes"] / _MB)))
        self._size.setText(said.format(size=size, folder=shown["data_dir"]))

    def _show(self) -> None:
        if not self.days.hasFocus():
            self.days.setValue(self._settings.keep_days)
        if not self.megabytes.hasFocus():
            self.megabytes.setValue(self._settings.keep_mb)

    def _draw(self) -> None:
        free = not self._operations.is_busy("backup")
        self.export.setEnabled(free)
        self.restore.setEnabled(free)

    def _on_days(self) -> None:
        if self.days.value() != self._settings.keep_days:
            self._operations.settings.change(keep_days=self.days.value())

    def _on_megabytes(self) -> None:
        if self.megabytes.value() != self._settings.keep_mb:
            self._operations.settings.change(keep_mb=self.megabytes.value())

    async def _export(self) -> str | None:
        title = self.tr("Export everything")
        explanation = self.tr(
            "The file will hold your logins and keys. It is sealed by this passphrase; without it nobody can open "
            "the file, you neither."
        )
        given = await passphrase.asked(self.window(), title, explanation, twice=True)
        if given is None:
            return None
        path = await dialogs.chosen_new_file(self.window(), title, Path.home() / "waystation-backup.json", ["*.json"])
        return None if path is None else await self._operations.settings.export_to(path, given)

    async def _import(self) -> str | None:
        title = self.tr("Import")
        paths = await dialogs.chosen_files(self.window(), title, Path.home(), ["*.json", "*"])
        if not paths:
            return None
        explanation = self.tr(
            "What is missing here is added. What is here already stays as it is; nothing is overwritten."
        )
        given = await passphrase.asked(self.window(), title, explanation, twice=False)
        return None if given is None else await self._operations.settings.import_from(paths[0], given)
