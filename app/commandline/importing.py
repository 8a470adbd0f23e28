"""Reading the program's modules without what they would do besides."""

from __future__ import annotations

import gc
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

# Everything by which a context gets the system's authorities.
_LOADERS = ("load_default_certs", "set_default_verify_paths")


@contextmanager
def modules_read() -> Iterator[None]:
    """While inside, modules are imported and nothing else happens; together that saves a fifth of the start.

    Python does not collect garbage: modules are hundreds of thousands of objects, all of which stay, and it would look
    through them again and again as they come.

    And no authorities are read for the two TLS contexts that aiohttp makes for itself when it is imported. We never use
    them (`app.upstream.trust` makes ours when one is needed); without authorities they trust nobody.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    load = {name: getattr(ssl.SSLContext, name) for name in _LOADERS}
    for name in _LOADERS:
        setattr(ssl.SSLContext, name, _load_none)
    try:
        yield
    finally:
        for name, method in load.items():
            setattr(ssl.SSLContext, name, method)
        # Whoever has frozen something before wants it to stay so.
        if was_enabled and gc.get_freeze_count() == 0:
            # This makes old objects of them, without a look.
            gc.freeze()
            gc.unfreeze()
        if was_enabled:
            gc.enable()


def _load_none(_context: ssl.SSLContext, _purpose: ssl.Purpose = ssl.Purpose.SERVER_AUTH) -> None:
    """Stands in for the methods of those names."""
