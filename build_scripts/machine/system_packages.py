"""Debian packages that pip cannot bring: libraries that Qt loads, and programs that the tests use."""

import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

from machine.report import Stop, say

# What the Qt 6 modules and plugins in use name as NEEDED (QtCore, Gui, Widgets, Network, DBus, Svg and
# the xcb and wayland platforms), and the Debian package of each. tests/build_scripts compares with Qt itself.
QT_LIBRARIES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libX11.so.6": "libx11-6",
    "libbrotlicommon.so.1": "libbrotli1",
    "libbrotlidec.so.1": "libbrotli1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgssapi_krb5.so.2": "libgssapi-krb5-2",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libwayland-client.so.0": "libwayland-client0",
    "libwayland-cursor.so.0": "libwayland-cursor0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-glx.so.0": "libxcb-glx0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxcb.so.1": "libxcb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libz.so.1": "zlib1g",
    "libzstd.so.1": "libzstd1",
}

# Programs that only the tests use: a screen, a session bus, a Secret Service, hands and eyes, and a
# StatusNotifier tray host (xfce4-panel with its settings service: the lightest that also draws the icon).
TEST_PROGRAMS = {
    "Xvfb": "xvfb",
    "dbus-daemon": "dbus-daemon",
    "dbus-run-session": "dbus-daemon",
    "dbus-launch": "dbus-x11",
    "gnome-keyring-daemon": "gnome-keyring",
    "xfce4-panel": "xfce4-panel",
    "xfconf-query": "xfconf",
    "xclip": "xclip",
    "xdotool": "xdotool",
    "import": "imagemagick",
    "objdump": "binutils",
    "curl": "curl",
    "ip": "iproute2",
    "zsh": "zsh",
    "fish": "fish",
    # For what is pasted into cmd, and for the installer for Windows.
    "wine": "wine",
    "makensis": "nsis",
    # For the commands in the workflows.
    "shellcheck": "shellcheck",
    # For what the packages put into a menu, a software centre, `man` and the start at sign-in.
    "desktop-file-validate": "desktop-file-utils",
    "appstreamcli": "appstream",
    "groff": "groff-base",
    "gio": "libglib2.0-bin",
    # For the benchmark's upstream and load.
    "gcc": "gcc",
    # A compositor, for the frozen program's window under Wayland.
    "weston": "weston",
}
# What PyInstaller starts to read, strip and put together programs.
FREEZING_PROGRAMS = {"objcopy": "binutils", "objdump": "binutils", "strip": "binutils"}
# What else they need, where no program tells whether it is there: sources of the locales, to make a Chinese one, and
# headers for gcc.
TEST_FILES = {"/usr/share/i18n/locales/zh_CN": "locales", "/usr/include/stdio.h": "libc6-dev"}
CJK_FONT_PACKAGE = "fonts-noto-cjk"
# Unattended upgrades may hold apt for minutes after the machine has started.
APT_OPTIONS = ("-qq", "-o", "Dpkg::Use-Pty=0", "-o", "DPkg::Lock::Timeout=300")


def is_debian() -> bool:
    """Whether packages of this machine come from apt (Debian, Ubuntu and their children)."""
    return sys.platform == "linux" and bool(shutil.which("apt-get") and shutil.which("dpkg-query"))


def parse_ldconfig(text: str) -> set[str]:
    """The library names in the output of ``ldconfig -p``."""
    return set(re.findall(r"^\s+(\S+) \(", text, re.MULTILINE))


def known_libraries() -> set[str]:
    """Names of the shared libraries that the loader of this machine finds."""
    ldconfig = shutil.which("ldconfig", path=os.pathsep.join([os.environ.get("PATH", ""), "/sbin", "/usr/sbin"]))
    if ldconfig is None:
        return set()
    return parse_ldconfig(subprocess.run([ldconfig, "-p"], capture_output=True, text=True, check=False).stdout)


def missing_qt_packages() -> list[str]:
    """Packages whose libraries Qt would miss, and a font for Chinese if the machine has none."""
    known = known_libraries()
    missing = {package for library, package in QT_LIBRARIES.items() if library not in known}
    if not _has_cjk_font():
        missing.add(CJK_FONT_PACKAGE)
    return sorted(missing)


def missing_test_packages() -> list[str]:
    """Packages whose programs and files the tests use and this machine does not have."""
    missing = {package for program, package in TEST_PROGRAMS.items() if shutil.which(program) is None}
    return sorted(missing | {package for file, package in TEST_FILES.items() if not Path(file).exists()})


