"""The desktop application: Qt, the loop, and an instance of the gateway in between."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TypeAlias

from PySide6.QtCore import QEvent, QEventLoop, Qt, QTimer, Signal
from PySide6.QtGui import QSessionManager
from PySide6.QtWidgets import QApplication

from app.desktop.appearance import Appearance
from app.desktop.desktop import Desktop
from app.desktop.garbage import garbage_collected_here
from app.desktop.icons import Icons
from app.desktop.log_bridge import everything_logged
from app.desktop.loop import DesktopLoop
from app.desktop.machine import Machine
from app.desktop.overrides import guard_overrides
from app.desktop.preferences import Preferences
from app.desktop.reopening import Reopening
from app.gateway.handle import GatewayHandle
from app.platform.shells import default_shell

_log = logging.getLogger(__name__)

OpenInstance: TypeAlias = Callable[[Callable[[], None], Callable[[], None]], AbstractAsyncContextManager[GatewayHandle]]
"""Opens an instance; its arguments show the window and quit, and may be called as long as it is open."""

# How long the end of the user's session waits for us. Windows gives a program five seconds.
_SESSION_END_MS = 4000

# The exit code when the display went away: what Xlib's programs end with.
_DISPLAY_GONE = 1
# How long closing may take then, in seconds.
_DISPLAY_GONE_S = 10.0


def run_desktop(
    open_instance: OpenInstance,
    *,
    minimized: bool,
    practice: bool,
    resources: Path,
    build: Path,
    preferences_file: Path,
    machine: Machine,
) -> int:
    """Run the desktop until the user quits; returns the process's exit code.

    Args:
        open_instance: entered in Qt's loop once tray and window are there; the gateway itself may live elsewhere.
        minimized: start in the tray, if there is one.
        practice: say everywhere that this is practice.
        resources: the folder with `icons`.
        build: the folder with compiled `translations`.
        preferences_file: where the choices about the desktop itself are kept.
        machine: this computer.
    """
    _name_to_windows()
    guard_overrides()
    application = Application(sys.argv[:1])
    preferences = Preferences(preferences_file)
    appearance = Appearance(application, preferences, build)
    icons = Icons(resources / "icons")
    application.setWindowIcon(icons.application())
    loop = DesktopLoop(application)
    asyncio.set_event_loop(loop)
    try:
        with everything_logged(loop):
            _follow_focus(application)
            desktop = Desktop(
                icons,
                preferences,
                appearance,
                machine,
                default_shell(sys.platform),
                application.clipboard(),
                practice=practice,
            )
            application.quit_asked.connect(desktop.ask_to_quit)
            application.session_ends.connect(desktop.end_session)
            if sys.platform == "darwin":
                Reopening(application, time.monotonic).asked.connect(desktop.show_window)
            with _signals_quit(loop, desktop.quit), garbage_collected_here(lambda: desktop.feed.active_turns > 0):
                living = loop.create_task(desktop.live(open_instance, minimized=minimized))
                code = _completed(loop, living, desktop.quit)
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
        asyncio.set_event_loop(None)
        appearance.close()
    return code


class Application(QApplication):
    """Qt's application, which ends only when we say so.

    Signals:
        quit_asked: the system, such as the menu bar of macOS, asks to quit.
        session_ends: the user's session ends; no questions any more.
    """

    quit_asked = Signal()
    session_ends = Signal()

    def __init__(self, arguments: list[str]) -> None:
        super().__init__(arguments)
        # Otherwise closing the window would stop the loop under the gateway.
        self.setQuitOnLastWindowClosed(False)
        self.setApplicationName("Waystation")
        self.setDesktopFileName("waystation")
        self.commitDataRequest.connect(self._on_session_end)

    def event(self, event: QEvent) -> bool:
        """Qt would stop the loop at once; we close the gateway first."""
        if event.type() == QEvent.Type.Quit:
            event.ignore()
            self.quit_asked.emit()
            return True
        return super().event(event)

    def _on_session_end(self, manager: QSessionManager) -> None:
        manager.setRestartHint(QSessionManager.RestartHint.RestartNever)
        self.session_ends.emit()
        # The system ends us when this returns. The end of the main work leaves this loop too.
        waiting = QEventLoop()
        QTimer.singleShot(_SESSION_END_MS, waiting.quit)
        waiting.exec()


def _follow_focus(application: QApplication) -> None:
    """Look after the keyboard as soon as anything has it."""

    def focused() -> None:
        application.focusChanged.disconnect(focused)
        # Imported late: in the tray nothing ever has the keyboard.
        from app.desktop.widgets.focus_return import FocusReturn
        from app.desktop.widgets.focus_ring import FocusRing

        FocusRing(application)
        FocusReturn(application)

    application.focusChanged.connect(focused)


def _completed(loop: asyncio.AbstractEventLoop, living: asyncio.Task[int], quit: Callable[[], None]) -> int:
    """Run until the task ends. When the display goes away, Qt stops its loop: close the gateway even then."""
    living.add_done_callback(lambda _task: loop.stop())
    loop.run_forever()
    if living.done():
        return living.result()
    _log.error("the display is gone")
    quit()
    patience = time.monotonic() + _DISPLAY_GONE_S
    # Each turn of Qt's loop is stopped again at once, before its timers, but does what is posted.
    while not living.done() and time.monotonic() < patience:
        loop.call_soon_threadsafe(lambda: None)
        loop.run_forever()
        time.sleep(0.005)
    return _DISPLAY_GONE


def _name_to_windows() -> None:
    """Otherwise the taskbar shows us as Python, with Python's icon, and messages come from it.

    learn.microsoft.com/windows/win32/api/shobjidl_core/nf-shobjidl_core-setcurrentprocessexplicitappusermodelid
    """
    if sys.platform == "win32":
        import ctypes

        ctypes.windll.shell32.SetCurrentProcessExplicitAppUserModelID("Waystation.Waystation")


@contextlib.contextmanager
def _signals_quit(loop: asyncio.AbstractEventLoop, quit: Callable[[], None]) -> Iterator[None]:
    """While inside, SIGTERM and SIGINT quit the application in good order."""
    numbers = [signal.SIGINT, signal.SIGTERM]
    if sys.platform == "win32":
        # There the loop has no signal handlers; Python's own run as soon as a timer of ours ticks.
        before = {number: signal.signal(number, lambda _number, _frame: quit()) for number in numbers}
        tick = QTimer()
        tick.timeout.connect(lambda: None)
        tick.setTimerType(Qt.TimerType.VeryCoarseTimer)
        tick.start(1000)
        try:
            yield
        finally:
            tick.stop()
            for number, handler in before.items():
                signal.signal(number, handler)
    else:
        for number in numbers:
            loop.add_signal_handler(number, quit)
        try:
            yield
        finally:
            for number in numbers:
                loop.remove_signal_handler(number)
