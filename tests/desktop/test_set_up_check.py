"""The check on the set-up page: its steps as they run, what is wrong with the way out, and the report."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from string import Formatter

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from app.desktop.icons import Icons
from app.desktop.pages.set_up import SetUpPage
from app.desktop.pages.text_card import What
from app.desktop.place import Place
from app.desktop.set_up.changes_dialog import ChangesDialog
from app.desktop.set_up.check_words import FINDINGS, fix_text, found_text
from app.gateway.snapshot import RunState
from app.platform.codex_check import Call, CheckCode, CheckReport, CheckStep, Stage, StepState
from app.platform.codex_check_words import WORDS
from app.platform.codex_writer import CodexWriter
from app.platform.shells import Shell
from tests.desktop.fitting import misfits
from tests.desktop.scripted import NOW, turn
from tests.desktop.stage import FULL, Desk, button, machine, until
from tests.desktop.stage import Stage as Theatre


def step(stage: Stage, code: CheckCode, state: StepState = StepState.OK, command: str = "", **values: str) -> CheckStep:
    words = WORDS[code]
    return CheckStep(stage, state, code, words.text.format(**values), words.fix.format(**values), command, values)


FOUND = step(Stage.CODEX, CheckCode.CODEX_FOUND, version="0.169.0", path="/opt/node/bin/codex")
LEADS = step(Stage.SETTINGS, CheckCode.SETTINGS_LEAD_HERE, address=FULL.base_url)
REST = [stage for stage in Stage if stage not in (Stage.CODEX, Stage.SETTINGS)]
GOOD = (
    FOUND,
    LEADS,
    step(Stage.GATEWAY, CheckCode.GATEWAY_LISTENS, address="http://127.0.0.1:8787"),
    step(Stage.DOOR, CheckCode.LET_IN, license="This computer"),
    step(Stage.TOKEN, CheckCode.TOKEN_SERVES, token="Work"),
    step(Stage.UPSTREAM, CheckCode.UPSTREAM_ANSWERS),
    step(Stage.ANSWER, CheckCode.ANSWERED, seconds="3.2"),
)


def wrong(at: CheckStep) -> tuple[CheckStep, ...]:
    """Steps of which this one failed."""
    found, number = [*GOOD], list(Stage).index(at.stage)
    return (*found[:number], at, *(CheckStep(stage, StepState.SKIPPED) for stage in list(Stage)[number + 1 :]))


class Checked:
    """A check whose steps the test tells."""

    def __init__(self) -> None:
        self.steps = GOOD
        self.on_the_way: tuple[CheckStep, ...] = ()
        self.gate = asyncio.Event()
        self.gate.set()
        self.cancelled = 0
        self.asked: list[object] = []

    def made(self, call: Call) -> "Checked":
        self.call = call
        return self

    async def run(self, told: Callable[[tuple[CheckStep, ...]], None]) -> CheckReport:
        self.asked.append(await self.call("status", {}))
        if self.on_the_way:
            told(self.on_the_way)
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return CheckReport(self.steps, NOW, 3.2, {"Codex": "0.169.0"})


@pytest.fixture
def checked() -> Checked:
    return Checked()


@pytest.fixture
def went() -> list[object]:
    return []


@pytest.fixture
async def page(
    icons: Icons, desk: Desk, checked: Checked, went: list[object], tmp_path: Path
) -> AsyncIterator[SetUpPage]:
    writer = CodexWriter({}, tmp_path / "home", tmp_path / "codex-setup.json")
    here = replace(machine(tmp_path), codex_check=checked.made, codex_writer=lambda: writer)
    made = SetUpPage(
        icons, desk.operations, Shell.BASH, here, desk.copied.append, went.append, lambda: went.append("sign in")
    )
    made.show()
    made.show_snapshot(FULL, NOW)
    await desk.settle()
    yield made
    made.close()
    made.deleteLater()
    await desk.operations.close()


def said(widget: QWidget) -> str:
    return "\n".join(label.text() for label in widget.findChildren(QLabel) if label.isVisibleTo(widget))


async def test_the_steps_are_shown_as_they_run(page: SetUpPage, desk: Desk, checked: Checked) -> None:
    checked.gate.clear()
    checked.on_the_way = (FOUND, CheckStep(Stage.SETTINGS, StepState.RUNNING), *(CheckStep(stage) for stage in REST))
    button(page.check, "Check").click()
    await until(lambda: "OK" in page.check.steps.text)
    assert page.check.steps.text.splitlines()[:3] == [
        "Codex: Codex 0.169.0 is installed: /opt/node/bin/codex OK",
        "Its settings: running",
        "Gateway: waiting",
    ]
    assert "Checking…" in page.check.text
    checked.gate.set()
    await desk.settle()
    assert page.check.text == "It works: Codex got an answer through the gateway."
    assert page.check.steps.text.splitlines()[-1] == "Answer: Codex has answered, after 3.2 s. OK"
    assert len(checked.asked) == 1
    assert button(page.check, "Check again").isEnabled()


async def test_the_keyboard_starts_it_and_stops_it(page: SetUpPage, desk: Desk, checked: Checked) -> None:
    checked.gate.clear()
    page.check.button.setFocus()
    QTest.keyClick(page.check.button, Qt.Key.Key_Space)
    await until(lambda: checked.asked)
    assert button(page.check, "Stop the check").isEnabled()
    QTest.keyClick(page.check.button, Qt.Key.Key_Space)
    await desk.settle()
    assert checked.cancelled == 1
    assert not page.check.steps.isVisible()
    assert "Waiting for the first request from Codex" in page.check.text
    assert desk.failures == []
    assert button(page.check, "Check").isEnabled()


async def test_quitting_ends_it(page: SetUpPage, desk: Desk, checked: Checked) -> None:
    checked.gate.clear()
    button(page.check, "Check").click()
    await until(lambda: checked.asked)
    await desk.operations.close()
    assert checked.cancelled == 1


async def test_a_page_that_goes_takes_its_check_with_it(page: SetUpPage, desk: Desk, checked: Checked) -> None:
    checked.gate.clear()
    page.check.run()
    await until(lambda: checked.asked)
    page.check.setParent(None)
    page.check.deleteLater()
    QCoreApplication.sendPostedEvents(page.check, QEvent.Type.DeferredDelete.value)
    await desk.settle()
    assert checked.cancelled == 1
    assert desk.failures == []


async def test_the_first_thing_that_is_wrong_is_named_with_its_way_out(
    page: SetUpPage, desk: Desk, checked: Checked
) -> None:
    swallows = {"variable": "HTTP_PROXY", "host": "127.0.0.1", "proxy": "http://10.0.0.1:3128"}
    ours = "waystation setup codex --write"
    checked.steps = wrong(step(Stage.SETTINGS, CheckCode.PROXY_SWALLOWS, StepState.FAILED, ours, **swallows))
    button(page.check, "Check").click()
    await desk.settle()
    assert "under “Its settings”" in page.check.text
    shown = said(page.check)
    assert "HTTP_PROXY sends what Codex asks of 127.0.0.1 to the proxy" in shown
    assert "that puts 127.0.0.1 into NO_PROXY in Codex's .env." in shown
    assert button(page.check, "Write it for me…").isEnabled()
    assert page.check.steps.text.count("skipped") == len(REST)


async def test_a_command_beside_a_finding_can_be_copied(page: SetUpPage, desk: Desk, checked: Checked) -> None:
    command = "npm install -g @openai/codex@latest"
    checked.steps = wrong(step(Stage.CODEX, CheckCode.CODEX_MISSING, StepState.FAILED, command))
    button(page.check, "Check").click()
    await desk.settle()
    assert command in said(page.check)
    copy = next(item for item in page.check.findChildren(QWidget) if item.accessibleName() == f"Copy “{command}”")
    QApplication.processEvents()
    QTest.mouseClick(copy, Qt.MouseButton.LeftButton)
    assert desk.copied == [command]


@pytest.mark.parametrize(
    ("stage", "code", "values", "label", "expected"),
    [
        (Stage.TOKEN, CheckCode.NO_TOKENS, {}, "Sign in with ChatGPT", "sign in"),
        (Stage.TOKEN, CheckCode.TOKENS_DISABLED, {}, "Open Tokens", Place.TOKENS),
        (Stage.DOOR, CheckCode.BUDGET_SPENT, {"license": "Laptop"}, "Open Licenses", Place.LICENSES),
        (Stage.UPSTREAM, CheckCode.UPSTREAM_UNREACHABLE, {"problem": "no route"}, "Open Settings", Place.SETTINGS),
    ],
)
async def test_what_the_application_can_do_has_a_button(
    page: SetUpPage,
    desk: Desk,
    checked: Checked,
    went: list[object],
    stage: Stage,
    code: CheckCode,
    values: dict[str, str],
    label: str,
    expected: object,
) -> None:
    checked.steps = wrong(step(stage, code, StepState.FAILED, **values))
    button(page.check, "Check").click()
    await desk.settle()
    button(page.check, label).click()
    assert went == [expected]


async def test_a_stopped_gateway_is_started_from_there(page: SetUpPage, desk: Desk, checked: Checked) -> None:
    checked.steps = wrong(step(Stage.GATEWAY, CheckCode.GATEWAY_STOPPED, StepState.FAILED))
    button(page.check, "Check").click()
    await desk.settle()
    button(page.check, "Start the gateway").click()
    await desk.settle()
    assert ("gateway.start", {}) in desk.gateway.calls


async def test_what_has_been_mended_is_to_be_checked_again(page: SetUpPage, desk: Desk, checked: Checked) -> None:
    page.check.recommend(True)
    for code, stage, before in (
        (CheckCode.GATEWAY_STOPPED, Stage.GATEWAY, replace(FULL, state=RunState.STOPPED)),
        (CheckCode.NO_TOKENS, Stage.TOKEN, replace(FULL, tokens=())),
    ):
        page.show_snapshot(before, NOW)
        checked.steps = wrong(step(stage, code, StepState.FAILED))
        page.check.button.click()
        await desk.settle()
        page.show_snapshot(before, NOW + 1)
        assert "gets no answer yet" in page.check.text
        page.show_snapshot(FULL, NOW + 2)
        assert "Waiting for the first request from Codex" in page.check.text
        assert page.check.button.isDefault()


async def test_a_set_up_that_is_missing_is_written_from_there(page: SetUpPage, desk: Desk, checked: Checked) -> None:
    checked.steps = wrong(step(Stage.SETTINGS, CheckCode.NOT_SET_UP, StepState.FAILED))
    button(page.check, "Check").click()
    await desk.settle()
    button(page.check, "Write it for me…").click()
    found: list[ChangesDialog] = []

    def look() -> bool:
        found[:] = [w for w in QApplication.topLevelWidgets() if isinstance(w, ChangesDialog) and w.isVisible()]
        return bool(found)

    await until(look)
    found[0].reject()
    await desk.settle()


async def test_beside_a_finding_the_way_out_comes_next(page: SetUpPage, desk: Desk, checked: Checked) -> None:
    page.check.recommend(True)
    assert page.check.button.isDefault()
    checked.steps = wrong(step(Stage.TOKEN, CheckCode.NO_TOKENS, StepState.FAILED))
    button(page.check, "Check").click()
    await desk.settle()
    assert not page.check.button.isDefault()


async def test_the_report_is_copied(page: SetUpPage, desk: Desk, checked: Checked) -> None:
    button(page.check, "Check").click()
    await desk.settle()
    button(page.check, "Copy report").click()
    assert desk.copied == [CheckReport(GOOD, NOW, 3.2, {"Codex": "0.169.0"}).text()]


async def test_what_a_check_says_stays_until_something_new_is_waited_for(
    page: SetUpPage, desk: Desk, checked: Checked
) -> None:
    checked.steps = wrong(step(Stage.TOKEN, CheckCode.TOKENS_DISABLED, StepState.FAILED))
    button(page.check, "Check").click()
    await desk.settle()
    page.show_snapshot(replace(FULL, turns=(turn(1, started_at=NOW + 1),)), NOW + 2)
    assert "gets no answer yet" in page.check.text
    page.unfold(True)
    button(page, "Copy full set-up").click()
    await desk.settle()
    assert "Waiting for the first request from Codex" in page.check.text


async def test_looking_at_another_text_leaves_what_a_check_has_found(
    page: SetUpPage, desk: Desk, checked: Checked
) -> None:
    checked.steps = wrong(step(Stage.TOKEN, CheckCode.TOKENS_DISABLED, StepState.FAILED))
    button(page.check, "Check").click()
    await desk.settle()
    page.choose(Shell.ZSH, What.ENVIRONMENT)
    assert "gets no answer yet" in page.check.text
    assert "Every token is disabled." in said(page.check)


async def test_what_is_copied_meanwhile_hides_no_step_of_a_check(page: SetUpPage, desk: Desk, checked: Checked) -> None:
    checked.gate.clear()
    button(page.check, "Check").click()
    await until(lambda: checked.asked)
    page.unfold(True)
    button(page, "Copy full set-up").click()
    await until(lambda: desk.copied)
    checked.gate.set()
    await desk.settle()
    assert "It works" in page.check.text
    assert page.check.steps.isVisible()


async def test_what_a_button_does_need_not_be_typed(page: SetUpPage, desk: Desk, checked: Checked) -> None:
    ours = "waystation token sign-in"
    checked.steps = wrong(step(Stage.TOKEN, CheckCode.NO_TOKENS, StepState.FAILED, ours))
    button(page.check, "Check").click()
    await desk.settle()
    assert button(page.check, "Sign in with ChatGPT").isEnabled()
    assert ours not in said(page.check)


async def test_the_step_that_failed_is_in_sight_with_its_way_out(
    icons: Icons, desk: Desk, tmp_path: Path, checked: Checked
) -> None:
    checked.steps = wrong(step(Stage.UPSTREAM, CheckCode.UPSTREAM_UNREACHABLE, StepState.FAILED, problem="no route"))
    stage = Theatre(icons, desk, tmp_path, codex_check=checked.made)
    stage.window.resize(800, 560)
    stage.show(FULL, Place.SET_UP)
    await desk.settle()
    page = stage.window.set_up
    page.check.button.click()
    await desk.settle()
    QApplication.processEvents()
    way_out = button(page.check, "Open Settings")
    assert way_out.visibleRegion().boundingRect() == way_out.rect()
    stage.signing_in.close()
    stage.window.leave()
    stage.window.deleteLater()
    await desk.operations.close()


@pytest.mark.parametrize("code", CheckCode)
def test_every_finding_can_be_said(code: CheckCode) -> None:
    assert {WORDS[code].text, WORDS[code].fix} - {""} <= set(map(str, FINDINGS))
    bare = CheckStep(Stage.CODEX, StepState.FAILED, code, "text", "fix")
    assert found_text(bare)
    assert fix_text(bare) or not WORDS[code].fix


@pytest.mark.parametrize("language", ["en", "zh_CN"])
async def test_every_finding_can_be_read_in_a_small_window(
    icons: Icons, desk: Desk, tmp_path: Path, checked: Checked, language: str, request: pytest.FixtureRequest
) -> None:
    if language == "zh_CN":
        request.getfixturevalue("chinese")
    long = "/x" * 150
    names = {name for words in WORDS.values() for text in words for _, name, _, _ in Formatter().parse(text) if name}
    values = dict.fromkeys(names, long)
    stage = Theatre(icons, desk, tmp_path, codex_check=checked.made)
    stage.window.resize(800, 560)
    stage.show(FULL, Place.SET_UP)
    for code in CheckCode:
        failed = CheckStep(Stage.TOKEN, StepState.FAILED, code, command=long, values=values)
        checked.steps = wrong(failed)
        stage.window.set_up.check.run()
        await desk.settle()
        QApplication.processEvents()
        assert misfits(stage.window) == [], code
    stage.signing_in.close()
    stage.window.leave()
    stage.window.deleteLater()
    await desk.operations.close()
