"""A backup's file opens by its passphrase, and every way in which it does not is told apart."""

from __future__ import annotations

import hashlib
import json
import unicodedata

import pytest

from app.core.backup import BackupDamaged, BackupTooNew, WrongPassphrase
from app.core.errors import InvalidInput
from app.store.backup_file import checked_passphrase, open_backup, seal_backup

PASSPHRASE = "correct horse é 驿站"
SECRET = b'{"key": "ws-secret-of-the-test"}'


@pytest.fixture(scope="module")
def text() -> str:
    return seal_backup(SECRET, PASSPHRASE)


def changed(text: str, *path: str, value: object) -> str:
    content = json.loads(text)
    inner = content
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return json.dumps(content)


def summed(text: str) -> str:
    """With a sum that fits again, as somebody would make it who forges a file."""
    content = json.loads(text)
    del content["sum"]
    return json.dumps({**content, "sum": hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()})


def test_it_opens_by_its_passphrase_however_that_is_typed_and_saved(text: str) -> None:
    assert open_backup(text, PASSPHRASE) == SECRET
    assert open_backup("\ufeff" + text.replace("\n", "\r\n"), unicodedata.normalize("NFD", PASSPHRASE)) == SECRET


def test_it_shows_nothing_and_never_looks_the_same_twice(text: str) -> None:
    assert "secret" not in text
    content, again = json.loads(text), json.loads(seal_backup(SECRET, PASSPHRASE))
    assert content["waystation"] == 1
    assert content["kdf"]["n"] >= 2**15
    assert content["sealed"] != again["sealed"]
    assert content["kdf"]["salt"] != again["kdf"]["salt"]


def test_another_passphrase_is_told_as_such(text: str) -> None:
    with pytest.raises(WrongPassphrase):
        open_backup(text, PASSPHRASE + " ")


@pytest.mark.parametrize("path", [("nonce",), ("sealed",), ("kdf", "salt"), ("sum",)])
def test_a_changed_byte_is_damage(text: str, path: tuple[str, ...]) -> None:
    value = json.loads(text)
    for key in path:
        value = value[key]
    flipped = ("A" if value[0] != "A" else "B") + value[1:]
    with pytest.raises(BackupDamaged):
        open_backup(changed(text, *path, value=flipped), PASSPHRASE)


def test_a_file_without_its_end_is_damage(text: str) -> None:
    for length in (len(text) // 2, len(text) - 5):
        with pytest.raises(BackupDamaged):
            open_backup(text[:length], PASSPHRASE)


@pytest.mark.parametrize(
    ("path", "value"),
    [(("sealed",), 7), (("sealed",), "?"), (("nonce",), "AAAA"), (("kdf",), []), (("kdf", "salt"), None)],
)
def test_a_forged_file_is_damage_and_no_crash(text: str, path: tuple[str, ...], value: object) -> None:
    with pytest.raises(BackupDamaged):
        open_backup(summed(changed(text, *path, value=value)), PASSPHRASE)


@pytest.mark.parametrize(
    ("path", "value"),
    [(("waystation",), 2), (("kdf", "name"), "argon2id"), (("kdf", "n"), 2**30), (("kdf", "p"), 1000)],
)
def test_a_newer_file_is_told_as_such_and_costs_no_work(text: str, path: tuple[str, ...], value: object) -> None:
    with pytest.raises(BackupTooNew):
        open_backup(summed(changed(text, *path, value=value)), PASSPHRASE)


@pytest.mark.parametrize("text", ["", "{", "[]", "7", '{"tokens": {}}', "not JSON", '{"a": 1}\x00'])
def test_another_file_is_no_backup(text: str) -> None:
    with pytest.raises(InvalidInput, match="no backup"):
        open_backup(text, PASSPHRASE)


def test_a_short_passphrase_is_refused() -> None:
    with pytest.raises(InvalidInput, match="8 characters"):
        checked_passphrase("seven77")
    assert checked_passphrase("eight888") == "eight888"
