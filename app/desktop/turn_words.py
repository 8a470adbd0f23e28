"""A turn in the user's words: why it got its token, how it ended, and what was done to its body."""

from __future__ import annotations

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication

from app.core.turn import Attempt, Outcome, TurnRow, Usage
from app.desktop import failure_words, formats, words
from app.desktop.counts import Counts
from app.desktop.translation import translated

_SYMBOLS = {
    Outcome.COMPLETED: "state-ready",
    Outcome.FAILED: "warning",
    Outcome.REFUSED: "state-disabled",
    Outcome.CLIENT_LEFT: "state-idle",
}

# By `TurnRow.note`, which is a `core.pool.Reason`: why the turn got its token.
_REASONS: dict[str, object] = {
    "kept": QT_TRANSLATE_NOOP("Reasons", "The session's own token."),
    "new_session": QT_TRANSLATE_NOOP("Reasons", "A new session began on it."),
    "no_session": QT_TRANSLATE_NOOP("Reasons", "The request names no session; the token is for this request alone."),
    "token_gone": QT_TRANSLATE_NOOP(
        "Reasons", "The session's token was disabled, removed or refused, so the session moved here."
    ),
    "limit": QT_TRANSLATE_NOOP("Reasons", "The session's token reached its limit, so the session moved here."),
    "lent": QT_TRANSLATE_NOOP("Reasons", "On loan: the session's token could not serve for a moment."),
    "model": QT_TRANSLATE_NOOP("Reasons", "On loan: the session's token does not have this model."),
    "kind": QT_TRANSLATE_NOOP("Reasons", "On loan: only an API key can serve this request."),
    "returned": QT_TRANSLATE_NOOP("Reasons", "The loan is over: back on the session's own token."),
    "relieved": QT_TRANSLATE_NOOP("Reasons", "A spare had to serve before; now an ordinary token can again."),
    "user": QT_TRANSLATE_NOOP("Reasons", "You moved it here."),
}

# By the same: why a session's token changed.
_MOVES: dict[str, object] = {
    "token_gone": QT_TRANSLATE_NOOP("Moves", "the former was disabled, removed or refused"),
    "limit": QT_TRANSLATE_NOOP("Moves", "the former reached its limit"),
    "lent": QT_TRANSLATE_NOOP("Moves", "on loan, since the former could not serve for a moment"),
    "model": QT_TRANSLATE_NOOP("Moves", "on loan, since the former does not have this model"),
    "kind": QT_TRANSLATE_NOOP("Moves", "on loan, since only an API key can serve the request"),
    "returned": QT_TRANSLATE_NOOP("Moves", "the loan is over"),
    "relieved": QT_TRANSLATE_NOOP("Moves", "the former is a spare, and is needed no more"),
    "user": QT_TRANSLATE_NOOP("Moves", "you moved it"),
}
# Such as a loan that became the home.
_MOVED = QT_TRANSLATE_NOOP("Moves", "it belongs there now")

# By `TurnRow.edits`: what was changed in the body on its way up, and why.
_EDITS: dict[str, object] = {
    "translated": QT_TRANSLATE_NOOP(
        "Edits", "Translated from chat/completions to responses, the interface that upstream speaks."
    ),
    "session_id": QT_TRANSLATE_NOOP("Edits", "session_id was sent as prompt_cache_key, its name at upstream."),
    "foreign_reasoning": QT_TRANSLATE_NOOP(
        "Edits", "Sealed reasoning of another token was left out, since this token cannot read it."
    ),
    "stream": QT_TRANSLATE_NOOP(
        "Edits", "stream was set to true, as this upstream wants it; the client gets one whole answer all the same."
    ),
    "store": QT_TRANSLATE_NOOP("Edits", "store was set to false: this upstream keeps no answers."),
    "input": QT_TRANSLATE_NOOP("Edits", "input was a plain text and was sent as a list of one message."),
    "instructions": QT_TRANSLATE_NOOP("Edits", "Empty instructions were added, since this upstream wants some."),
}


