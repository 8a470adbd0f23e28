"""Start the application itself, so that nothing of dev.py stays between it and the user."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping

from machine.checkout import Checkout
from machine.report import say

# Options of waystation that come before or without a command and take a value.
OPTIONS_WITH_VALUE = ("--data-dir",)
ANSWERS_AT_ONCE = ("--help", "-h", "--version")


def has_display(platform: str, environment: Mapping[str, str]) -> bool:
    """Whether windows can be shown: always on Windows and macOS, elsewhere if X11 or Wayland is named."""
    if platform in ("win32", "darwin"):
        return True
    return bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))


def command_of(arguments: list[str]) -> str | None:
    """The command among the arguments of waystation (``serve``, ``token``, …), or None for the desktop."""
    rest = iter(arguments)
    for argument in rest:
        if argument in OPTIONS_WITH_VALUE:
            next(rest, None)
        elif not argument.startswith("-"):
            return argument
    return None


def arguments_for(arguments: list[str], display: bool) -> list[str]:
    """What waystation is started with: without a display, the desktop becomes the gateway alone."""
    at_once = any(argument in ANSWERS_AT_ONCE for argument in arguments)
    if display or at_once or command_of(arguments) is not None:
        return arguments
    return ["serve", *(argument for argument in arguments if argument != "--minimized")]


def needs_qt(arguments: list[str], display: bool) -> bool:
    """Whether this start loads Qt. The gateway alone must run on a server that has none of Qt's libraries."""
    return display or command_of(arguments) == "selftest"


def start(checkout: Checkout, arguments: list[str]) -> int:
    """Become waystation (POSIX), or run it and hand on Ctrl-C and its exit code (Windows)."""
    display = has_display(sys.platform, os.environ)
    final = arguments_for(arguments, display)
    if final != arguments:
        say("No display found: starting the gateway alone.")
    program = str(checkout.program("waystation"))
    sys.stdout.flush()
    if sys.platform != "win32":
        os.execv(program, [program, *final])  # noqa: S606 - the program that we installed, in our place
    # Ctrl-C reaches every process of the console; the application answers it, and we wait for its answer.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return subprocess.run([program, *final], check=False).returncode
