"""Waiting that ends."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_for(look: Callable[[], T | None], what: str, timeout: float = 15.0) -> T:
    """Call ``look`` until it gives something true, and return that.

    ``timeout`` is in seconds. Raises AssertionError, which names ``what`` was waited for, when it runs out.
    """
    deadline = time.monotonic() + timeout
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout:g} s in vain for {what}; last seen: {found!r}")
        time.sleep(0.05)
