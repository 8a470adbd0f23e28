"""Brings the gateway's snapshots to whoever shows them."""

from __future__ import annotations

from PySide6.QtCore import QElapsedTimer, QObject, Qt, QTimer, Signal

from app.gateway.handle import GatewayHandle
from app.gateway.snapshot import GatewaySnapshot

# Milliseconds between two looks while the window is visible, while only the tray shows something, and when that has
# been the same for so many looks: whoever opens the tray's menu has one taken at once.
WATCHED_MS = 300
UNWATCHED_MS = 1000
QUIET_MS = 3000
QUIET_LOOKS = 5
# Of the time, showing may take one part in so many: the streams go through the same loop.
_PARTS = 30


class SnapshotFeed(QObject):
    """Asks the handle for its snapshot, and tells of those that differ from the last.

    Attributes:
        latest: the last snapshot; None before the gateway is there and after it has gone.
    """

    changed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.latest: GatewaySnapshot | None = None
        self._handle: GatewayHandle | None = None
        self._pace_ms = UNWATCHED_MS
        self._timer = QTimer(self)
        # At whole seconds, with all timers of that kind: together they wake an idle computer once a second.
        self._timer.setTimerType(Qt.TimerType.VeryCoarseTimer)
        self._timer.setInterval(UNWATCHED_MS)
        self._timer.timeout.connect(self._on_time)
        # By itself it asks in one slot and tells in the next, so that neither is long.
        self._telling = QTimer(self)
        self._telling.setSingleShot(True)
        self._telling.timeout.connect(self._tell)
        self._took_ms = 0
        self._looks_in_quiet = 0

    @property
    def active_turns(self) -> int:
        """How many turns run at this very moment; none where there is no gateway."""
        return self._handle.active_turns if self._handle is not None else 0

    def attach(self, handle: GatewayHandle) -> None:
        """The gateway is there: look now and from now on."""
        self._handle = handle
        self.look()
        self._timer.start()

    def detach(self) -> None:
        """The gateway is going: look no more."""
        self._timer.stop()
        self._telling.stop()
        self._handle = None
        self.latest = None

    def set_watched(self, watched: bool) -> None:
        """Look more often while somebody watches."""
        self._pace_ms = WATCHED_MS if watched else UNWATCHED_MS
        # The kind counts from the next start on, which the interval brings.
        self._timer.setTimerType(Qt.TimerType.CoarseTimer if watched else Qt.TimerType.VeryCoarseTimer)
        self._looks_in_quiet = 0
        self._timer.setInterval(self._pace_ms)
        if watched:
            self.look()

    def look(self) -> None:
        """Ask once, and tell at once if something is different."""
        if self._ask() or self._telling.isActive():
            self._tell()

    def _on_time(self) -> None:
        if self._ask():
            self._telling.start(0)
            return
        self._looks_in_quiet += 1
        if self._looks_in_quiet == QUIET_LOOKS and self._pace_ms == UNWATCHED_MS:
            self._timer.setInterval(QUIET_MS)

    def _ask(self) -> bool:
        """Whether something is different from the last time."""
        if self._handle is None:
            return False
        took = QElapsedTimer()
        took.start()
        snapshot = self._handle.snapshot()
        if self.latest is not None and snapshot.revision == self.latest.revision:
            return False
        self.latest = snapshot
        self._took_ms = took.elapsed()
        return True

    def _tell(self) -> None:
        self._telling.stop()
        self._looks_in_quiet = 0
        took = QElapsedTimer()
        took.start()
        self.changed.emit(self.latest)
        self._timer.setInterval(max(self._pace_ms, (self._took_ms + took.elapsed()) * _PARTS))
