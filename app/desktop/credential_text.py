"""Texts that hold logins: what is on the clipboard, and files."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from PySide6.QtCore import QCoreApplication

from app.core.errors import InvalidInput
from app.core.login_texts import logins_in
from app.desktop.formats import shortened
from app.desktop.messages import Told

# An auth.json has about 5 kB; exports of other tools hold many logins.
MAX_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class LoginText:
    """A text that is to be imported; its repr does not show it.

    Attributes:
        text: of a kind that `token.import` reads.
        name: of the file that it comes from, to tell it from others.
    """

    text: str = field(repr=False)
    name: str = ""


def recognised(text: str) -> LoginText:
    """What is on the clipboard: access tokens, refresh tokens, API keys, or the text of an auth.json.

    Raises:
        Told: it is none of these.
    """
    stripped = text.removeprefix("\ufeff").strip().strip("\"'")
    if not stripped.startswith(("{", "[")):
        try:
            logins_in(stripped)
        except InvalidInput as error:
            raise Told(
                QCoreApplication.translate(
                    "AddToken",
                    "The clipboard holds no token. Copy a ChatGPT access token or refresh token, an API key (sk-…), "
                    "or the whole text of Codex's auth.json, then try again.",
                )
            ) from error
    return LoginText(stripped)


def read_login_file(path: Path) -> LoginText:
    """The text of a file of the user's choice.

    Raises:
        Told: it cannot be read, or is too large to hold logins.
    """
    name = shortened(path.name, 60)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise Told(
            QCoreApplication.translate("AddToken", "{name} cannot be read: {reason}").format(
                name=name, reason=error.strerror or type(error).__name__
            )
        ) from error
    if len(data) > MAX_BYTES:
        raise Told(
            QCoreApplication.translate("AddToken", "{name} is too large to be Codex's auth.json.").format(name=name)
        )
    return LoginText(data.decode("utf-8", "replace"), name)
