"""The settings page: what is chosen holds at once, is taken back when it fails, and is asked for where it matters."""

import asyncio
import json
import re
import stat
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import PySide6
import pytest
from PySide6.QtCore import QLocale, qVersion
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import QApplication, QDialog, QDialogButtonBox, QFileDialog, QLabel

from app import __version__
from app.core.errors import InvalidInput
from app.core.policy import Policy, Strategy
from app.core.settings import GatewaySettings
from app.desktop import dialogs
from app.desktop.appearance import Appearance
from app.desktop.design.theme import Theme
from app.desktop.machine import Machine
from app.desktop.place import Place
from app.desktop.preferences import Placement, Preferences
from app.desktop.settings.about import report_text
from app.desktop.settings.looks import LooksSection
from app.desktop.settings.parts import QT_SOURCE, PartsDialog, parts_of_this_installation
from app.desktop.settings.passphrase import PassphraseDialog
from app.platform.own_program import license_file
from tests.desktop.scripted import NOW, license_view, token, turn
from tests.desktop.stage import FULL, Autostart, Desk, Stage, answer, button, tool, until

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
async def opened(stage: Stage) -> Stage:
    stage.show(FULL, Place.SETTINGS)
    return stage


def calls(stage: Stage) -> list[tuple[str, dict[str, object]]]:
    return [call for call in stage.desk.gateway.calls if call[0] not in ("settings.show", "models.list")]


async def test_another_port_is_used_only_when_the_user_says_so(opened: Stage) -> None:
    network = opened.window.settings.network
    assert network.port.value() == 8787
    assert not button(network, "Use this port").isEnabled()
    network.port.setValue(9000)
    opened.window.show_snapshot(replace(FULL, revision=2))
    assert network.port.value() == 9000
    button(network, "Use this port").click()
    await opened.desk.settle()
    assert calls(opened) == [("gateway.start", {"port": 9000})]


async def test_the_network_is_let_in_only_after_a_warning(opened: Stage) -> None:
    network = opened.window.settings.network
    network.lan.click()
    assert "spend your tokens" in await answer("Cancel")
    await opened.desk.settle()
    assert not network.lan.isChecked()
    assert calls(opened) == []
    network.lan.click()
    await answer("Let them")
    await opened.desk.settle()
    assert calls(opened) == [("gateway.start", {"host": "0.0.0.0"})]
    opened.window.show_snapshot(replace(FULL, host="0.0.0.0"))
    assert network.lan.isChecked()
    assert "http://192.168.1.20:8787/codex/v1" in network._lan_note.text()
    network.lan.click()
    await opened.desk.settle()
    assert calls(opened)[-1] == ("gateway.start", {"host": "127.0.0.1"})


async def test_who_came_from_the_network_is_named(opened: Stage) -> None:
    there = turn(2, peer="192.168.1.30", license_id="l-2", started_at=NOW)
    here = turn(3, peer="127.0.0.1", started_at=NOW)
    licenses = (license_view(2, label="Ann's laptop"),)
    opened.window.show_snapshot(replace(FULL, turns=(there, here), licenses=licenses))
    said = opened.window.settings.network._connected.text()
    assert "192.168.1.30 · Ann's laptop · " in said
    assert "127.0.0.1" not in said


async def test_choices_about_the_pool_hold_at_once(opened: Stage) -> None:
    pool = opened.window.settings.pool
    pool.strategy.setCurrentIndex(1)
    pool.strategy.activated.emit(1)
    pool.wait.setCurrentIndex(0)
    pool.wait.activated.emit(0)
    pool.turns.setValue(3)
    pool.turns.editingFinished.emit()
    pool.hold.setValue(0.5)
    pool.hold.editingFinished.emit()
    pool.strict.click()
    pool.websockets.click()
    await opened.desk.settle()
    assert calls(opened) == [
        ("pool.policy", {"strategy": "in_order"}),
        ("pool.policy", {"wait_s": 0.0}),
        ("pool.policy", {"turns_per_token": 3}),
        ("settings.change", {"hold_s": 0.5}),
        ("settings.change", {"strict": True}),
        ("settings.change", {"websockets": False}),
    ]
    policy = Policy(Strategy.IN_ORDER, 3600.0, 3)
    opened.window.show_snapshot(replace(FULL, policy=policy, settings=GatewaySettings(strict=True, hold_s=0.5)))
    assert (pool.wait.currentText(), pool.turns.value(), pool.strict.isChecked()) == ("up to 60 minutes", 3, True)


