"""What went wrong, in the user's language.

English sentences come with the errors themselves and are shown as they are. A translation is found by the
sentence where it is one of a fixed set, else by the error's code; without one, the English sentence stands.
"""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QT_TRANSLATE_NOOP

from app.core.errors import InvalidInput, WaystationError
from app.desktop.translation import translated
from app.gateway.snapshot import Problem

# By `WaystationError.code`; values in braces are the error's details.
BY_CODE: dict[str, object] = {
    "error": QT_TRANSLATE_NOOP("Errors", "This did not work."),
    "invalid_input": QT_TRANSLATE_NOOP("Errors", "What was given cannot be used; nothing was changed."),
    "not_found": QT_TRANSLATE_NOOP("Errors", "This entry does not exist any more."),
    "port_busy": QT_TRANSLATE_NOOP("Errors", "Port {port} is used by another program, or kept by the system."),
    "instance_running": QT_TRANSLATE_NOOP("Errors", "Another Waystation uses this data folder; quit it first."),
    "instance_unreachable": QT_TRANSLATE_NOOP(
        "Errors", "Another Waystation uses this data folder, but it does not answer. End it, then start again."
    ),
    "key_store_unavailable": QT_TRANSLATE_NOOP(
        "Errors", "The system's keyring cannot be used: there is none, it is locked, or it does not answer."
    ),
    "data_key_lost": QT_TRANSLATE_NOOP(
        "Errors", "The key that seals your tokens and licenses is gone from the keyring. Nothing was deleted."
    ),
    "seal_damaged": QT_TRANSLATE_NOOP("Errors", "A stored secret is damaged and cannot be opened. Add it again."),
    "data_too_new": QT_TRANSLATE_NOOP(
        "Errors", "The data was written by a newer Waystation and was left untouched. Install the newer version."
    ),
    "data_unusable": QT_TRANSLATE_NOOP(
        "Errors", "The database cannot be read or written. Check the disk and the rights of the data folder."
    ),
    "refusal": QT_TRANSLATE_NOOP("Errors", "The request was refused."),
}

# Sentences that share a code but say different things to do.
BY_SENTENCE: tuple[object, ...] = (
    QT_TRANSLATE_NOOP("Sentences", "This is not an API key: give the key alone, such as sk-…."),
    QT_TRANSLATE_NOOP(
        "Sentences",
        "This is not a ChatGPT access token: it must have three parts with dots between, as in Codex's auth.json.",
    ),
    QT_TRANSLATE_NOOP(
        "Sentences", "This access token does not name its ChatGPT account; sign in again and use the new one."
    ),
    QT_TRANSLATE_NOOP("Sentences", "This file is not JSON. Choose Codex's auth.json (usually ~/.codex/auth.json)."),
    QT_TRANSLATE_NOOP("Sentences", "This file is not Codex's auth.json: it holds no object."),
    QT_TRANSLATE_NOOP(
        "Sentences",
        "This file holds neither a ChatGPT login nor an API key. Run `codex login`, then import it again.",
    ),
    QT_TRANSLATE_NOOP("Sentences", "This is not an address for Codex: expected http://<ip>:<port>/codex/v1."),
    QT_TRANSLATE_NOOP("Sentences", "This address or license has a character that no shell text can carry safely."),
    QT_TRANSLATE_NOOP("Sentences", "A license key has 8 to 200 characters out of A-Z a-z 0-9 . _ ~ + / = and -."),
)


class Told(InvalidInput):
    """What the user asked for cannot be done; the sentence is in the user's language already."""


def error_text(error: WaystationError | Problem) -> str:
    """One or two sentences: what is wrong, and what to do about it."""
    if isinstance(error, Told):
        return error.message
    details = error.details if isinstance(error, WaystationError) else dict(error.details)
    return _text(error.code, error.message, details)


def _text(code: str, message: str, details: Mapping[str, str | int | None]) -> str:
    by_sentence = translated("Sentences", message)
    if by_sentence is not None:
        return by_sentence
    source = BY_CODE.get(code)
    by_code = translated("Errors", str(source)) if source is not None else None
    if by_code is None:
        return message
    try:
        return by_code.format_map(details)
    except (KeyError, ValueError):
        return message
