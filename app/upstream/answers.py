"""Short answers of upstream, read whole: bounded in size and time, and never believed to be JSON before they are."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import orjson
from yarl import URL

from app.upstream.errors import UpstreamTimeout, UpstreamUnreachable, failure_of
from app.upstream.http import Headers, UpstreamHttp

_MAX_BYTES = 1 << 20
#: For one question and its whole answer.
TIMEOUT_S = 30.0
#: What codes look like; anything else might be a secret that upstream repeats.
_CODE = re.compile(r"[a-z][a-z_]{0,63}")


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer.

    Attributes:
        status: of HTTP.
        data: its JSON object; None when it is none.
        page: it is a web page, of Cloudflare or of a network that wants something first.
        way: it came by, as in "The connection went …".
    """

    status: int
    data: dict[str, Any] | None = field(repr=False)
    page: bool
    way: str

    @property
    def reason(self) -> str | None:
        """Upstream's code: `error.code`, or `error` itself, or `code` (codex-wire §3)."""
        if self.data is None:
            return None
        error = self.data.get("error")
        found = error.get("code") if isinstance(error, dict) else error
        return code_or_none(found) or code_or_none(self.data.get("code"))


def code_or_none(value: object) -> str | None:
    """A value that looks like a code, such as `access_denied`; what does not is not repeated to anybody."""
    return value if isinstance(value, str) and _CODE.fullmatch(value) else None


async def ask(
    http: UpstreamHttp,
    method: str,
    url: str,
    headers: Headers,
    body: bytes | None = None,
    *,
    proxy: str | None = None,
    timeout_s: float = TIMEOUT_S,
) -> Answer:
    """Send a request and read its answer.

    Args:
        http: the way out.
        method, url, headers, body, proxy: as of `UpstreamHttp.send`.
        timeout_s: for the whole of it.

    Raises:
        NoAnswer: there was none, or it broke off, or it was too long.
    """
    way = await http.way(url, proxy)
    host = URL(url).host or ""
    try:
        async with asyncio.timeout(timeout_s):
            answer = await http.send(method, url, headers, body, proxy=proxy)
            try:
                content = await _content(answer, host)
            finally:
                answer.close()
    except TimeoutError:
        raise UpstreamTimeout(f"{host} did not answer in time.", sent=True, passing=True) from None
    except (aiohttp.ClientError, OSError) as error:
        found = failure_of(error, host, way.proxy.name if way.proxy else None, way.advice)
        raise found or UpstreamUnreachable(f"{host} broke its answer off.", sent=True, passing=True) from error
    try:
        data = orjson.loads(content)
    except orjson.JSONDecodeError:
        data = None
    kind = answer.headers.get("Content-Type", "").lower()
    page = data is None and ("html" in kind or content.lstrip()[:1] == b"<")
    return Answer(answer.status, data if isinstance(data, dict) else None, page, way.shown)


async def _content(answer: aiohttp.ClientResponse, host: str) -> bytes:
    content = bytearray()
    async for piece in answer.content.iter_any():
        content += piece
        if len(content) > _MAX_BYTES:
            raise UpstreamUnreachable(f"{host} sent an answer that is far too long.", sent=True, passing=False)
    return bytes(content)
