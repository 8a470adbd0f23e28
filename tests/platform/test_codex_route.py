"""Which way is advised for what was found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from app.platform.codex_facts import CodexFacts, ConfigSeen, ProxySeen, SavedLogin, VariableSeen
from app.platform.codex_install import CodexInstall
from app.platform.codex_notes import NoteCode
from app.platform.codex_route import RouteReason, advise, possible_routes, reason_text, refusal_text, route_text
from app.platform.codex_ways import Route
from app.platform.codex_wsl import WslCodex

HOME = Path("/home/u/.codex")
CONFIG = ConfigSeen(HOME / "config.toml", False, "openai", False, None, None)
NOTHING = CodexFacts(
    None, (), HOME, False, CONFIG, SavedLogin.NONE, (), True, VariableSeen("WAYSTATION_LICENSE", False, False)
)
OWN, ADDRESS, FUNCTION, PAIR = Route.OWN_PROVIDER, Route.OPENAI_ADDRESS, Route.SHELL_FUNCTION, Route.ENVIRONMENT


def with_codex(version: tuple[int, int, int] | None) -> CodexFacts:
    return replace(NOTHING, install=CodexInstall(Path("/usr/bin/codex"), version))


def codes(facts: CodexFacts) -> list[NoteCode]:
    return [note.code for note in advise(facts).notes]


@pytest.mark.parametrize(
    ("version", "ways"),
    [
        ((0, 42, 0), (OWN, FUNCTION, PAIR)),
        ((0, 118, 0), (OWN, FUNCTION, PAIR)),
        ((0, 120, 0), (OWN, ADDRESS, FUNCTION)),
        ((0, 169, 0), (OWN, ADDRESS, FUNCTION)),
        (None, (OWN, FUNCTION)),
    ],
)
def test_the_ways_that_work_with_a_version(version: tuple[int, int, int] | None, ways: tuple[Route, ...]) -> None:
    assert possible_routes(version) == ways
    for route in Route:
        assert (refusal_text(route, version) is None) is (route in ways)


@pytest.mark.parametrize("version", [(0, 42, 0), (0, 100, 0), (0, 169, 0)])
def test_our_own_provider_is_the_usual_way(version: tuple[int, int, int]) -> None:
    advice = advise(with_codex(version))
    assert (advice.best, advice.why, advice.notes) == (OWN, RouteReason.EVERYWHERE, ())
    assert advice.possible == possible_routes(version)


def test_a_version_that_is_not_told_gets_what_works_with_all() -> None:
    assert (advise(with_codex(None)).best, advise(with_codex(None)).why) == (OWN, RouteReason.UNKNOWN_VERSION)


def test_without_codex_it_is_to_be_installed_first() -> None:
    advice = advise(NOTHING)
    assert (advice.best, advice.why) == (OWN, RouteReason.NO_CODEX)
    assert [note.code for note in advice.notes] == [NoteCode.NOT_INSTALLED]
    assert advice.notes[0].command == "npm install -g @openai/codex"


def test_a_provider_of_the_users_own_is_left_as_it_is() -> None:
    facts = replace(with_codex((0, 169, 0)), config=replace(CONFIG, provider="azure"))
    advice = advise(facts)
    assert (advice.best, advice.why) == (FUNCTION, RouteReason.OTHER_PROVIDER)
    assert advice.possible[0] is FUNCTION
    assert set(advice.possible) == set(possible_routes((0, 169, 0)))


@pytest.mark.parametrize(("provider", "best"), [("waystation", OWN), ("my-own-name", OWN), ("openai", ADDRESS)])
def test_what_leads_here_already_stays(provider: str, best: Route) -> None:
    advice = advise(replace(with_codex((0, 169, 0)), config=replace(CONFIG, provider=provider, leads_here=True)))
    assert (advice.best, advice.why) == (best, RouteReason.ALREADY)


@pytest.mark.parametrize(
    ("version", "provider", "best"),
    [((0, 100, 0), "openai", PAIR), ((0, 169, 0), "openai", OWN), ((0, 100, 0), "azure", FUNCTION)],
)
def test_the_pair_that_is_set_counts_where_codex_reads_it(
    version: tuple[int, int, int], provider: str, best: Route
) -> None:
    facts = replace(with_codex(version), environment_leads_here=True, config=replace(CONFIG, provider=provider))
    assert advise(facts).best is best


def test_a_license_saved_for_an_older_codex_is_said_to_leave() -> None:
    facts = replace(with_codex((0, 169, 0)), login=SavedLogin.API_KEY, environment_leads_here=True)
    assert codes(facts) == [NoteCode.SAVED_KEY_LEAVES]
    assert codes(replace(facts, environment_leads_here=False)) == []
    assert codes(replace(facts, install=CodexInstall(Path("/c"), (0, 100, 0)))) == []
    assert codes(replace(facts, config=replace(CONFIG, leads_here=True))) == []


def test_what_stands_in_the_way_is_said_the_weightiest_first() -> None:
    broken = ConfigSeen(HOME / "config.toml", True, None, False, None, "broken at line 3")
    facts = replace(
        with_codex((0, 41, 0)),
        config=broken,
        others=(CodexInstall(Path("/c"), None),),
        proxies=(ProxySeen("http_proxy", "http://p"),),
        proxy_bypassed=False,
        wsl=(WslCodex("Debian", None, None, running=False),),
    )
    assert codes(facts) == [
        NoteCode.TOO_OLD,
        NoteCode.CONFIG_BROKEN,
        NoteCode.PROXY_BETWEEN,
        NoteCode.SEVERAL,
        NoteCode.IN_WSL,
    ]


def test_the_function_goes_past_the_proxy_by_itself() -> None:
    facts = replace(with_codex((0, 169, 0)), config=replace(CONFIG, provider="azure"), proxy_bypassed=False)
    assert codes(facts) == []


def test_everything_has_its_sentence() -> None:
    assert len({route_text(route) for route in Route}) == len(Route)
    assert len({reason_text(why) for why in RouteReason}) == len(RouteReason)
