"""New versions in the window: how it stands, what is new, what is asked of the user, and what the buttons do."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QPlainTextEdit, QPushButton
from pytestqt.qtbot import QtBot

from app import __version__
from app.core.errors import InvalidInput
from app.core.release import Release
from app.core.release_memory import Consent
from app.desktop import update_operations
from app.desktop.announcements import new_version
from app.desktop.place import Place
from app.desktop.preferences import Preferences
from app.desktop.update_words import standing
from app.gateway.snapshot import Problem, ReleaseView
from app.upstream.release_feed import AskedTooOften, NoReleaseFeed, NoReleases, ReleaseFeedRefused
from tests.desktop.scripted import NOW
from tests.desktop.stage import FULL, Stage, button

FEED = "https://api.github.com/repos/owner/waystation/releases/latest"
PAGE = "https://github.com/owner/waystation/releases/tag/v9.1.0"
NEWS = Release("9.1.0", PAGE, NOW - 86_400, "New\n\n• <b>a window</b>\n• ![](x)", preview=False)
KNOWN = ReleaseView(allowed=True, feed=FEED)


def seen(**changes: object) -> ReleaseView:
    return replace(KNOWN, **changes)  # type: ignore[arg-type] # the fields of a ReleaseView


def show(stage: Stage, place: Place, release: ReleaseView) -> None:
    stage.show(replace(FULL, revision=int(time.monotonic_ns()), release=release), place)


def calls(stage: Stage) -> list[tuple[str, dict[str, object]]]:
    return [call for call in stage.desk.gateway.calls if call[0].startswith("update.")]


@pytest.mark.parametrize(
    ("release", "said"),
    [
        (ReleaseView(), "Practice stays on this computer"),
        (ReleaseView(allowed=True), "knows of no place to ask"),
        (seen(), f"This is version {__version__}. Nobody has been asked yet"),
        (seen(asking=True, news=NEWS), "Asking api.github.com…"),
        (seen(answered_at=NOW), f"This is the newest version, {__version__}. Asked at "),
        (seen(answered_at=NOW, failure=Problem.of(AskedTooOften("x.org"))), "x.org has had too many questions"),
        (seen(answered_at=NOW, news=NEWS), "Version 9.1.0 came out on 2026-11-2"),
        (seen(news=replace(NEWS, published_at=None)), f"Version 9.1.0 is out. This is {__version__}."),
        # What is known stays known when a later question fails.
        (seen(news=NEWS, failure=Problem.of(NoReleases("x.org"))), "Version 9.1.0 came out on"),
        (seen(news=NEWS, skipped=True), "You have put it aside"),
        (seen(news=NEWS, skipped=True, failure=Problem.of(NoReleases("x.org"))), "x.org knows of no release"),
    ],
)
async def test_how_it_stands_is_said(stage: Stage, release: ReleaseView, said: str) -> None:
    show(stage, Place.SETTINGS, release)
    assert stage.window.settings.updates.state.text == standing(release, time.time()).text
    assert said in stage.window.settings.updates.state.text


@pytest.mark.parametrize(
    "failure", [AskedTooOften("x.org"), NoReleases("x.org"), NoReleaseFeed("x.org"), ReleaseFeedRefused("x.org", 500)]
)
async def test_failures_are_told_in_chinese(stage: Stage, chinese: None, failure: ReleaseFeedRefused) -> None:
    text = standing(seen(failure=Problem.of(failure)), NOW).text
    assert "x.org" in text
    assert not any(char.isascii() and char.isalpha() for char in text.replace("x.org", ""))


async def test_check_now_works_at_any_time_and_agrees_to_nothing(stage: Stage) -> None:
    show(stage, Place.SETTINGS, seen(consent=Consent.REFUSED))
    updates = stage.window.settings.updates
    assert not updates.daily.isChecked()
    updates.check.click()
    assert not updates.check.isEnabled()
    # It may take a while, and holds up nothing else.
    assert updates.daily.isEnabled()
    await stage.desk.settle()
    assert updates.check.isEnabled()
    assert calls(stage) == [("update.check", {})]


async def test_while_it_is_asked_it_cannot_be_asked_again(stage: Stage) -> None:
    show(stage, Place.SETTINGS, seen(asking=True))
    assert not stage.window.settings.updates.check.isEnabled()


async def test_a_failed_check_is_said_by_the_card_alone(stage: Stage) -> None:
    stage.desk.gateway.failures["update.check"] = NoReleases("x.org")
    show(stage, Place.SETTINGS, seen())
    stage.window.settings.updates.check.click()
    await stage.desk.settle()
    assert stage.desk.failures == []
    stage.desk.gateway.failures["update.check"] = InvalidInput("No.")
    stage.window.settings.updates.check.click()
    await stage.desk.settle()
    assert stage.desk.failures == ["No."]


async def test_the_switch_agrees_and_takes_back(stage: Stage) -> None:
    show(stage, Place.SETTINGS, seen())
    daily = stage.window.settings.updates.daily
    daily.click()
    await stage.desk.settle()
    show(stage, Place.SETTINGS, seen(consent=Consent.AGREED))
    assert daily.isChecked()
    daily.click()
    await stage.desk.settle()
    assert calls(stage) == [("update.agree", {"agreed": True}), ("update.agree", {"agreed": False})]


async def test_what_cannot_be_written_is_taken_back(stage: Stage) -> None:
    stage.desk.gateway.failures["update.agree"] = InvalidInput("No.")
    show(stage, Place.SETTINGS, seen())
    stage.window.settings.updates.daily.click()
    await stage.desk.settle()
    assert not stage.window.settings.updates.daily.isChecked()
    assert stage.desk.failures == ["No."]


async def test_the_news_are_plain_text(stage: Stage) -> None:
    show(stage, Place.SETTINGS, seen(news=NEWS))
    news = stage.window.settings.updates.news
    assert isinstance(news.text, QPlainTextEdit)
    assert news.text.toPlainText() == NEWS.news
    assert news.text.isReadOnly()
    assert news.text.accessibleName() == "What is new in 9.1.0"


async def test_the_page_is_opened_by_a_click_alone(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    has_browser = True

    def open_page(address: str) -> bool:
        opened.append(address)
        return has_browser

    monkeypatch.setattr(update_operations, "open_page", open_page)
    show(stage, Place.SETTINGS, seen(news=NEWS))
    assert opened == []
    stage.window.settings.updates.news.open.click()
    await stage.desk.settle()
    assert (opened, stage.desk.failures) == ([PAGE], [])
    has_browser = False
    stage.window.settings.updates.news.open.click()
    await stage.desk.settle()
    assert stage.desk.failures == [f"No program opened the page. It is {PAGE}"]


async def test_without_a_page_nothing_can_be_opened(stage: Stage) -> None:
    show(stage, Place.SETTINGS, seen(news=replace(NEWS, page=None, news="")))
    news = stage.window.settings.updates.news
    assert not news.open.isVisible()
    assert news._no_page.isVisible()


async def test_a_version_is_put_aside_and_shown_after_all(stage: Stage) -> None:
    show(stage, Place.SETTINGS, seen(news=NEWS))
    updates = stage.window.settings.updates
    assert not updates.again.isVisible()
    updates.news.skip.click()
    await stage.desk.settle()
    show(stage, Place.SETTINGS, seen(news=NEWS, skipped=True))
    assert not updates.news.isVisible()
    updates.again.click()
    await stage.desk.settle()
    assert calls(stage) == [("update.skip", {"version": "9.1.0"}), ("update.skip", {"version": None})]


async def test_without_a_feed_the_card_says_so_and_takes_one(stage: Stage) -> None:
    show(stage, Place.SETTINGS, ReleaseView(allowed=True))
    updates = stage.window.settings.updates
    assert not updates.check.isEnabled()
    assert not updates.daily.isEnabled()
    assert not updates.use_feed.isEnabled()
    updates.feed.setText(f" {FEED} ")
    assert updates.use_feed.isEnabled()
    # What comes meanwhile does not overwrite what is being typed.
    show(stage, Place.SETTINGS, ReleaseView(allowed=True))
    updates.use_feed.click()
    await stage.desk.settle()
    assert calls(stage) == [("update.feed", {"address": FEED})]
    show(stage, Place.SETTINGS, seen(own_feed=True))
    assert (updates.feed.text(), updates.use_feed.isEnabled(), updates.check.isEnabled()) == (FEED, False, True)
    assert "api.github.com is asked" in updates._about.text()


async def test_without_an_address_the_feed_of_this_build_is_used_again(stage: Stage) -> None:
    show(stage, Place.SETTINGS, seen(own_feed=True))
    updates = stage.window.settings.updates
    updates.feed.clear()
    updates.feed.returnPressed.emit()
    await stage.desk.settle()
    assert calls(stage) == [("update.feed", {"address": None})]
    show(stage, Place.SETTINGS, seen())
    updates.feed.clear()
    assert not updates.use_feed.isEnabled()


async def test_in_practice_there_is_nothing_to_choose(stage: Stage) -> None:
    show(stage, Place.SETTINGS, ReleaseView())
    updates = stage.window.settings.updates
    assert [item.text() for item in updates.findChildren(QPushButton) if item.isVisible()] == []
    assert not updates.daily.isVisible()


async def test_the_overview_asks_once_and_quietly(stage: Stage) -> None:
    show(stage, Place.OVERVIEW, seen())
    card = stage.window.overview.updates
    assert "ask api.github.com once a day" in card.state.text
    # Whoever agrees knows to what.
    assert "learns this computer's address on the internet and the version of Waystation" in card.state.text
    assert not card.unfold.isVisible()
    assert calls(stage) == []
    button(card, "Check once a day").click()
    await stage.desk.settle()
    card.refuse.click()
    await stage.desk.settle()
    assert calls(stage) == [("update.agree", {"agreed": True}), ("update.agree", {"agreed": False})]
    assert card.refuse.accessibleName() == "Do not check for new versions"


@pytest.mark.parametrize(
    "release",
    [
        ReleaseView(),
        ReleaseView(allowed=True),
        seen(consent=Consent.REFUSED),
        seen(consent=Consent.AGREED, answered_at=NOW),
        seen(consent=Consent.AGREED, failure=Problem.of(NoReleases("x.org"))),
        seen(consent=Consent.REFUSED, news=NEWS, skipped=True),
    ],
)
async def test_the_overview_is_silent_where_there_is_nothing_to_say(stage: Stage, release: ReleaseView) -> None:
    show(stage, Place.OVERVIEW, release)
    assert not stage.window.overview.updates.isVisible()


async def test_a_newcomer_is_not_asked(stage: Stage) -> None:
    stage.show(replace(FULL, turns=(), release=seen()), Place.OVERVIEW)
    assert not stage.window.overview.updates.isVisible()


async def test_the_overview_tells_of_a_new_version_and_unfolds_it(stage: Stage) -> None:
    show(stage, Place.OVERVIEW, seen(news=NEWS))
    card = stage.window.overview.updates
    assert "Version 9.1.0 came out on" in card.state.text
    assert not card.agree.isVisible()
    assert not card.news.isVisible()
    card.unfold.click()
    assert card.news.text.toPlainText() == NEWS.news
    assert card.news.isVisible()
    card.news.skip.click()
    await stage.desk.settle()
    assert calls(stage) == [("update.skip", {"version": "9.1.0"})]
    show(stage, Place.OVERVIEW, seen(consent=Consent.AGREED, news=NEWS, skipped=True))
    assert not card.isVisible()


async def test_everything_is_reached_by_the_keyboard(stage: Stage, qtbot: QtBot) -> None:
    show(stage, Place.SETTINGS, seen(news=NEWS, own_feed=True))
    updates = stage.window.settings.updates
    wanted = [updates.news.text, updates.news.open, updates.news.skip, updates.check, updates.daily, updates.feed]
    reached = []
    at = updates.state.nextInFocusChain()
    while at is not updates.use_feed:
        if at in wanted:
            reached.append(at)
        at = at.nextInFocusChain()
    assert reached == wanted


def test_a_new_version_is_told_once_ever(tmp_path: Path) -> None:
    snapshot = replace(FULL, release=seen(news=NEWS))
    first_time = Preferences(tmp_path / "desktop.ini").first_time
    assert new_version(FULL, first_time) is None
    assert new_version(replace(FULL, release=seen(news=NEWS, skipped=True)), first_time) is None
    assert new_version(snapshot, first_time) == "Waystation 9.1.0 is out. The overview says what is new."
    assert new_version(snapshot, first_time) is None
    # After a restart.
    again = Preferences(tmp_path / "desktop.ini").first_time
    assert new_version(snapshot, again) is None
    newer = replace(NEWS, version="9.2.0")
    assert "9.2.0" in str(new_version(replace(FULL, release=seen(news=newer)), again))