async def test_what_the_gateway_refuses_is_taken_back_and_said(opened: Stage) -> None:
    opened.desk.gateway.failures["settings.change"] = InvalidInput("No.")
    opened.desk.operations.failed.connect(opened.window.tell_failure)
    opened.window.settings.pool.strict.click()
    await opened.desk.settle()
    assert not opened.window.settings.pool.strict.isChecked()
    assert opened.window.notices.texts() == ["No."]


async def test_the_theme_changes_at_once_and_is_kept(opened: Stage, qapp: QApplication) -> None:
    before, style = qapp.palette(), qapp.style().objectName()
    looks = opened.window.settings.looks
    try:
        looks.theme.setCurrentIndex(2)
        looks.theme.activated.emit(2)
        assert qapp.palette().window().color().lightnessF() < 0.3
        assert opened.preferences.theme is Theme.DARK
        looks.theme.setCurrentIndex(1)
        looks.theme.activated.emit(1)
        assert qapp.palette().window().color().lightnessF() > 0.8
    finally:
        opened.appearance.use_theme(Theme.SYSTEM)
        qapp.setStyle(style)
        qapp.setPalette(before)


@pytest.fixture
def locale() -> Iterator[None]:
    before = QLocale()
    yield
    QLocale.setDefault(before)


async def test_the_language_changes_at_once_and_is_kept(stage: Stage, build: Path, locale: None) -> None:
    stage.appearance._build = build
    changes: list[str] = []
    stage.appearance.language_changed.connect(lambda: changes.append(stage.window.tr("Settings")))
    stage.show(FULL, Place.SETTINGS)
    language = stage.window.settings.looks.language
    for index, wanted in ((2, "zh_CN"), (1, "en"), (0, None)):
        language.setCurrentIndex(index)
        language.activated.emit(index)
        assert stage.preferences.language == wanted
    stage.appearance.close()
    assert changes[:2] == ["设置", "Settings"]


async def test_choices_about_the_desktop_are_kept(opened: Stage, tmp_path: Path) -> None:
    looks = opened.window.settings.looks
    looks.notifications.click()
    looks.own_thread.click()
    assert not opened.preferences.notifications
    assert opened.preferences.placement is Placement.THREAD
    looks.launch.click()
    await opened.desk.settle()
    assert calls(opened) == [("settings.change", {"start_on_launch": False})]


async def test_starting_at_sign_in_is_the_systems_own_word(opened: Stage) -> None:
    looks = opened.window.settings.looks
    autostart = opened.machine.autostart
    assert isinstance(autostart, Autostart)
    assert not looks.autostart.isChecked()
    looks.autostart.click()
    await opened.desk.settle()
    assert autostart.on
    autostart.on = False
    opened.window.go(Place.OVERVIEW)
    opened.window.go(Place.SETTINGS)
    assert not looks.autostart.isChecked()


async def test_another_copy_that_starts_is_told_of(opened: Stage) -> None:
    looks, autostart = opened.window.settings.looks, opened.machine.autostart
    assert isinstance(autostart, Autostart)
    assert not looks.autostart_note.isVisible()
    autostart.instead = "/old/驿站/Waystation"
    looks.look()
    assert looks.autostart_note.isVisible()
    assert looks.autostart_note.text().startswith("Another copy starts at sign-in now: /old/驿站/Waystation.")
    autostart.gone = True
    looks.look()
    assert "/old/驿站/Waystation was moved or removed" in looks.autostart_note.text()


async def test_a_long_note_about_another_copy_is_not_cut(opened: Stage) -> None:
    looks, autostart = opened.window.settings.looks, opened.machine.autostart
    assert isinstance(autostart, Autostart)
    await asyncio.sleep(0)
    autostart.instead, autostart.gone = "/old/" + 8 * "a-long-name/" + "Waystation", True
    looks.look()
    await until(lambda: looks.autostart_note.width() > 100)
    note = looks.autostart_note
    assert note.height() >= note.heightForWidth(note.width()) > note.fontMetrics().height()


async def test_one_click_takes_the_place_of_another_copy(opened: Stage) -> None:
    looks, autostart = opened.window.settings.looks, opened.machine.autostart
    assert isinstance(autostart, Autostart)
    autostart.instead = "/old/Waystation"
    looks.look()
    assert not looks.autostart.isChecked()
    looks.autostart.click()
    await opened.desk.settle()
    assert (autostart.on, looks.autostart.isChecked(), looks.autostart_note.isVisible()) == (True, True, False)
    autostart.on, autostart.instead = False, ""
    looks.look()
    assert "other options" in looks.autostart_note.text()


