"""The user's own names for models: what may be one, and how all that is known of models is stored."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, TypeGuard

from app.core.errors import InvalidInput
from app.core.models import EFFORTS, ModelAlias, ModelTable, OfferedModel

MOST_ALIASES = 200
LONGEST_NAME = 100


def with_alias(aliases: Iterable[ModelAlias], alias: ModelAlias) -> tuple[ModelAlias, ...]:
    """The user's aliases with this one added, or in place of the one of its name.

    Raises:
        InvalidInput: it makes no sense, alone or with the others.
    """
    if not is_name(alias.name):
        raise InvalidInput(f"A model's name has 1 to {LONGEST_NAME} characters and no spaces.")
    if not is_name(alias.model):
        raise InvalidInput(f"Say which model {alias.name} stands for: 1 to {LONGEST_NAME} characters, no spaces.")
    if alias.effort is not None and alias.effort not in EFFORTS:
        raise InvalidInput(f"The effort is one of {', '.join(EFFORTS)}.")
    if alias.name == alias.model and alias.effort is None:
        raise InvalidInput(f"{alias.name} would stand for itself; name another model, or an effort.")
    changed = {item.name: item for item in aliases} | {alias.name: alias}
    if len(changed) > MOST_ALIASES:
        raise InvalidInput(f"There are {MOST_ALIASES} names of your own already; remove one first.")
    found = tuple(changed.values())
    circle = ModelTable(found).circle(alias.name)
    if len(circle) > 1:
        raise InvalidInput(f"These names would stand for each other: {', '.join(circle)}.")
    return found


def is_name(text: object) -> TypeGuard[str]:
    """Whether a text may name a model."""
    if not isinstance(text, str) or not 0 < len(text) <= LONGEST_NAME:
        return False
    return text.isprintable() and not any(character.isspace() for character in text)


def aliases_to_stored(aliases: Iterable[ModelAlias]) -> str:
    """The text that is stored."""
    return json.dumps([[alias.name, alias.model, alias.effort] for alias in aliases], ensure_ascii=False)


def aliases_from_stored(text: str | None) -> tuple[ModelAlias, ...]:
    """The inverse of `aliases_to_stored`; what makes no sense is left out."""
    found: tuple[ModelAlias, ...] = ()
    for item in _list(text):
        match item:
            case [str(name), str(model), None | str() as effort]:
                try:
                    found = with_alias(found, ModelAlias(name, model, effort))
                except InvalidInput:
                    continue
    return found


def models_to_stored(models: Iterable[str]) -> str:
    """The text that is stored of upstream's names of models."""
    return json.dumps(list(models), ensure_ascii=False)


def models_from_stored(text: str | None) -> tuple[str, ...]:
    """The inverse of `models_to_stored`; what makes no sense is left out."""
    return tuple(item for item in _list(text) if is_name(item))


def offered_to_stored(offered: Mapping[str, Iterable[OfferedModel]]) -> str:
    """The text that is stored."""
    rows = [[token_id, [[model.name, *model.efforts] for model in models]] for token_id, models in offered.items()]
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":"))


def offered_from_stored(text: str | None) -> dict[str, tuple[OfferedModel, ...]]:
    """The inverse of `offered_to_stored`; what makes no sense is left out."""
    found = {}
    for item in _list(text):
        match item:
            case [str(token_id), [*models]]:
                found[token_id] = tuple(
                    OfferedModel(model[0], tuple(model[1:]))
                    for model in models
                    if isinstance(model, list) and model and all(map(is_name, model))
                )
    return found


def _list(text: str | None) -> list[Any]:
    try:
        content = json.loads(text) if text is not None else None
    except (ValueError, RecursionError):
        return []
    return content if isinstance(content, list) else []
