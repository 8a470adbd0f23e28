"""Which way of setting Codex up fits what was found on this computer, and why. No I/O.

There are four ways, measured with the real Codex CLI from 0.42 to 0.169; `codex_facts` finds out what is there.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from app.platform.codex_notes import CodexVersion, SetupNote

if TYPE_CHECKING:
    from app.platform.codex_facts import CodexFacts

_ADDRESS_FROM: CodexVersion = (0, 120, 0)
"""`openai_base_url` is read from here on, and OPENAI_BASE_URL no more (there was no 0.119)."""


class Route(StrEnum):
    """A way of setting Codex up."""

    #: A model provider of ours in config.toml.
    OWN_PROVIDER = "own_provider"
    #: Codex's own provider at our address, by `openai_base_url`; the license is saved as Codex's login.
    OPENAI_ADDRESS = "openai_address"
    #: A shell function named codex; no file is written.
    SHELL_FUNCTION = "shell_function"
    #: OPENAI_BASE_URL and OPENAI_API_KEY.
    ENVIRONMENT = "environment"


class RouteReason(StrEnum):
    """Why a way is the best; in words for the translations."""

    #: Codex is set up that way already.
    ALREADY = "already"
    #: It works with every version, in every window, in scripts and editors.
    EVERYWHERE = "everywhere"
    #: config.toml names another provider, which stays as it is.
    OTHER_PROVIDER = "other_provider"
    #: No Codex was found: the way that works with whichever gets installed.
    NO_CODEX = "no_codex"


@dataclass(frozen=True, slots=True)
class RouteAdvice:
    """What fits.

    Attributes:
        best: the way to take.
        why: for that.
        possible: all ways that work with this version, the best first.
        notes: what to know and to do, the weightiest first.
    """

    best: Route
    why: RouteReason
    possible: tuple[Route, ...]
    notes: tuple[SetupNote, ...]


def possible_routes(version: CodexVersion | None) -> tuple[Route, ...]:
    """The ways that work with a version of Codex; None: it is not known."""
    ways = [Route.OWN_PROVIDER]
    if version is not None and version >= _ADDRESS_FROM:
        ways.append(Route.OPENAI_ADDRESS)
    ways.append(Route.SHELL_FUNCTION)
    if version is not None and version < _ADDRESS_FROM:
        ways.append(Route.ENVIRONMENT)
    return tuple(ways)


def advise(facts: CodexFacts) -> RouteAdvice:
    """The way that fits what was found."""
    version = facts.install.version if facts.install else None
    ways = possible_routes(version)
    best, why = _best(facts, ways)
    return RouteAdvice(best, why, (best, *(way for way in ways if way is not best)), ())


def _best(facts: CodexFacts, ways: tuple[Route, ...]) -> tuple[Route, RouteReason]:
    config = facts.config
    if config.leads_here and config.problem is None:
        return (Route.OPENAI_ADDRESS if config.provider == "openai" else Route.OWN_PROVIDER), RouteReason.ALREADY
    if facts.environment_leads_here and Route.ENVIRONMENT in ways:
        return Route.ENVIRONMENT, RouteReason.ALREADY
    if facts.install is None:
        return Route.OWN_PROVIDER, RouteReason.NO_CODEX
    if config.provider not in (None, "openai", "waystation"):
        return Route.SHELL_FUNCTION, RouteReason.OTHER_PROVIDER
    return Route.OWN_PROVIDER, RouteReason.EVERYWHERE
