"""All that is said of new versions can be read and reached: both languages, small and usual window, every state."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QLabel

from app.core.release import Release
from app.desktop.place import Place
from app.gateway.snapshot import Problem, ReleaseView
from app.upstream.release_feed import NoReleaseFeed
from tests.desktop.fitting import misfits
from tests.desktop.scripted import NOW
from tests.desktop.stage import FULL, Stage
from tests.desktop.test_fits import SIZES, settled
from tests.desktop.test_keyboard import activated, check_walk, out_of_order, walked

KNOWN = ReleaseView(allowed=True, feed="https://api.github.com/repos/owner-of-a-long-name/waystation/releases/latest")
NEWS = Release("10.11.12", "https://github.com/owner/x", NOW, "x " * 300 + "\n• 新" * 40, preview=False)
STATES = {
    "unknown": KNOWN,
    "no_feed": ReleaseView(allowed=True),
    "asking": replace(KNOWN, asking=True),
    "newest": replace(KNOWN, answered_at=NOW),
    "failed": replace(KNOWN, failure=Problem.of(NoReleaseFeed("a-long-name.of-a-host.example.com"))),
    "news": replace(KNOWN, news=NEWS, own_feed=True),
    "no_page": replace(KNOWN, news=replace(NEWS, page=None)),
    "skipped": replace(KNOWN, news=NEWS, skipped=True),
}


@pytest.fixture(params=["en", "zh_CN"])
def language(request: pytest.FixtureRequest) -> None:
    if request.param == "zh_CN":
        request.getfixturevalue("chinese")


async def shown(stage: Stage, state: str, place: Place, size: QSize) -> None:
    stage.show(replace(FULL, revision=FULL.revision + 1 + list(STATES).index(state), release=STATES[state]), place)
    stage.window.resize(size)
    if place is Place.OVERVIEW and STATES[state].news is not None:
        stage.window.overview.updates.unfold.setChecked(True)
    for _ in range(3):
        # What now wraps tells its height from card to page, one round of events after the other.
        await settled(stage)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("place", [Place.OVERVIEW, Place.SETTINGS])
async def test_every_state_can_be_read_whole(language: None, stage: Stage, place: Place, size: str) -> None:
    found = []
    for state in STATES:
        await shown(stage, state, place, SIZES[size])
        found += [f"{state}: {problem}" for problem in misfits(stage.window)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("state", ["unknown", "news", "skipped"])
@pytest.mark.parametrize("place", [Place.OVERVIEW, Place.SETTINGS])
async def test_everything_is_reached_by_tab_in_the_order_of_reading(stage: Stage, place: Place, state: str) -> None:
    await shown(stage, state, place, QSize(1180, 740))
    await activated(stage.window)
    stage.window.sidebar.setFocus()
    check_walk(stage.window)
    stage.window.sidebar.setFocus()
    walk = [widget for widget in walked(stage.window, Qt.Key.Key_Tab) if not isinstance(widget, QLabel)]
    page = stage.window.pages[place][0]
    assert out_of_order([widget for widget in walk if page.isAncestorOf(widget)], stage.window) == []


async def test_whatever_takes_the_keyboard_has_a_name(stage: Stage) -> None:
    await shown(stage, "news", Place.SETTINGS, QSize(1180, 740))
    updates = stage.window.settings.updates
    for widget in (updates.news.text, updates.feed, *updates.findChildren(QLabel)):
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
            assert widget.accessibleName() or widget is updates.feed, widget
    labels = [label for label in updates.findChildren(QLabel) if label.buddy() is updates.feed]
    assert [label.text() for label in labels] == ["Release feed:"]
