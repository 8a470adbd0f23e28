"""How it stands with new versions, in a sentence with its symbol."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from PySide6.QtCore import QCoreApplication

from app import __version__
from app.core.release import Release
from app.desktop import formats
from app.desktop.design.colours import Tone
from app.desktop.messages import error_text
from app.gateway.snapshot import ReleaseView


@dataclass(frozen=True, slots=True)
class Standing:
    """A sentence, and how it looks."""

    symbol: str
    tone: Tone
    text: str


def standing(seen: ReleaseView, now: float) -> Standing:
    """How it stands with new versions; `now` is in Unix seconds."""
    if not seen.allowed:
        text = QCoreApplication.translate(
            "Updates", "Practice stays on this computer, so it asks nobody for new versions."
        )
        return Standing("practice", Tone.NEUTRAL, text)
    if seen.feed is None:
        text = QCoreApplication.translate(
            "Updates", "This build of Waystation knows of no place to ask. Enter the address of a release feed."
        )
        return Standing("info", Tone.NEUTRAL, text)
    if seen.asking:
        return Standing(
            "waiting",
            Tone.INFO,
            QCoreApplication.translate("Updates", "Asking {host}…").format(host=host_of(seen.feed)),
        )
    if seen.news is not None and not seen.skipped:
        return Standing("info", Tone.INFO, is_out(seen.news))
    if seen.failure is not None:
        return Standing("warning", Tone.WARNING, error_text(seen.failure))
    if seen.news is not None:
        said = QCoreApplication.translate("Updates", "Version {version} is out. You have put it aside.")
        return Standing("info", Tone.NEUTRAL, said.format(version=seen.news.version))
    if seen.answered_at is not None:
        said = QCoreApplication.translate("Updates", "This is the newest version, {version}. Asked at {time}.")
        time = formats.minute(seen.answered_at, now)
        return Standing("state-ready", Tone.POSITIVE, said.format(version=__version__, time=time))
    said = QCoreApplication.translate(
        "Updates", "This is version {version}. Nobody has been asked yet whether there is a newer one."
    )
    return Standing("info", Tone.NEUTRAL, said.format(version=__version__))


def is_out(release: Release) -> str:
    """That a version is out, and which one runs."""
    if release.published_at is None:
        said = QCoreApplication.translate("Updates", "Version {version} is out. This is {running}.")
        return said.format(version=release.version, running=__version__)
    said = QCoreApplication.translate("Updates", "Version {version} came out on {date}. This is {running}.")
    date = datetime.fromtimestamp(release.published_at).strftime("%Y-%m-%d")
    return said.format(version=release.version, date=date, running=__version__)


def host_of(feed: str) -> str:
    """Who is asked."""
    return urlsplit(feed).hostname or ""
