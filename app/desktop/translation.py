"""The language of the user interface: English in the source, Simplified Chinese from Qt Linguist.

English has a translation too, but only of the plural forms.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import PySide6
from PySide6.QtCore import QCoreApplication, QLibraryInfo, QLocale, QTranslator

_log = logging.getLogger(__name__)

ENGLISH = "en"
SIMPLIFIED_CHINESE = "zh_CN"
_COMPILE_TIMEOUT_S = 30.0


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


def install_language(
    application: QCoreApplication, language: str, resources: Path, build: Path | None
) -> list[QTranslator]:
    """Make the application speak this language; Qt's own dialogs too. Returns what must be kept alive.

    A language that cannot be loaded is logged, and the application goes on in English.

    Args:
        application: that is to speak.
        language: as `choose_language` returned it.
        resources: the folder with `translations/*.ts`, and in a bundle `translations/*.qm`.
        build: the folder of a source checkout in whose `translations/` compiled ones are kept; None in a bundle.
    """
    # Of numbers and dates, too, but a user with British English keeps their own.
    if QLocale.system().language() != QLocale(language).language():
        QLocale.setDefault(QLocale(language))
    wanted = [(f"waystation_{language}", compiled_translation(language, resources, build))]
    if language != ENGLISH:
        folder = Path(QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath))
        wanted.insert(0, (f"qtbase_{language}", folder / f"qtbase_{language}.qm"))
    installed = []
    for name, path in wanted:
        translator = QTranslator()
        if path is not None and translator.load(str(path)):
            application.installTranslator(translator)
            installed.append(translator)
        else:
            _log.warning("the translation %s cannot be loaded", name)
    return installed


def translated(context: str, source: str) -> str | None:
    """The translation of a sentence that is known only when it is shown; None where there is none."""
    found = QCoreApplication.translate(context, source)
    return found if found != source else None


def compiled_translation(language: str, resources: Path, build: Path | None) -> Path | None:
    """Our translation as Qt reads it, made from its source first where that is newer; None: there is none."""
    source = resources / "translations" / f"waystation_{language}.ts"
    shipped = source.with_suffix(".qm")
    if build is None:
        return shipped if shipped.exists() else None
    target = build / "translations" / shipped.name
    try:
        if target.exists() and (not source.exists() or target.stat().st_mtime >= source.stat().st_mtime):
            return target
    except OSError:
        return None
    return target if _compile(source, target) else None


def qt_tool(name: str) -> Path:
    """A program of Qt Linguist that comes with PySide6: `lrelease` or `lupdate`."""
    return Path(PySide6.__file__).parent / (f"{name}.exe" if sys.platform == "win32" else name)


def _compile(source: Path, target: Path) -> bool:
    new = target.with_suffix(".qm.new")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # Our own arguments, no shell.
        done = subprocess.run(  # noqa: S603
            [str(qt_tool("lrelease")), "-silent", str(source), "-qm", str(new)],
            timeout=_COMPILE_TIMEOUT_S,
            capture_output=True,
            check=False,
        )
        if done.returncode:
            _log.warning("lrelease failed: %s", done.stderr.decode("utf-8", "replace").strip())
            return False
        os.replace(new, target)
    except (OSError, subprocess.TimeoutExpired) as error:
        _log.warning("the translation cannot be compiled: %s", error)
        return False
    return True
