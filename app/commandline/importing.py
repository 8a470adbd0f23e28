"""Reading the program's modules without what they would do besides."""

from __future__ import annotations

import gc
import ssl
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def modules_read() -> Iterator[None]:
    """While inside, modules are imported and nothing else happens; together that saves a sixth of the start.

    Python does not collect garbage: modules are hundreds of thousands of objects, all of which stay, and it would look
    through them again and again as they come.

    And no authorities are read for the TLS context that aiohttp makes for itself when it is imported. We never use it
    (`app.upstream.trust` makes ours when one is needed); without authorities it trusts nobody.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    load = ssl.SSLContext.load_default_certs
    ssl.SSLContext.load_default_certs = _load_none  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        ssl.SSLContext.load_default_certs = load  # type: ignore[method-assign]
        # Whoever has frozen something before wants it to stay so.
        if was_enabled and gc.get_freeze_count() == 0:
            # This makes old objects of them, without a look.
            gc.freeze()
            gc.unfreeze()
        if was_enabled:
            gc.enable()


def _load_none(_context: ssl.SSLContext, _purpose: ssl.Purpose = ssl.Purpose.SERVER_AUTH) -> None:
    """Stands in for the method of that name."""
