"""Leads everything that would be printed or lost into the log: Qt's messages, errors of slots and of the loop."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

_log = logging.getLogger(__name__)
_qt_log = logging.getLogger("qt")

_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


@contextmanager
def everything_logged(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """While inside, errors that nobody handles end in the log instead of in the process's end or nowhere."""
    previous_hook = sys.excepthook
    previous_handler = qInstallMessageHandler(_qt_message)
    sys.excepthook = _unhandled
    loop.set_exception_handler(_loop_error)
    try:
        yield
    finally:
        loop.set_exception_handler(None)
        sys.excepthook = previous_hook
        qInstallMessageHandler(previous_handler)


def _qt_message(kind: QtMsgType, context: QMessageLogContext, message: str) -> None:
    category = context.category or "default"
    _qt_log.log(_LEVELS.get(kind, logging.WARNING), "%s: %s", category, message)


def _unhandled(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
    else:
        _log.error("unhandled error in the desktop", exc_info=(kind, error, trace))


def _loop_error(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    error = context.get("exception")
    # The context's other values may hold requests: only its message is written down.
    _log.error("error in the loop: %s", context.get("message", "unknown"), exc_info=error)
