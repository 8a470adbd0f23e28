"""What of all that PyInstaller finds goes into the bundle, judged by where it would lie in it.

PyInstaller follows each plugin of Qt to the libraries it needs, so that excluded modules come back by other ways.
Only a look at the destinations keeps them out.
"""

import re
from collections.abc import Callable, Iterable, Sequence

#: As PyInstaller has it: destination, source, kind.
Entry = tuple[str, str, str]

#: Modules that nobody here imports, or only under conditions that never hold in a bundle. readline and gdbm are
#: besides under the GPL.
EXCLUDED_MODULES = (
    "PIL",
    "PyInstaller",
    "_curses",
    "_curses_panel",
    "_dbm",
    "_gdbm",
    "_tkinter",
    "curses",
    "ensurepip",
    "idlelib",
    "lib2to3",
    "pip",
    "pkg_resources",
    "pydoc_data",
    "readline",
    "setuptools",
    "tkinter",
    "turtledemo",
    # CPython's own implementation is always there.
    "zstandard._cffi",
    "zstandard.backend_cffi",
    "PySide6.QtDBus",
    "PySide6.QtNetwork",
    "PySide6.QtOpenGL",
    "PySide6.QtQml",
    "PySide6.QtQuick",
    "PySide6.QtTest",
)
#: Imported by what is no module of the bundle's own graph: a migration's script, a name in a table.
HIDDEN_IMPORTS = (
    "alembic.context",
    "alembic.op",
    "logging.config",
    "keyring.backends.SecretService",
    "keyring.backends.Windows",
    "keyring.backends.chainer",
    "keyring.backends.fail",
    "keyring.backends.macOS",
)
#: PyInstaller's own, run before the program. They load Qt also for the command line, change the environment for all
#: programs that we start, and prepare what is not in here; Qt finds its plugins without them.
UNWANTED_RUNTIME_HOOKS = ("pyi_rth_cryptography_openssl", "pyi_rth_multiprocessing", "pyi_rth_pyside6")
#: Folder of Qt's plugins -> those that are used. What opens windows, speaks to the desktop's theme, takes Chinese
#: input, draws an SVG that a theme names as its icon, and looks like the system.
QT_PLUGINS = {
    "iconengines": ("qsvgicon",),
    "imageformats": ("qsvg",),
    "platforminputcontexts": ("composeplatforminputcontextplugin", "ibusplatforminputcontextplugin"),
    "platforms": ("qcocoa", "qoffscreen", "qwayland", "qwindows", "qxcb"),
    "platformthemes": ("qxdgdesktopportal",),
    "styles": ("qmacstyle", "qmodernwindowsstyle"),
    "wayland-decoration-client": ("adwaita", "bradient"),
    "wayland-shell-integration": ("xdg-shell",),
}
#: The modules of Qt that the program or a kept plugin needs; on macOS they are frameworks.
QT_LIBRARIES = ("Core", "DBus", "Gui", "Svg", "WaylandClient", "Widgets", "XcbQpa")
TRANSLATIONS = ("qtbase_zh_CN.qm",)
#: Every desktop has its own, which fit its graphics drivers, compositor, fonts and themes; another copy beside them
#: makes the trouble that AppImage's list of libraries to leave out tells of
#: (https://github.com/AppImageCommunity/pkg2appimage/blob/master/excludelist). readline and gdbm are under the GPL.
_SYSTEM_LIBRARIES = re.compile(
    r"^lib(gtk-|gdk|atk|pango|cairo|harfbuzz|fribidi|graphite|thai|datrie|epoxy|pixman|jpeg|png16|webp|tiff|lcms"
    r"|X11|Xau|Xcomposite|Xcursor|Xdamage|Xdmcp|Xext|Xfixes|Xi|Xinerama|Xrandr|Xrender|drm|gbm|EGL|GL|OpenGL"
    r"|wayland-|fontconfig|freetype|cups|gnutls|colord|rsvg|readline|ncurses|tinfo|gdbm|db-5)"
)
#: What lies beside the program's parts and was taken from the system it is built on.
_SYSTEM_LIBRARY = re.compile(r"^lib(?!python)[^/]+\.so[.0-9]*$")
_PLUGIN = re.compile(r"^(?:PySide6|_internal/PySide6)/(?:Qt/)?plugins/([^/]+)/([^/]+)$")
_QT_LIBRARY = re.compile(r"^(?:lib)?Qt6?([A-Za-z0-9]+?)(?:\.abi3|\.framework|_|\.|$)")
#: Distributions' metadata: the names and versions in the program's About, and the table of keyring's backends.
_METADATA = ("METADATA", "entry_points.txt")


def wanted(destination: str) -> bool:
    """Whether the file with this destination, relative to `_internal`, goes into the bundle."""
    path = destination.replace("\\", "/")
    parts = path.split("/")
    name = parts[-1]
    if any(part.endswith(".dist-info") for part in parts[:-1]):
        return name in _METADATA
    plugin = _PLUGIN.match(path)
    if plugin:
        stem = name.split(".")[0].removeprefix("lib")
        return stem in QT_PLUGINS.get(plugin[1], ())
    if parts[0] == "PySide6":
        return _wanted_of_qt(parts)
    if name == "opengl32sw.dll":
        return False
    # On macOS a link to the framework of each module lies beside them all.
    if name.startswith(("libQt6", "Qt")):
        return _is_wanted_library(name)
    return not _SYSTEM_LIBRARIES.match(name)


def without_unneeded(entries: Sequence[Entry], needs: Callable[[str], Iterable[str]]) -> list[Entry]:
    """The entries, without the system's libraries that only something left out needed (Linux).

    Args:
        entries: of libraries and extension modules, each `wanted`.
        needs: the names of the libraries that the file with this path asks the loader for.
    """
    libraries = {entry[0]: entry for entry in entries if _SYSTEM_LIBRARY.match(entry[0]) and entry[2] != "SYMLINK"}
    waiting = [source for name, source, kind in entries if name not in libraries and kind != "SYMLINK"]
    needed: set[str] = set()
    while waiting:
        for name in needs(waiting.pop()):
            if name in libraries and name not in needed:
                needed.add(name)
                waiting.append(libraries[name][1])
    return [entry for entry in entries if entry[0] not in libraries or entry[0] in needed]


def _wanted_of_qt(parts: list[str]) -> bool:
    name = parts[-1]
    if name.endswith(".qm"):
        return name in TRANSLATIONS
    if "qml" in parts or name == "opengl32sw.dll" or name.endswith((".pyi", ".pdb")):
        return False
    framework = next((part for part in parts if part.endswith(".framework")), name)
    return _is_wanted_library(framework)


def _is_wanted_library(name: str) -> bool:
    """Of a file that is a library or binding of Qt: whether its module is used. Other files are wanted."""
    module = _QT_LIBRARY.match(name)
    return module is None or module[1] in QT_LIBRARIES
