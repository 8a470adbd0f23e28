"""Where upstream is: the three addresses, their defaults, and how the environment changes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from app.core.errors import InvalidInput
from app.core.token import TokenKind

CHATGPT_BASE_URL = "https://chatgpt.com/backend-api/codex"
OPENAI_BASE_URL = "https://api.openai.com/v1"
AUTH_ISSUER = "https://auth.openai.com"


@dataclass(frozen=True, slots=True)
class UpstreamEndpoints:
    """Base addresses without a slash at the end.

    Attributes:
        chatgpt_base_url: of the ChatGPT Codex backend; `/responses` and `/models` follow it.
        openai_base_url: of the OpenAI API, likewise.
        auth_issuer: of the sign-in service.
    """

    chatgpt_base_url: str = CHATGPT_BASE_URL
    openai_base_url: str = OPENAI_BASE_URL
    auth_issuer: str = AUTH_ISSUER

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> UpstreamEndpoints:
        """Read WAYSTATION_CHATGPT_BASE_URL, WAYSTATION_OPENAI_BASE_URL and WAYSTATION_AUTH_ISSUER.

        Raises:
            InvalidInput: one of them is no http or https address.
        """
        return cls(
            _base(environ, "WAYSTATION_CHATGPT_BASE_URL", CHATGPT_BASE_URL),
            _base(environ, "WAYSTATION_OPENAI_BASE_URL", OPENAI_BASE_URL),
            _base(environ, "WAYSTATION_AUTH_ISSUER", AUTH_ISSUER),
        )

    @property
    def wham_base_url(self) -> str:
        """Of the account's own calls, such as `/usage`: they stand beside the Codex backend, not under it."""
        return self.chatgpt_base_url.removesuffix("/codex") + "/wham"

    def base_url(self, kind: TokenKind) -> str:
        """Where requests with a token of this kind go."""
        return self.chatgpt_base_url if kind is TokenKind.CHATGPT else self.openai_base_url


def _base(environ: Mapping[str, str], name: str, default: str) -> str:
    text = environ.get(name, "").strip()
    if not text:
        return default
    wrong = InvalidInput(
        f"{name} must be an http or https address such as {default}, without a user name, a query or a fragment.",
        name=name,
    )
    try:
        parts = urlsplit(text)
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        raise wrong from None
    plain = not (parts.query or parts.fragment or parts.username or parts.password)
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_fine or not plain:
        raise wrong
    return text.rstrip("/")
