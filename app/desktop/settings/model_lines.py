"""What the gateway says of models, folded: a model and its names with an effort at the end are one line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.core.models import EFFORTS, LIKELY_EFFORTS, ModelAlias, ModelSource


@dataclass(frozen=True, slots=True)
class ModelLine:
    """One line of the table.

    Attributes:
        name: of the model as clients ask for it.
        model: what OpenAI is asked for.
        effort: which the name fixes, or None.
        source: where the name comes from.
        names: all names on this line.
        tokens: ids of the tokens that offer the model.
        withdrawn: OpenAI no longer serves the model.
        nearest: what can take its place, or None.
    """

    name: str
    model: str
    effort: str | None
    source: ModelSource
    names: tuple[str, ...]
    tokens: tuple[str, ...] = ()
    withdrawn: bool = False
    nearest: str | None = None

    @property
    def efforts(self) -> tuple[str, ...]:
        """Which can stand at the name's end."""
        start = f"{self.name}-"
        return tuple(name.removeprefix(start) for name in self.names if name.startswith(start))

    @property
    def alias(self) -> ModelAlias:
        """The line as a name of the user's."""
        return ModelAlias(self.name, self.model, self.effort)


def model_lines(rows: Iterable[Mapping[str, Any]]) -> tuple[ModelLine, ...]:
    """Fold the rows of `models.list`: the user's own first, then as they come."""
    lines: dict[str, ModelLine] = {}
    names: dict[str, list[str]] = {}
    for row in rows:
        line = _line(row)
        # What the bare name says of itself counts.
        if line.name not in lines or row["name"] == line.name:
            lines[line.name] = line
        names.setdefault(line.name, []).append(row["name"])
    whole = [replace(line, names=tuple(names[name])) for name, line in lines.items()]
    return tuple(sorted(whole, key=lambda line: line.source is not ModelSource.USER))


def _line(row: Mapping[str, Any]) -> ModelLine:
    name, source, effort = row["name"], ModelSource(row["source"]), row["effort"]
    base, _, end = name.rpartition("-")
    # A model whose own name ends like that is asked for by its whole name.
    if source is not ModelSource.USER and end in EFFORTS and row["model"] != name:
        name, effort = base, None
    tokens = tuple(row["token_ids"])
    return ModelLine(name, row["model"], effort, source, (), tokens, row["withdrawn"], row["nearest"])


def offered_efforts(lines: Sequence[ModelLine]) -> dict[str, tuple[str, ...]]:
    """The models that OpenAI offers, with the efforts that each takes, as far as it says."""
    offered = [line for line in lines if line.tokens and line.model == line.name and not line.withdrawn]
    # What is only likely keeps nobody from choosing another.
    return {line.name: () if line.efforts == LIKELY_EFFORTS else line.efforts for line in offered}
