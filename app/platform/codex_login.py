"""The login that the Codex CLI of this computer uses, so that nobody takes it away by mistake.

A refresh token is good for one use: of two programs that share one, the second to refresh is signed out, and the
sign-in service may end the whole login.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from app.core.credential import Login, login_from_auth_json
from app.core.errors import InvalidInput, WaystationError
from app.core.login_texts import refresh_tokens_in
from app.core.token import masked_email

_MAX_BYTES = 1 << 20


class LoginShared(WaystationError):
    """Codex on this computer uses the login that was to be imported; its detail is the `path` of Codex's file."""

    code = "login_shared"
    exit_code = 2


@dataclass(frozen=True, slots=True)
class LocalLogin:
    """What is known of Codex's own login; never its secrets.

    Attributes:
        path: of its `auth.json`.
        identity: see `Token.identity`.
        account: its e-mail, masked; None when it names none.
        refresh_sha256: of its refresh token.
    """

    path: Path
    identity: str
    account: str | None
    refresh_sha256: str = field(repr=False)


def codex_auth_file(environ: Mapping[str, str], home: Path) -> Path:
    """Where Codex keeps its login: in CODEX_HOME, else in `~/.codex`."""
    named = environ.get("CODEX_HOME", "").strip()
    return (Path(named) if named else home / ".codex") / "auth.json"


def local_codex_login(environ: Mapping[str, str], home: Path) -> LocalLogin | None:
    """Codex's own ChatGPT login; None when there is none that could be shared, such as an API key. Never raises."""
    path = codex_auth_file(environ, home)
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
        text = data.decode()
        login = login_from_auth_json(text)
    except (OSError, ValueError, InvalidInput):
        return None
    tokens = refresh_tokens_in(text)
    return _described(path, login, tokens[0]) if tokens and len(data) <= _MAX_BYTES else None


def is_shared(text: str, local: LocalLogin | None) -> bool:
    """Whether this text holds the refresh token that Codex uses. API keys and access tokens alone can be shared."""
    # A refresh token alone need not look like one.
    candidates = (*refresh_tokens_in(text), "".join(text.split()))
    return local is not None and any(_sha256(token) == local.refresh_sha256 for token in candidates)


def refuse_shared(text: str, local: LocalLogin | None) -> None:
    """See that nobody takes Codex's own login away by mistake.

    Raises:
        LoginShared: this is it; the sentence says what to do instead.
    """
    if local is not None and is_shared(text, local):
        raise LoginShared(
            f"This is the login that Codex on this computer uses ({local.path}). A refresh token is good for one use: "
            "of two programs that share it, one is signed out. Give Waystation a sign-in of its own: waystation token "
            "sign-in. Or import the file with --follow, so that it is read and never refreshed here; or with "
            "--take-over, and sign in again in Codex.",
            path=str(local.path),
        )


def _described(path: Path, login: Login, refresh_token: str) -> LocalLogin:
    return LocalLogin(path, login.identity, masked_email(login.email), _sha256(refresh_token))


def _sha256(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
