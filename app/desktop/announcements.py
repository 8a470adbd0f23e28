"""What the tray says by itself while the window is closed: what stops the user's work, and a new version once."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QCoreApplication

from app.desktop import formats, held, token_words
from app.desktop.counts import Counts
from app.desktop.messages import error_text
from app.desktop.overview import resting_until
from app.gateway.snapshot import GatewaySnapshot, TokenState


def announcements(snapshot: GatewaySnapshot, now: float) -> dict[str, str]:
    """What is to be said now, by a key that stays the same for as long as it need not be said again.

    Args:
        snapshot: of the gateway.
        now: Unix seconds.
    """
    found = {}
    for problem in (snapshot.problem, snapshot.key_problem):
        if problem is not None:
            found[problem.code] = error_text(problem)
    back = held.first_back(snapshot)
    until = resting_until(snapshot)
    if back is not None:
        found["waiting"] = Counts().waiting(len(snapshot.held)).format(time=formats.minute(back, now))
    elif until is not None:
        said = QCoreApplication.translate("Problems", "No token can serve now; the first is back at {time}.")
        found["resting"] = said.format(time=formats.minute(until, now))
    for token in snapshot.tokens:
        if token.state is TokenState.SIGN_IN and token.enabled:
            found[f"sign_in {token.id}"] = token_words.refused(token)
    return found


def new_version(snapshot: GatewaySnapshot, first_time: Callable[[str], bool]) -> str | None:
    """That a version is out, once for each, also across restarts; None: there is nothing to say of one.

    Args:
        snapshot: of the gateway.
        first_time: see `Preferences.first_time`.
    """
    seen = snapshot.release
    if seen.news is None or seen.skipped or not first_time(f"version-{seen.news.version}"):
        return None
    said = QCoreApplication.translate("Updates", "Waystation {version} is out. The overview says what is new.")
    return said.format(version=seen.news.version)
