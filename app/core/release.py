"""What a release feed says, believed as little as possible: read, measured, and put into plain text.

The shape is that of GitHub's REST API: one release (`/releases/latest`, never a draft or a preview) or a list of them
(`/releases`), each with `tag_name`, `draft`, `prerelease`, `html_url`, `published_at` and `body` in Markdown.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import SplitResult, urlsplit

from app.core.errors import InvalidInput
from app.core.release_version import Version, read_version

#: Of what is new, in characters and in lines: a notice, not a book. The page has all of it.
MOST_NEWS = 4000
MOST_LINES = 60
#: Releases that are looked at in one answer; GitHub sends at most 100.
_MOST_RELEASES = 100
_LONGEST_ADDRESS = 2000
#: Characters of Markdown that are looked at; GitHub allows 125,000.
_MOST_MARKDOWN = 20_000
#: Pages of releases are here when the feed is that of api.github.com.
_GITHUB = "github.com"
#: Characters of an address (RFC 3986). Others, such as the backslash, browsers read in their own way.
_ADDRESS = re.compile(r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+")
#: What can be a release's time: no system shows a year above 3000, and some none before 1970. In Unix seconds.
_FIRST_S, _LAST_S = 946_684_800.0, 32_000_000_000.0

_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,500}>")
_IMAGE = re.compile(r"!\[[^\[\]]{0,500}\](?:\([^()]{0,2000}\)|\[[^\[\]]{0,200}\])")
_LINK = re.compile(r"\[([^\[\]]{0,500})\](?:\([^()]{0,2000}\)|\[[^\[\]]{0,200}\])")
_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+")
_BULLET = re.compile(r"^([ \t]*)[*+-][ \t]+")
_STRONG = re.compile(r"(\*\*|__|`)(?=\S)([^*_`\n]{1,500})(?<=\S)\1")


@dataclass(frozen=True, slots=True)
class Release:
    """One release.

    Attributes:
        version: its name, such as `0.2.0`; `read_version` reads it.
        page: the address that the user can open; None: the feed names none that may be opened.
        published_at: Unix seconds, if the feed says so.
        news: what is new, in plain text; may be empty.
        preview: not final, by its version or as the feed says.
    """

    version: str
    page: str | None
    published_at: float | None
    news: str
    preview: bool


def checked_feed(text: str) -> str:
    """The address of a feed, as it is asked.

    Raises:
        InvalidInput: it is no http or https address that can be asked.
    """
    text = text.strip()
    parts = _split(text)
    if parts is None or parts.fragment:
        raise InvalidInput("The release feed is an http or https address, without a user name or a fragment.")
    return text


def releases_from_feed(data: object, feed: str) -> tuple[Release, ...] | None:
    """The releases in an answer, without drafts and without what has no version.

    Args:
        data: the answer's JSON.
        feed: the address that was asked; it says which pages may be opened.

    Returns:
        None: this is no release feed.
    """
    if isinstance(data, Mapping):
        if "tag_name" not in data:
            return None
        data = [data]
    if not isinstance(data, list) or any(not isinstance(item, Mapping) for item in data[:_MOST_RELEASES]):
        return None
    if data and not any("tag_name" in item for item in data[:_MOST_RELEASES]):
        return None
    found = (_release(item, feed) for item in data[:_MOST_RELEASES])
    return tuple(release for release in found if release is not None)


def newest(releases: Iterable[Release], running: Version) -> Release | None:
    """The newest that may be offered to who runs this version; it need not be newer than that."""
    best: tuple[Version, Release] | None = None
    for release in releases:
        version = _offered_version(release, running)
        if version is not None and (best is None or version > best[0]):
            best = (version, release)
    return None if best is None else best[1]


def is_news(release: Release | None, running: Version) -> bool:
    """Whether a release may be offered and is newer than what runs."""
    version = _offered_version(release, running) if release is not None else None
    return version is not None and version > running


def plain_news(markdown: str) -> str:
    """What is new as plain text: no markup, no pictures, no addresses behind words, and not too long."""
    text = _COMMENT.sub("", markdown[:_MOST_MARKDOWN])
    text = _LINK.sub(r"\1", _IMAGE.sub("", text))
    lines: list[str] = []
    cut = len(markdown) > _MOST_MARKDOWN
    # Unicode has separators of its own, which would make lines that nobody has counted.
    for line in _TAG.sub("", text).splitlines():
        line = _STRONG.sub(r"\2", _BULLET.sub(r"\1• ", _without_heading(_shown(line)))).rstrip()
        if not line and (not lines or not lines[-1]):
            continue
        if len(lines) == MOST_LINES:
            cut = True
            break
        lines.append(line)
    text = "\n".join(lines).strip("\n")
    if len(text) > MOST_NEWS:
        text, cut = text[:MOST_NEWS].rstrip(), True
    return f"{text}…" if cut and text else text


def _offered_version(release: Release, running: Version) -> Version | None:
    version = read_version(release.version)
    return None if version is None or (release.preview and not running.preview) else version


def _release(item: Mapping[str, Any], feed: str) -> Release | None:
    tag = item.get("tag_name")
    version = read_version(tag) if isinstance(tag, str) else None
    # Feeds of another make may not know the word; what is neither true nor false is not believed.
    if version is None or item.get("draft", False) is not False:
        return None
    body = item.get("body")
    return Release(
        version.text,
        _page(item.get("html_url"), feed),
        _time(item.get("published_at")),
        plain_news(body) if isinstance(body, str) else "",
        version.preview or item.get("prerelease", False) is not False,
    )


def _page(address: object, feed: str) -> str | None:
    """The page if it is on the feed's host or on GitHub, and no less safe to reach than the feed was."""
    parts, asked = _split(address) if isinstance(address, str) else None, _split(feed)
    if parts is None or asked is None:
        return None
    if parts.hostname not in (asked.hostname, _GITHUB) or (parts.scheme == "http" and asked.scheme == "https"):
        return None
    return parts.geturl()


def _split(address: str) -> SplitResult | None:
    """The parts of an http or https address without a user; None: it is none."""
    if len(address) > _LONGEST_ADDRESS or not _ADDRESS.fullmatch(address):
        return None
    try:
        parts = urlsplit(address)
        port = parts.port
        # Neither an empty part nor one that only looks like an international name.
        (parts.hostname or "").encode("idna").decode("idna")
    except ValueError:
        return None
    plain = parts.username is None and parts.password is None and port != 0
    return parts if parts.scheme in ("http", "https") and parts.hostname and plain else None


def _time(text: object) -> float | None:
    if not isinstance(text, str):
        return None
    try:
        at = datetime.fromisoformat(text)
        seconds = at.timestamp() if at.tzinfo is not None else 0.0
    except (ValueError, OverflowError, OSError):
        return None
    return seconds if _FIRST_S <= seconds <= _LAST_S else None


def _without_heading(line: str) -> str:
    """Without the signs of a heading before it, and those that may follow."""
    found = _HEADING.match(line)
    if found is None:
        return line
    text = line[found.end() :].rstrip()
    bare = text.rstrip("#")
    return bare if not bare or bare[-1] in " \t" else text


def _shown(line: str) -> str:
    """Without what is not seen: control characters, and those that turn the direction of writing."""
    return "".join(char for char in line if char == "\t" or unicodedata.category(char) not in ("Cc", "Cf", "Cs"))