async def test_variables_that_a_sign_in_may_not_know_are_named(opened: Stage) -> None:
    looks, autostart = opened.window.settings.looks, opened.machine.autostart
    assert isinstance(autostart, Autostart)
    autostart.variables = ("WAYSTATION_KEY_STORE", "WAYSTATION_STRICT")
    looks.look()
    assert "WAYSTATION_KEY_STORE, WAYSTATION_STRICT" in looks.autostart_note.text()


async def test_a_system_that_refuses_is_heard(opened: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_self: Autostart, _on: bool) -> None:
        raise InvalidInput("The system does not let us.")

    monkeypatch.setattr(Autostart, "set", refuse)
    opened.window.settings.looks.autostart.click()
    await opened.desk.settle()
    assert opened.desk.failures == ["The system does not let us."]
    assert not opened.window.settings.looks.autostart.isChecked()


async def test_the_data_section_says_how_much_there_is_and_where(opened: Stage) -> None:
    await opened.desk.settle()
    data = opened.window.settings.data
    assert "12 MB in /data/Waystation" in data._size.text()
    data.days.setValue(7)
    data.days.editingFinished.emit()
    await opened.desk.settle()
    assert calls(opened) == [("settings.change", {"keep_days": 7})]


async def dialog(kind: type[QDialog]) -> QDialog:
    """The dialog of this kind that stands."""
    found: list[QDialog] = []

    def look() -> bool:
        found[:] = [item for item in QApplication.topLevelWidgets() if type(item) is kind and item.isVisible()]
        return bool(found)

    await until(look)
    return found[0]


async def test_everything_is_exported_into_a_file_that_only_the_user_reads(opened: Stage, tmp_path: Path) -> None:
    opened.desk.gateway.results["backup.export"] = {"text": '{"waystation": 1}', "left_out": []}
    button(opened.window.settings.data, "Export everything…").click()
    asking = await dialog(PassphraseDialog)
    assert isinstance(asking, PassphraseDialog)
    asking.first.setText("short")
    assert not asking.ok.isEnabled()
    asking.first.setText("long enough")
    assert not asking.ok.isEnabled()
    asking.second.setText("long enough")
    asking.ok.click()
    choosing = await dialog(QFileDialog)
    assert isinstance(choosing, QFileDialog)
    choosing.setDirectory(str(tmp_path))
    choosing.selectFile("all.json")
    choosing.accept()
    await opened.desk.settle()
    written = tmp_path / "all.json"
    assert json.loads(written.read_text("utf-8")) == {"waystation": 1}
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    assert calls(opened) == [("backup.export", {"passphrase": "long enough"})]
    assert str(written) in opened.desk.told[0]


async def test_an_import_says_what_came_and_what_cannot_be_used_twice(opened: Stage, tmp_path: Path) -> None:
    (tmp_path / "all.json").write_text('{"waystation": 1}', "utf-8")
    counted = {"tokens": 2, "tokens_known": 1, "licenses": 0, "licenses_known": 3, "settings": 4, "address": None}
    shared = [{"id": "t-5", "label": "Work"}]
    opened.desk.gateway.results["backup.import"] = {**counted, "shared_logins": shared}
    button(opened.window.settings.data, "Import…").click()
    choosing = await dialog(QFileDialog)
    assert isinstance(choosing, QFileDialog)
    choosing.setDirectory(str(tmp_path))
    choosing.selectFile("all.json")
    choosing.accept()
    asking = await dialog(PassphraseDialog)
    assert isinstance(asking, PassphraseDialog)
    asking.first.setText("long enough")
    asking.ok.click()
    await opened.desk.settle()
    assert calls(opened) == [("backup.import", {"text": '{"waystation": 1}', "passphrase": "long enough"})]
    assert opened.desk.told == [
        "Added: 2 tokens, 0 licenses. Already here: 1 tokens, 3 licenses. A ChatGPT login works on one computer at a "
        "time. Where the other one goes on using these, sign in anew here: Work."
    ]


def test_the_report_names_states_and_nothing_of_the_users() -> None:
    needy = token(1, label="Ann", email="an•••@example.com")
    text = report_text(replace(FULL, tokens=(needy,), proxy="http://proxy.company:8080"))
    assert "gateway running" in text
    assert "chatgpt ready" in text
    for secret in ("Ann", "example.com", "proxy.company"):
        assert secret not in text


def test_the_parts_of_this_installation_have_licenses() -> None:
    parts = parts_of_this_installation()
    assert any(part.startswith("aiohttp ") and "Apache" in part for part in parts)
    assert parts == sorted(parts, key=str.lower)


