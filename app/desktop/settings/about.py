"""What this is, what it is made of, and what to send to somebody who helps."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Callable

from PySide6.QtCore import qVersion
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from app import __version__
from app.desktop import dialogs
from app.desktop.design import space
from app.desktop.machine import Machine
from app.desktop.opening import open_folder
from app.desktop.operations import Operations
from app.desktop.settings.section import Section
from app.desktop.widgets.form import note_label
from app.gateway.snapshot import GatewaySnapshot

_DIALOG_SIZE = (620, 460)


class AboutSection(Section):
    """Version, diagnostics, licenses of what is bundled.

    Args:
        operations: for the dialog.
        machine: opens the log folder.
        copy_text: puts a text without secrets on the clipboard, and says so.
    """

    def __init__(self, operations: Operations, machine: Machine, copy_text: Callable[[str], None]) -> None:
        super().__init__("")
        self.set_heading(self.tr("About"))
        self._copy_text = copy_text
        self._snapshot: GatewaySnapshot | None = None
        self.form.addRow(QLabel(self.tr("Waystation {version}").format(version=__version__)))
        self.form.addRow(
            note_label(
                self.tr(
                    "Use your own accounts, under your provider's terms, at your own risk. Waystation is not made or "
                    "endorsed by OpenAI."
                )
            )
        )
        report = QPushButton(self.tr("Copy a report"))
        report.clicked.connect(self._on_report)
        log = QPushButton(self.tr("Open log folder"))
        log.clicked.connect(lambda: open_folder(machine.log_folder))
        parts = QPushButton(self.tr("Software it uses…"))
        parts.clicked.connect(lambda: operations.run("ask", self._show_parts()))
        self.form.row(
            self.tr("Help:"),
            report,
            log,
            parts,
            note=self.tr("The report holds versions and states, and no secrets, names or addresses of yours."),
        )

    def show_snapshot(self, snapshot: GatewaySnapshot, now: float) -> None:
        """See `Section`."""
        self._snapshot = snapshot

    def _on_report(self) -> None:
        self._copy_text(report_text(self._snapshot))

    async def _show_parts(self) -> None:
        await dialogs.finished(PartsDialog(self.window()))


class PartsDialog(QDialog):
    """The libraries in this installation, with their licenses."""

    def __init__(self, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Software that Waystation uses"))
        self.resize(*_DIALOG_SIZE)
        text = QPlainTextEdit("\n".join(parts_of_this_installation()))
        text.setReadOnly(True)
        text.setAccessibleName(self.windowTitle())
        qt = self.tr(
            "Qt is used under the LGPL 3: you may replace it by another build. Waystation itself is under the MIT "
            "license."
        )
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(space.L, space.L, space.L, space.M)
        column.setSpacing(space.M)
        column.addWidget(note_label(qt))
        column.addWidget(text, 1)
        column.addWidget(buttons)


def report_text(snapshot: GatewaySnapshot | None) -> str:
    """Versions and states, for somebody who helps. In English, whatever the language: it is for a forum."""
    lines = [
        f"Waystation {__version__}",
        f"Python {platform.python_version()}, Qt {qVersion()}, {QGuiApplication.platformName()}",
        f"{platform.system()} {platform.release()} {platform.machine()}",
    ]
    if snapshot is not None:
        states = ", ".join(f"{token.kind.value} {token.state.value}" for token in snapshot.tokens)
        problems = [problem.code for problem in (snapshot.problem, snapshot.key_problem) if problem is not None]
        lines += [
            f"gateway {snapshot.state.value}, problems: {', '.join(problems) or 'none'}",
            f"tokens: {states or 'none'}; licenses: {len(snapshot.licenses)}; sessions: {len(snapshot.sessions)}",
            f"key store: {snapshot.key_store}; proxy: {'set' if snapshot.proxy else 'as the system'}",
            f"policy: {snapshot.policy.strategy.value}, wait {snapshot.policy.wait_s:g} s; "
            f"strict {snapshot.settings.strict}, hold {snapshot.settings.hold_s:g} s",
        ]
        failed = [turn for turn in snapshot.turns if turn.error][:10]
        lines += [f"failed: {turn.endpoint} {turn.status} {turn.error}" for turn in failed]
    return "\n".join(lines) + "\n"


def parts_of_this_installation() -> list[str]:
    """One line per library: its name, version and license."""
    found = {}
    for part in importlib.metadata.distributions():
        about = part.metadata
        name = _first(about, "Name")
        if not name:
            continue
        terms = _first(about, "License-Expression") or _first(about, "License")
        if not terms or "\n" in terms:
            classifiers = [text for text in about.get_all("Classifier") or () if text.startswith("License ::")]
            terms = classifiers[0].rpartition(" :: ")[2] if classifiers else ""
        found[name.lower()] = f"{name} {part.version}" + (f", {terms}" if terms else "")
    return [found[name] for name in sorted(found)]


def _first(about: importlib.metadata.PackageMetadata, name: str) -> str:
    # Not by `about[name]`: what is missing is None there in some versions of Python, and a KeyError in others.
    return next(iter(about.get_all(name) or ()), "")
