"""The program with a window into it: `python -m tests.e2e.watched SOCKET [arguments of waystation]`.

It is the application itself, started as always. Besides, it answers on a Unix socket, one JSON text per connection:
`look` tells what can be seen on its windows and where, for a hand that then moves the real mouse; `end of session`
does what Qt does when the user's session ends, and answers when the system would go on to end the program.
"""

import json
import re
import socket
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QRect, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QCheckBox,
    QComboBox,
    QHeaderView,
    QLabel,
    QLineEdit,
    QMenu,
    QWidget,
)

from app.__main__ import main


class _Manager:
    def setRestartHint(self, _hint: object) -> None:
        pass


class Window(QObject):
    """Answers in Qt's thread what was asked in another."""

    asked = Signal(str, object)

    def __init__(self) -> None:
        super().__init__()
        self.asked.connect(self._answer, Qt.ConnectionType.QueuedConnection)
        self._sent = threading.Event()

    def _answer(self, question: str, answer: "Future[Any]") -> None:
        self._sent.clear()
        try:
            answer.set_result(_seen() if question == "look" else _end_of_session())
        except Exception as error:
            answer.set_exception(error)
        # The program may be at its end.
        self._sent.wait(5)

    def serve(self, path: str) -> None:
        """Answer for as long as the program lives."""
        Path(path).unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            listener.listen()
            while True:
                client, _ = listener.accept()
                with client:
                    answer: Future[Any] = Future()
                    self.asked.emit(client.recv(100).decode(), answer)
                    client.sendall(json.dumps(answer.result(30)).encode())
                # Not before it is closed: the program may be gone the next moment.
                self._sent.set()


def _end_of_session() -> float:
    started = time.monotonic()
    application: Any = QApplication.instance()
    application._on_session_end(_Manager())
    return time.monotonic() - started


def _seen() -> list[dict[str, Any]]:
    found = []
    modal = QApplication.activeModalWidget()
    for window in QApplication.topLevelWidgets():
        if not window.isVisible() or window.isMinimized():
            continue
        # What a dialog blocks cannot be used.
        blocked = modal is not None and window is not modal and not isinstance(window, QMenu)
        blocked = blocked and not modal.isAncestorOf(window) and window.windowType() != Qt.WindowType.Popup
        for widget in (window, *window.findChildren(QWidget)):
            if widget.window() is window and widget.isVisible():
                for item in _parts(widget):
                    found.append(item | {"window": window.windowTitle(), "blocked": blocked})
    return found


def _parts(widget: QWidget) -> Iterator[dict[str, Any]]:
    if isinstance(widget, QMenu):
        for action in widget.actions():
            if action.isVisible() and not action.isSeparator():
                yield _part(widget, "entry", action.text(), widget.actionGeometry(action), action.isEnabled())
    elif isinstance(widget, QAbstractItemView) and not isinstance(widget, QHeaderView):
        model = widget.model()
        for row in range(min(model.rowCount(), 200) if model is not None else 0):
            index = model.index(row, 0)
            rectangle = widget.visualRect(index).intersected(widget.viewport().rect())
            chosen = widget.currentIndex().row() == row
            yield _part(widget.viewport(), "row", str(index.data() or ""), rectangle, value="chosen" if chosen else "")
    elif isinstance(widget, QCheckBox):
        ticked = "ticked" if widget.isChecked() else "unticked"
        yield _part(widget, "check", widget.text(), QRect(0, 0, 20, widget.height()), value=ticked)
    elif isinstance(widget, QAbstractButton):
        yield _part(widget, "button", widget.text() or widget.accessibleName())
    elif isinstance(widget, QComboBox):
        yield _part(widget, "choice", _name(widget), value=widget.currentText())
    elif isinstance(widget, QAbstractSpinBox):
        yield _part(widget, "field", _name(widget), value=widget.text())
    elif isinstance(widget, QLineEdit):
        if not isinstance(widget.parent(), QAbstractSpinBox):
            yield _part(widget, "field", _name(widget))
    elif isinstance(widget, QLabel):
        yield _part(widget, "label", widget.text())


def _part(
    widget: QWidget, kind: str, text: str, within: QRect | None = None, enabled: bool = True, value: str = ""
) -> dict[str, Any]:
    rectangle = widget.visibleRegion().boundingRect()
    if within is not None:
        rectangle = rectangle.intersected(within)
    corner = widget.mapToGlobal(rectangle.topLeft())
    return {
        "kind": kind,
        "text": _plain(text),
        "value": value,
        "enabled": enabled and widget.isEnabled(),
        "at": [corner.x(), corner.y(), rectangle.width(), rectangle.height()],
    }


def _plain(label: str) -> str:
    """A label without its access key, which Chinese ones name in parentheses."""
    return re.sub(r"\(&\w\)", "", label).replace("&&", "\0").replace("&", "").replace("\0", "&")


def _name(widget: QWidget) -> str:
    buddies = (label.text() for label in widget.window().findChildren(QLabel) if label.buddy() is widget)
    return next(buddies, widget.accessibleName())


if __name__ == "__main__":
    watch = Window()
    threading.Thread(target=watch.serve, args=(sys.argv[1],), daemon=True).start()
    arguments = sys.argv[2:]
    # What Qt takes the name of the windows' class from.
    sys.argv = ["waystation", *arguments]
    sys.exit(main(arguments))
