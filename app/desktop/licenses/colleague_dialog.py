"""The dialog that makes the set-up text for somebody else's computer."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtWidgets import QComboBox, QDialog, QDialogButtonBox, QLineEdit, QVBoxLayout, QWidget

from app.core.errors import WaystationError
from app.core.license import MAX_LABEL, LicenseState
from app.desktop import words
from app.desktop.design import space
from app.desktop.design.colours import Tone
from app.desktop.icons import Icons
from app.desktop.messages import error_text
from app.desktop.operations import Operations
from app.desktop.widgets.form import Form, note_label
from app.desktop.widgets.layouts import clear_layout, fit_height, show_in
from app.desktop.widgets.notice import Notice, Remedy
from app.desktop.widgets.problem_place import ProblemPlace
from app.gateway.license_desk import DEFAULT_LABEL
from app.gateway.snapshot import GatewaySnapshot
from app.platform.shells import Shell

_WIDTH = 480
_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - compared only
_LOOPBACK = ("127.", "::1", "localhost")


def addresses_for_others(snapshot: GatewaySnapshot, lan_addresses: Sequence[str]) -> tuple[str, ...]:
    """Under which base addresses other computers reach the gateway; empty while it listens for this one alone.

    `lan_addresses` are this computer's, as a URL has them.
    """
    if snapshot.host.startswith(_LOOPBACK):
        return ()
    hosts = lan_addresses if snapshot.host in _EVERYWHERE else (_in_url(snapshot.host),)
    return tuple(f"http://{host}:{snapshot.port}/codex/v1" for host in hosts)


class ColleagueDialog(QDialog):
    """Which license, which shell, which address; then the text is copied.

    Args:
        icons: for notices.
        operations: copy it.
        snapshot: the licenses, and where the gateway listens.
        lan_addresses: this computer's, as a URL has them.
        chosen: id of the license that is selected already.
        shell: selected at first.
        open_settings: leads to where other computers are let in.
        parent: over which it stands.
    """

    def __init__(
        self,
        icons: Icons,
        operations: Operations,
        snapshot: GatewaySnapshot,
        lan_addresses: Sequence[str],
        chosen: str | None,
        shell: Shell,
        open_settings: Callable[[], None],
        parent: QWidget | None,
    ) -> None:
        super().__init__(parent)
        self._icons = icons
        self._operations = operations
        self._open_settings = open_settings
        self.setWindowTitle(self.tr("Copy for a colleague"))
        self.setFixedWidth(_WIDTH)
        self.license = QComboBox()
        self.license.addItem(self.tr("A new license"), None)
        for item in snapshot.licenses:
            if item.state is LicenseState.VALID and item.label != DEFAULT_LABEL:
                self.license.addItem(words.license_label(item.label), item.id)
        self.license.setCurrentIndex(max(self.license.findData(chosen), 0))
        self.label = QLineEdit()
        self.label.setMaxLength(MAX_LABEL)
        self.label.setPlaceholderText(self.tr("Such as “Ann's laptop”"))
        self.shell = QComboBox()
        for value in Shell:
            if value is Shell.WSL:
                # To a Linux within Windows, this computer is as far away as to any other: bash.
                continue
            self.shell.addItem(words.shell_with_system(value), value.value)
        self.shell.setCurrentIndex(max(self.shell.findData(shell.value), 0))
        self.address = QComboBox()
        self._lan_addresses = lan_addresses
        self._reach: tuple[bool, list[str]] | None = None
        self._nobody = QVBoxLayout()
        space.bare(self._nobody)
        for combo in (self.license, self.shell, self.address):
            combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            combo.setMinimumContentsLength(24)
        self._problem = ProblemPlace(icons)
        self._buttons = QDialogButtonBox()
        self._ok = self._buttons.addButton(self.tr("Copy set-up"), QDialogButtonBox.ButtonRole.AcceptRole)
        self._buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        self._buttons.accepted.connect(self._on_ok)
        self._buttons.rejected.connect(self.reject)
        self._lay_out()
        self.license.currentIndexChanged.connect(self._update)
        self.show_snapshot(snapshot)
        # Not a notice's text, which comes first for the keyboard.
        self.license.setFocus()

    def show_snapshot(self, snapshot: GatewaySnapshot) -> None:
        """Offer the addresses at which others reach the gateway now: it may just be starting again for them."""
        reach = snapshot.host.startswith(_LOOPBACK), list(addresses_for_others(snapshot, self._lan_addresses))
        if reach == self._reach:
            return
        self._reach = reach
        alone, addresses = reach
        self.address.clear()
        self.address.addItems(addresses)
        clear_layout(self._nobody)
        if not addresses:
            show_in(self._nobody, self._nobody_else(alone=alone))
        self._update()

    def show_problem(self, text: str | None) -> None:
        """What is wrong."""
        self._problem.say(text)
        fit_height(self)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(space.L, space.L, space.L, space.M)
        column.setSpacing(space.M)
        column.addWidget(
            note_label(
                self.tr(
                    "Makes the full set-up for a computer in your network: your colleague pastes it into a terminal "
                    "there, and runs codex. Each should have a license of their own, so that you can revoke it alone."
                )
            )
        )
        column.addLayout(self._nobody)
        self._form = Form()
        self._form.setFieldGrowthPolicy(Form.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._form.addRow(self.tr("L&icense:"), self.license)
        self._form.addRow(self.tr("&Label:"), self.label)
        self._form.addRow(self.tr("Their &shell:"), self.shell)
        self._form.addRow(self.tr("&Address:"), self.address)
        column.addLayout(self._form)
        column.addLayout(self._problem)
        column.addWidget(self._buttons)

    def _nobody_else(self, *, alone: bool) -> Notice:
        """Why there is no address."""
        if not alone:
            return Notice(self._icons, Tone.WARNING, self.tr("This computer has no address on a local network now."))
        return Notice(
            self._icons,
            Tone.WARNING,
            self.tr("The gateway listens for this computer alone. Let other computers use it first: see Settings."),
            [Remedy(self.tr("Open Settings"), self._on_settings)],
        )

    def _update(self) -> None:
        new = self.license.currentData() is None
        self._form.setRowVisible(self.label, new)
        self.address.setEnabled(self.address.count() > 1)
        self._ok.setEnabled(self.address.count() > 0)
        fit_height(self)

    def _on_settings(self) -> None:
        self.reject()
        self._open_settings()

    def _on_ok(self) -> None:
        license_id, label = self.license.currentData(), self.label.text().strip()
        if license_id is None and not label:
            self.show_problem(self.tr("Write a label, so that you know later whose license it is."))
            self.label.setFocus()
            return
        self._ok.setEnabled(False)
        self._operations.begin("licenses", self._copied(license_id, label))

    async def _copied(self, license_id: str | None, label: str) -> str | None:
        shell = Shell(self.shell.currentData())
        try:
            told = await self._operations.licenses.copy_for_colleague(
                license_id, label, shell, self.address.currentText()
            )
        except WaystationError as error:
            self.show_problem(error_text(error))
            self._update()
            return None
        self.accept()
        return told


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
