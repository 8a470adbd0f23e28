"""The tray's menu without a tray: its entries, and that they change in place."""

from dataclasses import replace

import pytest
from PySide6.QtWidgets import QMenu, QSystemTrayIcon

from app.core.policy import Policy
from app.desktop.icons import Icons
from app.desktop.overview import overview, starting
from app.desktop.tray import Tray, TrayActions
from app.gateway.snapshot import RunState
from app.platform.shells import Shell
from tests.desktop.scripted import NOW, RUNNING, token

FULL = replace(RUNNING, tokens=(token(),))


class Shown:
    """A tray, and what its entries did."""

    def __init__(self, icons: Icons) -> None:
        self.did: list[object] = []
        self.hosts: list[bool] = []
        did = self.did.append
        actions = TrayActions(
            start=lambda: did("start"),
            stop=lambda: did("stop"),
            copy_environment=lambda shell: did(("environment", shell)),
            copy_setup=lambda shell: did(("setup", shell)),
            sign_in=lambda: did("sign in"),
            add_from_clipboard=lambda: did("clipboard"),
            add_from_file=lambda: did("file"),
            wait_overnight=lambda overnight: did(("overnight", overnight)),
            open_window=lambda: did("window"),
            quit=lambda: did("quit"),
        )
        self.tray = Tray(icons, actions, practice=False, host_changed=self.hosts.append)
        self.tray.show_overview(overview(FULL, NOW))

    def labels(self, menu: QMenu | None = None) -> list[object]:
        """The labels, submenus as lists behind theirs."""
        found: list[object] = []
        for action in (menu or self.tray.menu).actions():
            found.append("---" if action.isSeparator() else action.text())
            if action.menu() is not None:
                found.append(self.labels(action.menu()))
        return found

    def choose(self, *labels: str) -> None:
        menu = self.tray.menu
        for label in labels:
            action = next(action for action in menu.actions() if action.text() == label)
            menu = action.menu() or menu
        action.trigger()


@pytest.fixture
def shown(icons: Icons) -> Shown:
    return Shown(icons)


def test_the_menu_names_state_and_address_and_what_can_be_done(shown: Shown) -> None:
    assert shown.labels() == [
        "Running · 127.0.0.1:8787",
        "Stop",
        "---",
        "Copy environment variables",
        ["bash", "PowerShell", "cmd"],
        "Copy full set-up",
        ["bash", "PowerShell", "cmd"],
        "Add token",
        ["Sign in with ChatGPT…", "From the clipboard", "From auth.json files…"],
        "Wait overnight when all tokens are at their limit",
        "---",
        "Open window",
        "Quit",
    ]
    assert not shown.tray.menu.actions()[0].isEnabled()


def test_the_menu_is_chinese(chinese: None, icons: Icons) -> None:
    assert Shown(icons).labels() == [
        "运行中 · 127.0.0.1:8787",
        "停止",
        "---",
        "复制环境变量",
        ["bash", "PowerShell", "cmd"],
        "复制完整配置",
        ["bash", "PowerShell", "cmd"],
        "添加 Token",
        ["用 ChatGPT 登录…", "从剪贴板", "从 auth.json 文件…"],
        "所有 Token 都到上限时通宵候车",
        "---",
        "打开窗口",
        "退出",
    ]


def test_labels_change_in_place_so_that_an_open_menu_stays_open(shown: Shown) -> None:
    before = shown.tray.menu.actions()
    shown.tray.show_overview(overview(replace(FULL, state=RunState.STOPPED), NOW))
    assert shown.tray.menu.actions() == before
    assert [action.text() for action in before[:2]] == ["Stopped", "Start"]


def test_every_entry_does_what_it_says(shown: Shown) -> None:
    shown.choose("Stop")
    shown.choose("Copy environment variables", "PowerShell")
    shown.choose("Copy full set-up", "cmd")
    shown.choose("Add token", "Sign in with ChatGPT…")
    shown.choose("Add token", "From the clipboard")
    shown.choose("Add token", "From auth.json files…")
    shown.choose("Open window")
    shown.choose("Quit")
    shown.tray.show_overview(overview(replace(FULL, state=RunState.STOPPED), NOW))
    shown.choose("Start")
    assert shown.did == [
        "stop",
        ("environment", Shell.POWERSHELL),
        ("setup", Shell.CMD),
        "sign in",
        "clipboard",
        "file",
        "window",
        "quit",
        "start",
    ]


def test_waiting_overnight_is_a_tick_that_follows_the_gateway(shown: Shown) -> None:
    label = "Wait overnight when all tokens are at their limit"
    overnight = next(action for action in shown.tray.menu.actions() if action.text() == label)
    assert overnight.isEnabled()
    assert not overnight.isChecked()
    shown.choose(label)
    shown.tray.show_overview(overview(replace(FULL, policy=Policy(wait_s=21600.0)), NOW))
    assert overnight.isChecked()
    shown.choose(label)
    assert shown.did == [("overnight", True), ("overnight", False)]
    shown.tray.show_overview(overview(replace(FULL, policy=Policy(wait_s=0.0)), NOW))
    assert not overnight.isChecked()
    shown.tray.show_overview(starting())
    assert not overnight.isEnabled()


def test_nothing_can_be_switched_while_it_starts_or_is_busy(shown: Shown) -> None:
    switch = shown.tray.menu.actions()[1]
    assert switch.isEnabled()
    shown.tray.show_busy(True)
    assert not switch.isEnabled()
    shown.tray.show_busy(False)
    assert switch.isEnabled()
    shown.tray.show_overview(starting())
    assert not switch.isEnabled()


def test_without_a_tray_it_says_so_and_does_not_pretend(shown: Shown) -> None:
    shown.tray.show()
    assert shown.hosts == [False]
    assert not shown.tray.docked
    shown.tray.hide()


def test_a_click_on_its_message_opens_the_window(shown: Shown) -> None:
    shown.tray.findChild(QSystemTrayIcon).messageClicked.emit()
    assert shown.did == ["window"]
