"""Codex's own login is known again, and never by its secrets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.platform.codex_login import LoginShared, is_shared, local_codex_login, refuse_shared
from app.practice.accounts import practice_account, practice_api_key

ANN, BOB = practice_account("ann", "plus"), practice_account("bob", "pro")


def write(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "auth.json"
    path.write_text(text, encoding="utf-8")
    return path


def test_it_is_found_in_the_home_folder_or_where_codex_is_told(tmp_path: Path) -> None:
    assert local_codex_login({}, tmp_path) is None
    path = write(tmp_path / ".codex", ANN.auth_json())
    other = write(tmp_path / "elsewhere", BOB.auth_json())
    found = local_codex_login({"CODEX_HOME": ""}, tmp_path)
    assert found is not None
    assert (found.path, found.account) == (path, "an•••@example.com")
    moved = local_codex_login({"CODEX_HOME": str(tmp_path / "elsewhere")}, tmp_path)
    assert moved is not None
    assert moved.path == other
    assert ANN.refresh_token not in repr(found)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", practice_api_key("k").auth_json(), json.dumps({"tokens": {"access_token": ANN.access_token}})],
    ids=["empty", "broken", "list", "API key", "access token alone"],
)
def test_what_cannot_be_taken_away_is_none(tmp_path: Path, text: str) -> None:
    write(tmp_path / ".codex", text)
    assert local_codex_login({}, tmp_path) is None


def test_a_folder_in_its_place_or_bytes_are_none(tmp_path: Path) -> None:
    (tmp_path / ".codex" / "auth.json").mkdir(parents=True)
    assert local_codex_login({}, tmp_path) is None
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "auth.json").write_bytes(b"\xff\xfe\x00")
    assert local_codex_login({"CODEX_HOME": str(tmp_path / "x")}, tmp_path) is None


def test_the_refresh_token_tells_whether_a_login_is_shared(tmp_path: Path) -> None:
    write(tmp_path / ".codex", ANN.auth_json())
    local = local_codex_login({}, tmp_path)
    for shared in (ANN.auth_json(), f"[{BOB.auth_json()}, {ANN.auth_json()}]", f"{ANN.refresh_token}\n"):
        assert is_shared(shared, local)
        with pytest.raises(LoginShared) as refused:
            refuse_shared(shared, local)
        assert refused.value.exit_code == 2
        assert "token sign-in" in refused.value.message
        assert ANN.refresh_token not in refused.value.message
    for own in (BOB.auth_json(), ANN.access_token, practice_api_key("k").auth_json(), "", "{"):
        assert not is_shared(own, local)
        refuse_shared(own, local)
    assert not is_shared(ANN.auth_json(), None)
