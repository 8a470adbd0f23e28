import pytest

from machine.launch import arguments_for, command_of, has_display, needs_qt


@pytest.mark.parametrize(
    ("platform", "environment", "expected"),
    [
        ("win32", {}, True),
        ("darwin", {}, True),
        ("linux", {}, False),
        ("linux", {"DISPLAY": ""}, False),
        ("linux", {"DISPLAY": ":1"}, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
    ],
)
def test_a_display_is_where_windows_can_be_shown(platform: str, environment: dict[str, str], expected: bool) -> None:
    assert has_display(platform, environment) is expected


@pytest.mark.parametrize(
    ("arguments", "started_with"),
    [
        ([], ["serve"]),
        (["--minimized"], ["serve"]),
        (["--data-dir", "/tmp/d"], ["serve", "--data-dir", "/tmp/d"]),
        (["--data-dir=/tmp/d"], ["serve", "--data-dir=/tmp/d"]),
        (["--data-dir", "serve"], ["serve", "--data-dir", "serve"]),
        (["serve", "--port", "9000"], ["serve", "--port", "9000"]),
        (["--data-dir", "/tmp/d", "token", "list"], ["--data-dir", "/tmp/d", "token", "list"]),
        (["--help"], ["--help"]),
        (["--version"], ["--version"]),
    ],
)
def test_without_a_display_only_the_desktop_becomes_the_gateway_alone(
    arguments: list[str], started_with: list[str]
) -> None:
    assert arguments_for(arguments, display=False) == started_with
    assert arguments_for(arguments, display=True) == arguments


def test_the_value_of_an_option_is_not_a_command() -> None:
    assert command_of(["--data-dir", "serve"]) is None
    assert command_of(["--minimized"]) is None
    assert command_of(["--data-dir", "x", "session", "list"]) == "session"


def test_a_server_without_a_display_needs_no_qt_but_for_the_self_test() -> None:
    assert not needs_qt(["serve"], display=False)
    assert needs_qt(["selftest"], display=False)
    assert needs_qt([], display=True)