def symbol(row: TurnRow) -> str:
    """The symbol for how it ended: each has a shape of its own."""
    return _SYMBOLS[row.outcome]


def result(row: TurnRow) -> str:
    """How it ended, in short: `200`, or the status and what went wrong."""
    status = "" if row.status is None else str(row.status)
    if row.outcome is Outcome.COMPLETED:
        return status or words.outcome(row.outcome)
    error = None if row.error in (None, row.outcome.value) else failure_words.in_short(str(row.error))
    return f"{status} {error or words.outcome(row.outcome)}".strip()


def ending(row: TurnRow) -> str:
    """How it ended, as a headline."""
    word = words.outcome(row.outcome)
    if row.outcome is Outcome.COMPLETED and not row.error:
        return word
    parts = [word, failure_words.in_short(row.error) if row.error and row.error != row.outcome.value else ""]
    return " · ".join(part for part in parts if part)


def explanation(row: TurnRow) -> str:
    """Why it did not end well and what to do, in a sentence or two; empty where there is nothing to say."""
    if row.outcome is Outcome.CLIENT_LEFT:
        return QCoreApplication.translate(
            "TurnWords", "The client ended the connection before the answer was whole, as Esc does in Codex."
        )
    return failure_words.meaning(row.error) if row.error else ""


def model(row: TurnRow) -> str:
    """The model with its effort: `gpt-5-codex · high`."""
    if row.model is None or row.effort is None or row.model.endswith(f"-{row.effort}"):
        # An alias such as gpt-5-high names the effort already.
        return row.model or formats.NOTHING
    return f"{row.model} · {row.effort}"


def cached(usage: Usage) -> str:
    """How much of what the model read came from the prompt cache."""
    share = round(100 * usage.cached_tokens / usage.input_tokens) if usage.input_tokens else 0
    return QCoreApplication.translate("Tables", "{percent} cached").format(percent=formats.percent(share))


def body(row: TurnRow) -> str:
    """What became of the body on its way up, in a word."""
    if row.sent_sha256 is None:
        return formats.NOTHING
    if row.verbatim:
        return QCoreApplication.translate("Tables", "verbatim")
    if row.edits in ((), ("translated",)):
        return QCoreApplication.translate("Tables", "translated")
    return Counts().edits(len(row.edits))


def body_in_full(row: TurnRow) -> str:
    """What became of the body on its way up, in a sentence."""
    if row.sent_sha256 is None:
        return QCoreApplication.translate("TurnWords", "Nothing was sent upstream.")
    if row.verbatim:
        return QCoreApplication.translate(
            "TurnWords", "Verbatim: upstream got exactly the bytes that the client sent. Both hashes are equal."
        )
    return QCoreApplication.translate("TurnWords", "Not verbatim: the body was changed on its way up, as said here.")


def reason(note: str | None) -> str:
    """Why it got its token; empty: nobody noted it."""
    source = _REASONS.get(note or "")
    return "" if source is None else translated("Reasons", str(source)) or str(source)


def move_reason(row: TurnRow) -> str:
    """Why a session's token changed with this turn, as the second half of a sentence."""
    source = _MOVES.get(row.note or "", _MOVED)
    return translated("Moves", str(source)) or str(source)


def waited(row: TurnRow) -> str:
    """How long it waited; empty: it did not."""
    if row.waited_ms is None:
        return ""
    return QCoreApplication.translate("TurnWords", "waited {time}").format(time=formats.duration(row.waited_ms))


def edit(name: str) -> str:
    """What an edit is and why it was made; of an unknown one its name."""
    source = _EDITS.get(name)
    return name if source is None else translated("Edits", str(source)) or str(source)


def attempt(tried: Attempt, token: str) -> str:
    """A try that did not become the answer."""
    return QCoreApplication.translate("TurnWords", "{token}: {reason}, after {time}").format(
        token=token, reason=failure_words.in_short(tried.error), time=formats.duration(tried.ms)
    )
