"""One license: what it is, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QToolButton

from app.core.license import LicenseState
from app.desktop import formats, words
from app.desktop.design import space
from app.desktop.icons import Icons
from app.desktop.models.licenses import LicenseRow, spent, usage_words
from app.desktop.widgets.card import Card
from app.desktop.widgets.elided_label import ElidedLabel
from app.desktop.widgets.form import note_label
from app.desktop.widgets.selectable import make_selectable
from app.desktop.widgets.symbol import Symbol

_MASK = "ws-••••••••••••••••"


class LicenseCard(Card):
    """The selected license. Its key is never shown: it is copied.

    Args:
        icons: for buttons.
        copy_key, edit, rotate, revoke: what the buttons do.
    """

    def __init__(
        self,
        icons: Icons,
        *,
        copy_key: Callable[[], None],
        edit: Callable[[], None],
        rotate: Callable[[], None],
        revoke: Callable[[], None],
    ) -> None:
        super().__init__()
        self._name = ElidedLabel()
        self._key = QLabel(_MASK)
        self._key.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self._key.setAccessibleName(self.tr("Key, hidden"))
        self.copy_key = QToolButton()
        self.copy_key.setAutoRaise(True)
        self.copy_key.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.copy_key.setText(self.tr("Copy key"))
        Symbol(icons, self.copy_key, "copy")
        self.edit = QPushButton(self.tr("&Edit…"))
        self.rotate = QPushButton(self.tr("R&otate…"))
        Symbol(icons, self.rotate, "rotate")
        self.revoke = QPushButton(self.tr("&Revoke…"))
        for button, act in ((self.copy_key, copy_key), (self.edit, edit), (self.rotate, rotate), (self.revoke, revoke)):
            button.clicked.connect(lambda _checked=False, act=act: act())
        self._facts = note_label()
        make_selectable(self._facts)
        self._facts.setAccessibleName(self.tr("About this license"))
        self._lay_out()

    def show_row(self, row: LicenseRow | None, *, free: bool) -> None:
        """Show this license; `free`: its buttons can be used."""
        self.setVisible(row is not None)
        if row is None:
            return
        usable = free and row.view.state is not LicenseState.REVOKED
        for button in (self.copy_key, self.edit, self.rotate, self.revoke):
            button.setEnabled(usable)
        self._name.setText(words.license_label(row.view.label))
        self._facts.setText("\n".join(part for part in (self._state(row), usage_words(row.usage)) if part))

    def facts(self) -> str:
        """What it says of the license."""
        return self._facts.text()

    def _lay_out(self) -> None:
        self._name.setFont(self._heading.font())
        self.head.addWidget(self._name, 1)
        for button in (self.edit, self.rotate, self.revoke):
            self.head.addWidget(button)
        self.body.addLayout(self.head)
        key = QHBoxLayout()
        space.bare(key, space.S)
        title = QLabel(self.tr("Key:"))
        key.addWidget(title)
        key.addWidget(self._key)
        key.addWidget(self.copy_key)
        key.addStretch()
        self.body.addLayout(key)
        self.body.addWidget(self._facts)

    def _state(self, row: LicenseRow) -> str:
        view = row.view
        if view.state is LicenseState.REVOKED and view.revoked_at is not None:
            said = self.tr("Revoked at {time}: it lets nobody in any more.")
            return said.format(time=formats.full_moment(view.revoked_at))
        if view.state is LicenseState.EXPIRED:
            return self.tr("Expired: it lets nobody in. Edit it to give it more time.")
        if spent(view):
            return self.tr("Its budget of today is used up: it lets in again after midnight. Edit it to give it more.")
        if view.expires_at is not None:
            return self.tr("It lets in until {time}.").format(time=formats.full_moment(view.expires_at))
        return self.tr("It lets in until it is revoked.")
