"""What a backup holds comes back as it was, and what is no backup is refused whole."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.core.backup import Backup, BackupDamaged, BackupLicense, BackupToken, backup_from_json, backup_to_json
from app.core.credential import ApiKey, ChatGPTLogin, TokenSecrets
from app.core.license import License, license_sha256
from app.core.token import Token, TokenKind

LOGIN = Token(
    id="t-00000001",
    kind=TokenKind.CHATGPT,
    identity="chatgpt:account:user",
    label="驿站 \ud800",
    email="someone@example.com",
    plan="plus",
    account_id="account",
    expires_at=1_780_000_000.5,
    enabled=False,
    created_at=1_770_000_000.0,
    position=3,
    spare=True,
    proxy="socks5://host:1080",
    follows="/home/someone/.codex/auth.json",
    sign_in_needed="refresh_token_reused",
    refreshed_at=1_779_000_000.0,
)
KEY = Token("t-00000002", TokenKind.API_KEY, "api_key:1", "key", None, None, None, None, True, 0.0)
BACKUP = Backup(
    tokens=(
        BackupToken(LOGIN, TokenSecrets(ChatGPTLogin("access", "refresh", None), "socks5://user:secret@host:1080")),
        BackupToken(KEY, TokenSecrets(ApiKey("sk-secret"))),
    ),
    licenses=(
        BackupLicense(
            License("l-1", "a", license_sha256("ws-secret"), 1.0, expires_at=9.5, daily_tokens=5), "ws-secret"
        ),
        BackupLicense(License("l-2", "b", "0" * 64, 2.0, revoked_at=3.0, last_used_at=2.5), None),
    ),
    settings={"pool.wait_s": "60", "proxy": "http://user:secret@host:1"},
)


def test_it_comes_back_as_it_was_and_shows_no_secret() -> None:
    assert backup_from_json(backup_to_json(BACKUP)) == BACKUP
    for secret in ("access", "refresh_", "sk-secret", "ws-secret", ":secret@"):
        assert secret not in repr(BACKUP).replace("refresh_token_reused", "")


def test_what_does_not_belong_into_a_backup_is_passed_over() -> None:
    content = json.loads(backup_to_json(BACKUP))
    content["settings"] |= {"key_store": "file", "refresh_tokens_handed_in": "{}"}
    content["later"] = {}
    content["tokens"][0]["later"] = 1
    assert backup_from_json(json.dumps(content).encode()) == BACKUP


def changes() -> list[tuple[str, ...]]:
    """Every single value of a backup, by its path."""
    content = json.loads(backup_to_json(BACKUP))
    paths: list[tuple[str, ...]] = [("tokens",), ("licenses",), ("settings", "pool.wait_s")]
    paths += [("tokens", "0", key) for key in content["tokens"][0]]
    return paths + [("licenses", "0", key) for key in content["licenses"][0]]


@pytest.mark.parametrize("path", changes(), ids=".".join)
@pytest.mark.parametrize("value", [[7], {"a": float("inf")}])
def test_a_value_of_another_kind_is_damage_and_no_crash(path: tuple[str, ...], value: object) -> None:
    content: Any = json.loads(backup_to_json(BACKUP))
    inner = content
    for key in path[:-1]:
        inner = inner[int(key) if key.isdecimal() else key]
    inner[path[-1]] = value
    with pytest.raises(BackupDamaged):
        backup_from_json(json.dumps(content).encode())


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"7", b'"text"', b"\xff", b"[" * 100_000])
def test_what_is_no_backup_is_damage(data: bytes) -> None:
    with pytest.raises(BackupDamaged):
        backup_from_json(data)


def test_a_key_that_is_not_that_of_its_license_is_damage() -> None:
    content = json.loads(backup_to_json(BACKUP))
    content["licenses"][0]["key"] = "ws-another"
    with pytest.raises(BackupDamaged):
        backup_from_json(json.dumps(content).encode())
