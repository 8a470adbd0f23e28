"""Keeps errors inside what Qt calls: one that leaves there ends the program, or the whole loop, some calls later."""

from __future__ import annotations

import functools
import logging
import sys
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any

from PySide6.QtCore import QObject

_log = logging.getLogger(__name__)

_PACKAGE = "app.desktop."
# What a failed override answers where Qt's own has nothing to say, or would do what ours has already done.
_ANSWERS: dict[str, Any] = {"event": False, "eventFilter": False, "rowCount": 0, "columnCount": 0, "data": None}


def guard_overrides() -> int:
    """Let no method of the desktop's classes that Qt calls in place of its own raise; errors go to the log.

    Measured with PySide6 6.11.3: an error in a slot, or in an override that the loop calls, reaches `sys.excepthook`.
    But one in an override that is called from Python's own `show`, `close` or `resize` is kept back and raised by
    whatever call into Qt comes next, which may be the loop's, or ends the process by a segmentation fault.

    Returns:
        How many there are that were not guarded before.
    """
    number = 0
    for kind, name in list(overrides()):
        method = vars(kind)[name]
        if not hasattr(method, "__wrapped__"):
            setattr(kind, name, _guarded(kind, name, method))
            number += 1
    return number


def overrides() -> Iterator[tuple[type[QObject], str]]:
    """The classes of the desktop with the names of their methods that stand in for Qt's own."""
    seen = set()
    for module in [module for name, module in sys.modules.items() if name.startswith(_PACKAGE)]:
        for kind in vars(module).values():
            ours = isinstance(kind, type) and issubclass(kind, QObject) and kind.__module__.startswith(_PACKAGE)
            if not ours or kind in seen:
                continue
            seen.add(kind)
            for name, method in vars(kind).items():
                if isinstance(method, FunctionType) and not name.startswith("_") and _of_qt(kind, name) is not None:
                    yield kind, name


def _of_qt(kind: type[QObject], name: str) -> Callable[..., Any] | None:
    for base in kind.__mro__[1:]:
        if base.__module__.startswith("PySide6.") and name in vars(base):
            found: Callable[..., Any] = getattr(base, name)
            return found
    return None


def _guarded(kind: type[QObject], name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    """The same method; told of once, since what is drawn fails at every drawing."""
    told = False
    answers = name in _ANSWERS or name.endswith("Event") or name == "paint"

    @functools.wraps(method)
    def guarded(self: QObject, *args: Any, **named: Any) -> Any:
        nonlocal told
        try:
            return method(self, *args, **named)
        except Exception:
            if not told:
                told = True
                _log.exception("%s.%s failed", kind.__qualname__, name)
            if answers:
                return _ANSWERS.get(name)
            of_qt = _of_qt(kind, name)
            return None if of_qt is None else of_qt(self, *args, **named)

    return guarded
