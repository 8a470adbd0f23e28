"""Model aliases of chat/completions: an upstream model plus a reasoning effort."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ModelAlias:
    """A name that clients may use, and what is asked of upstream for it."""

    name: str
    model: str
    effort: str


#: The seven names of the user's page; the suffix is the reasoning effort.
ALIASES: tuple[ModelAlias, ...] = tuple(
    ModelAlias(f"{model}-{effort}", model, effort)
    for model, efforts in (
        ("gpt-5", ("minimal", "low", "medium", "high")),
        ("gpt-5-codex", ("low", "medium", "high")),
    )
    for effort in efforts
)

_BY_NAME = {alias.name: alias for alias in ALIASES}


def resolve_model(name: str) -> tuple[str, str | None]:
    """The upstream model and the effort that a name fixes; other names go up as they are, without an effort."""
    alias = _BY_NAME.get(name)
    return (alias.model, alias.effort) if alias else (name, None)
