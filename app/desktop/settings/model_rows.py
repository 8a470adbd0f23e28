"""The names of models as a table of two-line rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import QCoreApplication, QObject
from PySide6.QtGui import QIcon

from app.core.models import ModelSource
from app.desktop import formats, words
from app.desktop.design.colours import Tone
from app.desktop.models.lines import Cell
from app.desktop.models.matching import Matching
from app.desktop.models.rows_model import RowColumn
from app.desktop.models.two_line_rows import TwoLineRows
from app.desktop.settings.model_lines import ModelLine

_SYMBOLS = {
    ModelSource.BUILT_IN: "model-built-in",
    ModelSource.UPSTREAM: "model-upstream",
    ModelSource.USER: "model-yours",
}
_WITHDRAWN = "warning"

#: Tones of symbols that say something good or bad; the words beside them say the same.
TONES = {_WITHDRAWN: Tone.WARNING}


class ModelRows(TwoLineRows[ModelLine]):
    """One row for each line.

    Args:
        symbol: draws the symbol of a source.
        parent: its owner.
    """

    def __init__(self, symbol: Callable[[str], QIcon], parent: QObject | None = None) -> None:
        self._labels: Mapping[str, str] = {}
        super().__init__(self._columns(), lambda line: line.name, symbol, parent)

    def show_lines(self, lines: Sequence[ModelLine], labels: Mapping[str, str]) -> None:
        """Become these lines; `labels` are those of all tokens, by id."""
        self.update_rows(lines)
        if labels != self._labels:
            self._labels = dict(labels)
            self.redraw()

    def look_for(self, typed: str) -> None:
        """Show only the lines in which every word that was typed stands."""
        search = Matching(typed)

        def accepts(line: ModelLine) -> bool:
            return search.accepts(*line.names, line.model, source_words(line), served_words(line))

        self.set_filter(accepts if search else None)

    def _columns(self) -> tuple[RowColumn[ModelLine], ...]:
        return (
            RowColumn(
                QCoreApplication.translate("Tables", "Name"),
                22,
                _name,
                order=lambda line: line.name.casefold(),
                stretch=True,
                hint=QCoreApplication.translate("Tables", "What clients ask for"),
            ),
            RowColumn(
                QCoreApplication.translate("Tables", "Model"),
                16,
                _model,
                order=lambda line: line.model.casefold(),
                stretch=True,
                hint=QCoreApplication.translate("Tables", "What OpenAI is asked for, with which effort of reasoning"),
            ),
            RowColumn(
                QCoreApplication.translate("Tables", "Source"),
                22,
                self._provenance,
                order=lambda line: (not line.withdrawn, line.source.value),
            ),
        )

    def _provenance(self, line: ModelLine) -> Cell:
        below, labels = served_words(line), [self._labels[token] for token in line.tokens if token in self._labels]
        if not below and labels and len(labels) < len(self._labels):
            said = QCoreApplication.translate("Models", "on {part} of {all} tokens")
            below = said.format(part=formats.count(len(labels)), all=formats.count(len(self._labels)))
        hint = "\n".join((source_words(line), below, *map(words.token_label, labels)))
        return Cell(source_words(line), icon=symbol_of(line), hint=hint, below=below)


def symbol_of(line: ModelLine) -> str:
    """Of its source, or of what is wrong with it."""
    return _WITHDRAWN if line.withdrawn else _SYMBOLS[line.source]


def source_words(line: ModelLine) -> str:
    """Where the name comes from."""
    match line.source:
        case ModelSource.BUILT_IN:
            return QCoreApplication.translate("Models", "Built in")
        case ModelSource.UPSTREAM:
            return QCoreApplication.translate("Models", "From OpenAI")
        case ModelSource.USER:
            return QCoreApplication.translate("Models", "Yours")


def served_words(line: ModelLine) -> str:
    """Empty unless OpenAI has withdrawn it."""
    return QCoreApplication.translate("Models", "OpenAI no longer serves it") if line.withdrawn else ""


def _name(line: ModelLine) -> Cell:
    return Cell(line.name, hint="\n".join(line.names), below=", ".join(f"-{effort}" for effort in line.efforts) or " ")


def _model(line: ModelLine) -> Cell:
    if line.effort is not None:
        below = QCoreApplication.translate("Models", "effort {effort}").format(effort=line.effort)
    elif line.efforts:
        below = QCoreApplication.translate("Models", "effort by the name")
    else:
        below = QCoreApplication.translate("Models", "effort as asked")
    return Cell(line.model, below=below)
