"""Which way of setting Codex up fits what was found on this computer, and why. No I/O.

There are four ways, measured with the real Codex CLI from 0.42 to 0.169; `codex_facts` finds out what is there.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from app.platform.codex_config_seen import SavedLogin
from app.platform.codex_notes import CodexVersion, SetupNote, route_notes
from app.platform.codex_setup import PROVIDER
from app.platform.codex_ways import Route

if TYPE_CHECKING:
    from app.platform.codex_facts import CodexFacts

_FIRST_TRIED: CodexVersion = (0, 42, 0)
_ADDRESS_FROM: CodexVersion = (0, 120, 0)
"""`openai_base_url` is read from here on, and OPENAI_BASE_URL no more (there was no 0.119)."""


class RouteReason(StrEnum):
    """Why a way is the best; in words for the translations."""

    #: Codex is set up that way already.
    ALREADY = "already"
    #: It works with every version, in every window, in scripts and editors.
    EVERYWHERE = "everywhere"
    #: The same, and nothing is known of the version.
    UNKNOWN_VERSION = "unknown_version"
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
    """The ways that work with a version of Codex; None: it is not known, or there is none."""
    ways = [Route.OWN_PROVIDER]
    if version is not None and version >= _ADDRESS_FROM:
        ways.append(Route.OPENAI_ADDRESS)
    ways.append(Route.SHELL_FUNCTION)
    if version is not None and version < _ADDRESS_FROM:
        ways.append(Route.ENVIRONMENT)
    return tuple(ways)


def advise(facts: CodexFacts) -> RouteAdvice:
    """The way that fits what was found."""
    ways = possible_routes(facts.version)
    best, why = _best(facts, ways)
    config = facts.config
    saved_key = facts.login is SavedLogin.API_KEY and not (config.provider == "openai" and config.leads_here)
    notes = route_notes(
        installed=facts.install is not None,
        several=bool(facts.others),
        broken=config.problem is not None,
        proxied=not facts.proxy_bypassed and best is not Route.SHELL_FUNCTION,
        # A key of OpenAI's own may be meant to go there: it leaves only where it was meant for us.
        key_leaves=saved_key and facts.environment_leads_here and Route.ENVIRONMENT not in ways,
        too_old=facts.version is not None and facts.version < _FIRST_TRIED,
        in_wsl=bool(facts.wsl),
    )
    return RouteAdvice(best, why, (best, *(way for way in ways if way is not best)), notes)


def route_text(route: Route) -> str:
    """What a way does, in a sentence."""
    match route:
        case Route.OWN_PROVIDER:
            return (
                "A model provider of Waystation's own in Codex's config.toml: in every window, in scripts and editors, "
                "and your login in Codex stays."
            )
        case Route.OPENAI_ADDRESS:
            return (
                "openai_base_url in Codex's config.toml, and the license saved as Codex's login: codex resume goes on "
                "listing your earlier conversations, and the login that Codex has now is replaced."
            )
        case Route.SHELL_FUNCTION:
            return "A function named codex in your shell: it changes no file of Codex's, and holds in that shell only."
        case Route.ENVIRONMENT:
            return "OPENAI_BASE_URL and OPENAI_API_KEY, as the users' guide has it, for Codex up to 0.118."


def reason_text(why: RouteReason) -> str:
    """Why a way is the best, in a sentence."""
    match why:
        case RouteReason.ALREADY:
            return "Codex is set up this way already."
        case RouteReason.EVERYWHERE:
            return "It works with this version, and in every window."
        case RouteReason.UNKNOWN_VERSION:
            return "Codex does not tell its version; this way works with every one that was tried, 0.42 to 0.169."
        case RouteReason.OTHER_PROVIDER:
            return "Your config.toml names another model provider, and this way leaves it as it is."
        case RouteReason.NO_CODEX:
            return "No Codex was found; this way works with every version that was tried, 0.42 to 0.169."


def refusal_text(route: Route, version: CodexVersion | None) -> str | None:
    """Why a way is not possible with a version, in a sentence; None: it is."""
    if route in possible_routes(version):
        return None
    if version is None:
        return "It does not work with every version, and this one is not known."
    if route is Route.OPENAI_ADDRESS:
        return "Codex reads openai_base_url only from 0.120 on."
    return (
        "From 0.120 on Codex ignores OPENAI_BASE_URL, and sends your requests, and a key saved from OPENAI_API_KEY, to "
        "api.openai.com."
    )


def _best(facts: CodexFacts, ways: tuple[Route, ...]) -> tuple[Route, RouteReason]:
    config = facts.config
    if config.leads_here:
        return (Route.OPENAI_ADDRESS if config.provider == "openai" else Route.OWN_PROVIDER), RouteReason.ALREADY
    # The variable counts only for Codex's own provider.
    if facts.environment_leads_here and Route.ENVIRONMENT in ways and config.provider == "openai":
        return Route.ENVIRONMENT, RouteReason.ALREADY
    if facts.install is None:
        return Route.OWN_PROVIDER, RouteReason.NO_CODEX
    if config.provider not in (None, "openai", PROVIDER):
        return Route.SHELL_FUNCTION, RouteReason.OTHER_PROVIDER
    return Route.OWN_PROVIDER, RouteReason.EVERYWHERE if facts.version else RouteReason.UNKNOWN_VERSION
