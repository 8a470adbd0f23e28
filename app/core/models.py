"""The names that chat clients may ask for, and what is asked of upstream for each: a model, and perhaps an effort."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from app.core.model_kinship import nearest_model, nearest_name, reasons

#: Reasoning efforts as upstream knows them, the weakest first.
EFFORTS: tuple[str, ...] = ("none", "minimal", "low", "medium", "high", "xhigh", "max", "ultra")
#: At the end of a name these may as well be part of a model's own, as in gpt-5.1-codex-max.
_DOUBTFUL = frozenset({"none", "max", "ultra"})
#: What every model that reasons takes, listed where upstream does not say: the lists of API keys are names alone.
LIKELY_EFFORTS: tuple[str, ...] = ("low", "medium", "high")


class ModelSource(StrEnum):
    """Where a name comes from."""

    BUILT_IN = "built_in"
    UPSTREAM = "upstream"
    USER = "user"


@dataclass(frozen=True, slots=True)
class ModelAlias:
    """A name that clients may use: another model's, and perhaps an effort. Without one the request's own counts."""

    name: str
    model: str
    effort: str | None = None


@dataclass(frozen=True, slots=True)
class OfferedModel:
    """A model that upstream lists; without `efforts` upstream does not say which ones it knows."""

    name: str
    efforts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ResolvedModel:
    """What is asked of upstream; `effort` is what the name fixes, None leaves it to the request."""

    model: str
    effort: str | None = None


@dataclass(frozen=True, slots=True)
class ModelRow:
    """One name of the list.

    Attributes:
        name: that clients use.
        model, effort: what it resolves to.
        source: where the name comes from.
        token_ids: the tokens whose lists have the model.
        withdrawn: upstream refuses the model.
        nearest: of a withdrawn one, the model to use instead.
    """

    name: str
    model: str
    effort: str | None
    source: ModelSource
    token_ids: tuple[str, ...] = ()
    withdrawn: bool = False
    nearest: str | None = None


@dataclass(frozen=True, slots=True)
class WithdrawnModel:
    """A model that upstream refuses, and the one that comes closest to it; None: there is none."""

    model: str
    nearest: str | None


#: The seven names of the user's page; the suffix is the reasoning effort.
BUILT_IN: tuple[ModelAlias, ...] = tuple(
    ModelAlias(f"{model}-{effort}", model, effort)
    for model, efforts in (
        ("gpt-5", ("minimal", "low", "medium", "high")),
        ("gpt-5-codex", ("low", "medium", "high")),
    )
    for effort in efforts
)
#: Their models by themselves, without an effort.
BARE: tuple[str, ...] = tuple(dict.fromkeys(alias.model for alias in BUILT_IN))

#: More than any list had yet.
_MOST_FORMER = 300
#: Longer names are of nothing that anybody could have meant, in characters.
_LONGEST_MEANT = 100
#: What so many names resolve to is remembered for the turns that ask for them again; one more, and it begins anew.
_MOST_KNOWN = 300

_BUILT_IN = {alias.name: alias for alias in BUILT_IN}


@dataclass(frozen=True)
class ModelTable:
    """All that is known about models at one moment.

    Attributes:
        aliases: the user's own.
        offered: by token id, as last known, each in upstream's order.
        withdrawn: upstream models that every token refused that was asked.
        former: upstream models that a list named before, or that a turn was served with, the newest last.
    """

    aliases: tuple[ModelAlias, ...] = ()
    offered: Mapping[str, tuple[OfferedModel, ...]] = field(default_factory=dict)
    withdrawn: frozenset[str] = frozenset()
    former: tuple[str, ...] = ()
    _by_name: Mapping[str, ModelAlias] = field(init=False, repr=False, compare=False)
    _efforts: Mapping[str, tuple[str, ...]] = field(init=False, repr=False, compare=False)
    _instead: Mapping[str, str | None] = field(init=False, repr=False, compare=False)
    _resolved: dict[str, ResolvedModel] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        efforts: dict[str, tuple[str, ...]] = {}
        for models in self.offered.values():
            for model in models:
                efforts[model.name] = tuple(dict.fromkeys((*efforts.get(model.name, ()), *model.efforts)))
        object.__setattr__(self, "_by_name", {alias.name: alias for alias in self.aliases})
        object.__setattr__(self, "_efforts", efforts)
        # Once, since every row and every snapshot asks for it.
        living = [name for name in efforts if name not in self.withdrawn]
        instead = {model: nearest_model(model, living) for model in sorted(self.withdrawn)}
        object.__setattr__(self, "_instead", instead)

    def resolve(self, name: str) -> ResolvedModel:
        """What is asked of upstream for a name; any name resolves, and what it resolves to resolves to itself.

        The user's aliases come first, then the built-in names, then what upstream offers by exactly this name, then
        `<model>-<effort>`. Each step's outcome is looked up again, so that an alias of gpt-5 moves gpt-5-high too;
        the effort that is named first holds, and is brought to the nearest one that the model knows.
        """
        resolved = self._resolved.get(name)
        if resolved is None:
            resolved = self._resolve(name)
            if len(name) <= _LONGEST_MEANT:
                if len(self._resolved) == _MOST_KNOWN:
                    self._resolved.clear()
                self._resolved[name] = resolved
        return resolved

    def circle(self, name: str) -> tuple[str, ...]:
        """The user's aliases that a name leads round and round through; it ends at the first of them."""
        model, _, followed = self._walk(name)
        return tuple(followed[followed.index(model) :]) if model in followed else ()

    def rows(self) -> tuple[ModelRow, ...]:
        """Every name once: the built-in ones, their models, the user's, what upstream offers with its efforts.

        Last what upstream has withdrawn.
        """
        has: dict[str, list[str]] = {}
        for token_id, models in self.offered.items():
            for name in dict.fromkeys(item.name for item in models):
                has.setdefault(name, []).append(token_id)
        rows = []
        for name, source in dict(self._names()).items():
            # Not kept: there may be more names here than turns ever ask for.
            asked = self._resolve(name)
            model, withdrawn = asked.model, asked.model in self.withdrawn
            nearest = self._instead[model] if withdrawn else None
            rows.append(ModelRow(name, model, asked.effort, source, tuple(has.get(model, ())), withdrawn, nearest))
        return tuple(rows)

    def without_token(self, token_id: str) -> ModelTable:
        """Without what this token was offered."""
        return self.with_offered({id: models for id, models in self.offered.items() if id != token_id})

    def with_offered(self, offered: Mapping[str, tuple[OfferedModel, ...]]) -> ModelTable:
        """With these lists in place of the known ones, what they name not withdrawn, and what they lack not forgotten.

        Who loses a model by them has had it: that it is refused from now on is no slip of the pen.
        """
        changed = replace(self, offered=offered)
        gone = [model for model in self._efforts if model not in changed._efforts]
        return replace(changed.with_former(*gone), withdrawn=self.withdrawn - changed._efforts.keys())

    def with_former(self, *models: str) -> ModelTable:
        """With models that upstream has listed or served; of very many only the last."""
        former = tuple(dict.fromkeys((*self.former, *models)))
        return replace(self, former=former[-_MOST_FORMER:])

    def nearest(self, model: str) -> str | None:
        """The offered model that comes closest to one that is not served any more; None if there is no such."""
        if model in self._instead:
            return self._instead[model]
        return nearest_model(model, [name for name in self._efforts if name not in self.withdrawn and name != model])

    def listed(self) -> tuple[ModelRow, ...]:
        """The rows for clients: what upstream has withdrawn stays only where the name is ours or the user's."""
        return tuple(row for row in self.rows() if row.source is not ModelSource.UPSTREAM or not row.withdrawn)

    def is_listed(self, name: str) -> bool:
        """Whether a name asks for one of the models of the list."""
        return self.resolve(name).model in {row.model for row in self.listed()}

    def is_offered(self, model: str) -> bool:
        """Whether upstream lists a model by exactly this name, as last known."""
        return model in self._efforts

    def was_there(self, model: str) -> bool:
        """Whether upstream has listed a model by exactly this name, or served it."""
        return model in self._efforts or model in self.former

    def is_doubtful(self, name: str) -> bool:
        """Whether the end of a name may be an effort or part of a model's own, for all that is known."""
        return name.rpartition("-")[2] in _DOUBTFUL and self.resolve(name).model == name and name not in self._efforts

    def withdrawn_models(self) -> tuple[WithdrawnModel, ...]:
        """What upstream has withdrawn, with what to use instead."""
        return tuple(WithdrawnModel(model, nearest) for model, nearest in self._instead.items())

    def withdrawn_text(self, model: str) -> str | None:
        """What to tell who asked for an upstream model that is withdrawn; None: it is not, for all that is known."""
        if model not in self.withdrawn:
            return None
        nearest = self.nearest(model)
        if nearest is None:
            return (
                f"Upstream no longer serves `{model}`. Choose another model, or say in Waystation which one to use for "
                "this name: Settings > Models in its window, or `waystation model set`."
            )
        return (
            f"Upstream no longer serves `{model}`. Choose another model, or let Waystation use `{nearest}` for this "
            f"name: Settings > Models in its window, or `waystation model set {model} {nearest}`."
        )

    def suggestion(self, name: str) -> str:
        """A sentence with what to ask for instead of a name that upstream refused; empty if nothing comes close."""
        meant = name.strip().casefold()
        if len(meant) > _LONGEST_MEANT or self.is_offered(self.resolve(name).model):
            return ""
        model = self.resolve(meant).model
        if meant != name and model not in self.withdrawn and self.is_listed(meant):
            return f"It is written `{meant}`."
        living = [model for model in self._efforts if model not in self.withdrawn]
        names = [row.name for row in self.listed() if row.token_ids and not row.withdrawn]
        nearest = nearest_name(meant, names) or nearest_model(model, living)
        return "" if nearest is None else f"The nearest that upstream offers is `{nearest}`."

    def _resolve(self, name: str) -> ResolvedModel:
        model, effort, _ = self._walk(name)
        return ResolvedModel(model, self._known_effort(model, effort))

    def _walk(self, name: str) -> tuple[str, str | None, list[str]]:
        """The last model of a name, the effort that was named first, and the aliases on the way."""
        model, effort, followed = name, None, list[str]()
        while model not in followed:
            alias = self._by_name.get(model)
            if alias is not None:
                # Each once, so that even a circle ends.
                followed.append(model)
            else:
                alias = _BUILT_IN.get(model) or self._split(model)
            if alias is None:
                break
            model, effort = alias.model, effort or alias.effort
        return model, effort, followed

    def _names(self) -> Iterator[tuple[str, ModelSource]]:
        for name in (*_BUILT_IN, *BARE):
            yield name, ModelSource.USER if name in self._by_name else ModelSource.BUILT_IN
        for name in self._by_name:
            yield name, ModelSource.USER
        taken = {*_BUILT_IN, *BARE, *self._by_name}
        for model, efforts in self._efforts.items():
            likely = LIKELY_EFFORTS if not efforts and reasons(model) else efforts
            for name in (model, *(f"{model}-{effort}" for effort in likely)):
                if name not in taken:
                    yield name, ModelSource.UPSTREAM
        for name in sorted(self.withdrawn - taken):
            yield name, ModelSource.UPSTREAM

    def _split(self, name: str) -> ModelAlias | None:
        base, _, effort = name.rpartition("-")
        if not base or name in self._efforts or ":" in name:
            return None
        if effort in self._efforts.get(base, ()):
            return ModelAlias(name, base, effort)
        if effort in _DOUBTFUL:
            alias = self._by_name.get(base)
            # An alias to this very name says that it is a model.
            certain = base in self._efforts or (alias is not None and alias.model != name)
        else:
            certain = effort in EFFORTS
        return ModelAlias(name, base, effort) if certain else None

    def _known_effort(self, model: str, effort: str | None) -> str | None:
        known = [item for item in self._efforts.get(model, ()) if item in EFFORTS]
        if effort not in EFFORTS or not known or effort in known:
            return effort
        wanted = EFFORTS.index(effort)
        # Of two that are equally near, the weaker one costs less.
        return min(known, key=lambda item: (abs(EFFORTS.index(item) - wanted), EFFORTS.index(item)))
