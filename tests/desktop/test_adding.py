"""Logins from files and from the clipboard: several at once, and those that the local Codex uses too."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication, QMessageBox

from app.core.errors import InvalidInput
from tests.desktop.stage import Desk, answer

TEXT = '{"tokens": {"refresh_token": "rt_shared_with_codex"}}'
CODEX_FILE = Path("/home/someone/.codex/auth.json")


@pytest.fixture
def sharing(desk: Desk) -> Desk:
    """A clipboard with the login that the local Codex uses."""
    desk.clipboard = TEXT
    desk.shared[TEXT] = CODEX_FILE
    return desk


async def test_a_shared_login_is_explained_and_an_own_sign_in_is_the_default(sharing: Desk) -> None:
    sharing.adding.from_clipboard()
    asked = await answer("Sign in separately")
    await sharing.settle()
    assert "used only once" in asked
    assert str(CODEX_FILE) in asked
    assert sharing.sign_ins == 1
    assert sharing.gateway.calls == []


async def test_a_shared_login_can_be_followed(sharing: Desk) -> None:
    sharing.adding.from_clipboard()
    await answer("Follow Codex's file")
    await sharing.settle()
    assert sharing.gateway.calls == [("token.import", {"text": TEXT, "follow": str(CODEX_FILE)})]
    assert sharing.told == ["The token “Account 1” is added."]


async def test_a_shared_login_can_be_imported_anyway_or_left(sharing: Desk) -> None:
    sharing.adding.from_clipboard()
    await answer("Cancel")
    await sharing.settle()
    assert sharing.gateway.calls == []
    sharing.adding.from_clipboard()
    await answer("Import anyway")
    await sharing.settle()
    assert sharing.gateway.calls == [("token.import", {"texts": [TEXT]})]


async def test_the_choices_speak_chinese(chinese: None, sharing: Desk) -> None:
    sharing.adding.from_clipboard()
    await answer("跟随 Codex 的文件")
    await sharing.settle()
    assert sharing.gateway.calls[0][1]["follow"] == str(CODEX_FILE)


async def test_the_default_of_the_question_is_the_own_sign_in(sharing: Desk) -> None:
    sharing.adding.from_clipboard()
    # One turn of the loop, and the question stands.
    await asyncio.sleep(0)
    (box,) = [box for box in QApplication.topLevelWidgets() if isinstance(box, QMessageBox) and box.isVisible()]
    assert box.defaultButton().text() == "Sign in separately"
    box.reject()
    await sharing.settle()


def files(folder: Path, *names: str) -> list[Path]:
    for name in names:
        (folder / name).write_text(f'{{"name": "{name}"}}', encoding="utf-8")
    return [folder / name for name in names]


async def test_several_files_are_one_import_and_are_counted(desk: Desk, tmp_path: Path) -> None:
    desk.gateway.imports[2] = {"known": True}
    desk.adding.from_files(files(tmp_path, "one.json", "two.json", "three.json"))
    await desk.settle()
    assert [len(params["texts"]) for _, params in desk.gateway.calls] == [3]
    # Without English' own plural forms, which are a translation.
    assert desk.told == ["2 token(s) added. 1 token(s) were here already; their credentials are renewed."]


async def test_a_bad_file_does_not_keep_the_others_out_and_is_named(desk: Desk, tmp_path: Path) -> None:
    problem: dict[str, Any] = {
        "code": "invalid_input",
        "message": "This file is not JSON. Choose another.",
        "details": {},
    }
    desk.gateway.imports[1] = {"error": problem}
    desk.adding.from_files([*files(tmp_path, "good.json", "bad.json"), tmp_path / "missing.json"])
    await desk.settle()
    assert desk.told == []
    assert "1 token" in desk.failures[0]
    assert "bad.json: This file is not JSON." in desk.failures[0]
    assert "missing.json cannot be read" in desk.failures[0]


async def test_what_is_followed_is_told_also_when_the_others_fail(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = desk.gateway.call

    async def call(command: str, **params: Any) -> Any:
        if "texts" in params:
            raise InvalidInput("These files cannot be kept now.")
        return await answered(command, **params)

    monkeypatch.setattr(desk.gateway, "call", call)
    codex, other = files(tmp_path, "codex.json", "other.json")
    desk.shared[codex.read_text("utf-8")] = CODEX_FILE
    desk.adding.from_files([codex, other])
    await answer("Follow Codex's file")
    await desk.settle()
    assert desk.told == []
    assert desk.failures == ["1 token(s) added.\nThese files cannot be kept now."]


async def test_a_warning_is_told_with_the_token(desk: Desk) -> None:
    desk.clipboard = "rt_abcdefghijklmnopqrstuvwxyz"
    warning = {"code": "refresh_token_used", "message": "The refresh token is used up now: sign in there."}
    desk.gateway.imports[0] = {"warning": warning}
    desk.adding.from_clipboard()
    await desk.settle()
    assert desk.told == ["The token “Account 1” is added. The refresh token is used up now: sign in there."]


async def test_an_older_copy_is_not_said_to_be_renewed(chinese: None, desk: Desk) -> None:
    desk.clipboard = TEXT
    warning = {"code": "older_than_known", "message": "An older copy."}
    desk.gateway.imports[0] = {"known": True, "warning": warning}
    desk.adding.from_clipboard()
    await desk.settle()
    assert desk.told == ["这是已有登录的旧副本，因此保留了现有凭据。"]