async def test_whose_this_is_stands_on_the_page_as_in_the_license(opened: Stage) -> None:
    (named,) = re.findall(r"Copyright \(c\) (.+)", (ROOT / "LICENSE").read_text("utf-8"))
    shown = [label.text() for label in opened.window.settings.about.findChildren(QLabel)]
    assert f"© {named}. Free software under the MIT license, without any warranty." in shown
    assert f"Waystation {__version__}" in shown


def test_a_checkout_shows_its_license_what_is_installed_and_the_terms_of_qt(qapp: QApplication) -> None:
    pages: list[str] = []
    dialog = PartsDialog(None, license_file(), pages.append)
    assert "Permission is hereby granted" in dialog.text.toPlainText()
    assert all(part in dialog.text.toPlainText() for part in parts_of_this_installation())
    for words in (f"Qt {qVersion()}", "version 3", "dynamically linked", "replace", str(Path(PySide6.__file__).parent)):
        assert words in dialog.about_qt.text()
    button(dialog, "Source code of Qt").click()
    assert pages == [QT_SOURCE]
    assert QT_SOURCE in dialog.about_qt.text()


def test_a_bundle_shows_its_own_file_of_licenses(qapp: QApplication, tmp_path: Path) -> None:
    (tmp_path / "LICENSES.txt").write_text("everything, 及其许可证", "utf-8")
    dialog = PartsDialog(None, tmp_path / "LICENSES.txt", print)
    assert dialog.text.toPlainText() == "everything, 及其许可证"
    (tmp_path / "LICENSES.txt").unlink()
    assert PartsDialog(None, tmp_path / "LICENSES.txt", print).text.toPlainText() == "\n".join(
        parts_of_this_installation()
    )


async def test_a_crash_is_told_until_it_is_dismissed(stage: Stage, tmp_path: Path) -> None:
    class Crash:
        at = time.time() - 400 * 86400
        text = "Waystation 1.0\nTraceback"
        forgotten = False

        def forget(self) -> None:
            self.forgotten = True

    crash = Crash()
    stage.window._crash = crash
    stage.show(FULL)
    day = datetime.fromtimestamp(crash.at).strftime("%Y-%m-%d")
    assert f"ended unexpectedly at {day}." in stage.window.notices.texts()[0]
    stage.window.notices.press("Copy the report")
    assert stage.copied == [crash.text]
    tool(stage.window.notices, "Close this notice").click()
    assert crash.forgotten
    assert stage.window.notices.texts() == []
    assert Machine(lan_addresses=list, autostart=None, log_folder=tmp_path).crash is None


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ({"ok": True, "status": 401, "ms": 85, "in_use": None}, "OpenAI answers, without a proxy, after 85 ms."),
        (
            {"ok": False, "status": 403, "ms": 85, "in_use": "http://127.0.0.1:7890"},
            "A web page came in place of an answer of OpenAI (403), through http://127.0.0.1:7890. Cloudflare or the "
            "network stands between: try another proxy or network.",
        ),
    ],
)
async def test_the_way_can_be_tried(opened: Stage, found: dict[str, object], told: str) -> None:
    opened.desk.gateway.results["proxy.test"] = found
    button(opened.window.settings.pool, "Test").click()
    assert not opened.window.settings.pool.test.isEnabled()
    await opened.desk.settle()
    assert opened.desk.told + opened.desk.failures == [told]
    assert opened.window.settings.pool.test.isEnabled()


async def test_the_way_out_of_a_dialog_has_no_picture_of_the_system(qapp: QApplication) -> None:
    dialog = QDialog()
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, dialog)
    way_out = buttons.button(QDialogButtonBox.StandardButton.Cancel)
    # As Qt does on desktops that want pictures.
    picture = QPixmap(16, 16)
    picture.fill()
    way_out.setIcon(QIcon(picture))
    async with asyncio.TaskGroup() as group:
        group.create_task(dialogs.finished(dialog))
        await asyncio.sleep(0)
        without = way_out.icon().isNull()
        dialog.reject()
    assert without


async def test_where_nothing_can_start_at_sign_in_no_gap_is_left(desk: Desk, tmp_path: Path) -> None:
    preferences = Preferences(tmp_path / "desktop.ini")
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    appearance = Appearance(application, preferences, tmp_path)
    practice = Machine(lan_addresses=list, autostart=None, log_folder=tmp_path)
    looks = LooksSection(desk.operations, preferences, appearance, practice)
    looks.resize(600, 500)
    looks.show()
    assert not looks.autostart.isVisible()
    assert not looks.autostart_note.isVisible()
    looks.close()
    appearance.close()
