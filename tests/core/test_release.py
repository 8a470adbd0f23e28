"""What a release feed says: versions compared, drafts never, previews only for their testers, text without tricks."""

from __future__ import annotations

import time
from typing import Any

import pytest

from app.core.errors import InvalidInput
from app.core.release import (
    MOST_LINES,
    MOST_NEWS,
    Release,
    checked_feed,
    is_news,
    newest,
    plain_news,
    releases_from_feed,
)
from app.core.release_version import Version, read_version

FEED = "https://api.github.com/repos/owner/waystation/releases/latest"
PAGE = "https://github.com/owner/waystation/releases/tag/v0.2.0"


def version(text: str) -> Version:
    found = read_version(text)
    assert found is not None
    return found


def item(tag: str = "v0.2.0", **changes: Any) -> dict[str, Any]:
    """One release as GitHub tells it, as far as we look."""
    return {
        "tag_name": tag,
        "name": f"Waystation {tag}",
        "draft": False,
        "prerelease": False,
        "html_url": PAGE,
        "published_at": "2026-03-01T08:30:00Z",
        "body": "## New\n\n* a window",
        **changes,
    }


def read(data: object, feed: str = FEED) -> tuple[Release, ...]:
    found = releases_from_feed(data, feed)
    assert found is not None
    return found


ORDER = [
    "0.2.dev1",
    "0.2.0a1.dev2",
    "0.2.0-alpha.1",
    "0.2.0a2",
    "0.2.0b1",
    "0.2.0-rc.1",
    "v0.2.0rc2",
    "0.2",
    "0.2.0.post1",
    "0.2.1",
    "0.10.0",
    "1",
    "2026.1.15",
]


def test_versions_are_ordered_as_pep_440_says() -> None:
    versions = [version(text) for text in ORDER]
    assert sorted(reversed(versions)) == versions
    assert len(set(versions)) == len(ORDER)


def test_equal_versions_may_be_written_differently() -> None:
    assert version("V0.2.0") == version("0.2") == version("0.2.0+deb.1")
    assert version("0.2.0-preview3") == version("0.2rc3")
    assert version("v0.2.0").text == "0.2.0"


def test_what_is_not_final_is_known_by_its_version() -> None:
    assert [version(text).preview for text in ("0.2.dev1", "0.2a1", "0.2rc1", "0.2", "0.2.post1")] == [
        True,
        True,
        True,
        False,
        False,
    ]


@pytest.mark.parametrize(
    "text", ["", "v", "latest", "0.2.0-final", "0..2", "1.2.3.4.5.6.7", "0.2 .0", "٠.٢", "9" * 61, "1!0.2", "0.2\n.1"]
)
def test_what_is_no_version_is_none(text: str) -> None:
    assert read_version(text) is None


def test_the_latest_release_of_github_is_read() -> None:
    (release,) = read(item())
    assert release == Release("0.2.0", PAGE, 1772353800.0, "New\n\n• a window", preview=False)


def test_of_a_list_the_newest_is_taken_wherever_it_stands() -> None:
    found = newest(read([item("v0.2.0"), item("v0.10.0"), item("v0.9.1"), item("nightly")]), version("0.1.0"))
    assert found is not None
    assert found.version == "0.10.0"


def test_drafts_are_never_offered() -> None:
    assert read([item(draft=True), item(draft="no")]) == ()


@pytest.mark.parametrize("preview", [item("v0.3.0rc1"), item("v0.3.0", prerelease=True)])
def test_previews_are_offered_to_those_alone_who_run_one(preview: dict[str, Any]) -> None:
    releases = read([preview, item("v0.2.0")])
    for_all, for_testers = newest(releases, version("0.1.0")), newest(releases, version("0.2.0b1"))
    assert for_all is not None
    assert for_testers is not None
    assert (for_all.version, for_testers.version) == ("0.2.0", version(preview["tag_name"]).text)
    # Who was offered one and went back to a final version is not told of it.
    assert not is_news(for_testers, version("0.1.0"))
    assert is_news(for_testers, version("0.2.0b1"))


def test_only_what_is_newer_is_news() -> None:
    (release,) = read(item("v0.2.0"))
    assert [is_news(release, version(text)) for text in ("0.1.9", "0.2.0rc1", "0.2", "0.2.1")] == [
        True,
        True,
        False,
        False,
    ]
    assert not is_news(None, version("0.1.0"))


@pytest.mark.parametrize(
    "data",
    [None, "v0.2.0", 3, {}, {"message": "Not Found"}, [1, 2], ["v0.2.0"], [{"name": "no tag"}], {"data": [item()]}],
)
def test_what_is_no_feed_is_told_apart_from_one_without_releases(data: object) -> None:
    assert releases_from_feed(data, FEED) is None
    assert releases_from_feed([], FEED) == ()


