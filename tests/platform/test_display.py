"""Whether windows can be shown is known before Qt tries."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from app.platform.display import display_problem


@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_windows_and_macos_always_have_one(platform: str) -> None:
    assert display_problem({}, platform) is None


def test_without_a_name_there_is_none() -> None:
    assert display_problem({"DISPLAY": ""}, "linux") == "No display found"


def test_a_platform_that_the_user_chose_is_believed() -> None:
    assert display_problem({"QT_QPA_PLATFORM": "offscreen"}, "linux") is None


@pytest.mark.parametrize("name", [":7399", "unix:7399", ":7399.0", "127.0.0.1:9999", "nonsense"])
def test_an_x11_display_that_nobody_serves_is_named(name: str) -> None:
    assert display_problem({"DISPLAY": name}, "linux") == f"The display {name} cannot be reached"


@pytest.mark.parametrize("name", [":{}", "unix:{}", ":{}.0"])
def test_an_x11_display_that_listens_is_one(name: str) -> None:
    number = 3000 + os.getpid() % 1000
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"\0/tmp/.X11-unix/X{number}")
        server.listen()
        assert display_problem({"DISPLAY": name.format(number)}, "linux") is None


def test_a_wayland_display_is_found_in_the_runtime_folder(tmp_path: Path) -> None:
    environ = {"WAYLAND_DISPLAY": "wayland-9", "XDG_RUNTIME_DIR": str(tmp_path)}
    assert display_problem(environ, "linux") == "The display wayland-9 cannot be reached"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "wayland-9"))
        server.listen()
        assert display_problem(environ, "linux") is None
        # Either of the two will do.
        assert display_problem({**environ, "DISPLAY": ":7399"}, "linux") is None
