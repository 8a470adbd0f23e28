"""The steps of a check, one line each, with the way out below the one that failed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app.desktop.design import colours, space
from app.desktop.design.colours import Tone
from app.desktop.design.text import TextRole, styled
from app.desktop.icons import Icons
from app.desktop.set_up.check_remedies import CheckWays, remedy
from app.desktop.set_up.check_words import LOOKS, fix_text, found_text, stage_name, state_name
from app.desktop.widgets.command_line import CommandLine
from app.desktop.widgets.layouts import clear_layout, show_in, tab_after
from app.desktop.widgets.notice import Notice
from app.desktop.widgets.quiet_label import QuietLabel
from app.desktop.widgets.selectable import make_selectable
from app.platform.codex_check import CheckStep, Stage, StepState

_SYMBOL_SIZE = 16
# How this program's own commands begin.
_OURS = "waystation "


class StepLine(QWidget):
    """One step: its symbol, its name, what was found, and its state in a word.

    Args:
        icons: for symbols.
        stage: which step.
        ways: where the button below it leads.
        copy_text: puts a text without secrets on the clipboard, and says so.
    """

    def __init__(self, icons: Icons, stage: Stage, ways: CheckWays, copy_text: Callable[[str], None]) -> None:
        super().__init__()
        self._icons = icons
        self._ways = ways
        self._copy_text = copy_text
        self._stage = stage
        self._step: CheckStep | None = None
        self._picture = QLabel()
        self._picture.setFixedWidth(_SYMBOL_SIZE)
        self.title = QLabel(stage_name(stage))
        self._found = QLabel()
        self._found.setTextFormat(Qt.TextFormat.PlainText)
        self._found.setWordWrap(True)
        self._found.setMinimumWidth(1)
        make_selectable(self._found)
        self._word = styled(QuietLabel(), TextRole.CAPTION)
        # Fonts for Chinese are higher: what stands beside each other shall do so on one line.
        high = max(_SYMBOL_SIZE, self.title.sizeHint().height(), QLabel(state_name(StepState.OK)).sizeHint().height())
        for label in (self._picture, self.title, self._word):
            label.setMinimumHeight(high)
        self._found.setMinimumHeight(high)
        row = QHBoxLayout()
        space.bare(row, space.S)
        top = Qt.AlignmentFlag.AlignTop
        row.addWidget(self._picture, 0, top)
        row.addWidget(self.title, 0, top)
        row.addWidget(self._found, 1, top)
        row.addWidget(self._word, 0, top)
        self._below = QVBoxLayout()
        self._below.setContentsMargins(_SYMBOL_SIZE + space.S, 0, 0, 0)
        self._below.setSpacing(space.XS)
        column = QVBoxLayout(self)
        space.bare(column, space.XS)
        column.addLayout(row)
        column.addLayout(self._below)

    @property
    def text(self) -> str:
        """What it says, from left to right."""
        return f"{self.title.text()}: {self._found.text()} {self._word.text()}".replace("  ", " ")

    def show_step(self, step: CheckStep) -> None:
        """Show how far it has come."""
        if step == self._step:
            return
        self._step = step
        self._found.setText(found_text(step))
        # Nobody needs to stop at an empty line.
        said = bool(self._found.text())
        self._found.setFocusPolicy(Qt.FocusPolicy.StrongFocus if said else Qt.FocusPolicy.NoFocus)
        self._word.setText(state_name(step.state))
        self._found.setAccessibleName(f"{stage_name(self._stage)}: {state_name(step.state)}. {self._found.text()}")
        clear_layout(self._below)
        fix, way = fix_text(step), remedy(step.code, self._ways)
        if fix:
            show_in(self._below, Notice(self._icons, Tone.INFO, fix, () if way is None else (way,)))
        # What a button does here, nobody needs to type.
        if step.command and (way is None or not step.command.startswith(_OURS)):
            show_in(self._below, CommandLine(self._icons, step.command, self._copy_text))
        tab_after(self._word, self._below)
        self._draw()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the system from light to dark."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._draw()

    def _draw(self) -> None:
        if self._step is not None:
            symbol, tone = LOOKS[self._step.state]
            icon = self._icons.tinted(symbol, colours.mark(tone, self.palette()))
            self._picture.setPixmap(icon.pixmap(QSize(_SYMBOL_SIZE, _SYMBOL_SIZE), self.devicePixelRatioF()))


class CheckSteps(QWidget):
    """All steps, from top to bottom.

    Args:
        icons: for symbols.
        ways: where the buttons lead.
        copy_text: puts a text without secrets on the clipboard, and says so.
    """

    def __init__(self, icons: Icons, ways: CheckWays, copy_text: Callable[[str], None]) -> None:
        super().__init__()
        self._lines = {stage: StepLine(icons, stage, ways, copy_text) for stage in Stage}
        column = QVBoxLayout(self)
        space.bare(column, space.XS)
        # The findings stand below each other.
        widest = max(line.title.sizeHint().width() for line in self._lines.values())
        for line in self._lines.values():
            line.title.setMinimumWidth(widest + space.S)
            column.addWidget(line)

    @property
    def text(self) -> str:
        """What it says."""
        return "\n".join(line.text for line in self._lines.values())

    def line(self, stage: Stage) -> StepLine:
        """One of them."""
        return self._lines[stage]

    def show_steps(self, steps: Sequence[CheckStep]) -> None:
        """Show how far they have come."""
        for step in steps:
            self._lines[step.stage].show_step(step)
