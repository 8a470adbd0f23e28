"""The dialog that lets a name mean a model, and an effort."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from PySide6.QtWidgets import QComboBox, QDialog, QDialogButtonBox, QLineEdit, QVBoxLayout, QWidget

from app.core.errors import WaystationError
from app.core.model_aliases import LONGEST_NAME
from app.core.models import EFFORTS, ModelAlias
from app.desktop.design import space
from app.desktop.icons import Icons
from app.desktop.messages import error_text
from app.desktop.operations import Operations
from app.desktop.widgets.form import Form
from app.desktop.widgets.layouts import fit_height
from app.desktop.widgets.problem_place import ProblemPlace

_WIDTH = 440


class ModelDialog(QDialog):
    """Stays open while what was written is refused.

    Args:
        icons: for the notice of what is wrong.
        operations: carry it out.
        before: what a name means now, which stays its name; None: a new name.
        offered: the models that OpenAI offers, with their efforts as far as known.
        taken: the user's names; a new one must be another.
        apply: takes the new meaning; raises what is wrong with it. Returns what to tell.
        parent: over which it stands.
    """

    def __init__(
        self,
        icons: Icons,
        operations: Operations,
        before: ModelAlias | None,
        offered: Mapping[str, tuple[str, ...]],
        taken: frozenset[str],
        apply: Callable[[ModelAlias], Awaitable[str | None]],
        parent: QWidget | None,
    ) -> None:
        super().__init__(parent)
        self._operations = operations
        self._offered = offered
        self._taken = taken if before is None else frozenset()
        self._apply = apply
        self.setWindowTitle(self.tr("New name for a model") if before is None else self.tr("What a name means"))
        self.setFixedWidth(_WIDTH)
        self.name = QLineEdit(before.name if before else "")
        self.name.setMaxLength(LONGEST_NAME)
        self.name.setPlaceholderText(self.tr("Such as “fast”"))
        self.name.setReadOnly(before is not None)
        self.model = QComboBox()
        self.model.setEditable(True)
        self.model.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.model.addItems(list(offered))
        self.model.setCurrentText(before.model if before else "")
        entry = self.model.lineEdit()
        if entry is not None:
            entry.setMaxLength(LONGEST_NAME)
            entry.setPlaceholderText(self.tr("Choose one, or type its name"))
        self.effort = QComboBox()
        self._offer_efforts(before.effort if before else None)
        self.model.currentTextChanged.connect(lambda: self._offer_efforts(self.effort.currentData()))
        self._problem = ProblemPlace(icons)
        buttons = QDialogButtonBox()
        self._ok = buttons.addButton(self.tr("Save"), QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self._on_ok)
        buttons.rejected.connect(self.reject)
        self._lay_out(buttons)
        (self.name if before is None else self.model).setFocus()
        fit_height(self)

    def show_problem(self, text: str | None) -> None:
        """What is wrong with what was written."""
        self._problem.say(text)
        fit_height(self)

    def _lay_out(self, buttons: QDialogButtonBox) -> None:
        form = Form()
        form.setFieldGrowthPolicy(Form.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(self.tr("&Name:"), self.name)
        form.note(self.tr("What clients ask for. With an effort at its end, such as -high, it works too."))
        form.addRow(self.tr("&Model:"), self.model)
        form.note(self.tr("What OpenAI is asked for in its place."))
        form.addRow(self.tr("&Effort:"), self.effort)
        column = QVBoxLayout(self)
        column.setContentsMargins(space.L, space.L, space.L, space.M)
        column.setSpacing(space.M)
        column.addLayout(form)
        column.addLayout(self._problem)
        column.addWidget(buttons)

    def _offer_efforts(self, chosen: str | None) -> None:
        """What the model takes; all that there are where that is not known."""
        efforts = list(self._offered.get(self.model.currentText().strip()) or EFFORTS)
        if chosen is not None and chosen not in efforts:
            efforts.append(chosen)
        self.effort.clear()
        self.effort.addItem(self.tr("as the client asks"), None)
        for effort in efforts:
            self.effort.addItem(effort, effort)
        self.effort.setCurrentIndex(0 if chosen is None else self.effort.findData(chosen))

    def _on_ok(self) -> None:
        name, model = self.name.text().strip(), self.model.currentText().strip()
        if not name:
            self.show_problem(self.tr("Write the name that clients shall ask for."))
            self.name.setFocus()
        elif name in self._taken:
            self.show_problem(self.tr("You have this name already; edit it in the table."))
            self.name.setFocus()
        elif not model:
            self.show_problem(self.tr("Choose a model, or type its name."))
            self.model.setFocus()
        else:
            self._ok.setEnabled(False)
            self._operations.begin("models", self._applied(ModelAlias(name, model, self.effort.currentData())))

    async def _applied(self, alias: ModelAlias) -> str | None:
        try:
            told = await self._apply(alias)
        except WaystationError as error:
            self.show_problem(error_text(error))
            self._ok.setEnabled(True)
            return None
        self.accept()
        return told
