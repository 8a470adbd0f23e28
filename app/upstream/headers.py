"""The header edits of the design, both ways; every header that is not named here passes as it is.

Up goes all of the client's but hop-by-hop headers, credentials, cookies, and what is said to us, or by proxies before
us.
Down comes all of upstream's but hop-by-hop headers and cookies, and on purpose neither CORS, by which web pages could
read answers, nor what binds browsers to upstream's own host: Alt-Svc, Strict-Transport-Security, Clear-Site-Data and
the reporting headers.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from app.core.credential import ApiKey, Credential
from app.core.token import Token

Pairs = list[tuple[str, str]]
RawHeaders = Iterable[tuple[bytes, bytes]]

#: RFC 9110 §7.6.1, and what older software means by it.
_HOP_BY_HOP: Final = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
#: Of a request: what belongs to this hop, names the client's machine, or carries a credential that is not upstream's.
_NOT_UPSTREAM: Final = _HOP_BY_HOP | {
    "host",
    "cookie",
    "chatgpt-account-id",
    "x-api-key",
    "api-key",
    "forwarded",
    "via",
    "x-real-ip",
    "content-length",
    "expect",
    "accept-encoding",
}
#: What proxies before us added, and what is said to us alone.
_NOT_UPSTREAM_PREFIXES: Final = ("x-forwarded-", "x-waystation-", "sec-websocket-")
#: Of an answer: what is between upstream and us. No CORS header passes, or a web page could read answers.
_NOT_TO_CLIENT: Final = _HOP_BY_HOP | {
    "set-cookie",
    "set-cookie2",
    "alt-svc",
    "strict-transport-security",
    "clear-site-data",
    "nel",
    "report-to",
    "reporting-endpoints",
}


def to_upstream(
    client_headers: RawHeaders,
    token: Token,
    credential: Credential,
    *,
    decoded: bool = False,
    drop: frozenset[str] = frozenset(),
) -> Pairs:
    """A client's headers as they go upstream with a token: order and spelling are kept.

    Args:
        client_headers: as received.
        token, credential: that serve the turn.
        decoded: the body's content encoding was undone.
        drop: lower-case names that are left out besides.
    """
    headers = as_text(client_headers)
    dropped = _NOT_UPSTREAM | drop | named_in_connection(headers) | ({"content-encoding"} if decoded else set())
    kept: Pairs = []
    place: int | None = None
    for name, value in headers:
        lower = name.lower()
        if lower == "authorization":
            # Ours stands where the client's stood.
            place = len(kept) if place is None else place
        elif lower not in dropped and not lower.startswith(_NOT_UPSTREAM_PREFIXES):
            kept.append((name, value))
    place = len(kept) if place is None else place
    kept[place:place] = credentials(token, credential)
    kept.append(("Accept-Encoding", "identity"))
    return kept


def credentials(token: Token, credential: Credential) -> Pairs:
    """The headers that a token opens upstream with; the account is named for ChatGPT logins only."""
    if isinstance(credential, ApiKey):
        return [("Authorization", f"Bearer {credential.key}")]
    found = [("Authorization", f"Bearer {credential.access_token}")]
    if token.account_id:
        found.append(("chatgpt-account-id", token.account_id))
    return found


def to_client(upstream_headers: RawHeaders, *, reencoded: bool = False) -> Pairs:
    """Upstream's headers as the client gets them.

    Args:
        upstream_headers: as received.
        reencoded: the body that follows is not upstream's own bytes.
    """
    headers = as_text(upstream_headers)
    dropped = _NOT_TO_CLIENT | named_in_connection(headers)
    if reencoded:
        dropped |= {"content-length", "content-encoding", "content-type"}
    return [
        (name, value)
        for name, value in headers
        if name.lower() not in dropped and not name.lower().startswith("access-control-")
    ]


def as_text(headers: RawHeaders) -> Pairs:
    """Raw headers as text that goes out as the same bytes again; bytes that are no UTF-8 are lost within aiohttp."""
    return [(name.decode("ascii", "replace"), value.decode("utf-8", "surrogateescape")) for name, value in headers]


def named_in_connection(headers: Pairs) -> set[str]:
    """The headers that a Connection header declares to be of this hop only."""
    values = (value for name, value in headers if name.lower() == "connection")
    return {part.strip().lower() for value in values for part in value.split(",")}
