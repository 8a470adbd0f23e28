"""What was found of Codex, which way of setting it up fits, and why, in the user's words."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from app.desktop.codex_words import dotted
from app.desktop.design.colours import Tone
from app.platform.codex_advice import EnvironmentPair, what_follows
from app.platform.codex_facts import CodexFacts, ConfigSeen, SavedLogin, WslCodex
from app.platform.codex_route import RouteAdvice, RouteReason
from app.platform.codex_setup import PROVIDER
from app.platform.codex_ways import Route

#: A line: its symbol, its tone, and what it says.
Line = tuple[str, Tone, str]


def install_line(facts: CodexFacts) -> Line:
    """Whether there is a Codex, and which."""
    install = facts.install
    if install is None and any(item.path for item in facts.wsl):
        said = QCoreApplication.translate("CodexFacts", "Codex was found in WSL alone: {names}.")
        return "info", Tone.INFO, said.format(names=", ".join(item.distribution for item in facts.wsl if item.path))
    if install is None:
        return "info", Tone.WARNING, QCoreApplication.translate("CodexFacts", "Codex was not found on this computer.")
    if install.version is None:
        said = QCoreApplication.translate("CodexFacts", "Codex was found at {path}, but does not tell its version.")
        return "info", Tone.WARNING, said.format(path=install.path)
    version = dotted(install.version)
    if what_follows(install.version).pair is EnvironmentPair.TOO_OLD:
        said = QCoreApplication.translate(
            "CodexFacts", "Codex {version} was found at {path}. It is older than 0.42, and was not tried."
        )
        return "warning", Tone.WARNING, said.format(version=version, path=install.path)
    if what_follows(install.version).newer_than_tried:
        said = QCoreApplication.translate(
            "CodexFacts",
            "Codex {version} was found at {path}. It is newer than 0.169, the newest that Waystation was tried with.",
        )
        return "state-ready", Tone.POSITIVE, said.format(version=version, path=install.path)
    said = QCoreApplication.translate("CodexFacts", "Codex {version} was found at {path}.")
    return "state-ready", Tone.POSITIVE, said.format(version=version, path=install.path)


def destination_line(facts: CodexFacts, base_url: str) -> Line | None:
    """Where Codex goes now; None: nobody knows while there is none."""
    config = facts.config
    if config.problem is not None:
        return "warning", Tone.ERROR, _problem(config)
    if config.leads_here and lacks_license(facts):
        said = QCoreApplication.translate(
            "CodexFacts", "Its config.toml leads to this gateway, by openai_base_url, but Codex has no license yet."
        )
        return "warning", Tone.WARNING, said
    if config.leads_here:
        return "state-ready", Tone.POSITIVE, _leads_here(config)
    if config.provider == PROVIDER:
        said = QCoreApplication.translate(
            "CodexFacts", "Its config.toml leads to {address}, but the gateway is at {base_url} now."
        )
        return "warning", Tone.WARNING, said.format(address=config.address or "…", base_url=base_url)
    if config.provider not in (None, "openai"):
        said = QCoreApplication.translate("CodexFacts", "Its config.toml names another provider: {provider}.")
        return "info", Tone.INFO, said.format(provider=config.provider)
    if config.address is not None:
        said = QCoreApplication.translate("CodexFacts", "Its config.toml leads to {address}.")
        return "info", Tone.INFO, said.format(address=config.address)
    if facts.environment_leads_here:
        return _by_environment(facts)
    if facts.install is None:
        return None
    said = QCoreApplication.translate("CodexFacts", "It goes to OpenAI itself, unless a terminal says otherwise.")
    return "step-waiting", Tone.NEUTRAL, said


def lacks_license(facts: CodexFacts) -> bool:
    """Whether Codex would ask this gateway without a license: by openai_base_url it shows the login that it has."""
    own = facts.config.provider == "openai" and facts.config.leads_here
    return own and facts.login in (SavedLogin.NONE, SavedLogin.CHATGPT)


def advice_line(facts: CodexFacts, advice: RouteAdvice, *, can_write: bool, left: bool) -> str:
    """Which way fits, and why.

    Args:
        facts: what was found.
        advice: what follows from it.
        can_write: whether Codex's files may be written here.
        left: whether a command is still to be run.
    """
    if facts.config.problem is not None:
        return QCoreApplication.translate(
            "RouteAdvice", "Correct that file, then look again: nothing can be written into it before."
        )
    if left and lacks_license(facts):
        return QCoreApplication.translate("RouteAdvice", "One step is left: the command below saves the license.")
    match advice.why:
        case RouteReason.ALREADY if lacks_license(facts):
            return QCoreApplication.translate(
                "RouteAdvice", "Recommended: let Waystation write it. It then shows how to save the license, too."
            )
        case RouteReason.ALREADY:
            return QCoreApplication.translate("RouteAdvice", "Codex is set up. Check whether it gets an answer.")
        case RouteReason.NO_CODEX:
            return QCoreApplication.translate(
                "RouteAdvice",
                "Install it with this command, or with “brew install codex”, then look again. If it is installed in a "
                "place of its own, what is written below works all the same; for another computer, copy a text.",
            )
        case RouteReason.OTHER_PROVIDER:
            return QCoreApplication.translate(
                "RouteAdvice",
                "Recommended: the full set-up, copied into a terminal. It leaves the provider in config.toml as it is.",
            )
        case _ if not can_write:
            return QCoreApplication.translate("RouteAdvice", "Recommended: the full set-up, copied into a terminal.")
        case _ if advice.best is Route.OWN_PROVIDER:
            return QCoreApplication.translate(
                "RouteAdvice",
                "Recommended: let Waystation write it. It then works in every terminal, in scripts and in editors, "
                "with every Codex from 0.42 on.",
            )
        case _:
            said = QCoreApplication.translate("RouteAdvice", "Recommended: {way}.")
            return said.format(way=route_name(advice.best))


def route_name(route: Route) -> str:
    """A way of setting Codex up."""
    match route:
        case Route.OWN_PROVIDER:
            return QCoreApplication.translate("RouteAdvice", "a provider of its own in config.toml")
        case Route.OPENAI_ADDRESS:
            return QCoreApplication.translate("RouteAdvice", "openai_base_url in config.toml")
        case Route.SHELL_FUNCTION:
            return QCoreApplication.translate("RouteAdvice", "the full set-up, copied into a terminal")
        case Route.ENVIRONMENT:
            return QCoreApplication.translate("RouteAdvice", "the environment variables")


def mode_name(mode: Route) -> str:
    """Which of the two ways was written."""
    if mode is Route.OPENAI_ADDRESS:
        return "openai_base_url"
    return QCoreApplication.translate("RouteAdvice", "own provider")


def details(facts: CodexFacts) -> list[tuple[str, str]]:
    """All that was found, by name."""
    found: list[tuple[str, str]] = []
    others = [
        str(item.path) if item.version is None else f"{item.path} ({dotted(item.version)})" for item in facts.others
    ]
    if others:
        found.append((QCoreApplication.translate("CodexFacts", "Other Codex"), "\n".join(others)))
    if facts.wsl:
        found.append((QCoreApplication.translate("CodexFacts", "In WSL"), "\n".join(_in_wsl(facts))))
    if facts.in_wsl:
        found.append((QCoreApplication.translate("CodexFacts", "This is WSL"), facts.in_wsl))
    folder = str(facts.codex_home)
    if facts.home_from_variable:
        folder = QCoreApplication.translate("CodexFacts", "{folder} (from CODEX_HOME)").format(folder=folder)
    found.append((QCoreApplication.translate("CodexFacts", "Codex's folder"), folder))
    found.append((QCoreApplication.translate("CodexFacts", "config.toml"), _config(facts.config)))
    found.append((QCoreApplication.translate("CodexFacts", "Login"), _login(facts.login)))
    found.append((facts.license_variable.name, _variable(facts)))
    proxies = "\n".join(f"{proxy.name} = {proxy.value}" for proxy in facts.proxies)
    none = QCoreApplication.translate("CodexFacts", "none")
    if proxies and facts.proxy_bypassed:
        proxies += "\n" + QCoreApplication.translate("CodexFacts", "NO_PROXY exempts the gateway.")
    found.append((QCoreApplication.translate("CodexFacts", "Proxies"), proxies or none))
    return found


def _in_wsl(facts: CodexFacts) -> list[str]:
    return [f"{item.distribution}: {_of_distribution(item)}" for item in facts.wsl]


def _of_distribution(item: WslCodex) -> str:
    if item.path is not None:
        return item.path if item.version is None else f"{item.path} ({dotted(item.version)})"
    if not item.running:
        return QCoreApplication.translate("CodexFacts", "does not run now, so it was not looked at")
    return QCoreApplication.translate("CodexFacts", "no Codex")


def _leads_here(config: ConfigSeen) -> str:
    if config.provider == "openai":
        return QCoreApplication.translate("CodexFacts", "Its config.toml leads to this gateway, by openai_base_url.")
    return QCoreApplication.translate("CodexFacts", "Its config.toml leads to this gateway.")


def _by_environment(facts: CodexFacts) -> Line:
    version = facts.install.version if facts.install else None
    if version is not None and what_follows(version).pair is EnvironmentPair.IGNORED:
        said = QCoreApplication.translate(
            "CodexFacts", "OPENAI_BASE_URL leads here, but this Codex ignores it and goes to api.openai.com."
        )
        return "warning", Tone.WARNING, said
    said = QCoreApplication.translate("CodexFacts", "OPENAI_BASE_URL leads to this gateway.")
    return "state-ready", Tone.POSITIVE, said


def _problem(config: ConfigSeen) -> str:
    if config.broken_line is None:
        said = QCoreApplication.translate("CodexFacts", "Codex cannot read its config.toml: {problem}")
        return said.format(problem=config.problem)
    said = QCoreApplication.translate("CodexFacts", "Its config.toml is broken at line {line}: Codex does not start.")
    return said.format(line=config.broken_line)


def _config(config: ConfigSeen) -> str:
    if not config.exists:
        return QCoreApplication.translate("CodexFacts", "There is none yet.")
    if config.problem is not None:
        return _problem(config)
    said = QCoreApplication.translate("CodexFacts", "provider {provider}").format(provider=config.provider)
    return f"{said} · {config.address}" if config.address else said


def _login(login: SavedLogin) -> str:
    match login:
        case SavedLogin.NONE:
            return QCoreApplication.translate("CodexFacts", "none")
        case SavedLogin.CHATGPT:
            return QCoreApplication.translate("CodexFacts", "a ChatGPT login")
        case SavedLogin.API_KEY:
            return QCoreApplication.translate("CodexFacts", "an API key")
        case SavedLogin.KEYRING:
            return QCoreApplication.translate("CodexFacts", "in the system's keyring, which Waystation does not open")


def _variable(facts: CodexFacts) -> str:
    variable = facts.license_variable
    if variable.in_file:
        return QCoreApplication.translate("CodexFacts", "set in {path}").format(path=facts.codex_home / ".env")
    if variable.in_environment:
        return QCoreApplication.translate("CodexFacts", "set in this environment")
    return QCoreApplication.translate("CodexFacts", "not set")
