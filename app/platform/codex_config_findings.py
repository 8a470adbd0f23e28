"""What may be written into Codex's config.toml, and what in the user's files would override it. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

from app.platform.codex_config_text import CodexConfigBroken, Path, config_values, decoded, value_at
from app.platform.codex_setup import LICENSE_VARIABLE, PROVIDER
from app.platform.redaction import without_secrets

_PROVIDER: Path = ("model_provider",)
_ADDRESS: Path = ("openai_base_url",)


@dataclass(frozen=True, slots=True)
class OwnProvider:
    """Codex asks a provider of our own.

    Attributes:
        base_url: such as `http://127.0.0.1:8787/codex/v1`.
        license_key: goes into the file; Codex 0.45 sends none from there, 0.100 does. None: it is in the variable.
        variable: of the environment.
    """

    base_url: str
    license_key: str | None = field(default=None, repr=False)
    variable: str = LICENSE_VARIABLE


@dataclass(frozen=True, slots=True)
class OpenAIAddress:
    """Codex's own provider at our address, with the login that Codex has saved."""

    base_url: str


Wanted: TypeAlias = OwnProvider | OpenAIAddress


class FindingCode(StrEnum):
    """Names a finding for the translations."""

    #: `profile` chooses a profile with a provider of its own.
    PROFILE_CHOSEN = "profile_chosen"
    #: There is such a profile, and `--profile` can choose it.
    PROFILE = "profile"
    #: There is a profile file with a provider or an address of its own.
    PROFILE_FILE = "profile_file"
    #: `model_provider` names another provider, so that `openai_base_url` is not read.
    OTHER_PROVIDER = "other_provider"
    #: After undoing, a profile still names our provider.
    STILL_NAMED = "still_named"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in the user's files that we do not change; `where` is a key or a file's name, `value` what it says."""

    code: FindingCode
    where: str
    value: str


def profile_findings(values: Mapping[str, Any], wanted: Wanted) -> tuple[Finding, ...]:
    """What in config.toml itself keeps Codex from using ours."""
    found = []
    provider = values.get("model_provider")
    if isinstance(wanted, OpenAIAddress) and isinstance(provider, str) and provider != "openai":
        found.append(Finding(FindingCode.OTHER_PROVIDER, "model_provider", provider))
    for name, profile in _profiles(values).items():
        named = value_at(profile, _PROVIDER)
        if isinstance(named, str) and named != _right_provider(wanted):
            code = FindingCode.PROFILE_CHOSEN if values.get("profile") == name else FindingCode.PROFILE
            found.append(Finding(code, f"profiles.{name}", named))
    return tuple(found)


def file_findings(files: Mapping[str, bytes], wanted: Wanted) -> tuple[Finding, ...]:
    """Which profile files, by their names, keep Codex from using ours when they are chosen."""
    found = []
    for name, data in sorted(files.items()):
        try:
            values = config_values(decoded(data))
        except CodexConfigBroken:
            # Codex says so itself when it is asked for that profile.
            continue
        provider, address = value_at(values, _PROVIDER), value_at(values, _ADDRESS)
        if isinstance(provider, str) and provider != _right_provider(wanted):
            found.append(Finding(FindingCode.PROFILE_FILE, name, provider))
        elif isinstance(wanted, OpenAIAddress) and isinstance(address, str):
            found.append(Finding(FindingCode.PROFILE_FILE, name, without_secrets(address)))
    return tuple(found)


def _right_provider(wanted: Wanted) -> str:
    return PROVIDER if isinstance(wanted, OwnProvider) else "openai"


def _profiles(values: Mapping[str, Any]) -> Mapping[str, Any]:
    profiles = values.get("profiles")
    return profiles if isinstance(profiles, dict) else {}


def still_naming_us(values: Mapping[str, Any]) -> tuple[Finding, ...]:
    """What still asks for our provider."""
    found = [
        Finding(FindingCode.STILL_NAMED, f"profiles.{name}", PROVIDER)
        for name, profile in _profiles(values).items()
        if value_at(profile, _PROVIDER) == PROVIDER
    ]
    if values.get("model_provider") == PROVIDER:
        found.append(Finding(FindingCode.STILL_NAMED, "model_provider", PROVIDER))
    return tuple(found)
