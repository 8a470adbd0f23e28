"""The names of models: what clients may ask for, what OpenAI is asked for, and the user's own."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QHideEvent, QIcon, QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QStackedWidget, QVBoxLayout

from app.core.errors import WaystationError
from app.core.models import ModelAlias, ModelSource
from app.desktop import dialogs
from app.desktop.design import colours, space
from app.desktop.design.colours import Tone
from app.desktop.icons import Icons
from app.desktop.messages import error_text
from app.desktop.model_operations import shown
from app.desktop.operations import Operations
from app.desktop.settings.model_dialog import ModelDialog
from app.desktop.settings.model_lines import ModelLine, model_lines, offered_efforts
from app.desktop.settings.model_rows import TONES, ModelRows
from app.desktop.settings.section import Section
from app.desktop.widgets.calm_wheel import leave_wheel_until_chosen
from app.desktop.widgets.filter_bar import FilterBar, nothing_matches
from app.desktop.widgets.form import note_label
from app.desktop.widgets.layouts import clear_layout, show_in
from app.desktop.widgets.notice import Notice, Remedy
from app.desktop.widgets.symbol import Symbol
from app.desktop.widgets.table import Table
from app.desktop.widgets.two_lines import use_two_lines
from app.gateway.snapshot import GatewaySnapshot, TokenState

# More lines than this scroll in the table, and can be searched.
_MOST_LINES = 7
_ASKING = "ask for models"


class ModelsSection(Section):
    """A table of names, with what can be done with the selected one below it.

    Args:
        icons: for symbols.
        operations: what it does.
    """

    def __init__(self, icons: Icons, operations: Operations) -> None:
        super().__init__("")
        self.set_heading(self.tr("Models"))
        self._icons = icons
        self._operations = operations
        self._lines: tuple[ModelLine, ...] | None = None
        self._snapshot: GatewaySnapshot | None = None
        self._asked_for: object = None
        self._chosen: str | None = None
        self.refresh = QPushButton(self.tr("Ask OpenAI again"))
        Symbol(icons, self.refresh, "rotate")
        self.refresh.clicked.connect(lambda: operations.run(_ASKING, self._look(refresh=True)))
        self.head.addWidget(self.refresh)
        self._model = ModelRows(self._symbol, self)
        self.table = Table(self._model, self.tr("Names of models"))
        use_two_lines(self.table)
        leave_wheel_until_chosen(self.table)
        self.table.activated.connect(self._on_edit)
        self.table.selectionModel().selectionChanged.connect(self._show_buttons)
        delete = QShortcut(QKeySequence.StandardKey.Delete, self.table, self._on_remove)
        delete.setContext(Qt.ShortcutContext.WidgetShortcut)
        self.search = FilterBar(icons, self.tr("Search models"))
        self.search.changed.connect(self._on_search)
        self.add = QPushButton(self.tr("Add a name…"))
        self.edit = QPushButton(self.tr("Edit…"))
        self.remove = QPushButton(self.tr("Remove"))
        self.instead = QPushButton()
        self.add.clicked.connect(lambda: operations.run("ask", self._edit(None)))
        self.edit.clicked.connect(self._on_edit)
        self.remove.clicked.connect(self._on_remove)
        self.instead.clicked.connect(self._on_instead)
        self._state = note_label()
        self._notices = QVBoxLayout()
        space.bare(self._notices, space.S)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.table)
        self._stack.addWidget(nothing_matches(icons, self.search))
        self._lay_out()
        operations.busy_changed.connect(self._on_busy_changed)
        self._show_lines()

    def show_snapshot(self, snapshot: GatewaySnapshot, now: float) -> None:
        """See `Section`."""
        self._snapshot = snapshot
        known = (snapshot.models, snapshot.withdrawn, tuple((token.id, token.state) for token in snapshot.tokens))
        if known != self._asked_for and self.isVisible():
            self._asked_for = known
            self._operations.begin(_ASKING, self._look(refresh=False))
        self._show_lines()

    def hideEvent(self, event: QHideEvent) -> None:
        """What OpenAI offers may be different when somebody looks again."""
        super().hideEvent(event)
        self._asked_for = None

    def selected(self) -> ModelLine | None:
        """The selected line."""
        number = self._model.number_of(self.table.selected_id() or "")
        return None if number is None else self._model.row(number)

    @property
    def state(self) -> str:
        """What it says of asking OpenAI; empty when there is nothing to say."""
        return self._state.text()

    def _lay_out(self) -> None:
        self.body.addWidget(
            note_label(
                self.tr(
                    "What clients may ask for on chat/completions. A name of your own can stand for any model, and "
                    "can take the place of another name. Codex asks for models itself: nothing here changes that."
                )
            )
        )
        self.body.addLayout(self._notices)
        self.body.addWidget(self._state)
        self.body.addWidget(self.search)
        self.body.addWidget(self._stack)
        row = QHBoxLayout()
        space.bare(row, space.S)
        for button in (self.add, self.edit, self.remove):
            row.addWidget(button)
        row.addStretch()
        row.addWidget(self.instead)
        self.body.addLayout(row)

    def _symbol(self, name: str) -> QIcon:
        tone = TONES.get(name)
        if tone is None:
            return self._icons.symbol(name, self.palette())
        return self._icons.tinted(name, colours.mark(tone, self.palette()))

    async def _look(self, *, refresh: bool) -> None:
        if refresh:
            # It says what came of asking before.
            self._close_notice()
        try:
            self._lines = model_lines(await self._operations.models.rows(refresh=refresh))
        except WaystationError as error:
            self._show_notice(Notice(self._icons, Tone.WARNING, error_text(error), dismissed=self._close_notice))
        self._show_lines()

    def _show_lines(self) -> None:
        lines = self._lines or ()
        tokens = self._snapshot.tokens if self._snapshot is not None else ()
        first = not self._model.total
        self._model.show_lines(lines, {token.id: token.label for token in tokens})
        self._stack.setFixedHeight(self.table.height_of(max(2, min(len(lines), _MOST_LINES))))
        self.search.setVisible(len(lines) > _MOST_LINES or self.search.narrows)
        self._show_found(first=first)
        self._show_state()

    def _show_found(self, *, first: bool = False) -> None:
        rows, total = self._model.rowCount(), self._model.total
        self.search.show_counts(rows, total)
        self._stack.setCurrentIndex(1 if total and not rows else 0)
        chosen = None if self._chosen is None else self._model.number_of(self._chosen)
        if chosen is not None:
            self._chosen = None
            self.table.select_row(chosen)
        elif rows and first:
            # Only then: the press of a button that was meant for a name that has gone shall not meet another.
            self.table.select_row(0)
        self._show_buttons()

    def _show_state(self) -> None:
        asking = self._operations.is_busy(_ASKING)
        serving = (TokenState.READY, TokenState.RESTING)
        tokens = self._snapshot.tokens if self._snapshot is not None else ()
        offered = any(line.source is ModelSource.UPSTREAM for line in self._lines or ())
        if self._lines is None and asking:
            text = self.tr("Asking OpenAI which models it offers…")
        elif self._snapshot is None or offered:
            text = ""
        elif not any(token.state in serving for token in tokens):
            text = self.tr("OpenAI says which models it offers as soon as a token can serve.")
        elif asking:
            text = self.tr("Asking OpenAI which models it offers…")
        else:
            text = self.tr("OpenAI has not said which models it offers. What is built in works all the same.")
        self._state.setText(text)
        self._state.setVisible(bool(text))
        self.refresh.setEnabled(not asking and any(token.state in serving for token in tokens))

    def _show_buttons(self) -> None:
        line, free = self.selected(), not self._operations.is_busy("models")
        own = line is not None and line.source is ModelSource.USER
        self.add.setEnabled(free)
        self.edit.setEnabled(free and line is not None)
        self.remove.setEnabled(free and own)
        nearest = line.nearest if line is not None and line.withdrawn else None
        self.instead.setVisible(nearest is not None)
        self.instead.setEnabled(free)
        self.instead.setText(self.tr("Use {model} instead").format(model=shown(nearest or "")))

    def _on_busy_changed(self, group: str, _busy: bool) -> None:
        if group in (_ASKING, "models"):
            self._show_state()
            self._show_buttons()

    def _on_search(self) -> None:
        self._model.look_for(self.search.text)
        self._show_found()

    def _own(self, name: str) -> ModelAlias | None:
        models = self._snapshot.models if self._snapshot is not None else ()
        return next((alias for alias in models if alias.name == name), None)

    def _on_edit(self) -> None:
        line = self.selected()
        if line is not None and self.edit.isEnabled():
            self._operations.run("ask", self._edit(self._own(line.name) or line.alias))

    async def _edit(self, before: ModelAlias | None) -> None:
        async def apply(alias: ModelAlias) -> str:
            await self._operations.models.set(alias)
            self._chosen = alias.name
            said = self.tr("“{name}” now means {model}.")
            return said.format(name=shown(alias.name), model=shown(alias.model))

        taken = frozenset(alias.name for alias in self._snapshot.models) if self._snapshot is not None else frozenset()
        offered = offered_efforts(self._lines or ())
        dialog = ModelDialog(self._icons, self._operations, before, offered, taken, apply, self.window())
        await dialogs.finished(dialog)

    def _on_remove(self) -> None:
        line = self.selected()
        if line is not None and self.remove.isEnabled():
            self._operations.run("models", self._remove(self._own(line.name) or line.alias))

    async def _remove(self, alias: ModelAlias) -> None:
        await self._operations.models.remove(alias.name)
        text = self.tr("“{name}” is removed.").format(name=shown(alias.name))
        undo = Remedy(self.tr("Undo"), lambda: self._operations.run("models", self._restore(alias)))
        notice = Notice(self._icons, Tone.NEUTRAL, text, (undo,), symbol="trash", dismissed=self._close_notice)
        self._show_notice(notice)

    async def _restore(self, alias: ModelAlias) -> None:
        await self._operations.models.set(alias)
        self._chosen = alias.name
        self._close_notice()

    def _on_instead(self) -> None:
        line = self.selected()
        if line is not None and line.nearest is not None:
            self._operations.models.use_instead([line.model], line.nearest)

    def _show_notice(self, notice: Notice) -> None:
        self._close_notice()
        show_in(self._notices, notice)

    def _close_notice(self) -> None:
        clear_layout(self._notices)
