"""Language and theme of the running application; both can be changed while it runs."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QLocale, QObject, QTranslator, Signal
from PySide6.QtWidgets import QApplication

from app.desktop.design.theme import Theme, apply_theme
from app.desktop.preferences import Preferences
from app.desktop.translation import choose_language, install_language


class Appearance(QObject):
    """How the application looks and which language it speaks.

    Signals:
        language_changed: everything with words has to be made anew.

    Args:
        application: that is to look and speak so.
        preferences: what the user has chosen; changes are written there.
        build: the folder with compiled `translations`.
    """

    language_changed = Signal()

    def __init__(self, application: QApplication, preferences: Preferences, build: Path) -> None:
        super().__init__(application)
        self._application = application
        self._preferences = preferences
        self._build = build
        self._translators: list[QTranslator] = []
        apply_theme(application, preferences.theme)
        self._speak()

    def use_theme(self, theme: Theme) -> None:
        """Be light, dark, or as the system."""
        self._preferences.theme = theme
        apply_theme(self._application, theme)

    def use_language(self, language: str | None) -> None:
        """Speak `en` or `zh_CN`; None: as the system."""
        self._preferences.language = language
        self.close()
        self._speak()
        self.language_changed.emit()

    def close(self) -> None:
        """Speak English again; the translators must not outlive the application."""
        for translator in self._translators:
            self._application.removeTranslator(translator)
        self._translators.clear()

    def _speak(self) -> None:
        system = QLocale.system()
        QLocale.setDefault(system)
        language = choose_language(self._preferences.language, system.uiLanguages())
        self._translators = install_language(self._application, language, self._build)
