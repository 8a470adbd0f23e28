"""Every error and every note is told in both languages."""

import ast
import inspect
from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication

from app.core import credential, errors
from app.core.errors import InvalidInput, PortBusy, WaystationError
from app.desktop.credential_text import recognised
from app.desktop.messages import BY_CODE, Told, error_text
from app.desktop.notes import NOTES, note_text
from app.desktop.sentences import BY_SENTENCE
from app.gateway.snapshot import Problem
from app.platform import codex_notes
from app.platform.codex_notes import NoteCode, SetupNote, environment_notes, setup_notes
from app.platform.shells import Shell


def error_types() -> Iterator[type[WaystationError]]:
    for value in vars(errors).values():
        if inspect.isclass(value) and issubclass(value, WaystationError):
            yield value


def every_note() -> dict[NoteCode, list[SetupNote]]:
    """All notes of all shells and of old, middle and new versions."""
    found: dict[NoteCode, list[SetupNote]] = {}
    for shell in Shell:
        for version in (None, (0, 42, 0), (0, 45, 0), (0, 120, 0), (0, 169, 0)):
            for note in (*environment_notes(shell, version), *setup_notes(shell, version)):
                found.setdefault(note.code, []).append(note)
    return found


def is_chinese(text: str) -> bool:
    return any("\u4e00" <= letter <= "\u9fff" for letter in text)


@pytest.mark.parametrize("kind", list(error_types()), ids=lambda kind: kind.code)
def test_every_error_code_has_a_chinese_sentence(chinese: None, kind: type[WaystationError]) -> None:
    problem = Problem(kind.code, "Some English.", (("port", 8787),))
    assert kind.code in BY_CODE
    assert is_chinese(error_text(problem))


@pytest.mark.parametrize("sentence", BY_SENTENCE)
def test_every_fixed_sentence_has_its_own_chinese_one(chinese: None, sentence: str) -> None:
    said = error_text(InvalidInput(sentence))
    assert is_chinese(said)
    assert said != error_text(InvalidInput("something else"))


def test_the_sentences_about_credentials_are_all_known() -> None:
    tree = ast.parse(inspect.getsource(credential))
    raised = {
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "InvalidInput"
        and isinstance(node.args[0], ast.Constant)
    }
    assert raised
    assert raised <= set(BY_SENTENCE)


def test_in_english_an_error_speaks_for_itself(qapp: QApplication) -> None:
    assert error_text(PortBusy("Port 8787 on 127.0.0.1 is used.", port=8787)) == "Port 8787 on 127.0.0.1 is used."


def test_values_of_the_error_are_put_into_the_translation(chinese: None) -> None:
    assert "8787" in error_text(PortBusy("x", port=8787))


def test_a_sentence_of_the_desktop_itself_is_told_as_it_is(chinese: None) -> None:
    with pytest.raises(Told) as caught:
        recognised("neither key nor token")

    said = error_text(caught.value)
    assert is_chinese(said)
    assert "auth.json" in said


def test_without_the_values_or_with_an_unknown_code_the_english_sentence_stands(chinese: None) -> None:
    assert error_text(PortBusy("Port 1 is used.")) == "Port 1 is used."
    assert error_text(Problem("of_tomorrow", "Do this.")) == "Do this."


def test_every_note_has_a_chinese_sentence(chinese: None) -> None:
    notes = every_note()
    assert set(notes) == set(NoteCode)
    for same_code in notes.values():
        for note in same_code:
            assert is_chinese(note_text(note)), note.code


def test_no_note_is_listed_that_is_not_given(qapp: QApplication) -> None:
    given = {note.text for notes in every_note().values() for note in notes}
    assert set(NOTES) == given
    assert all(note_text(note) == note.text for note in codex_notes.setup_notes(Shell.BASH))
