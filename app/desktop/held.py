"""The turns that wait at the station (驿站候车), as pages and tray speak of them."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from app.desktop import formats
from app.gateway.snapshot import GatewaySnapshot, HeldView


def first_back(snapshot: GatewaySnapshot) -> float | None:
    """When the first of the turns that wait is expected to go on, in Unix seconds; None: none waits."""
    return min((held.until for held in snapshot.held), default=None)


def waiting_in_short(snapshot: GatewaySnapshot, now: float) -> str | None:
    """For the tray's status line; None: none waits."""
    until = first_back(snapshot)
    if until is None:
        return None
    return QCoreApplication.translate("Held", "{number} waiting until {time}").format(
        number=formats.count(len(snapshot.held)), time=formats.minute(until, now)
    )


def by_session(snapshot: GatewaySnapshot) -> dict[str, list[HeldView]]:
    """The turns that wait, by the session that they belong to."""
    found: dict[str, list[HeldView]] = {}
    for held in snapshot.held:
        if held.session_id is not None:
            found.setdefault(held.session_id, []).append(held)
    return found