def install(packages: Iterable[str], purpose: str) -> None:
    """Install Debian packages as root or by a sudo that asks nothing.

    Raises Stop with the exact command to type where neither is possible or apt fails.
    """
    names = sorted(set(packages))
    if not names:
        return
    prefix = as_root()
    if prefix is None:
        raise Stop(
            f"{purpose} needs Debian packages that are missing, and this user may not install them. Run:\n"
            f"    sudo apt-get update && sudo apt-get install -y --no-install-recommends {shlex.join(names)}\n"
            "and start again."
        )
    say(f"installing Debian packages for {purpose}: {' '.join(names)}")
    apt = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", *APT_OPTIONS]
    # An update that fails (a mirror away, an old source) may still leave lists good enough to install from.
    _run_quietly([*apt, "update"])
    code, output = _run_quietly([*apt, "install", "-y", "--no-install-recommends", *names])
    if code:
        raise Stop(f"{output}\napt-get could not install what {purpose} needs (its words are above).")


def ensure_qt_libraries() -> None:
    """Bring what Qt loads from the system. Elsewhere than on Debian, only name what is missing."""
    if sys.platform != "linux":
        return
    if is_debian():
        install(missing_qt_packages(), "the desktop application")
        return
    known = known_libraries()
    missing = sorted(library for library in QT_LIBRARIES if library not in known)
    if known and missing:
        say(f"Qt may not start: these libraries were not found: {' '.join(missing)}")


def ensure_test_programs() -> None:
    """Bring what the tests start. Elsewhere than on Debian, only name what is missing."""
    if sys.platform != "linux":
        return
    if is_debian():
        install(missing_test_packages(), "the tests")
        return
    missing = sorted(program for program in TEST_PROGRAMS if shutil.which(program) is None)
    if missing:
        say(f"tests that need these programs will fail: {' '.join(missing)}")


def ensure_freezing_parts() -> None:
    """Bring what PyInstaller takes from a Linux system: binutils, and the library that is Python itself.

    Raises Stop with what is missing where it cannot be brought.
    """
    if sys.platform != "linux":
        return
    missing = {program: package for program, package in FREEZING_PROGRAMS.items() if shutil.which(program) is None}
    if missing and not is_debian():
        raise Stop(f"Making the bundle needs these programs, which are missing: {' '.join(sorted(missing))}.")
    install(missing.values(), "making the bundle")
    library = f"libpython{sys.version_info.major}.{sys.version_info.minor}.so.1.0"
    folders = {Path(sys.base_prefix, "lib"), Path(sysconfig.get_config_var("LIBDIR") or "/nowhere")}
    if library in known_libraries() or any((folder / library).exists() for folder in folders):
        return
    if is_debian() and sys.base_prefix == "/usr":
        install([library.partition(".so")[0]], "making the bundle")
        return
    raise Stop(
        f"Making the bundle needs {library}, and {sys.executable} was built without it. Use another Python; "
        "for one of pyenv's: PYTHON_CONFIGURE_OPTS=--enable-shared pyenv install …"
    )


def ensure_venv_module() -> None:
    """Debian's Python lacks the part that makes virtual environments: bring it where it is missing."""
    if importlib.util.find_spec("ensurepip") and importlib.util.find_spec("venv"):
        return
    package = f"python3.{sys.version_info.minor}-venv"
    if not is_debian() or not sys.base_prefix.startswith("/usr"):
        raise Stop(f"{sys.executable} cannot make virtual environments (no ensurepip). Use another Python.")
    install([package], "the virtual environment")


def as_root() -> list[str] | None:
    """What to put before a command to run it as root: nothing, sudo, or None where it is not possible."""
    if sys.platform == "win32":
        return None
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo and subprocess.run([sudo, "-n", "true"], capture_output=True, check=False).returncode == 0:
        return [sudo, "-n"]
    return None


def _run_quietly(command: list[str]) -> tuple[int, str]:
    """Run to the end and give the exit code with everything it said."""
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout.strip()


def _has_cjk_font() -> bool:
    fc_list = shutil.which("fc-list")
    if fc_list:
        found = subprocess.run([fc_list, "-q", ":lang=zh-cn"], capture_output=True, check=False)
        return found.returncode == 0
    folders = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path.home() / ".local/share/fonts")
    patterns = ("**/*CJK*", "**/wqy-*", "**/*SourceHan*", "**/DroidSansFallback*")
    return any(next(folder.glob(pattern), None) for folder in folders for pattern in patterns)
