"""How a sign-in ended, in the user's language."""

from __future__ import annotations

from PySide6.QtCore import QT_TRANSLATE_NOOP

from app.desktop import words
from app.desktop.messages import error_text
from app.desktop.translation import translated
from app.gateway.sign_in_desk import SignInStage, SignInView
from app.gateway.snapshot import Problem

# By `SignInView.code` of a sign-in that is done; values in braces are its details.
DONE: dict[str, object] = {
    "signed_in": QT_TRANSLATE_NOOP("SignedIn", "You signed in as {account}. The token “{label}” is added."),
    "signed_in_again": QT_TRANSLATE_NOOP(
        "SignedIn", "You signed in as {account} again, who is already here: the login of “{label}” is renewed."
    ),
    "renewed": QT_TRANSLATE_NOOP("SignedIn", "{account} is signed in again: the login of “{label}” is renewed."),
    "other_added": QT_TRANSLATE_NOOP(
        "SignedIn",
        "You signed in as {account}, not as “{label}”. It was added as a token of its own; the sign-in of “{label}” "
        "is still to do.",
    ),
    "other_known": QT_TRANSLATE_NOOP(
        "SignedIn",
        "You signed in as {account}, who is already here, but not as “{label}”, whose sign-in is still to do.",
    ),
}

_NOT_STORED: object = QT_TRANSLATE_NOOP(
    "SignedIn",
    "The login works, but it could not be stored yet: see that the disk has room and can be written, and leave "
    "Waystation running until then.",
)


def ended_text(view: SignInView) -> str:
    """One or two sentences."""
    message = view.message or ""
    if view.stage is not SignInStage.DONE:
        return error_text(Problem(view.code or "error", message, view.details))
    source = DONE.get(view.code or "")
    if source is None:
        return message
    text = translated("SignedIn", str(source)) or str(source)
    values = {name: words.token_label(value) if isinstance(value, str) else value for name, value in view.details}
    try:
        text = text.format_map(values)
    except (KeyError, ValueError):
        return message
    return text if view.stored else f"{text} {translated('SignedIn', str(_NOT_STORED)) or _NOT_STORED}"
