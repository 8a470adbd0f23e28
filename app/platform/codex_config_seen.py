"""What Codex's config.toml and auth.json say about where Codex goes. Nothing is changed, and no secret is kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from app.platform.codex_config_file import CodexConfigUnreadable, read_config
from app.platform.codex_config_text import CodexConfigBroken, config_values, decoded, value_at
from app.platform.codex_notes import CodexVersion
from app.platform.redaction import without_secrets

#: Up to 0.120 `profile` chooses one of `profiles`; 0.140 refuses to start with it. Between them was not tried.
_PROFILES_UNTIL: CodexVersion = (0, 140, 0)
_ADDRESS_FROM: CodexVersion = (0, 120, 0)
_OPENAI = "openai"


@dataclass(frozen=True, slots=True)
class ConfigSeen:
    """What config.toml says.

    Attributes:
        path: of the file.
        exists: whether there is one.
        provider: the one in use; `openai` is Codex's own. None: the file cannot be read.
        leads_here: whether that provider's address is the gateway's.
        address: of that provider, without secrets; None: the file names none.
        problem: why it cannot be read, with its line; None: it can.
        broken_line: at which it is no TOML; None: at none, or nobody knows.
    """

    path: Path
    exists: bool
    provider: str | None
    leads_here: bool
    address: str | None
    problem: str | None
    broken_line: int | None = None


class SavedLogin(StrEnum):
    """What `codex login` has left."""

    NONE = "none"
    CHATGPT = "chatgpt"
    API_KEY = "api_key"
    #: Codex is told to keep it in the system's keyring, which we do not open.
    KEYRING = "keyring"


def config_seen(path: Path, base_url: str, version: CodexVersion | None) -> tuple[ConfigSeen, SavedLogin]:
    """What config.toml says, and the login in the folder beside it. Blocks. Never raises.

    Args:
        path: of config.toml.
        base_url: of the gateway.
        version: of the Codex that reads it; None: it is not known.
    """
    values: Mapping[str, Any] = {}
    exists, problem, line = True, None, None
    try:
        data = read_config(path)
        exists = data is not None
        values = config_values(decoded(data or b""))
    except (CodexConfigBroken, CodexConfigUnreadable) as error:
        problem = str(error).replace(" and try again; nothing was changed.", ".")
        line = error.details.get("line")
    login = _login(path.with_name("auth.json"), values)
    if problem is not None:
        return ConfigSeen(path, exists, None, False, None, problem, line if isinstance(line, int) else None), login
    provider = _provider(values, version)
    address = _address(values, provider, version)
    leads_here = address is not None and same_address(address, base_url)
    shown = without_secrets(address) if address else None
    return ConfigSeen(path, exists, provider, leads_here, shown, None), login


def same_address(one: str, other: str) -> bool:
    """Whether two addresses lead to the same place; `localhost` is 127.0.0.1."""
    try:
        return _plain(one) == _plain(other)
    except ValueError:
        return False


def _plain(address: str) -> tuple[str, str, int | None, str]:
    parts = urlsplit(address)
    host = (parts.hostname or "").lower()
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, "127.0.0.1" if host == "localhost" else host, port, parts.path.rstrip("/")


def _provider(values: Mapping[str, Any], version: CodexVersion | None) -> str:
    chosen = values.get("profile")
    if isinstance(chosen, str) and (version is None or version < _PROFILES_UNTIL):
        named = value_at(values, ("profiles", chosen, "model_provider"))
        if isinstance(named, str):
            return named
    named = values.get("model_provider")
    return named if isinstance(named, str) else _OPENAI


def _address(values: Mapping[str, Any], provider: str, version: CodexVersion | None) -> str | None:
    if provider != _OPENAI:
        address = value_at(values, ("model_providers", provider, "base_url"))
    elif version is None or version >= _ADDRESS_FROM:
        address = values.get("openai_base_url")
    else:
        address = None
    return address if isinstance(address, str) else None


def _login(path: Path, values: Mapping[str, Any]) -> SavedLogin:
    store = values.get("cli_auth_credentials_store")
    try:
        data = read_config(path)
        found = json.loads(data) if data is not None and store != "keyring" else None
    except (CodexConfigUnreadable, ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        return SavedLogin.KEYRING if store in ("keyring", "auto") else SavedLogin.NONE
    # Where both are, Codex takes the key, unless the newer field says which.
    if found.get("auth_mode") != "chatgpt" and found.get("OPENAI_API_KEY"):
        return SavedLogin.API_KEY
    return SavedLogin.CHATGPT if found.get("tokens") else SavedLogin.NONE
