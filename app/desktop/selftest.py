"""What `waystation selftest` checks of the desktop: Qt as it is installed or frozen into a bundle."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QCoreApplication, QObject, Signal, qVersion
from PySide6.QtWidgets import QApplication, QSystemTrayIcon

from app.desktop.icons import Icons, Look
from app.desktop.translation import ENGLISH, SIMPLIFIED_CHINESE, install_language, translated
from app.platform.display import display_problem
from app.platform.paths import build_dir, resources_dir

# PySide6 6.12.0 on Python 3.11 aborts after some hundred: it releases True once too often with each.
SIGNALS = 5000
# Other work of the interpreter may hold a few references more or less.
_TOLERATED = 50


def desktop_checks() -> dict[str, object]:
    """Check Qt, the pictures and the translation; what is true of this installation, by name.

    Raises:
        RuntimeError: something is missing or broken.
    """
    if QCoreApplication.instance() is None and display_problem(os.environ, sys.platform):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    # Qt keeps the application as long as somebody holds this object.
    application = QApplication.instance() or QApplication(sys.argv[:1])
    loss = true_references_lost(SIGNALS)
    if loss > _TOLERATED:
        raise RuntimeError(f"{SIGNALS} signals lost {loss} references to True: this PySide6 would abort the process")
    return {
        "qt": qVersion(),
        "platform": QApplication.platformName(),
        "signals": SIGNALS,
        "references_lost": loss,
        "pictures": _pictures(),
        "english": _english(application),
        "chinese": _chinese(application),
        "tray": QSystemTrayIcon.isSystemTrayAvailable(),
    }


def true_references_lost(signals: int) -> int:
    """How many references to True are gone after so many signals; on Python 3.12 and newer always 0."""

    class Source(QObject):
        emitted = Signal()

    source = Source()
    received: list[None] = []
    source.emitted.connect(lambda: received.append(None))
    before = sys.getrefcount(True)
    for _ in range(signals):
        source.emitted.emit()
    if len(received) != signals:
        raise RuntimeError(f"{len(received)} of {signals} signals arrived")
    return before - sys.getrefcount(True)


def _pictures() -> int:
    folder = resources_dir() / "icons"
    icons = Icons(folder)
    names = sorted(path.stem for path in folder.glob("*.svg"))
    missing = {f"tray-{look.value}" for look in Look} - set(names)
    if missing:
        raise RuntimeError(f"pictures are missing: {', '.join(sorted(missing))}")
    for name in names:
        image = icons.tinted(name, icons.colour(Look.RUNNING)).pixmap(32, 32).toImage()
        if not any(image.pixelColor(x, y).alpha() for x in range(image.width()) for y in range(image.height())):
            raise RuntimeError(f"the picture {name} is empty")
    return len(names)


def _english(application: QCoreApplication) -> str:
    with _language(application, ENGLISH):
        said = QCoreApplication.translate("Counts", "%n token(s)", None, 2)
    if said != "2 tokens":
        raise RuntimeError("the English plural forms cannot be loaded; in a checkout, build_scripts/dev.py makes them")
    return said


def _chinese(application: QCoreApplication) -> str:
    with _language(application, SIMPLIFIED_CHINESE):
        said = translated("Overview", "Running")
        cancel = translated("QPlatformTheme", "Cancel")
    if said != "运行中" or cancel != "取消":
        raise RuntimeError("the Chinese translation cannot be loaded; in a checkout, build_scripts/dev.py makes it")
    return str(said)


@contextmanager
def _language(application: QCoreApplication, language: str) -> Iterator[None]:
    translators = install_language(application, language, build_dir())
    try:
        yield
    finally:
        for translator in translators:
            application.removeTranslator(translator)