def test_fields_of_another_kind_are_passed_over() -> None:
    (release,) = read(item(html_url=7, published_at=12, body=["x"], name=None))
    assert release == Release("0.2.0", None, None, "", preview=False)
    assert read(item(tag_name=2)) == ()
    assert read(item(published_at="yesterday"))[0].published_at is None
    assert read(item(published_at="2026-03-01T08:30:00"))[0].published_at is None


@pytest.mark.parametrize(
    "time", ["9999-12-31T23:59:59-23:59", "9999-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "1969-12-31T00:00:00Z"]
)
def test_a_time_that_not_every_system_can_show_is_passed_over(time: str) -> None:
    assert read(item(published_at=time))[0].published_at is None


@pytest.mark.parametrize(
    ("page", "feed", "opened"),
    [
        (PAGE, FEED, True),
        ("https://api.github.com/x", FEED, True),
        ("http://127.0.0.1:9/notes", "http://127.0.0.1:8/feed.json", True),
        ("http://github.com/owner/waystation", FEED, False),
        ("https://github.com.evil.example/x", FEED, False),
        ("https://evil.example/github.com", FEED, False),
        ("https://github.com@evil.example/x", FEED, False),
        ("https://user:secret@github.com/x", FEED, False),
        ("https://evil.example\\@github.com/x", FEED, False),
        ("https://gіthub.com/x", FEED, False),
        ("https://github.com/<b>x</b>", FEED, False),
        ('https://github.com/"x', FEED, False),
        ("javascript:alert(1)//github.com", FEED, False),
        ("file:///etc/passwd", FEED, False),
        ("//github.com/x", FEED, False),
        ("https://github.com/a b", FEED, False),
        ("https://github.com/a\nb", FEED, False),
        ("https://github.com:0/", FEED, False),
        ("https://github.com:99999/", FEED, False),
        ("https://[github.com/", FEED, False),
        ("https://github.com/" + "x" * 2000, FEED, False),
        ("", FEED, False),
    ],
)
def test_only_pages_of_the_feeds_host_and_of_github_are_opened(page: str, feed: str, opened: bool) -> None:
    (release,) = read(item(html_url=page), feed)
    assert release.page == (page if opened else None)


@pytest.mark.parametrize(
    ("markdown", "shown"),
    [
        ("", ""),
        ("# New #\r\n\r\n\r\n- **fast** and `small`\r\n  * too\r\n", "New\n\n• fast and small\n  • too"),
        ("![shot](https://tracker.example/1.png) See [the guide](https://x.example/a).", " See the guide."),
        ("[![badge](https://t.example/b.svg)](https://t.example)", ""),
        ("<img src='https://tracker.example/1.png'><b>bold</b> a < b", "bold a < b"),
        ("<!-- for the\nmakers -->what counts<!-- never closed", "what counts"),
        ("a\u202eb\u200bc\x1b[31md\x00", "abc[31md"),
        ("5 * 3 * 2 and snake_case_name", "5 * 3 * 2 and snake_case_name"),
        ("## 新功能\n* 修复了一个问题", "新功能\n• 修复了一个问题"),
        ("# About C#\nIn C #", "About C#\nIn C #"),
        ("a\u2028b\u2029c\x85d\re", "a\nb\nc\nd\ne"),
    ],
)
def test_what_is_new_is_plain_text(markdown: str, shown: str) -> None:
    assert plain_news(markdown) == shown


def test_what_is_new_has_an_end() -> None:
    assert plain_news("a\u2028" * 100_000).count("\n") < MOST_LINES
    assert len(plain_news("word " * 100_000)) <= MOST_NEWS + 1
    assert plain_news("word " * 100_000).endswith("…")
    assert plain_news("a\n" * 100_000).count("\n") < MOST_LINES
    assert not plain_news("a" * MOST_NEWS).endswith("…")


@pytest.mark.parametrize(
    "piece", ["[", "![", "<a ", "**", "<!--", "`", "# ", "[a](", "_ ", "[" * 9 + "](", " ", "\t", " #"]
)
def test_no_text_takes_long(piece: str) -> None:
    began = time.perf_counter()
    plain_news(piece * 200_000)
    assert time.perf_counter() - began < 0.5


@pytest.mark.parametrize("address", [FEED, f"  {FEED} ", "http://127.0.0.1:8000/releases?per_page=5"])
def test_an_address_of_a_feed_is_taken(address: str) -> None:
    assert checked_feed(address) == address.strip()


@pytest.mark.parametrize(
    "address",
    [
        "",
        "feed",
        "ftp://x/feed",
        "https://",
        "https://u:p@x/feed",
        "https://x/a#b",
        "https://x/a b",
        "https://x/\\",
        "https://x/<",
        "驿站",
        "https://xn--/",
        "https://a..b/",
        f"https://{'a' * 64}.com/",
    ],
)
def test_an_address_that_cannot_be_asked_is_refused(address: str) -> None:
    with pytest.raises(InvalidInput, match="http or https"):
        checked_feed(address)
