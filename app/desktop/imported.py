"""What became of imported logins, in the user's language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication

from app.core.errors import WaystationError
from app.desktop import formats, words
from app.desktop.counts import Counts
from app.desktop.messages import Told, error_text
from app.desktop.translation import translated
from app.gateway.snapshot import Problem

# By the code of a warning of `token.import`.
WARNINGS: dict[str, object] = {
    "refresh_token_used": QT_TRANSLATE_NOOP(
        "ImportWarnings",
        "The refresh token is used up now: a program that still has it, such as a Codex CLI, must sign in again.",
    ),
    "not_stored_yet": QT_TRANSLATE_NOOP(
        "ImportWarnings",
        "The login works, but it could not be stored yet: see that the disk has room and can be written, and leave "
        "Waystation running until then.",
    ),
    "older_than_known": QT_TRANSLATE_NOOP(
        "ImportWarnings",
        "This is an older copy of a login that is here already, so its secrets were left as they are.",
    ),
    "not_renewable": QT_TRANSLATE_NOOP(
        "ImportWarnings", "It comes without a refresh token: when it ends, it must be added again."
    ),
    "ended": QT_TRANSLATE_NOOP(
        "ImportWarnings", "This access token has ended and comes without a refresh token: sign in again."
    ),
}


def told_of(outcomes: Sequence[tuple[str, Any]]) -> str | None:
    """One sentence, or a few; None when there was nothing to do.

    Args:
        outcomes: for each login the name of its file and what `token.import` gave for it, or its error.

    Raises:
        Told: some could not be imported; the sentences tell of the others too.
    """
    failures = [(name, failure) for name, outcome in outcomes if (failure := _failure(outcome)) is not None]
    done = [outcome for _, outcome in outcomes if _failure(outcome) is None]
    if len(outcomes) == 1:
        if failures:
            raise Told(failures[0][1])
        return _one(done[0])
    sentences = []
    counts = Counts()
    new = sum(not outcome["known"] for outcome in done)
    if new:
        sentences.append(counts.added(new))
    if len(done) > new:
        sentences.append(counts.renewed(len(done) - new))
    sentences += dict.fromkeys(text for outcome in done if (text := _warning(outcome)))
    if failures:
        raise Told("\n".join([*sentences, *(f"{name}: {text}" if name else text for name, text in failures)]))
    return " ".join(sentences) or None


def _one(outcome: Mapping[str, Any]) -> str:
    label = formats.shortened(words.token_label(str(outcome["label"])), 60)
    warning = _warning(outcome)
    code = (outcome.get("warning") or {}).get("code")
    if code == "older_than_known" and warning:
        return warning
    if outcome["known"]:
        said = QCoreApplication.translate(
            "AddToken", "The token “{label}” was here already; its credentials are renewed."
        ).format(label=label)
    else:
        said = QCoreApplication.translate("AddToken", "The token “{label}” is added.").format(label=label)
    return f"{said} {warning}" if warning else said


def _failure(outcome: Any) -> str | None:
    if isinstance(outcome, WaystationError):
        return error_text(outcome)
    error = outcome.get("error")
    if error is None:
        return None
    details = error.get("details") or {}
    return error_text(Problem(error["code"], error["message"], tuple(details.items())))


def _warning(outcome: Mapping[str, Any]) -> str | None:
    warning = outcome.get("warning")
    if warning is None:
        return None
    source = WARNINGS.get(warning["code"])
    return (translated("ImportWarnings", str(source)) if source is not None else None) or str(warning["message"])
