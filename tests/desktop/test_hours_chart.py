"""The picture of the last hours: by eye, by pointer, by keyboard, by ear."""

from datetime import datetime
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QAccessible, QHelpEvent, QImage, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolTip

from app.core.history import HistoryBucket
from app.desktop.design.colours import Tone, mark
from app.desktop.formats import count
from app.desktop.widgets.hours_chart import HoursChart

NOON = datetime(2026, 11, 22, 12).timestamp()


def hours(*busy: HistoryBucket) -> list[HistoryBucket]:
    """Six hours from noon on, the given ones among them."""
    known = {hour.start: hour for hour in busy}
    starts = [NOON + 3600 * number for number in range(6)]
    return [known.get(start, HistoryBucket(start)) for start in starts]


def hour(number: int, turns: int = 12, failed: int = 0, tokens: tuple[int, int, int] = (0, 0, 0)) -> HistoryBucket:
    return HistoryBucket(NOON + 3600 * number, turns, failed, *tokens)


@pytest.fixture
def chart(qtbot: Any) -> HoursChart:
    made = HoursChart()
    qtbot.addWidget(made)
    made.resize(made.sizeHint())
    return made


def test_an_hour_says_its_figures(chart: HoursChart) -> None:
    chart.show_hours(hours(hour(2, 12, 3, (120_345, 98_000, 4_567))))
    assert chart.hour_words(2).split("\n") == [
        "14:00–15:00",
        "12 request(s), 3 failed",
        f"Input: {count(120_345)} tokens, {count(98_000)} of them from the cache",
        f"Output: {count(4_567)} tokens",
    ]
    assert chart.hour_words(0).split("\n") == ["12:00–13:00", "0 request(s)"]


def test_the_keyboard_goes_from_hour_to_hour_and_screen_readers_hear_it(chart: HoursChart, qtbot: Any) -> None:
    chart.show_hours(hours(hour(4, 7)))
    assert "arrow keys" in chart.accessibleDescription()
    with qtbot.waitActive(chart):
        chart.show()
        chart.activateWindow()
    chart.setFocus()
    assert chart.chosen == 5
    for key, at in (("Left", 4), ("Left", 3), ("Right", 4), ("Home", 0), ("Left", 0), ("End", 5), ("Right", 5)):
        QTest.keyClick(chart, getattr(Qt.Key, f"Key_{key}"))
        assert chart.chosen == at
    QTest.keyClick(chart, Qt.Key.Key_Left)
    spoken = QAccessible.queryAccessibleInterface(chart)
    assert spoken.text(QAccessible.Text.Description) == "16:00–17:00, 7 request(s)"


def test_the_hour_with_the_keyboard_is_framed_only_while_it_has_it(chart: HoursChart, qtbot: Any) -> None:
    chart.show_hours(hours(hour(4)))
    with qtbot.waitActive(chart):
        chart.show()
        chart.activateWindow()
    chart.clearFocus()
    without = chart.grab().toImage()
    chart.setFocus()
    assert chart.grab().toImage() != without
    chart.clearFocus()
    assert chart.grab().toImage() == without


def test_a_new_hour_leaves_the_keyboard_on_the_hour_where_it_was(chart: HoursChart, qtbot: Any) -> None:
    shown = hours(hour(4, 7))
    chart.show_hours(shown)
    with qtbot.waitActive(chart):
        chart.show()
        chart.activateWindow()
    chart.setFocus()
    QTest.keyClick(chart, Qt.Key.Key_Left)
    chart.show_hours([*shown[1:], HistoryBucket(NOON + 6 * 3600)])
    assert chart.chosen == 3
    assert chart.accessibleDescription() == "16:00–17:00, 7 request(s)"


def test_the_pointer_shows_the_hour_under_it(chart: HoursChart, qtbot: Any) -> None:
    chart.show_hours(hours(hour(4, 7)))
    chart.show()
    over = QPoint(chart.width() * 5 // 6 - 10, chart.height() // 2)
    before = chart.grab().toImage()
    move = QMouseEvent(
        QEvent.Type.MouseMove,
        QPointF(over),
        QPointF(over),
        Qt.MouseButton.NoButton,
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(chart, move)
    assert chart.grab().toImage() != before
    QApplication.sendEvent(chart, QHelpEvent(QEvent.Type.ToolTip, over, chart.mapToGlobal(over)))
    assert QToolTip.text() == "16:00–17:00\n7 request(s)"


def inked(chart: HoursChart, tone: Tone) -> int:
    """How many pixels have a tone's full colour."""
    image = chart.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    wanted = mark(tone, chart.palette()).rgb()
    return sum(image.pixel(x, y) == wanted for x in range(image.width()) for y in range(image.height()))


def test_failures_and_cached_input_look_different_without_their_colour(chart: HoursChart) -> None:
    chart.show_hours(hours(hour(4, 10, 0, (1000, 0, 0))))
    solid = inked(chart, Tone.POSITIVE)
    chart.show_hours(hours(hour(4, 10, 0, (1000, 1000, 0))))
    hatched = inked(chart, Tone.POSITIVE)
    assert 0 < hatched < solid * 0.6
    none_failed = inked(chart, Tone.ERROR)
    chart.show_hours(hours(hour(4, 10, 1)))
    assert inked(chart, Tone.ERROR) > none_failed


def test_without_hours_it_says_why_and_takes_no_keyboard(chart: HoursChart) -> None:
    chart.show_hours(hours(hour(1)))
    assert chart.focusPolicy() is Qt.FocusPolicy.StrongFocus
    chart.show_nothing("No requests in the last 24 hours.")
    assert chart.words == chart.accessibleDescription() == "No requests in the last 24 hours."
    assert chart.focusPolicy() is Qt.FocusPolicy.NoFocus
    assert inked(chart, Tone.NEUTRAL) == 0


def test_more_room_goes_to_the_tokens(chart: HoursChart) -> None:
    chart.show_hours(hours(hour(4, 10, 0, (1000, 0, 0))))
    low = inked(chart, Tone.POSITIVE)
    chart.resize(chart.width(), chart.height() + 100)
    assert inked(chart, Tone.POSITIVE) > low * 1.4
