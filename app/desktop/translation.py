"""The language of the user interface: English in the source, Simplified Chinese from Qt Linguist.

English has a translation too, but only of the plural forms. Qt reads compiled files: a checkout's are made by
build_scripts/dev.py, a bundle brings its own.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QLibraryInfo, QLocale, QTranslator

_log = logging.getLogger(__name__)

ENGLISH = "en"
SIMPLIFIED_CHINESE = "zh_CN"


def choose_language(wanted: str | None, preferred: Sequence[str]) -> str:
    """The language to show: `en` or `zh_CN`.

    Args:
        wanted: the user's own choice, such as `zh_CN`; None: as the system says.
        preferred: the system's languages, the best first, such as `QLocale.system().uiLanguages()`.
    """
    for name in (wanted,) if wanted else preferred:
        # Readers of traditional characters are better served by simplified ones than by English.
        language = name.replace("_", "-").split("-")[0].lower()
        if language == "zh":
            return SIMPLIFIED_CHINESE
        if language in ("en", "c"):
            return ENGLISH
    return ENGLISH


def install_language(application: QCoreApplication, language: str, build: Path) -> list[QTranslator]:
    """Make the application speak this language; Qt's own dialogs too. Returns what must be kept alive.

    A language that cannot be loaded is logged, and the application goes on in English.

    Args:
        application: that is to speak.
        language: as `choose_language` returned it.
        build: the folder whose `translations` holds our compiled ones.
    """
    # Of numbers and dates, too, but a user with British English keeps their own.
    if QLocale.system().language() != QLocale(language).language():
        QLocale.setDefault(QLocale(language))
    wanted = [build / "translations" / f"waystation_{language}.qm"]
    if language != ENGLISH:
        wanted.insert(0, Path(QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)) / f"qtbase_{language}.qm")
    installed = []
    for path in wanted:
        translator = QTranslator()
        if translator.load(str(path)):
            application.installTranslator(translator)
            installed.append(translator)
        else:
            _log.warning("the translation %s cannot be loaded", path)
    return installed


def translated(context: str, source: str) -> str | None:
    """The translation of a sentence that is known only when it is shown; None where there is none."""
    found = QCoreApplication.translate(context, source)
    return found if found != source else None
