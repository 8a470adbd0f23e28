"""The notices about the program itself: practice, its last crash, and a desktop without a tray."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QCoreApplication

from app.desktop import formats
from app.desktop.design.colours import Tone
from app.desktop.pages.notices import NoticeText
from app.desktop.widgets.notice import Remedy


def practice_notice(start_for_real: Callable[[], None]) -> NoticeText:
    """That nothing here is real, and the way out."""
    text = QCoreApplication.translate(
        "MainWindow",
        "Practice: a simulated upstream answers, the tokens are samples, and everything is gone when you quit.",
    )
    out = Remedy(QCoreApplication.translate("MainWindow", "Start for real"), start_for_real, "practice")
    return NoticeText("practice", Tone.INFO, text, (out,), symbol="practice")


def crash_notice(at: float, now: float, copy: Callable[[], None], forget: Callable[[], None]) -> NoticeText:
    """That an earlier run ended in a crash, and when: others may have followed it. Both times in Unix seconds."""
    said = QCoreApplication.translate(
        "MainWindow", "Waystation ended unexpectedly at {time}. A report without secrets can help to mend it."
    )
    text = said.format(time=formats.minute(at, now))
    report = Remedy(QCoreApplication.translate("MainWindow", "Copy the report"), copy)
    return NoticeText("crash", Tone.WARNING, text, (report,), dismissed=forget)


def no_tray_notice() -> NoticeText:
    """That the window is the only way to the application."""
    text = QCoreApplication.translate(
        "MainWindow",
        "This desktop shows no tray icons, so Waystation lives in this window: closing it minimises it, Ctrl+Q quits.",
    )
    return NoticeText("no_tray", Tone.INFO, text)
