"""Where the gateway listens, and for whom."""

from __future__ import annotations

import sys

from PySide6.QtWidgets import QCheckBox, QLabel, QPushButton, QSpinBox, QVBoxLayout

from app.desktop import dialogs, formats, words
from app.desktop.design import space
from app.desktop.machine import Machine
from app.desktop.operations import Operations
from app.desktop.settings.section import Section
from app.desktop.widgets.form import note_label
from app.desktop.widgets.selectable import make_selectable
from app.gateway.snapshot import GatewaySnapshot

_LOOPBACK = ("127.", "::1", "localhost")
_MOST_PEERS = 8


class NetworkSection(Section):
    """The port, and whether other computers may come.

    Args:
        operations: what it changes.
        machine: knows its addresses.
    """

    def __init__(self, operations: Operations, machine: Machine) -> None:
        super().__init__("")
        self.set_heading(self.tr("Address"))
        self._operations = operations
        self._machine = machine
        self._snapshot: GatewaySnapshot | None = None
        self.port = QSpinBox()
        self.port.setRange(1, 65535)
        self.port.setGroupSeparatorShown(False)
        self.port.valueChanged.connect(self._draw)
        self._use_port = QPushButton(self.tr("Use this port"))
        self._use_port.clicked.connect(self._on_port)
        self.form.row(
            self.tr("Port:"),
            self.port,
            self._use_port,
            note=self.tr("What clients were set up with keeps pointing to the old port: copy their set-up again."),
        )
        self.lan = QCheckBox(self.tr("Other computers on the local network may use it"))
        self.lan.clicked.connect(self._on_lan)
        self.form.wide(self.lan)
        self._lan_note = note_label()
        make_selectable(self._lan_note)
        self._peers = QVBoxLayout()
        space.bare(self._peers, space.XS)
        self.form.addRow(self._lan_note)
        self._connected = note_label()
        self.form.addRow(self._connected)
        operations.failed.connect(self._take_back)
        operations.busy_changed.connect(self._draw)

    def show_snapshot(self, snapshot: GatewaySnapshot, now: float) -> None:
        """See `Section`."""
        before, self._snapshot = self._snapshot, snapshot
        if before is None or before.port != snapshot.port:
            self.port.setValue(snapshot.port)
        if before is None or (before.host, before.port) != (snapshot.host, snapshot.port):
            self._take_back()
        self._connected.setText(self._who_is_connected(snapshot, now))
        self._connected.setVisible(bool(self._connected.text()))
        self._draw()

    def _draw(self) -> None:
        if self._snapshot is None:
            return
        free = not self._operations.is_busy("gateway")
        self._use_port.setEnabled(free and self.port.value() != self._snapshot.port)
        self.lan.setEnabled(free)

    def _take_back(self) -> None:
        """Show what is, not what was wished for."""
        if self._snapshot is None:
            return
        open_to_lan = not self._snapshot.host.startswith(_LOOPBACK)
        self.lan.setChecked(open_to_lan)
        self._lan_note.setText(self._what_it_means(open_to_lan, self._snapshot.port))

    def _what_it_means(self, open_to_lan: bool, port: int) -> str:
        if not open_to_lan:
            return self.tr("Off: only programs on this computer reach it.")
        addresses = [f"http://{address}:{port}/codex/v1" for address in self._machine.lan_addresses()]
        lines = [
            self.tr("Others reach it at {addresses}").format(addresses=", ".join(addresses))
            if addresses
            else self.tr("This computer has no address on a local network now."),
            self.tr(
                "Each needs a license of their own (page Licenses, “Copy for a colleague”). What they send is not "
                "encrypted on its way here: use it only in a network that you trust."
            ),
            _firewall_note(self),
        ]
        return "\n".join(line for line in lines if line)

    def _who_is_connected(self, snapshot: GatewaySnapshot, now: float) -> str:
        labels = {item.id: words.license_label(item.label) for item in snapshot.licenses}
        seen: dict[str, str] = {}
        for turn in snapshot.turns:
            if turn.peer and not turn.peer.startswith(_LOOPBACK) and turn.peer not in seen:
                who = labels.get(turn.license_id or "", "")
                seen[turn.peer] = " · ".join(
                    part for part in (turn.peer, who, formats.moment(turn.started_at, now)) if part
                )
        if not seen:
            return ""
        return self.tr("Lately used from:") + "\n" + "\n".join(list(seen.values())[:_MOST_PEERS])

    def _on_port(self) -> None:
        self._operations.settings.listen_on(port=self.port.value())

    def _on_lan(self, wanted: bool) -> None:
        if not wanted:
            self._operations.settings.listen_on(lan=False)
            return
        # Until it is so, it is not shown so.
        self.lan.setChecked(False)
        self._operations.run("ask", self._ask_for_lan())

    async def _ask_for_lan(self) -> None:
        if await dialogs.confirmed(
            self.window(),
            self.tr("Local network"),
            self.tr("Let other computers use Waystation?"),
            yes=self.tr("Let them"),
            explanation=self.tr(
                "Everybody with a license of yours can then spend your tokens from any computer that reaches this one. "
                "What they send is not encrypted on its way. Do this only in a network that you trust."
            )
            + "\n\n"
            + _firewall_note(self),
        ):
            self._operations.settings.listen_on(lan=True)


def _firewall_note(widget: NetworkSection | QLabel) -> str:
    if sys.platform == "win32":
        return widget.tr(
            "Windows may ask whether its firewall shall let Waystation through: choose private networks only."
        )
    if sys.platform == "darwin":
        return widget.tr("macOS may ask whether Waystation may accept incoming connections: allow it.")
    return widget.tr("A firewall on this computer, such as ufw, must let the port through.")
