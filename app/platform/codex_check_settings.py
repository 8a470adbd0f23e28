"""Where Codex's settings lead, and what it would show there as its license. Files are read, nothing is changed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from app.platform.codex_check_report import CheckCode
from app.platform.codex_config_file import CodexConfigUnreadable, read_config
from app.platform.codex_config_text import CodexConfigBroken, config_values, decoded
from app.platform.codex_env_file import env_values
from app.platform.codex_facts import CodexFacts, SavedLogin
from app.platform.codex_setup import LICENSE_VARIABLE
from app.platform.codex_write_checks import FORCED_LOGIN

#: From here on `openai_base_url` is read, and OPENAI_BASE_URL no more; see `codex_notes`.
_IGNORES_ENVIRONMENT = (0, 120, 0)
#: From here on Codex removes a login that is not the forced one; see `codex_write_checks`. 0.45 does not.
_FORCES_LOGIN = (0, 46, 0)
#: From here on Codex refuses a `profile` in config.toml, and profiles are files of their own.
_PROFILES_ARE_FILES = (0, 140, 0)
_MOST_BYTES = 1 << 20
WRITE = "waystation setup codex --write"
"""Writes Codex's files."""

_ADDRESS = re.compile(r"https?://[^\s'\"(){}<>,;]+")
_PROFILE_FLAG = re.compile(r"(?:^|\s)(?:-p|--profile)[\s=]+['\"]?([\w.-]+)")
#: Files in which a variable may be set for the user's shells, below the home folder.
_SHELL_FILES = (
    ".bashrc",
    ".bash_profile",
    ".profile",
    ".zshrc",
    ".zprofile",
    ".zshenv",
    ".zlogin",
    ".config/fish/config.fish",
    "Documents/PowerShell/Microsoft.PowerShell_profile.ps1",
    "Documents/WindowsPowerShell/Microsoft.PowerShell_profile.ps1",
)


@dataclass(frozen=True, slots=True)
class Lead:
    """Where a request would go; or, with `code`, what is wrong before any address matters.

    Attributes:
        address: the base address.
        provider: Codex's name of who is asked.
        profile: that has chosen the provider, if one has.
        by_function: the shell's function of that name sets everything, the license and NO_PROXY included.
        code, values: what is wrong, with what its words name.
        key: the license, where it can be read without a secret store; None: it shows only when Codex runs.
        key_file: where the license stands, if Waystation may have put it there.
    """

    address: str = ""
    provider: str = ""
    profile: str = ""
    by_function: bool = False
    code: CheckCode | None = None
    values: Mapping[str, str] | None = None
    key: str | None = field(default=None, repr=False)
    key_file: Path | None = None

    @property
    def write_command(self) -> str:
        """What writes Codex's files again, in the way that they go now."""
        return WRITE if self.provider != "openai" else f"{WRITE} --route openai_address"


def codex_environment(environ: Mapping[str, str], codex_home: Path) -> dict[str, str]:
    """What Codex has for an environment, once it has read `$CODEX_HOME/.env`.

    Measured with 0.42, 0.45 and 0.169: what stands there wins, for proxies as well as for keys. Names that begin with
    CODEX_ are not taken from there.
    """
    try:
        found = env_values(read_config(codex_home / ".env"))
    except CodexConfigUnreadable:
        return dict(environ)
    return {**environ, **{name: value for name, value in found.items() if not name.upper().startswith("CODEX_")}}


def lead(facts: CodexFacts, environ: Mapping[str, str], home: Path, *, meaning: str = "") -> Lead:
    """Where Codex would go.

    Args:
        facts: of this computer; the version of Codex is known.
        environ: that Codex has; see `codex_environment`.
        home: the user's home folder.
        meaning: the text of the shell's function `codex`, or empty.
    """
    if (named := _ADDRESS.search(meaning)) and "base_url" in meaning:
        # What stands in the .env wins over what the function sets.
        key_file = facts.codex_home / ".env" if facts.license_variable.in_file else None
        found = Lead(named[0].rstrip("/"), "waystation", by_function=True, key_file=key_file)
        try:
            return _with_forced_login(found, facts, _values(facts.config.path))
        except (OSError, CodexConfigBroken):
            return found
    path = facts.config.path
    shown = str(path)
    try:
        values = _values(path)
    except OSError as error:
        why = error.strerror or type(error).__name__
        return Lead(code=CheckCode.CONFIG_UNREADABLE, values={"path": shown, "problem": why})
    except CodexConfigBroken as broken:
        return Lead(
            code=CheckCode.CONFIG_BROKEN, values={"path": shown, "line": str(broken.details.get("line") or "?")}
        )
    version = facts.version or (0, 0, 0)
    profile, values = _with_profile(values, facts.codex_home, version, meaning)
    provider = values.get("model_provider")
    if isinstance(provider, str) and provider != "openai":
        found = _own(facts, environ, home, values, provider, profile)
    else:
        found = _openai(facts, environ, values, profile, version)
    return _with_forced_login(found, facts, values)


def _with_forced_login(found: Lead, facts: CodexFacts, values: Mapping[str, Any]) -> Lead:
    forced = values.get(FORCED_LOGIN)
    version = facts.version or (0, 0, 0)
    if version >= _FORCES_LOGIN and found.address and _is_forced_out(found, facts.login, forced):
        return replace(found, code=CheckCode.FORCED_LOGIN, values={"value": str(forced)})
    return found


