"""What is said beside the set-up texts, by version."""

from collections.abc import Iterable

import pytest

from app.platform.codex_notes import (
    NoteCode,
    SetupNote,
    environment_notes,
    license_notes,
    parse_codex_version,
    setup_notes,
)
from app.platform.shells import Shell


def codes(notes: Iterable[SetupNote]) -> list[NoteCode]:
    return [note.code for note in notes]


@pytest.mark.parametrize(
    ("printed", "version"),
    [
        ("codex-cli 0.169.0", (0, 169, 0)),
        ("codex-cli 0.45.0\n", (0, 45, 0)),
        ("codex-cli 0.121.0-alpha.3", (0, 121, 0)),
        ("codex 1.2.3 (abc)", (1, 2, 3)),
        ("codex-cli", None),
        ("codex-cli 0.169", None),
        ("", None),
    ],
)
def test_the_version_is_read_from_what_codex_prints(printed: str, version: tuple[int, int, int] | None) -> None:
    assert parse_codex_version(printed) == version


@pytest.mark.parametrize("version", [(0, 120, 0), (0, 140, 0), (0, 169, 0), (1, 0, 0)])
def test_from_0_120_on_the_environment_pair_is_said_to_be_not_enough(version: tuple[int, int, int]) -> None:
    found = codes(environment_notes(Shell.BASH, version))

    assert found[:2] == [NoteCode.ENVIRONMENT_IGNORED, NoteCode.SAVED_KEY_LEAVES]
    assert NoteCode.KEY_MUST_BE_SAVED not in found


@pytest.mark.parametrize("version", [(0, 42, 0), (0, 45, 0), (0, 100, 0), (0, 118, 0)])
def test_before_0_120_the_environment_pair_needs_the_key_saved_once(version: tuple[int, int, int]) -> None:
    found = codes(environment_notes(Shell.BASH, version))

    assert found[0] == NoteCode.KEY_MUST_BE_SAVED
    assert NoteCode.ENVIRONMENT_IGNORED not in found
    assert NoteCode.SAVED_KEY_LEAVES not in found


def test_without_a_version_both_sides_are_said() -> None:
    found = codes(environment_notes(Shell.BASH))

    assert {NoteCode.ENVIRONMENT_IGNORED, NoteCode.SAVED_KEY_LEAVES, NoteCode.KEY_MUST_BE_SAVED} <= set(found)


@pytest.mark.parametrize(
    ("shell", "version", "command"),
    [
        (Shell.BASH, None, 'echo "$OPENAI_API_KEY" | codex login --with-api-key'),
        (Shell.BASH, (0, 45, 0), 'echo "$OPENAI_API_KEY" | codex login --with-api-key'),
        (Shell.BASH, (0, 44, 0), 'codex login --api-key "$OPENAI_API_KEY"'),
        (Shell.CMD, (0, 100, 0), "echo %OPENAI_API_KEY%| codex login --with-api-key"),
        (Shell.POWERSHELL, (0, 100, 0), "$env:OPENAI_API_KEY | codex login --with-api-key"),
    ],
)
def test_the_command_that_saves_the_key_fits_shell_and_version(
    shell: Shell, version: tuple[int, int, int] | None, command: str
) -> None:
    notes = {note.code: note for note in environment_notes(shell, version)}

    assert notes[NoteCode.KEY_MUST_BE_SAVED].command == command


@pytest.mark.parametrize("shell", Shell)
@pytest.mark.parametrize("version", [None, (0, 45, 0), (0, 169, 0)])
def test_the_environment_pair_always_warns_of_other_programs(
    shell: Shell, version: tuple[int, int, int] | None
) -> None:
    assert NoteCode.OTHER_PROGRAMS in codes(environment_notes(shell, version))


def test_the_profile_of_config_toml_concerns_only_versions_that_read_it() -> None:
    assert NoteCode.PROFILE in codes(setup_notes(Shell.BASH, (0, 120, 0)))
    assert NoteCode.PROFILE not in codes(setup_notes(Shell.BASH, (0, 140, 0)))


def test_a_history_file_is_spoken_of_only_where_the_shell_keeps_one() -> None:
    assert NoteCode.HISTORY in codes(setup_notes(Shell.POWERSHELL))
    assert NoteCode.HISTORY not in codes(setup_notes(Shell.CMD))
    assert NoteCode.HISTORY not in codes(environment_notes(Shell.CMD))


def test_a_license_of_the_file_is_told_of_first() -> None:
    assert codes(setup_notes(Shell.BASH, license_in_file=True))[0] is NoteCode.FILE_WINS
    assert codes(license_notes(Shell.BASH, license_in_file=True))[0] is NoteCode.FILE_WINS
    assert NoteCode.FILE_WINS not in codes(setup_notes(Shell.BASH)) + codes(license_notes(Shell.BASH))


def test_forbidden_scripts_concern_powershell_only() -> None:
    assert NoteCode.FORBIDDEN_SCRIPTS in codes(setup_notes(Shell.POWERSHELL))
    assert NoteCode.FORBIDDEN_SCRIPTS not in codes(setup_notes(Shell.BASH))


@pytest.mark.parametrize("shell", Shell)
def test_no_note_is_given_twice(shell: Shell) -> None:
    for notes in (environment_notes(shell), setup_notes(shell)):
        assert len(set(codes(notes))) == len(notes)
