"""What a copied text is: an access token, an API key, or the text of an auth.json."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from PySide6.QtCore import QCoreApplication

from app.desktop.formats import shortened
from app.desktop.messages import Told

# An auth.json has about 5 kB.
MAX_BYTES = 1 << 20
_JWT = re.compile(r"[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*")
_API_KEY = re.compile(r"sk-[A-Za-z0-9_-]{8,}")


@dataclass(frozen=True, slots=True)
class AddToken:
    """The command that adds what was recognised; its repr does not show it."""

    command: str
    params: dict[str, str] = field(repr=False)


def recognised(text: str) -> AddToken:
    """The command for a copied text.

    Raises:
        Told: it is none of the three.
    """
    stripped = text.strip().removeprefix("\ufeff").strip().strip("\"'")
    token = stripped.removeprefix("Bearer ").strip()
    if stripped.startswith("{"):
        return AddToken("token.import", {"text": stripped})
    if _JWT.fullmatch(token):
        return AddToken("token.add", {"access_token": token})
    if _API_KEY.fullmatch(token):
        return AddToken("token.add", {"api_key": token})
    raise Told(
        QCoreApplication.translate(
            "AddToken",
            "The clipboard holds no token. Copy a ChatGPT access token, an API key (sk-…), "
            "or the whole text of Codex's auth.json, then try again.",
        )
    )


def read_auth_json(path: Path) -> AddToken:
    """The command for a file of the user's choice.

    Raises:
        Told: it cannot be read, or is too large to be an auth.json.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise Told(
            QCoreApplication.translate("AddToken", "{name} cannot be read: {reason}").format(
                name=shortened(path.name, 60), reason=error.strerror or type(error).__name__
            )
        ) from error
    if len(data) > MAX_BYTES:
        raise Told(
            QCoreApplication.translate("AddToken", "{name} is too large to be Codex's auth.json.").format(
                name=shortened(path.name, 60)
            )
        )
    return AddToken("token.import", {"text": data.decode("utf-8", "replace")})
