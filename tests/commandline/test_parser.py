"""What is said on the command line is read in two ways, which agree."""

import pytest

from app.commandline import parser as parsing
from app.commandline.parser import parsed_arguments, parser

STARTS = [[], ["--minimized"], ["--data-dir", "/a b", "--minimized"], ["--data-dir=token"], ["--mini"]]


@pytest.mark.parametrize(
    "arguments",
    [
        *STARTS,
        ["quit"],
        ["--data-dir", "token", "license", "list"],
        ["token", "list", "--data-dir", "/b"],
        ["--minimized", "serve", "--port", "0"],
    ],
)
def test_a_start_is_read_as_any_command_is(arguments: list[str]) -> None:
    assert parsed_arguments(arguments) == parser().parse_args(arguments)


@pytest.mark.parametrize("arguments", STARTS)
def test_a_start_does_not_wait_for_all_commands_to_be_described(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parsing, "parser", pytest.fail)
    assert parsed_arguments(arguments).action == "desktop"


@pytest.mark.parametrize("arguments", [["--nonsense"], ["--data-dir"], ["nonsense"], ["--minimized=yes"]])
def test_what_is_wrong_is_said_with_the_commands_there_are(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parsed_arguments(arguments)
    assert ended.value.code == 2
    assert "usage: waystation" in capsys.readouterr().err


def test_help_names_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parsed_arguments(["--minimized", "--help"])
    assert "practice" in capsys.readouterr().out
