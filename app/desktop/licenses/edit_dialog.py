"""The dialog that makes or changes a license: its label, until when, and how much a day."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from typing import Any

from PySide6.QtCore import QDate, QLocale
from PySide6.QtWidgets import (
    QCheckBox,
    QDateEdit,
    QDialog,
    QDialogButtonBox,
    QLineEdit,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from app.core.errors import InvalidInput, WaystationError
from app.core.license import MAX_LABEL, daily_tokens_from_text, expiry_from_text
from app.desktop import words
from app.desktop.design import space
from app.desktop.icons import Icons
from app.desktop.messages import error_text
from app.desktop.operations import Operations
from app.desktop.widgets.form import Form
from app.desktop.widgets.layouts import fit_height
from app.desktop.widgets.problem_place import ProblemPlace
from app.gateway.license_desk import DEFAULT_LABEL, LicenseView

_WIDTH = 440
_USUAL_DAYS = 30
_USUAL_BUDGET = 2_000_000


class LicenseDialog(QDialog):
    """Stays open while what was written is refused.

    Args:
        icons: for the notice of what is wrong.
        operations: carry it out.
        before: the license to change; None: a new one is made.
        now: in Unix seconds.
        apply: takes the label and, by name, what else is new; raises what is wrong with it. Returns what to tell.
        parent: over which it stands.
    """

    def __init__(
        self,
        icons: Icons,
        operations: Operations,
        before: LicenseView | None,
        now: float,
        apply: Callable[[dict[str, Any]], Awaitable[str | None]],
        parent: QWidget | None,
    ) -> None:
        super().__init__(parent)
        self._operations = operations
        self._before = before
        self._now = now
        self._apply = apply
        self.setWindowTitle(self.tr("New license") if before is None else self.tr("Edit license"))
        self.setFixedWidth(_WIDTH)
        self.label = QLineEdit(words.license_label(before.label) if before else "")
        self.label.setMaxLength(MAX_LABEL)
        self.label.setPlaceholderText(self.tr("Such as “Ann's laptop”"))
        self.expires = QCheckBox(self.tr("E&xpires after"))
        self.last_day = QDateEdit()
        self.last_day.setCalendarPopup(True)
        self.last_day.setDisplayFormat("yyyy-MM-dd")
        self.last_day.setAccessibleName(self.tr("Last day"))
        self.limited = QCheckBox(self.tr("&Daily budget"))
        self.budget = QLineEdit()
        self.budget.setAccessibleName(self.tr("Tokens a day"))
        self.budget.setPlaceholderText(self.tr("Such as 500k or 2M"))
        # By this label the gateway finds it for the set-up texts.
        self._named = before is not None and before.label == DEFAULT_LABEL
        self.label.setDisabled(self._named)
        self._fill()
        self.expires.toggled.connect(self._update)
        self.limited.toggled.connect(self._update)
        self._problem = ProblemPlace(icons)
        buttons = QDialogButtonBox()
        name = self.tr("Create and copy key") if before is None else self.tr("Save")
        self._ok = buttons.addButton(name, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self._on_ok)
        buttons.rejected.connect(self.reject)
        self._lay_out(buttons)
        self._update()
        fit_height(self)

    def show_problem(self, text: str | None) -> None:
        """What is wrong with what was written."""
        self._problem.say(text)
        fit_height(self)

    def _fill(self) -> None:
        today = datetime.fromtimestamp(self._now).date()
        last = today + timedelta(days=_USUAL_DAYS)
        if self._before is not None and self._before.expires_at is not None:
            self.expires.setChecked(True)
            last = datetime.fromtimestamp(self._before.expires_at).date()
        # What has expired stays to be seen until another day is chosen.
        self.last_day.setMinimumDate(_qdate(min(today, last)))
        self.last_day.setDate(_qdate(last))
        if self._before is not None and self._before.daily_tokens is not None:
            self.limited.setChecked(True)
            self.budget.setText(_budget_text(self._before.daily_tokens))
        else:
            self.budget.setText(_budget_text(_USUAL_BUDGET))

    def _lay_out(self, buttons: QDialogButtonBox) -> None:
        form = Form()
        form.setFieldGrowthPolicy(Form.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(self.tr("&Label:"), self.label)
        form.note(self.tr("Who or what uses it. One for each client or device."))
        for box in (self.expires, self.limited):
            # Not wider than its words: the fields need the room.
            box.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        form.addRow(self.expires, self.last_day)
        form.note(self.tr("It lets in until the end of that day."))
        form.addRow(self.limited, self.budget)
        form.note(
            self.tr(
                "Tokens of text, in and out, from midnight to midnight. When they are used up, requests are refused."
            )
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(space.L, space.L, space.L, space.M)
        column.setSpacing(space.M)
        column.addLayout(form)
        column.addLayout(self._problem)
        column.addWidget(buttons)

    def _update(self) -> None:
        self.last_day.setEnabled(self.expires.isChecked())
        self.budget.setEnabled(self.limited.isChecked())

    def _on_ok(self) -> None:
        label = self.label.text().strip()
        if not label:
            self.show_problem(self.tr("Write a label, so that you know later whose license it is."))
            self.label.setFocus()
            return
        try:
            changes = self._changes(label)
        except InvalidInput:
            self.show_problem(self.tr("Write the daily budget such as 2000000, 500k or 1.5M."))
            self.budget.setFocus()
            return
        if (changes.get("expires_at") or self._now + 1) <= self._now:
            self.show_problem(self.tr("Choose today or a later day."))
            self.last_day.setFocus()
            return
        if not changes:
            self.reject()
            return
        self._ok.setEnabled(False)
        self._operations.begin("licenses", self._applied(changes))

    def _changes(self, label: str) -> dict[str, Any]:
        """What is not as it was.

        Raises:
            InvalidInput: the budget is none.
        """
        day: date | None = self.last_day.date().toPython() if self.expires.isChecked() else None  # type: ignore[assignment]
        expires_at = expiry_from_text(day.isoformat(), self._now) if day else None
        if self._before is not None and self._named:
            label = self._before.label
        before, wanted = self._before, {"label": label, "expires_at": expires_at, "daily_tokens": self._daily_tokens()}
        if before is None:
            return {name: value for name, value in wanted.items() if value is not None}
        if day and before.expires_at and day == datetime.fromtimestamp(before.expires_at).date():
            # The hour at which it ends was chosen elsewhere.
            wanted["expires_at"] = before.expires_at
        return {name: value for name, value in wanted.items() if value != getattr(before, name)}

    def _daily_tokens(self) -> int | None:
        if not self.limited.isChecked():
            return None
        text = self.budget.text().strip().replace(",", "").replace(" ", "")
        before = self._before.daily_tokens if self._before else None
        return before if before is not None and text == _budget_text(before) else daily_tokens_from_text(text)

    async def _applied(self, changes: dict[str, Any]) -> str | None:
        try:
            told = await self._apply(changes)
        except WaystationError as error:
            self.show_problem(error_text(error))
            self._ok.setEnabled(True)
            return None
        self.accept()
        return told


def _budget_text(tokens: int) -> str:
    """As a user writes it: `2M`, `500k`, `200万`, or all its digits."""
    chinese = QLocale().language() == QLocale.Language.Chinese
    for unit, name in ((10_000, "万"),) if chinese else ((1_000_000, "M"), (1_000, "k")):
        if tokens % unit == 0:
            return f"{tokens // unit}{name}"
    return str(tokens)


def _qdate(day: date) -> QDate:
    return QDate(day.year, day.month, day.day)
