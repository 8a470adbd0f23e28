#!/usr/bin/env python3
"""Run and test Waystation from a clone: python3 build_scripts/dev.py run|test|bench|lock|pictures [arguments].

run [ARGUMENTS OF waystation]   bring what is missing, then start the application
test [ARGUMENTS OF pytest]      bring what the tests need, make a bundle in build/tested, then run all checks; with
                                arguments, only pytest. All tests run on Linux alone: elsewhere, name those you want
bench [--quick]                 measure speed and weight beside nginx, HAProxy and ChatMock, on Linux; --help tells more
lock [ARGUMENTS OF uv]          make the lock files again; --upgrade renews every pin
pictures [FOLDER]               paint every page, dialog and menu (into build/pictures), and renew docs/images; Linux

Standard library only. This file itself must be readable by any Python 3, so that an old one can say what is
wrong or hand over to a newer one; the work is in build_scripts/machine/.
"""

import os
import sys

OLDEST, TOO_NEW = (3, 11), (3, 14)
# The newest first.
NAMES = ("python3.13", "python3.12", "python3.11")
# Of a distribution's own Python, which is built with everything that makes it fast.
SYSTEM = "/usr"
# Asked of it: that it is no slow one itself, or this would never end, and can run, make environments and bundles.
QUESTION = (
    "import ctypes, ensurepip, sqlite3, ssl, sys, venv; "
    "ctypes.CDLL('libpython%d.%d.so.1.0' % sys.version_info[:2]); "
    "sys.exit(sys.base_prefix != '" + SYSTEM + "')"
)


def hand_over_to_a_suitable_python(script):
    """Go on under a Python that fits if this one does not, or under the system's own of this version if it is faster.

    Ends with exit code 2 if there is none that fits.
    """
    if OLDEST <= sys.version_info[:2] < TOO_NEW:
        place = SYSTEM + "/bin/python{}.{}".format(*sys.version_info[:2])
        if built_slow() and os.path.exists(place) and _answers(place, QUESTION):
            _go_on(place, script)
        return
    import shutil

    for name in NAMES:
        place = shutil.which(name)
        if place and _answers(place, ""):
            _go_on(place, script)
    message = "Waystation needs Python 3.11, 3.12 or 3.13. This is Python {}.{}, and none of {} is on the PATH.\n"
    sys.stderr.write(message.format(sys.version_info[0], sys.version_info[1], ", ".join(NAMES)))
    sys.exit(2)


def built_slow():
    """Whether this Python was built without its optimizations, as pyenv does it: it runs at two thirds of its speed."""
    if sys.platform != "linux" or sys.base_prefix == SYSTEM:
        return False
    import sysconfig

    return "--enable-optimizations" not in (sysconfig.get_config_var("CONFIG_ARGS") or "")


def _answers(python, question):
    """Whether this is a Python and says yes: a version manager's stand-in exists for versions that are not chosen."""
    import subprocess

    return subprocess.call([python, "-c", question], stderr=subprocess.DEVNULL) == 0


def _go_on(python, script):
    command = [python, os.path.abspath(script), *sys.argv[1:]]
    if sys.platform == "win32":
        import subprocess

        sys.exit(subprocess.call(command))
    # In this very process, so that signals reach it.
    os.execv(python, command)  # noqa: S606 - a shell is what is not wanted


def main(arguments):
    """Carry out one command and give the exit code."""
    from pathlib import Path

    from machine import bench, environment, launch, lock, pictures, system_packages, translations
    from machine.checkout import Checkout
    from machine.report import Stop, say

    helps = ("-h", "--help", "help")
    known = bool(arguments) and arguments[0] in ("run", "test", "bench", "lock", "pictures")
    # Lock, bench, and what run and test start have a help of their own.
    if not known or (arguments[0] == "pictures" and arguments[1:] and arguments[1] in helps):
        asked = bool(arguments) and (known or arguments[0] in helps)
        (sys.stdout if asked else sys.stderr).write(__doc__)
        return 0 if asked else 2
    command, rest = arguments[0], arguments[1:]
    checkout = Checkout(Path(__file__).resolve().parents[1])
    try:
        if command == "lock":
            lock.remake_locks(checkout, rest)
            return 0
        if command in ("test", "pictures") or launch.needs_qt(rest, launch.has_display(sys.platform, os.environ)):
            system_packages.ensure_qt_libraries()
        if command == "bench":
            bench.ensure_qt_where_possible()
        environment.ensure_environment(checkout)
        translations.compile_translations(checkout)
        if command == "run":
            return launch.start(checkout, rest)
        if command == "bench":
            return bench.measure(checkout, rest)
        system_packages.ensure_test_programs()
        if command == "pictures":
            return pictures.paint(checkout, rest)
        return test(checkout, rest)
    except Stop as stop:
        say(str(stop))
        return stop.exit_code
    except KeyboardInterrupt:
        return 130


def test(checkout, arguments):
    """Bring what only the tests need, and run them; without arguments with a bundle, made meanwhile. The exit code."""
    from contextlib import nullcontext

    from bundle.beside import Making
    from machine import chat_clients, checks, codex, servers
    from machine.report import say

    with nullcontext() if arguments else Making(checkout) as making:
        if sys.platform == "linux":
            codex.ensure_codex_versions(checkout)
            chat_clients.ensure_chat_clients(checkout)
            servers.ensure_servers(checkout)
        else:
            say("The tests of Codex, the tray, the keyring and the installers run on Linux alone, and fail here.")
        return checks.run_checks(checkout, arguments, making)


if __name__ == "__main__":
    hand_over_to_a_suitable_python(__file__)
    sys.exit(main(sys.argv[1:]))
