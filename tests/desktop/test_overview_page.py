"""The page "Overview": the newcomer's steps, the last 24 hours, the quota, and what it leaves to the notices."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QToolButton

from app.core.errors import WaystationError
from app.core.forecast import Forecast
from app.core.history import HistoryBucket, hours_until
from app.core.token import TokenKind
from app.desktop.first_steps import Mark, Step
from app.desktop.formats import minute
from app.desktop.icons import Icons
from app.desktop.pages.overview import OverviewPage
from app.desktop.pages.overview_activity import ActivityCard
from app.desktop.place import Place
from app.gateway.snapshot import GatewaySnapshot, RunState
from app.platform.codex_setup import setup_text
from app.platform.shells import Shell
from tests.desktop.scripted import LICENSE, NOW, RUNNING, busy_port, quota, rested, token, turn
from tests.desktop.stage import FULL, Desk, button

NEW = replace(RUNNING, tokens=(token(1, label="Work"),))


class Alone:
    """The page by itself, and where its buttons led."""

    def __init__(self, icons: Icons, desk: Desk) -> None:
        self.desk = desk
        self.copied: list[str] = []
        self.went: list[Place] = []
        self.sign_ins = 0
        self.page = OverviewPage(
            icons,
            desk.operations,
            self.copied.append,
            self.went.append,
            adding=desk.adding,
            sign_in=self._sign_in,
            chosen_shell=lambda: Shell.POWERSHELL,
        )
        self.page.resize(940, 700)

    async def show(self, snapshot: GatewaySnapshot, now: float = NOW) -> None:
        """As the window does, until what is asked for is there."""
        self.page.show()
        self.page.show_snapshot(snapshot, now)
        await self.desk.settle()

    def asked(self) -> int:
        """How often the figures were asked for."""
        return [name for name, _ in self.desk.gateway.calls].count("history.hours")

    def _sign_in(self) -> None:
        self.sign_ins += 1


@pytest.fixture
def alone(icons: Icons, desk: Desk) -> Iterator[Alone]:
    made = Alone(icons, desk)
    yield made
    made.page.close()
    made.page.deleteLater()


def day(**busy: Any) -> list[dict[str, Any]]:
    """24 hours, with this in the last one."""
    since, _ = hours_until(NOW, 24)
    hours = [HistoryBucket(since + 3600 * number) for number in range(24)]
    return [asdict(hour) for hour in (*hours[:-1], replace(hours[-1], **busy))]


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not true():
            QApplication.processEvents()
            await asyncio.sleep(0.01)


def standing(alone: Alone) -> list[Mark]:
    return [alone.page.steps.steps[step].mark for step in Step]


async def test_a_newcomer_is_led_through_three_steps_that_end_in_one_quiet_line(alone: Alone) -> None:
    page, steps = alone.page, alone.page.steps
    await alone.show(RUNNING)
    assert standing(alone) == [Mark.ACTIVE, Mark.DONE, Mark.WAITING]
    assert not page.quota.isVisible()
    assert not page.activity.isVisible()
    await alone.show(NEW)
    assert standing(alone) == [Mark.DONE, Mark.DONE, Mark.ACTIVE]
    assert "Waiting for the first request" in steps.steps[Step.CODEX].text
    await alone.show(replace(NEW, turns=(turn(),)))
    assert not steps.isVisible()
    assert page.connection.summary.isVisible()
    assert page.connection.summary.text() == f"Codex connected · last request {minute(NOW - 10, NOW)} on Work"


async def test_each_step_says_in_words_how_it_stands_and_only_the_active_one_has_buttons(alone: Alone) -> None:
    await alone.show(RUNNING)
    words = [[label.text() for label in row.findChildren(QLabel)] for row in alone.page.steps.steps.values()]
    for said, word in zip(words, ("Next", "Done", "Later"), strict=True):
        assert word in said
    shown = [item.text() for item in alone.page.steps.findChildren(QPushButton) if item.isVisible()]
    assert shown == ["Sign in with ChatGPT", "Import auth.json…", "Add from clipboard"]


async def test_the_first_step_signs_in_or_adds_what_is_on_the_clipboard(alone: Alone) -> None:
    await alone.show(RUNNING)
    button(alone.page, "Sign in with ChatGPT").click()
    assert alone.sign_ins == 1
    alone.desk.clipboard = "sk-abcdefgh12345678"
    paste = button(alone.page, "Add from clipboard")
    paste.click()
    assert not paste.isEnabled()
    await alone.desk.settle()
    assert paste.isEnabled()
    assert [name for name, _ in alone.desk.gateway.calls] == ["token.import"]


async def test_the_second_step_starts_the_gateway(alone: Alone) -> None:
    await alone.show(replace(NEW, state=RunState.STOPPED))
    start = button(alone.page, "Start the gateway")
    start.click()
    assert not start.isEnabled()
    await alone.desk.settle()
    assert alone.desk.gateway.calls == [("gateway.start", {})]
    await alone.show(replace(NEW, state=RunState.STARTING))
    assert not start.isEnabled()


async def test_the_second_step_says_that_the_port_is_busy_and_offers_another(alone: Alone) -> None:
    await alone.show(replace(NEW, state=RunState.FAILED, problem=busy_port()))
    assert "is used by another program" in alone.page.steps.steps[Step.GATEWAY].text
    button(alone.page, "Use port 8788").click()
    await alone.desk.settle()
    assert alone.desk.gateway.calls == [("gateway.start", {"port": 8788})]


async def test_the_third_step_leads_to_the_set_up_and_copies_it_for_the_shell(alone: Alone) -> None:
    await alone.show(NEW)
    button(alone.page, "Copy full set-up for PowerShell").click()
    await alone.desk.settle()
    assert alone.desk.copied == [setup_text(Shell.POWERSHELL, RUNNING.base_url, LICENSE)]
    button(alone.page, "Set up Codex").click()
    assert alone.went == [Place.SET_UP]


async def test_state_address_and_set_up_are_at_hand_when_connected(alone: Alone) -> None:
    await alone.show(FULL)
    assert alone.page.connection.headline.text() == "Running"
    button(alone.page, "Copy full set-up for PowerShell").click()
    await alone.desk.settle()
    assert alone.desk.copied == [setup_text(Shell.POWERSHELL, RUNNING.base_url, LICENSE)]
    copy = alone.page.connection.findChildren(QToolButton)[0]
    copy.click()
    assert alone.copied == [RUNNING.base_url]


async def test_the_figures_of_the_day(alone: Alone) -> None:
    alone.desk.gateway.results["history.hours"] = day(
        turns=12, failed=3, input_tokens=1_000_000, cached_tokens=800_000, output_tokens=50_000
    )
    await alone.show(FULL)
    activity = alone.page.activity
    said = [figure.text() for figure in (activity.turns, activity.tokens, activity.cached, activity.failed)]
    assert said == ["12", "1.1M", "80%", "3"]
    assert activity.tokens.accessibleName() == "Tokens: 1.1M"
    assert activity.chart.hour_words(23).splitlines()[1] == "12 request(s), 3 failed"


async def test_while_the_day_is_counted_and_when_it_was_quiet_the_picture_says_so(alone: Alone) -> None:
    alone.desk.gateway.gate.clear()
    alone.page.show()
    alone.page.show_snapshot(FULL, NOW)
    assert alone.page.activity.chart.words == "Counting the requests…"
    alone.desk.gateway.results["history.hours"] = day()
    alone.desk.gateway.gate.set()
    await alone.desk.settle()
    assert alone.page.activity.chart.words == "No requests in the last 24 hours."
    assert alone.page.activity.cached.text() == "–"


async def test_a_failure_is_said_in_the_card_and_can_be_tried_again(alone: Alone) -> None:
    alone.desk.gateway.failures["history.hours"] = WaystationError("The history cannot be read.")
    await alone.show(FULL)
    assert alone.page.activity.chart.words == "The history cannot be read."
    assert alone.desk.failures == []
    alone.desk.gateway.failures.clear()
    alone.desk.gateway.results["history.hours"] = day(turns=1)
    again = button(alone.page, "Count again")
    again.click()
    await alone.desk.settle()
    assert alone.page.activity.turns.text() == "1"
    assert not again.isVisible()


def often(alone: Alone, qtbot: Any, apart_ms: int) -> ActivityCard:
    """The card by itself, less patient than on the page."""
    card = ActivityCard(alone.desk.operations, apart_ms)
    qtbot.addWidget(card)
    card.show()
    return card


async def test_the_figures_are_asked_for_after_a_request_but_not_at_every_one(alone: Alone, qtbot: Any) -> None:
    card = often(alone, qtbot, 80)
    for number in (1, 1, 2, 3):
        card.show_snapshot(replace(FULL, turns=(turn(number),)), NOW)
        await alone.desk.settle()
    assert alone.asked() == 1
    await until(lambda: alone.asked() == 2)
    await alone.desk.settle()
    await asyncio.sleep(0.12)
    QApplication.processEvents()
    assert alone.asked() == 2


async def test_nothing_is_asked_for_while_the_card_is_hidden(alone: Alone, qtbot: Any) -> None:
    card = often(alone, qtbot, 10)
    ends = hours_until(NOW, 1)[1]
    card.show_snapshot(FULL, NOW)
    await alone.desk.settle()
    card.show_snapshot(replace(FULL, turns=(turn(2),)), ends - 0.01)
    card.hide()
    await asyncio.sleep(0.03)
    QApplication.processEvents()
    assert alone.asked() == 1
    card.show()
    card.show_snapshot(replace(FULL, turns=(turn(2),)), NOW)
    await alone.desk.settle()
    assert alone.asked() == 2


async def test_a_new_hour_is_counted_without_a_request(alone: Alone, qtbot: Any) -> None:
    card = often(alone, qtbot, 1)
    card.show_snapshot(FULL, hours_until(NOW, 1)[1] - 0.02)
    await alone.desk.settle()
    assert alone.asked() == 1
    await until(lambda: alone.asked() == 2)


async def test_the_quota_of_each_token_with_reset_and_forecast(alone: Alone) -> None:
    tokens = (
        token(1, label="Work", quota=quota(27, 60), forecasts=(Forecast("codex", "primary", NOW + 1800),)),
        rested(2, quota=quota(100, 41)),
        token(3, kind=TokenKind.API_KEY, label="API key 1", plan=None),
        token(4),
    )
    await alone.show(replace(FULL, tokens=tokens))
    rows = alone.page.quota.rows
    assert [row.isVisible() for row in rows] == [True] * 4
    short = rows[0].gauges[0].reading
    assert (short.left, short.resets) == ("73% left", f"resets {minute(NOW + 3600, NOW)}")
    assert short.forecast == f"at this pace until {minute(NOW + 1800, NOW)}"
    assert rows[0].gauges[1].accessibleName().startswith("Work · 7 d · 40% left")
    assert rows[1].gauges[0].reading.left == "Used up"
    assert rows[1].aside.text() == f"At its limit until {minute(NOW + 7200, NOW)}"
    assert not rows[2].gauges[0].isVisible()
    assert rows[2].instead.text() == "Paid by use: no windows that run out."
    assert rows[3].instead.text() == "Upstream has not said yet how much is left."


async def test_from_the_ninth_on_tokens_are_counted_and_one_press_away(alone: Alone) -> None:
    await alone.show(replace(FULL, tokens=tuple(token(number, quota=quota()) for number in range(1, 12))))
    assert sum(row.isVisible() for row in alone.page.quota.rows) == 8
    button(alone.page, "and 3 more").click()
    assert alone.went == [Place.TOKENS]
    await alone.show(replace(FULL, tokens=(token(1, quota=quota()),)))
    assert sum(row.isVisible() for row in alone.page.quota.rows) == 1
    assert not alone.page.quota.more.isVisible()


async def test_cards_stand_beside_each_other_where_there_is_room(alone: Alone) -> None:
    def places() -> tuple[QPoint, QPoint]:
        QApplication.processEvents()
        cards = (alone.page.activity, alone.page.quota)
        first, second = (card.mapTo(alone.page, QPoint(0, 0)) for card in cards)
        return first, second

    await alone.show(replace(FULL, tokens=(token(1, quota=quota()),)))
    first, second = places()
    assert first.y() == second.y()
    assert first.x() < second.x()
    for width in (560, 940, 560):
        alone.page.resize(width, 560)
        first, second = places()
        assert (first.y() < second.y()) is (width == 560)
        inside = alone.page.quota.mapTo(alone.page, QPoint(alone.page.quota.width(), 0))
        assert inside.x() <= width


async def test_the_arrow_keys_reach_the_hours_after_tab(alone: Alone, qtbot: Any) -> None:
    alone.desk.gateway.results["history.hours"] = day(turns=1)
    await alone.show(FULL)
    with qtbot.waitActive(alone.page):
        alone.page.activateWindow()
    for _ in range(12):
        QTest.keyClick(QApplication.focusWidget() or alone.page, Qt.Key.Key_Tab)
        if QApplication.focusWidget() is alone.page.activity.chart:
            break
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Home)
    assert alone.page.activity.chart.chosen == 0
