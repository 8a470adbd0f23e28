"""`setup codex`: what there is of Codex on this computer, which way fits and why, and the text for a shell.

The text goes to standard output, so that it can be sourced, and all else beside it to standard error.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from app.commandline.delivery import Deliver
from app.core.errors import InvalidInput
from app.platform.client_address import client_url
from app.platform.codex_config import edited
from app.platform.codex_config_findings import OwnProvider
from app.platform.codex_facts import CodexFacts, look_at_codex
from app.platform.codex_notes import (
    CodexVersion,
    SetupNote,
    environment_notes,
    license_notes,
    login_notes,
    parse_codex_version,
    setup_notes,
)
from app.platform.codex_route import (
    RouteAdvice,
    RouteReason,
    advise,
    possible_routes,
    reason_text,
    refusal_text,
    route_text,
)
from app.platform.codex_setup import environment_text, license_text, login_text, setup_text
from app.platform.codex_steps import guide_steps
from app.platform.codex_ways import Route
from app.platform.shells import Shell, default_shell


def setup_codex(arguments: argparse.Namespace, deliver: Deliver, environ: Mapping[str, str]) -> int:
    """Print it; returns the exit code.

    Raises:
        WaystationError: it cannot be done.
    """
    given = _given_version(arguments)
    host, port = arguments.host, arguments.port
    if host is None or port is None:
        status = deliver("status", {})
        host = host or status["client_host"]
        port = port or status["port"]
    base_url = client_url(host.strip("[]"), port)
    # With an address of its own, the text is for another computer.
    facts = None if arguments.host else asyncio.run(look_at_codex(environ, _home(), base_url))
    if arguments.json:
        print(json.dumps(_data(facts), indent=2))
        return 0
    version = given or (facts.version if facts else None)
    shell = Shell(arguments.shell) if arguments.shell else default_shell(sys.platform, environ.get("SHELL", ""))
    route = Route(arguments.route or Route.SHELL_FUNCTION)
    key = arguments.license or deliver("license.default", {})["key"]
    text = _text(route, shell, base_url, key, lasting=arguments.lasting)
    if facts:
        for line in _found(facts):
            print(f"found: {line}", file=sys.stderr)
        for line in _advised(facts, advise(facts)):
            print(line, file=sys.stderr)
    # The text has the line ends of its shell already; Windows' text streams would add to them.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(newline="")
    sys.stdout.write(text)
    if route is Route.OWN_PROVIDER:
        print("note: Codex's config.toml needs this, which waystation setup codex --write puts in:", file=sys.stderr)
        print(edited(None, OwnProvider(base_url)).after.decode(), end="", file=sys.stderr)
    if (given or facts) and (refusal := refusal_text(route, version)):
        print(f"note: {refusal}", file=sys.stderr)
    if route is Route.ENVIRONMENT:
        for number, step in enumerate(guide_steps(shell, base_url, key, version), 1):
            print(f"step {number}: {step.text}", file=sys.stderr)
    in_file = facts is not None and facts.license_variable.in_file
    for note in _notes(route, shell, version, lasting=arguments.lasting, in_file=in_file):
        _print_note(note)
    return 0


def _text(route: Route, shell: Shell, base_url: str, key: str, *, lasting: bool) -> str:
    match route:
        case Route.OWN_PROVIDER:
            return license_text(shell, base_url, key, lasting=lasting)
        case Route.OPENAI_ADDRESS:
            return login_text(shell, key)
        case Route.SHELL_FUNCTION:
            return setup_text(shell, base_url, key, lasting=lasting)
        case Route.ENVIRONMENT:
            return environment_text(shell, base_url, key, lasting=lasting)


def _notes(
    route: Route, shell: Shell, version: CodexVersion | None, *, lasting: bool, in_file: bool
) -> tuple[SetupNote, ...]:
    match route:
        case Route.OWN_PROVIDER:
            return license_notes(shell, lasting=lasting, license_in_file=in_file)
        case Route.OPENAI_ADDRESS:
            return login_notes()
        case Route.SHELL_FUNCTION:
            return setup_notes(shell, version, lasting=lasting, license_in_file=in_file)
        case Route.ENVIRONMENT:
            return environment_notes(shell, version, lasting=lasting)


def _found(facts: CodexFacts) -> Iterator[str]:
    if facts.install:
        yield f"Codex {_dotted(facts.install.version)}: {facts.install.path}"
    for other in facts.others:
        yield f"another one, {_dotted(other.version)}: {other.path}"
    for seen in facts.wsl:
        inside = f"Codex {_dotted(seen.version)}: {seen.path}" if seen.path else "no Codex seen"
        yield f"in WSL, {seen.distribution}: {inside if seen.running else 'not running, not looked into'}"
    if facts.in_wsl:
        yield f"this is WSL ({facts.in_wsl}); Codex in Windows has settings of its own"
    if facts.home_from_variable:
        yield f"CODEX_HOME: {facts.codex_home}"
    config = facts.config
    if config.problem:
        yield config.problem
    elif config.exists:
        leads = "leads here" if config.leads_here else f"goes to {config.address or 'its usual address'}"
        yield f"{config.path}: provider {config.provider}, {leads}"
    for proxy in facts.proxies:
        yield f"{proxy.name}={proxy.value}"


def _advised(facts: CodexFacts, advice: RouteAdvice) -> Iterator[str]:
    if facts.config.problem:
        yield "advice: Correct config.toml first; nothing can be written into it before."
    else:
        yield f"advice: {advice.best}. {route_text(advice.best)} {reason_text(advice.why)}"
    if advice.why is RouteReason.ALREADY:
        yield "      waystation doctor"
    elif advice.best in (Route.OWN_PROVIDER, Route.OPENAI_ADDRESS) and not facts.config.problem:
        yield f"      waystation setup codex --write --route {advice.best}"
    yield f"also possible: {', '.join(route for route in advice.possible if route is not advice.best)}"
    for note in advice.notes:
        yield f"note: {note.text}"
        if note.command:
            yield f"      {note.command}"


def _data(facts: CodexFacts | None) -> dict[str, Any]:
    """All without secrets."""
    if facts is None:
        raise InvalidInput("--json tells of this computer. Leave --host out.")
    advice = advise(facts)
    return {
        **facts.as_data(),
        "route": advice.best.value,
        "why": advice.why.value,
        "routes": {
            route.value: {
                "possible": route in possible_routes(facts.version),
                "text": route_text(route),
                "refusal": refusal_text(route, facts.version),
            }
            for route in Route
        },
        "notes": [{"code": note.code.value, "text": note.text, "command": note.command} for note in advice.notes],
    }


def _given_version(arguments: argparse.Namespace) -> CodexVersion | None:
    if arguments.codex_version is None:
        return None
    version = parse_codex_version(arguments.codex_version)
    if version is None:
        raise InvalidInput(f"{arguments.codex_version!r} is no version of Codex; it looks like 0.169.0.")
    return version


def _print_note(note: SetupNote) -> None:
    print(f"note: {note.text}", file=sys.stderr)
    if note.command:
        print(f"      {note.command}", file=sys.stderr)


def _dotted(version: CodexVersion | None) -> str:
    return ".".join(map(str, version)) if version else "of an unknown version"


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError:
        raise InvalidInput("This user has no home folder, and so no files of Codex.") from None
