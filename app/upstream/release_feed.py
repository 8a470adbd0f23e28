"""Asking the release feed: one small question without any secret or name, and an answer that is bounded in all ways."""

from __future__ import annotations

import asyncio
from urllib.parse import urljoin, urlsplit

import aiohttp
import orjson

from app import __version__
from app.core.errors import InvalidInput, WaystationError
from app.core.release import Release, checked_feed, releases_from_feed
from app.upstream.errors import NoAnswer, failure_of
from app.upstream.http import UpstreamHttp

#: For the question with all its redirects, in seconds.
TIMEOUT_S = 20.0
#: A list of thirty releases of GitHub's with a dozen files each is below half of it.
MAX_BYTES = 2 << 20
#: GitHub answers with one after a repository was renamed.
_MOST_REDIRECTS = 3
_REDIRECTS = (301, 302, 303, 307, 308)


class ReleaseFeedUnreachable(WaystationError):
    """The feed gave no answer.

    Attributes:
        sent: whether it may have seen the question.
    """

    code = "release_feed_unreachable"

    def __init__(self, message: str, host: str, *, sent: bool) -> None:
        super().__init__(message, host=host)
        self.sent = sent


class ReleaseFeedRefused(WaystationError):
    """The feed answered, but with nothing that tells of releases."""

    code = "release_feed_refused"

    def __init__(self, host: str, status: int) -> None:
        super().__init__(
            f"{host} did not tell of releases ({status}). Try again later; if it stays so, check the address of the "
            "release feed.",
            host=host,
            status=status,
        )


class NoReleases(ReleaseFeedRefused):
    """There is no feed at this address, or nothing was released yet."""

    code = "release_feed_empty"

    def __init__(self, host: str) -> None:
        WaystationError.__init__(
            self, f"{host} knows of no release. Check the address of the release feed, or try again later.", host=host
        )


class AskedTooOften(ReleaseFeedRefused):
    """The feed wants to be left alone for a while. GitHub counts all questions from one address of the internet."""

    code = "release_feed_busy"

    def __init__(self, host: str) -> None:
        WaystationError.__init__(
            self, f"{host} has had too many questions from this network. Try again in an hour.", host=host
        )


class NoReleaseFeed(ReleaseFeedRefused):
    """What came is something else, such as the page of a network that wants a sign-in first."""

    code = "release_feed_unreadable"

    def __init__(self, host: str) -> None:
        WaystationError.__init__(
            self,
            f"What came from {host} is no release feed. Check its address, and whether this network wants you to sign "
            "in on a web page first.",
            host=host,
        )


class ReleaseFeed:
    """Asks a feed through the application's proxy.

    Args:
        http: the way out, the same as for everything else.
        timeout_s: for a whole answer.
    """

    def __init__(self, http: UpstreamHttp, *, timeout_s: float = TIMEOUT_S) -> None:
        self._http = http
        self._timeout_s = timeout_s

    async def ask(self, feed: str) -> tuple[Release, ...]:
        """Ask once; returns the releases that it knows of.

        Nothing of an earlier answer goes along, such as its ETag: by one that it gave to nobody else, the feed would
        know this computer again wherever it is.

        Args:
            feed: its address, see `checked_feed`.

        Raises:
            ReleaseFeedUnreachable: there was no answer, or it broke off.
            ReleaseFeedRefused: the answer was something else.
        """
        host = urlsplit(feed).hostname or ""
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._ask(feed, host)
        except TimeoutError:
            raise ReleaseFeedUnreachable(f"{host} did not answer in time.", host, sent=True) from None
        except (aiohttp.ClientError, OSError) as error:
            found = failure_of(error, host, None)
            message = found.message if found else f"{host} broke its answer off."
            raise ReleaseFeedUnreachable(message, host, sent=True) from error

    async def _ask(self, feed: str, host: str) -> tuple[Release, ...]:
        headers = (
            ("User-Agent", f"Waystation/{__version__}"),
            ("Accept", "application/vnd.github+json, application/json"),
            ("Accept-Encoding", "identity"),
        )
        address = feed
        for redirects in range(_MOST_REDIRECTS + 1):
            try:
                answer = await self._http.send("GET", address, headers)
            except NoAnswer as error:
                # Who has sent us elsewhere has seen the question.
                raise ReleaseFeedUnreachable(error.message, host, sent=error.sent or redirects > 0) from error
            try:
                if answer.status not in _REDIRECTS:
                    return await _read(answer, feed, host)
                address = _redirected(address, answer.headers.get("Location", ""), host)
            finally:
                answer.close()
        raise NoReleaseFeed(host)


async def _read(answer: aiohttp.ClientResponse, feed: str, host: str) -> tuple[Release, ...]:
    if answer.status in (404, 410):
        raise NoReleases(host)
    if answer.status in (403, 429):
        raise AskedTooOften(host)
    if answer.status != 200:
        raise ReleaseFeedRefused(host, answer.status)
    content = bytearray()
    async for piece in answer.content.iter_any():
        content += piece
        if len(content) > MAX_BYTES:
            raise NoReleaseFeed(host)
    # A long list takes a good part of a second, in which turns are served.
    releases = await asyncio.to_thread(_releases, content, feed)
    if releases is None:
        raise NoReleaseFeed(host)
    return releases


def _releases(content: bytearray, feed: str) -> tuple[Release, ...] | None:
    try:
        return releases_from_feed(orjson.loads(content), feed)
    except orjson.JSONDecodeError:
        return None


def _redirected(address: str, location: str, host: str) -> str:
    """Where a redirect leads: never to another host, of which nobody has told the user, nor to an open connection."""
    try:
        found = checked_feed(urljoin(address, location))
    except (InvalidInput, ValueError):
        raise NoReleaseFeed(host) from None
    before, after = urlsplit(address), urlsplit(found)
    if not location or after.hostname != before.hostname or (before.scheme, after.scheme) == ("https", "http"):
        raise NoReleaseFeed(host)
    return found
