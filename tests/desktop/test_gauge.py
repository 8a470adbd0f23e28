"""The quota bar: what it says, to the eye and to a screen reader."""

from typing import Any

import pytest
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QApplication

from app.core.forecast import Forecast
from app.core.quota import Window
from app.desktop.design.colours import Tone, mark
from app.desktop.formats import minute
from app.desktop.widgets.gauge import Gauge, Reading, reading
from tests.desktop.scripted import NOW


def five_hours(used: float, resets_at: float | None = NOW + 3600) -> Window:
    return Window("codex", "primary", used, 300, resets_at)


@pytest.fixture(autouse=True)
def somewhere(qapp: QApplication) -> None:
    """Texts need an application."""


@pytest.mark.parametrize(
    ("used", "left", "tone"),
    [
        (0, "100% left", Tone.POSITIVE),
        (27.4, "73% left", Tone.POSITIVE),
        (80, "20% left", Tone.POSITIVE),
        (80.6, "Low: 19% left", Tone.WARNING),
        (99.6, "Low: 1% left", Tone.WARNING),
        (100, "Used up", Tone.ERROR),
    ],
)
def test_what_is_left_is_said_in_words_and_the_tone_agrees(used: float, left: str, tone: Tone) -> None:
    seen = reading(five_hours(used), (), NOW)
    assert (seen.label, seen.left, seen.tone) == ("5 h", left, tone)


def test_a_used_window_says_when_it_resets_and_an_unused_one_does_not() -> None:
    assert reading(five_hours(27), (), NOW).resets == f"resets {minute(NOW + 3600, NOW)}"
    assert reading(five_hours(0), (), NOW).resets == ""
    assert reading(five_hours(27, None), (), NOW).resets == ""
    past = reading(five_hours(27, NOW - 1), (), NOW)
    assert (past.left, past.resets) == ("100% left", "")


def test_the_forecast_is_that_of_its_own_window() -> None:
    forecasts = (Forecast("codex", "primary", NOW + 1800), Forecast("codex", "secondary", None))
    assert reading(five_hours(27), forecasts, NOW).forecast == f"at this pace until {minute(NOW + 1800, NOW)}"
    assert reading(Window("codex", "secondary", 27, 10080, NOW + 86400), forecasts, NOW).forecast == ""
    assert reading(Window("spark", "primary", 27, 300, NOW + 3600), forecasts, NOW).forecast == ""
    assert reading(five_hours(100), forecasts, NOW).forecast == ""


def test_a_forecast_that_has_passed_is_not_told_nor_one_of_a_window_that_has_been_reset() -> None:
    passed = (Forecast("codex", "primary", NOW - 60),)
    assert reading(five_hours(27), passed, NOW).forecast == ""
    of_the_last = (Forecast("codex", "primary", NOW + 1800),)
    assert reading(five_hours(27, NOW - 1), of_the_last, NOW).forecast == ""


def test_a_window_of_another_limit_says_which() -> None:
    assert reading(Window("spark", "primary", 27, 300), (), NOW).label == "Spark, 5 h"
    assert reading(Window("codex", "primary", 27), (), NOW).label == "primary"


def test_a_screen_reader_hears_all_of_it_as_a_progress_bar(qtbot: Any) -> None:
    gauge = Gauge()
    qtbot.addWidget(gauge)
    gauge.show_reading(Reading("5 h", 73, "73% left", "resets 14:02", "14:02", "at this pace until 13:40"), of="Work")
    spoken = QAccessible.queryAccessibleInterface(gauge)
    assert spoken.role() is QAccessible.Role.ProgressBar
    assert spoken.text(QAccessible.Text.Name) == "Work · 5 h · 73% left · resets 14:02 · at this pace until 13:40"
    assert gauge.value() == 73
    assert gauge.toolTip() == gauge.accessibleName()


def test_the_forecast_takes_a_line_only_while_there_is_one(qtbot: Any) -> None:
    gauge = Gauge()
    qtbot.addWidget(gauge)
    gauge.show_reading(Reading("5 h", 73, "73% left"))
    low = gauge.sizeHint().height()
    gauge.show_reading(Reading("5 h", 73, "73% left", forecast="at this pace until 13:40"))
    assert gauge.sizeHint().height() > low
    gauge.show_reading(Reading("5 h", 73, "73% left"))
    assert gauge.sizeHint().height() == low


@pytest.mark.parametrize(("left", "filled"), [(100, 200), (50, 100), (1, 6), (0, 0)])
def test_the_bar_is_as_long_as_what_is_left(qtbot: Any, left: int, filled: int) -> None:
    gauge = Gauge()
    qtbot.addWidget(gauge)
    shown = Reading("", left, "")
    gauge.show_reading(shown)
    gauge.resize(200, gauge.sizeHint().height())
    image = gauge.grab().toImage()
    row = image.height() - 3
    wanted = mark(shown.tone, gauge.palette()).rgb()
    assert abs(sum(image.pixel(x, row) == wanted for x in range(200)) - filled) <= 4
