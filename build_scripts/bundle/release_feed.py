"""The release feed that a bundle brings, named by its builder: nobody else knows where its releases will be."""

import re
from collections.abc import Mapping
from pathlib import Path

from machine.report import Stop

#: In the bundle's `_internal`, unless there is none. As `app.platform.paths.RELEASE_FEED_FILE`.
FILE = "release_feed.txt"
#: Names it while bundling.
VARIABLE = "WAYSTATION_RELEASE_FEED"

_ADDRESS = re.compile(r"https://[A-Za-z0-9.-]+(:\d+)?/[!-~]*", re.ASCII)


def write_release_feed(build: Path, environ: Mapping[str, str]) -> str:
    """Write the file for the spec, empty without a feed; returns the feed, or "". Raises Stop if it is no address."""
    feed = environ.get(VARIABLE, "").strip()
    if feed and not _ADDRESS.fullmatch(feed):
        raise Stop(f"{VARIABLE} must be an https address, and is {feed}", 2)
    build.mkdir(parents=True, exist_ok=True)
    (build / FILE).write_text(feed, encoding="utf-8", newline="\n")
    return feed


def feed_datas(build: Path) -> list[tuple[str, str, str]]:
    """What the spec adds to the bundle."""
    written = build / FILE
    return [(FILE, str(written), "DATA")] if written.stat().st_size else []