def _is_forced_out(found: Lead, login: SavedLogin, forced: object) -> bool:
    """Whether `forced_login_method` keeps the license, or another login that is saved, from being used."""
    if forced == "chatgpt":
        return login is SavedLogin.API_KEY or found.code in (CheckCode.KEY_NOT_SAVED, CheckCode.LOGIN_NOT_LICENSE)
    return forced == "api" and login is SavedLogin.CHATGPT


def _own(
    facts: CodexFacts, environ: Mapping[str, str], home: Path, values: Mapping[str, Any], provider: str, profile: str
) -> Lead:
    table = _table(_table(values, "model_providers"), provider)
    address = table.get("base_url")
    address = address.rstrip("/") if isinstance(address, str) else ""
    code: CheckCode | None = None
    named: dict[str, str] = {}
    variable = table.get("env_key")
    bearer = table.get("experimental_bearer_token")
    key = bearer if isinstance(bearer, str) and bearer else None
    key_file = None
    if isinstance(variable, str):
        file = facts.codex_home / ".env"
        key_file = file if variable == LICENSE_VARIABLE and facts.license_variable.in_file else None
        key = environ.get(variable, "").strip() or None
        if key is None:
            where = where_set(variable, home)
            code = CheckCode.VARIABLE_NOT_HERE if where else CheckCode.VARIABLE_MISSING
            named = {"variable": variable, "path": str(where or "")}
    elif table.get("requires_openai_auth") is True:
        code = _login_problem(facts, environ)
    return Lead(address, provider, profile, code=code, values=named, key=key, key_file=key_file)


def _openai(
    facts: CodexFacts, environ: Mapping[str, str], values: Mapping[str, Any], profile: str, version: tuple[int, ...]
) -> Lead:
    ignored = version >= _IGNORES_ENVIRONMENT
    told = environ.get("OPENAI_BASE_URL", "").strip()
    address = values.get("openai_base_url") if ignored else told
    if not isinstance(address, str) or not address:
        if told and ignored:
            text = ".".join(map(str, version))
            return Lead("", "openai", code=CheckCode.ENVIRONMENT_IGNORED, values={"version": text})
        return Lead("", "openai", profile, code=CheckCode.NOT_SET_UP)
    key_file = facts.codex_home / "auth.json" if facts.login is SavedLogin.API_KEY else None
    return Lead(address.rstrip("/"), "openai", profile, code=_login_problem(facts, environ), key_file=key_file)


def _login_problem(facts: CodexFacts, environ: Mapping[str, str]) -> CheckCode | None:
    if environ.get("CODEX_API_KEY", "").strip():
        # `codex exec` prefers it.
        return None
    if facts.login is SavedLogin.NONE:
        return CheckCode.KEY_NOT_SAVED
    return CheckCode.LOGIN_NOT_LICENSE if facts.login is SavedLogin.CHATGPT else None


def _with_profile(
    values: Mapping[str, Any], codex_home: Path, version: tuple[int, ...], meaning: str
) -> tuple[str, Mapping[str, Any]]:
    """The profile that is in use, and the values with those of the profile put in."""
    asked = _PROFILE_FLAG.search(meaning)
    if version >= _PROFILES_ARE_FILES:
        name = asked[1] if asked else ""
        try:
            own = _values(codex_home / f"{name}.config.toml") if name else {}
        except (OSError, CodexConfigBroken):
            own = {}
    else:
        chosen = values.get("profile")
        name = asked[1] if asked else chosen if isinstance(chosen, str) else ""
        own = _table(_table(values, "profiles"), name)
    return (name if "model_provider" in own else ""), {**values, **own}


def _values(path: Path) -> Mapping[str, Any]:
    try:
        with path.open("rb") as file:
            return config_values(decoded(file.read(_MOST_BYTES)))
    except FileNotFoundError:
        return {}


def _table(values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = values.get(name)
    return found if isinstance(found, dict) else {}


def where_set(variable: str, home: Path) -> Path | None:
    """The file of the user's shells in which a variable is set; None: in none that is known."""
    return next((home / name for name in _SHELL_FILES if _value_in(home / name, variable) is not None), None)


def _value_in(path: Path, variable: str) -> str | None:
    """The value that a file gives to the variable, as bash, fish, PowerShell or a `.env` write it; None: none."""
    name = re.escape(variable)
    line = re.compile(
        rf"^[ \t]*(?:export[ \t]+|\$env:|set[ \t]+(?:-\w+[ \t]+)*)?{name}(?:[ \t]*=[ \t]*|[ \t]+)"
        r"(?:\"([^\"\r\n]+)\"|'([^'\r\n]+)'|([^\s'\"#]+))",
        re.MULTILINE | re.IGNORECASE,
    )
    try:
        with path.open("rb") as file:
            found = line.search(file.read(_MOST_BYTES).decode("utf-8", "replace"))
    except OSError:
        return None
    return next((value for value in found.groups() if value), None) if found else None


def is_same_address(one: str, other: str) -> bool:
    """Whether two base addresses are one: `localhost` is 127.0.0.1, and the two paths of the gateway are alike."""
    return _place(one) is not None and _place(one) == _place(other)


def _place(address: str) -> tuple[str, int] | None:
    try:
        parts = urlsplit(address)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return None
    host = (parts.hostname or "").rstrip(".")
    return ("127.0.0.1" if host in ("localhost", "::1") else host), port
