"""What a backup holds: tokens with their secrets, licenses with their keys, settings. Its text is sealed elsewhere."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from app.core.credential import TokenSecrets, secrets_from_json, secrets_to_json
from app.core.errors import InvalidInput
from app.core.license import License, license_sha256
from app.core.token import Token, TokenKind

#: Of what is inside and of the file around it.
FORMAT = 1
#: Settings that are taken along, by their stored keys: those with one of these beginnings, and these.
_GROUPS = ("pool.", "gateway.")
#: The whole of the proxy's address, password and all.
PROXY = "proxy"
ADDRESS = ("host", "port")
#: The user's own names for models.
MODELS = "models.aliases"


class BackupDamaged(InvalidInput):
    """The file is a backup, but not as it was written."""

    code = "backup_damaged"

    def __init__(self) -> None:
        super().__init__("This backup is damaged: some of it is missing or was changed. Nothing was imported.")


class BackupTooNew(InvalidInput):
    """A newer Waystation wrote the backup, in a format that is not known here."""

    code = "backup_too_new"

    def __init__(self) -> None:
        super().__init__(
            "This backup was written by a newer Waystation. Install that version, then import it. Nothing was imported."
        )


class WrongPassphrase(InvalidInput):
    """The backup is whole, and another passphrase opens it."""

    code = "wrong_passphrase"

    def __init__(self) -> None:
        super().__init__("This passphrase does not open the backup. Nothing was imported.")


@dataclass(frozen=True, slots=True)
class BackupToken:
    """A token with its secrets. Its id means nothing elsewhere; its identity does."""

    token: Token
    secrets: TokenSecrets


@dataclass(frozen=True, slots=True)
class BackupLicense:
    """A license with its key; without one it was revoked, or its key could not be opened."""

    license: License
    key: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Backup:
    """All that is taken along; `settings` by their stored keys, see `is_taken_along`."""

    tokens: tuple[BackupToken, ...]
    licenses: tuple[BackupLicense, ...]
    settings: Mapping[str, str] = field(repr=False)


def is_taken_along(key: str) -> bool:
    """Whether a setting belongs into a backup."""
    return key.startswith(_GROUPS) or key in (PROXY, MODELS, *ADDRESS)


def backup_to_json(backup: Backup) -> bytes:
    """The plain text that is sealed."""
    tokens = [{**asdict(item.token), "secrets": json.loads(secrets_to_json(item.secrets))} for item in backup.tokens]
    licenses = [{**asdict(item.license), "key": item.key} for item in backup.licenses]
    for item in licenses:
        # Who came from where is nobody's business on another computer.
        del item["last_peer"], item["last_client"]
    return json.dumps({"tokens": tokens, "licenses": licenses, "settings": dict(backup.settings)}).encode()


def backup_from_json(data: bytes) -> Backup:
    """The inverse of `backup_to_json`. What it does not know it passes over.

    Raises:
        BackupDamaged: it is none.
    """
    try:
        content = json.loads(data)
        return Backup(
            tuple(_token(item) for item in content["tokens"]),
            tuple(_license(item) for item in content["licenses"]),
            {key: _text(value) for key, value in content["settings"].items() if is_taken_along(key)},
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise BackupDamaged from None


def _token(data: Mapping[str, Any]) -> BackupToken:
    secrets = secrets_from_json(json.dumps(data["secrets"]).encode())
    for value in data["secrets"].values():
        _maybe_text(value)
    token = Token(
        id=_text(data["id"]),
        kind=TokenKind(data["kind"]),
        identity=_text(data["identity"]),
        label=_text(data["label"]),
        email=_maybe_text(data["email"]),
        plan=_maybe_text(data["plan"]),
        account_id=_maybe_text(data["account_id"]),
        expires_at=_maybe_number(data["expires_at"]),
        enabled=_flag(data["enabled"]),
        created_at=_number(data["created_at"]),
        position=int(_number(data["position"])),
        spare=_flag(data["spare"]),
        proxy=_maybe_text(data["proxy"]),
        follows=_maybe_text(data["follows"]),
        sign_in_needed=_maybe_text(data["sign_in_needed"]),
        refreshed_at=_maybe_number(data["refreshed_at"]),
    )
    return BackupToken(token, secrets)


def _license(data: Mapping[str, Any]) -> BackupLicense:
    key = _maybe_text(data["key"])
    budget = _maybe_number(data["daily_tokens"])
    license = License(
        id=_text(data["id"]),
        label=_text(data["label"]),
        sha256=_text(data["sha256"]),
        created_at=_number(data["created_at"]),
        revoked_at=_maybe_number(data["revoked_at"]),
        last_used_at=_maybe_number(data["last_used_at"]),
        expires_at=_maybe_number(data["expires_at"]),
        daily_tokens=None if budget is None else int(budget),
    )
    if key is not None and license_sha256(key) != license.sha256:
        raise ValueError
    return BackupLicense(license, key)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _maybe_text(value: object) -> str | None:
    return None if value is None else _text(value)


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TypeError
    return float(value)


def _maybe_number(value: object) -> float | None:
    return None if value is None else _number(value)
