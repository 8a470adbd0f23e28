"""The JavaScript clients of the tests: a lock without addresses, installed once, by a stand-in for npm."""

import json
import re
import shutil
import sys
from pathlib import Path

import pytest

from machine.chat_clients import FILES, ensure_chat_clients
from machine.checkout import Checkout
from machine.report import Stop

ROOT = Path(__file__).resolve().parents[2]
posix = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for npm is a shell script")


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    checkout = Checkout(tmp_path)
    checkout.chat_clients.mkdir(parents=True)
    for name in FILES:
        shutil.copyfile(Checkout(ROOT).chat_clients / name, checkout.chat_clients / name)
    return checkout


def write_npm(checkout: Checkout, code: int = 0) -> None:
    npm = checkout.root / "bin/npm"
    npm.write_text(f'#!/bin/sh\necho "$*" >> {checkout.root}/asked\nexit {code}\n', encoding="utf-8")
    npm.chmod(0o755)


def times_asked(checkout: Checkout) -> int:
    return len((checkout.root / "asked").read_text(encoding="utf-8").splitlines())


@posix
def test_they_are_installed_once_for_each_lock(checkout: Checkout) -> None:
    write_npm(checkout)
    ensure_chat_clients(checkout)
    ensure_chat_clients(checkout)
    assert times_asked(checkout) == 1
    assert all((checkout.chat_clients_cache / name).exists() for name in FILES)
    lock = checkout.chat_clients / FILES[1]
    lock.write_text(lock.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    ensure_chat_clients(checkout)
    assert times_asked(checkout) == 2


@posix
def test_a_failed_installation_is_tried_again(checkout: Checkout) -> None:
    write_npm(checkout, code=1)
    with pytest.raises(Stop, match="could not install chat clients"):
        ensure_chat_clients(checkout)
    write_npm(checkout)
    ensure_chat_clients(checkout)
    assert times_asked(checkout) == 2


def test_the_lock_pins_versions_and_hashes_and_names_no_address() -> None:
    lock = json.loads((Checkout(ROOT).chat_clients / FILES[1]).read_text(encoding="utf-8"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert packages
    for entry in packages.values():
        assert re.fullmatch(r"\d+\.\d+\.\d+\S*", entry["version"])
        assert entry["integrity"].startswith("sha512-")
    assert "://" not in json.dumps(lock)
