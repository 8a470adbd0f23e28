"""The pages of the window, by name."""

from __future__ import annotations

from enum import StrEnum


class Place(StrEnum):
    """A page, in the order of the sidebar."""

    OVERVIEW = "overview"
    TOKENS = "tokens"
    SESSIONS = "sessions"
    SET_UP = "set_up"
    REQUESTS = "requests"
    LICENSES = "licenses"
    SETTINGS = "settings"
