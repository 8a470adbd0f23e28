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
    #: `codex resume` lists only the conversations of the provider in use; `value` was it before.
    HISTORY_FILTERED = "history_filtered"
    #: A conversation stays with the provider that it was begun with.
    HISTORY_FORK = "history_fork"
    #: After undoing: the conversations that were begun through us.
    HISTORY_OURS = "history_ours"
    #: The ChatGPT login in the file `where` would be replaced; `value` is a place for a copy.
    LOGIN_REPLACED = "login_replaced"
    #: Nobody can see which login is in the system's keyring and would be replaced.
    LOGIN_HIDDEN = "login_hidden"
    #: A token follows the login that Codex will no longer renew.
    LOGIN_FOLLOWED = "login_followed"
    #: The license is still saved as Codex's API key.
    KEY_SAVED = "key_saved"
    #: A project's own configuration names another provider.
    PROJECT_FILE = "project_file"
    #: The configuration of whoever manages this computer does.
    MANAGED_FILE = "managed_file"
    #: Nobody knows whether this Codex reads `openai_base_url`.
    ADDRESS_NEEDS = "address_needs"
    #: NO_PROXY goes into the file `where`, with the host `value`.
    DIRECT_WRITTEN = "direct_written"
    #: `forced_login_method` keeps Codex from saving the license.
    FORCED_LOGIN = "forced_login"
    #: Codex's background server keeps the license of before until the command `value` is run.
    SERVER_KEEPS = "server_keeps"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in the user's files that we do not change; `where` is a key or a file's name, `value` what it says."""

    code: FindingCode
    where: str = ""
    value: str = ""

    @property
    def text(self) -> str:
        """What to know, in English."""
        return _TEXTS[self.code].format(where=self.where, value=self.value)


_TEXTS = {
    FindingCode.PROFILE_CHOSEN: "config.toml chooses a profile, and {where} names the provider {value}: Codex up to "
    "0.120 uses that one. Take model_provider out of the profile.",
    FindingCode.PROFILE: "{where} names the provider {value}: with that profile Codex up to 0.120 goes there.",
    FindingCode.PROFILE_FILE: "{where} names {value}: with that profile Codex goes there.",
    FindingCode.OTHER_PROVIDER: "{where} is {value}, so that openai_base_url is not used. Take that line out, or "
    "choose the provider of our own.",
    FindingCode.STILL_NAMED: "{where} still names Waystation's provider, which is gone now: Codex will not start "
    "with it. Change that line.",
    FindingCode.HISTORY_FILTERED: "Conversations begun before are not lost, but Codex 0.80 to 0.140 lists only those "
    "of the provider in use: codex resume -c model_provider={value} lists them, and codex resume ID goes on with one "
    "through Waystation.",
    FindingCode.HISTORY_FORK: "Newer versions of Codex go on with a conversation where it was begun, not through "
    "Waystation: codex fork ID goes on with a copy of it here.",
    FindingCode.HISTORY_OURS: "Conversations begun through Waystation are not lost: codex resume ID goes on with one, "
    "or codex fork ID where Codex refuses that.",
    FindingCode.LOGIN_REPLACED: "Codex is signed in with ChatGPT, and the command replaces that login. To keep it, "
    "first copy {where} to {value}; copied back, it works again.",
    FindingCode.LOGIN_HIDDEN: "Codex keeps its login in the system's keyring ({where} is {value}). If that is a "
    "ChatGPT login, the command replaces it: to have it back, sign in to Codex again.",
    FindingCode.LOGIN_FOLLOWED: "A token follows {where}. Codex no longer renews that login once it goes through "
    "Waystation, so that the token ends in some days: give Waystation a sign-in of its own.",
    FindingCode.KEY_SAVED: "Codex still has the license saved as its API key ({where}), and without Waystation would "
    "send it to api.openai.com. Remove it by the command, or copy your own login back.",
    FindingCode.PROJECT_FILE: "{where} names {value}: in that project Codex 0.80 to 0.120 goes there, with the "
    "license.",
    FindingCode.MANAGED_FILE: "{where} names {value} and outweighs config.toml: Codex goes there. Ask whoever manages "
    "this computer.",
    FindingCode.ADDRESS_NEEDS: "openai_base_url is read by Codex 0.120 and newer; which version is installed is not "
    "known.",
    FindingCode.DIRECT_WRITTEN: "A proxy stands between Codex and the gateway, so NO_PROXY goes into {where}: yours, "
    "and {value} besides. There it wins over your environment: when your NO_PROXY changes, write this again.",
    FindingCode.FORCED_LOGIN: "{where} is {value}: Codex then refuses to save the license, and removes one that is "
    "saved. Take that line out, or choose the provider of our own.",
    FindingCode.SERVER_KEEPS: "Codex's background server is running, and keeps the license with which it was started. "
    "When all is done, restart it: by {value} in a terminal, or by /daemon in Codex.",
}


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


def file_findings(
    files: Mapping[str, bytes], wanted: Wanted, code: FindingCode = FindingCode.PROFILE_FILE
) -> tuple[Finding, ...]:
    """Which further files, by their names, keep Codex from using ours where they count."""
    found = []
    for name, data in sorted(files.items()):
        try:
            values = config_values(decoded(data))
        except CodexConfigBroken:
            # Codex says so itself when it is asked for that profile.
            continue
        provider, address = value_at(values, _PROVIDER), value_at(values, _ADDRESS)
        table = value_at(values, ("model_providers", PROVIDER, "base_url"))
        if isinstance(provider, str) and provider != _right_provider(wanted):
            found.append(Finding(code, name, provider))
        elif isinstance(wanted, OwnProvider) and isinstance(table, str) and table != wanted.base_url:
            found.append(Finding(code, name, without_secrets(table)))
        elif isinstance(wanted, OpenAIAddress) and isinstance(address, str) and address != wanted.base_url:
            found.append(Finding(code, name, without_secrets(address)))
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
