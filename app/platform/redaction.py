"""What others must not read, left out of a text: secrets always, and who the user is where a text is handed on."""

from __future__ import annotations

import re

_LEFT_OUT = "…"
_SECRETS = re.compile(
    # JSON web tokens. Here and below, a bound keeps long runs of letters from taking seconds.
    r"eyJ[\w-]{8,2000}\.[\w-]+(?:\.[\w-]*)?"
    # OpenAI's keys, and our license keys; long ones also within a word, where a program has glued them to something.
    r"|\bsk-[\w-]{8,}|sk-[\w-]{20,}|ws-[a-z2-7]{16,}"
    # Refresh tokens.
    r"|(?<![A-Za-z0-9])rt[._][\w.-]{16,}|rt[._][\w.-]{40,}"
    # Whatever follows a Bearer.
    r"|(?<=[Bb]earer )\S+"
    # User and password of a proxy, or of any other address.
    r"|(?<=://)[^\s/@'\"]+(?=@)"
    # Values whose name says what they are, in addresses and in JSON.
    r"|(?<=code=)[^\s&'\"]+|(?<=code_verifier=)[^\s&'\"]+|(?<=password=)[^\s&'\"]+|(?<=_token=)[^\s&'\"]+"
    r"|(?<=password\": \")[^\"]+|(?<=_token\": \")[^\"]+|(?<=_token\":\")[^\"]+"
)
#: One of these is in every secret, and in hardly a line of the log: looking for them costs a twentieth.
_SIGNS = ("eyJ", "sk-", "ws-", "rt.", "rt_", "earer ", "://", "code=", "code_verifier=", "password", "_token")
#: RFC 5321, 4.5.3.1.1: up to 64 characters before the sign.
_EMAIL = re.compile(r"[\w.+%-]{1,64}@[\w-]+(?:\.[\w-]+)+")
#: Home folders of anybody, as Linux, macOS and Windows write them; a backslash may be doubled within quotes.
_HOMES = re.compile(
    r"/(?:home|Users)/[^/\s\"':]+"
    r"|[A-Za-z]:(?:\\{1,2}|/)Users(?:\\{1,2}|/)(?:[^\\/\r\n\"':<>|]+(?=[\\/])|[^\\/\s\"':<>|]+)",
    re.IGNORECASE,
)
#: Names that tell nothing of anybody.
_NOBODY = frozenset({"root", "admin", "administrator", "user"})


def without_secrets(text: str) -> str:
    """The text with everything that looks like a secret left out."""
    for sign in _SIGNS:
        if sign in text:
            return _SECRETS.sub(_LEFT_OUT, text)
    return text


def redacted(text: str, *, home: str = "", user: str = "") -> str:
    """The text without secrets, e-mail addresses, home folders and the user's name: fit to be shown to strangers.

    Args:
        text: such as a part of the log.
        home: the user's home folder, which becomes `~`.
        user: the user's name on this computer.
    """
    text = _EMAIL.sub(_LEFT_OUT, without_secrets(text))
    home = home.rstrip("/\\")
    if len(home) > 2:
        for form in {home, home.replace("\\", "/"), home.replace("\\", "\\\\")}:
            text = re.sub(re.escape(form) + r"(?![\w.-])", "~", text, flags=re.IGNORECASE)
    text = _HOMES.sub("~", text)
    if len(user) > 1 and user.lower() not in _NOBODY:
        text = re.sub(rf"(?<![^\W_]){re.escape(user)}(?![^\W_])", _LEFT_OUT, text, flags=re.IGNORECASE)
    return text
