"""Tray, window and operations put together, around one open instance of the gateway."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QClipboard

from app.core.errors import WaystationError
from app.desktop import dialogs
from app.desktop.adding import Adding
from app.desktop.announcements import announcements, new_version
from app.desktop.appearance import Appearance
from app.desktop.clipboard import put_text
from app.desktop.feed import SnapshotFeed
from app.desktop.icons import Icons
from app.desktop.late_window import LateWindow
from app.desktop.machine import Machine
from app.desktop.messages import error_text
from app.desktop.notifier import Notifier
from app.desktop.opening import open_page
from app.desktop.operations import Operations
from app.desktop.overview import Overview, closing, failed, overview, starting
from app.desktop.place import Place
from app.desktop.preferences import Preferences
from app.desktop.sign_in.leader import SignInLeader
from app.desktop.tray import Tray, TrayActions
from app.desktop.tray_entries import tray_entries
from app.gateway.handle import GatewayHandle
from app.gateway.snapshot import GatewaySnapshot
from app.gateway.tasks import TaskSet
from app.platform.codex_login import codex_auth_file, is_shared, local_codex_login
from app.platform.shells import Shell

if TYPE_CHECKING:
    from app.desktop.window import MainWindow

_log = logging.getLogger(__name__)

# How long the instance may take to close before it is cancelled, in seconds.
_CLOSE_LIMIT_S = 20.0
# How long requests that run may hold up quitting, if the user waits for them, in seconds.
_DRAIN_S = 600.0
# The same when the user's session ends; some seconds are left for writing everything down then.
_SESSION_DRAIN_S = 2.0


class Desktop(QObject):
    """What the user sees, from before the gateway is there until after it has gone.

    Args:
        icons: all pictures.
        preferences: of this desktop.
        appearance: its looks and its language.
        machine: this computer.
        shell: that the user most likely has.
        clipboard: the system's.
        practice: whether to say that this is practice.
    """

    def __init__(
        self,
        icons: Icons,
        preferences: Preferences,
        appearance: Appearance,
        machine: Machine,
        shell: Shell,
        clipboard: QClipboard,
        *,
        practice: bool,
    ) -> None:
        super().__init__()
        self._icons = icons
        self._preferences = preferences
        self._appearance = appearance
        self._machine = machine
        self._shell = shell
        self._practice = practice
        self._clipboard = clipboard
        self._tasks = TaskSet()
        self._instance: asyncio.Task[int] | None = None
        self._leaving = asyncio.Event()
        self._opened = False
        self._waiting_to_quit = False
        self._notifier = Notifier(lambda sentence: self.tray.tell(sentence, failed=True))
        self._window = LateWindow(self._make_window)
        self.feed = SnapshotFeed(self)
        self.operations = Operations(self._copy_secret, self)
        self.signing_in = SignInLeader(
            icons, self.operations, lambda: self._window.visible, clipboard.setText, open_page, self.feed.look
        )
        self.adding = Adding(
            self.operations,
            lambda: self._window.visible,
            clipboard.text,
            self.signing_in.sign_in,
            _shared_with,
            codex_auth_file(os.environ, Path.home()).parent,
        )
        self.tray = Tray(
            icons,
            TrayActions(
                look=self._on_tray_opens,
                start=self.operations.start_gateway,
                stop=self.operations.stop_gateway,
                copy_environment=self._on_copy_environment,
                copy_setup=self._on_copy_setup,
                sign_in=self.signing_in.sign_in,
                add_from_clipboard=self.adding.from_clipboard,
                add_from_file=self.adding.choose_files,
                wait_overnight=self.operations.pool.set_overnight,
                enable_token=self.operations.tokens.set_enabled,
                open_sessions=partial(self._open, Place.SESSIONS),
                open_window=self.show_window,
                open_settings=partial(self._open, Place.SETTINGS),
                autostart=machine.autostart,
                set_autostart=self._on_autostart,
                quit=self.ask_to_quit,
            ),
            practice=practice,
            host_changed=self._window.show_tray,
            parent=self,
        )
        appearance.language_changed.connect(self._on_language_changed)
        self.feed.changed.connect(self._on_snapshot)
        self.operations.done.connect(self._on_done)
        self.operations.failed.connect(self._on_failed)
        self.operations.busy_changed.connect(self._on_busy_changed)

    @property
    def window(self) -> MainWindow:
        """The main window; made if nobody has wanted to see it before."""
        return self._window.window

    async def live(
        self,
        open_instance: Callable[[Callable[[], None], Callable[[], None]], AbstractAsyncContextManager[GatewayHandle]],
        *,
        minimized: bool,
    ) -> int:
        """Show tray and window, open the instance, and stay until the user quits; returns the exit code."""
        self._show_overview(starting())
        self.tray.show()
        if not minimized or not self.tray.docked:
            self.show_window()
        self._instance = self._tasks.start(self._with_instance(open_instance), "instance")
        leaving = self._tasks.start(self._leaving.wait(), "wait for quit")
        await asyncio.wait({self._instance, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not self._instance.done():
            if not self._opened:
                self._instance.cancel()
            await asyncio.wait({self._instance}, timeout=_CLOSE_LIMIT_S)
            if not self._instance.done():
                _log.error("the instance did not close within %s s", _CLOSE_LIMIT_S)
        code = 0 if self._instance.cancelled() or not self._instance.done() else self._instance.result()
        self.signing_in.close()
        await self._tasks.close()
        await self.operations.close()
        self.tray.hide()
        self._window.leave()
        return code

    def quit(self) -> None:
        """End without questions."""
        self._leaving.set()

    def end_session(self) -> None:
        """The user's session ends: no questions, and little time."""
        self.operations.begin("session end", self._stop_and_quit(_SESSION_DRAIN_S))

    def ask_to_quit(self) -> None:
        """End; with requests running, only if the user says so. Those of practice are nobody's."""
        self.feed.look()
        running = self.feed.latest.active_turns if self.feed.latest and not self._practice else 0
        if self._waiting_to_quit:
            # Asked once more: the user will not wait after all.
            self.quit()
        elif running and not self._leaving.is_set():
            # In a group of its own: another question may be open.
            self._ask("quit", self._ask_and_quit(running))
        else:
            self.quit()

    def start_for_real(self) -> None:
        """Leave practice for the application itself; if that does not start, stay and say so."""
        self.operations.begin("practice", self._start_for_real())

    def show_window(self) -> None:
        """What a second start of the application does."""
        self._with_window(lambda window: window.bring_up())

    def _on_language_changed(self) -> None:
        # Later: the choice was made in the window that is replaced.
        QTimer.singleShot(0, self._speak_anew)

    def _speak_anew(self) -> None:
        """Make the tray's menu and the window in the new language; what they showed they show again."""
        self.tray.rebuild()
        self._window.replace()
        if self.feed.latest is not None:
            self._show_standing(self.feed.latest)

    def _make_window(self) -> MainWindow:
        # Imported late: with its pages it is half of the desktop.
        from app.desktop.window import MainWindow

        return MainWindow(
            self._icons,
            self.operations,
            preferences=self._preferences,
            appearance=self._appearance,
            machine=self._machine,
            shell=self._shell,
            practice=self._practice,
            adding=self.adding,
            signing_in=self.signing_in,
            copy_text=self._clipboard.setText,
            visible_changed=self._on_window_visible,
            start_for_real=self.start_for_real,
            quit=self.ask_to_quit,
        )

    async def _with_instance(
        self,
        open_instance: Callable[[Callable[[], None], Callable[[], None]], AbstractAsyncContextManager[GatewayHandle]],
    ) -> int:
        try:
            async with open_instance(self.show_window, self.quit) as handle:
                self._opened = True
                self.operations.attach(handle)
                self.feed.attach(handle)
                await self._leaving.wait()
                self.feed.detach()
                await self.operations.close()
                self._show_overview(closing())
        except WaystationError as error:
            _log.error("the instance failed: %s", error.code)
            await self._tell_fatal(error_text(error))
            return error.exit_code
        except Exception:
            _log.exception("the instance failed")
            await self._tell_fatal(self.tr("Something unexpected went wrong. The log file says more."))
            return 1
        return 0

    async def _start_for_real(self) -> None:
        if self._machine.start_for_real is not None:
            self._machine.start_for_real()
            self.quit()

    async def _tell_fatal(self, text: str) -> None:
        if self._leaving.is_set():
            return
        self.feed.detach()
        self._show_overview(failed(opened=self._opened))
        title = self.tr("Waystation cannot start") if not self._opened else self.tr("Waystation has to end")
        telling = self._tasks.start(dialogs.told(self.window, title, title, text), "tell what failed")
        leaving = self._tasks.start(self._leaving.wait(), "wait for quit")
        self.window.bring_up()
        await asyncio.wait({telling, leaving}, return_when=asyncio.FIRST_COMPLETED)

    async def _ask_and_quit(self, running: int) -> None:
        way = await dialogs.chosen(
            self._window.visible,
            self.tr("Quit Waystation"),
            self.tr("%n request(s) are still running.", "", running),
            [self.tr("Quit when they are done"), self.tr("Quit now")],
            explanation=self.tr(
                "Until then no new request is taken. If you quit now, their clients see a broken answer."
            ),
        )
        if way is None:
            return
        if way == 0:
            self._waiting_to_quit = True
            self._tell(
                self.tr(
                    "Waystation quits as soon as the running requests are done. To quit at once, choose Quit again."
                )
            )
        await self._stop_and_quit(_DRAIN_S if way == 0 else 0.0)

    async def _stop_and_quit(self, drain_s: float) -> None:
        try:
            with suppress(TimeoutError):
                # Another stop may be under way that waits longer.
                await asyncio.wait_for(self.operations.do("gateway.stop", drain_s=drain_s), drain_s + 1.0)
        finally:
            self.quit()

    def _tell(self, sentence: str) -> None:
        self._window.tell(sentence)
        if not self._window.is_active:
            self.tray.tell(sentence)

    def _ask(self, group: str, question: Coroutine[Any, Any, None]) -> None:
        if self.operations.is_busy(group):
            dialogs.bring_up_open_one()
        self.operations.run(group, question)

    def _on_copy_environment(self, shell: Shell) -> None:
        self.operations.copy_environment(shell, self._base_url())

    def _on_copy_setup(self, shell: Shell) -> None:
        self.operations.copy_setup(shell, self._base_url())

    def _base_url(self) -> str:
        # Before the gateway is there the operation says so, and the address does not matter.
        return self.feed.latest.base_url if self.feed.latest else ""

    def _copy_secret(self, text: str) -> None:
        put_text(self._clipboard, text, secret=True, platform=sys.platform)

    def _on_tray_opens(self) -> None:
        self.feed.look()
        if self.feed.latest is not None:
            self._show_standing(self.feed.latest)

    def _show_standing(self, snapshot: GatewaySnapshot) -> None:
        self._show_overview(overview(snapshot, time.time()))
        self.tray.show_entries(tray_entries(snapshot, time.time()))

    def _on_snapshot(self, snapshot: GatewaySnapshot) -> None:
        self._show_standing(snapshot)
        self.signing_in.show_snapshot(snapshot)
        self._window.show_snapshot(snapshot)
        self._announce_problems(snapshot)

    def _show_overview(self, seen: Overview) -> None:
        self.tray.show_overview(seen)
        self._window.show_overview(seen)

    def _announce_problems(self, snapshot: GatewaySnapshot) -> None:
        silent = self._window.visible is not None or not self._preferences.notifications
        self._notifier.show(announcements(snapshot, time.time()), time.monotonic(), silent=silent)
        if (said := new_version(snapshot, self._preferences.first_time)) and not silent:
            self.tray.tell(said)

    def _open(self, place: Place) -> None:
        self._with_window(lambda window: window.go(place))
        self.show_window()

    def _with_window(self, act: Callable[[MainWindow], None]) -> None:
        if self._window.is_loaded:
            act(self.window)
        else:
            self._tasks.start(self._once_loaded(act), "load the window")

    async def _once_loaded(self, act: Callable[[MainWindow], None]) -> None:
        await self._window.load()
        act(self.window)

    def _on_autostart(self, wanted: bool) -> None:
        self.operations.begin("autostart", self._set_autostart(wanted))

    async def _set_autostart(self, wanted: bool) -> None:
        try:
            if self._machine.autostart is not None:
                self._machine.autostart.set(wanted)
        finally:
            self.tray.show_autostart()

    def _on_done(self, sentence: str) -> None:
        self.feed.look()
        self._tell(sentence)

    def _on_failed(self, sentence: str) -> None:
        self.feed.look()
        self._window.tell_failure(sentence)
        if not self._window.is_active:
            self.tray.tell(sentence, failed=True)

    def _on_busy_changed(self, group: str, busy: bool) -> None:
        if group == "gateway":
            self.tray.show_busy(busy)
            self.feed.look()

    def _on_window_visible(self, visible: bool) -> None:
        if self._window.replacing:
            return
        self.feed.set_watched(visible)
        going = visible or not self.tray.docked or self._leaving.is_set()
        if not going and self._preferences.first_time("closed_to_tray"):
            self.tray.tell(self.tr("Waystation keeps running in the tray. To end it, choose Quit in the menu there."))


def _shared_with(text: str) -> Path | None:
    local = local_codex_login(os.environ, Path.home())
    return local.path if local is not None and is_shared(text, local) else None
