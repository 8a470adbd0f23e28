"""The header edits of the design, both ways; every header that is not named here passes as it is.

Up goes all of the client's but hop-by-hop headers, credentials, cookies, and what is said to us, or by proxies before
us.
Down comes all of upstream's but hop-by-hop headers and cookies, and on purpose neither CORS, by which web pages could
read answers, nor what binds browsers to upstream's own host: Alt-Svc, Strict-Transport-Security, Clear-Site-Data and
the reporting headers.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from app.core.credential import ApiKey, Credential
from app.core.token import Token

Pairs = list[tuple[str, str]]
RawHeaders = Sequence[tuple[bytes, bytes]]

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
    # Ours stands in its place.
    "authorization",
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
#: Of Connection headers, those that name no other header.
_USUAL_CONNECTION: Final = frozenset({b"keep-alive", b"Keep-Alive", b"close", b""})
#: Of an answer: what no longer holds when its body is made anew.
_OF_THE_BODY: Final = frozenset({"content-length", "content-encoding", "content-type"})
#: Of a header's name, in bytes: the same few come with every turn; what is longer than any of them is not kept.
_LONGEST_KEPT: Final = 64


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
    if decoded:
        drop |= {"content-encoding"}
    kept: Pairs = []
    place: int | None = None
    for raw, value in client_headers:
        name, lower, passes, _ = _classified(raw) if len(raw) <= _LONGEST_KEPT else _classified.__wrapped__(raw)
        if passes:
            if lower not in drop:
                kept.append((name, value.decode("utf-8", "surrogateescape")))
        elif lower == "authorization":
            place = len(kept) if place is None else place
        elif lower == "connection" and (more := _of_this_hop(value) - drop):
            return to_upstream(client_headers, token, credential, drop=drop | more)
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
    drop = _OF_THE_BODY if reencoded else frozenset()
    kept = _down(upstream_headers, drop)
    return [(known.name, value.decode("utf-8", "surrogateescape")) for known, _, value in kept]


def lines_to_client(upstream_headers: RawHeaders) -> tuple[list[bytes], set[str]]:
    """The same as lines of a head, byte for byte and each with its line end, and their names in lower case."""
    kept = _down(upstream_headers, frozenset())
    return [b"%b: %b\r\n" % (raw, value) for _, raw, value in kept], {known.lower for known, _, _ in kept}


def _down(headers: RawHeaders, drop: frozenset[str]) -> list[tuple[_Known, bytes, bytes]]:
    kept: list[tuple[_Known, bytes, bytes]] = []
    for raw, value in headers:
        known = _classified(raw) if len(raw) <= _LONGEST_KEPT else _classified.__wrapped__(raw)
        if known.down:
            if known.lower not in drop:
                kept.append((known, raw, value))
        elif known.lower == "connection" and (more := _of_this_hop(value) - drop):
            return _down(headers, drop | more)
    return kept


def _of_this_hop(value: bytes) -> frozenset[str]:
    """What a Connection header declares to be between two neighbours only."""
    if value in _USUAL_CONNECTION:
        return frozenset()
    return frozenset(part.strip().lower() for part in value.decode("utf-8", "surrogateescape").split(","))


class _Known(NamedTuple):
    """A header's name: as text, in lower case, and whether it passes up and down."""

    name: str
    lower: str
    up: bool
    down: bool


@lru_cache(maxsize=1024)
def _classified(raw: bytes) -> _Known:
    name = raw.decode("ascii", "replace")
    lower = name.lower()
    return _Known(
        name,
        lower,
        lower not in _NOT_UPSTREAM and not lower.startswith(_NOT_UPSTREAM_PREFIXES),
        lower not in _NOT_TO_CLIENT and not lower.startswith("access-control-"),
    )
