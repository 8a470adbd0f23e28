"""What this is, what it is made of, and what to send to somebody who helps."""

from __future__ import annotations

import platform
from collections.abc import Callable

from PySide6.QtCore import qVersion
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel, QPushButton

from app import __version__
from app.desktop import dialogs
from app.desktop.machine import Machine
from app.desktop.opening import open_folder, open_page
from app.desktop.operations import Operations
from app.desktop.settings.parts import PartsDialog
from app.desktop.settings.section import Section
from app.desktop.widgets.form import note_label
from app.gateway.snapshot import GatewaySnapshot

#: As in the file LICENSE.
_COPYRIGHT = "© 2026 Waystation contributors"


class AboutSection(Section):
    """Version, copyright, diagnostics, licenses of what is bundled.

    Args:
        operations: for the dialog.
        machine: knows the log folder, and the file with the licenses.
        copy_text: puts a text without secrets on the clipboard, and says so.
    """

    def __init__(self, operations: Operations, machine: Machine, copy_text: Callable[[str], None]) -> None:
        super().__init__("")
        self.set_heading(self.tr("About"))
        self._copy_text = copy_text
        self._snapshot: GatewaySnapshot | None = None
        self._licenses = machine.licenses
        self.form.addRow(QLabel(self.tr("Waystation {version}").format(version=__version__)))
        terms = self.tr("{copyright}. Free software under the MIT license, without any warranty.")
        self.form.addRow(note_label(terms.format(copyright=_COPYRIGHT)))
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
        await dialogs.finished(PartsDialog(self.window(), self._licenses, open_page))


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
