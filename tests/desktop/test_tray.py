"""The tray's menu without a tray: its entries, and that they change in place."""

from dataclasses import replace

import pytest
from PySide6.QtWidgets import QMenu, QSystemTrayIcon

from app.core.policy import Policy
from app.core.quota import Quota, Window
from app.desktop.formats import minute
from app.desktop.icons import Icons
from app.desktop.overview import overview, starting
from app.desktop.tray import Tray, TrayActions
from app.desktop.tray_entries import tray_entries
from app.gateway.snapshot import RunState, TokenState
from app.platform.shells import Shell
from tests.desktop.scripted import NOW, RUNNING, session, token
from tests.desktop.stage import Autostart

FULL = replace(RUNNING, tokens=(token(),))


class Shown:
    """A tray, and what its entries did."""

    def __init__(self, icons: Icons) -> None:
        self.did: list[object] = []
        self.hosts: list[bool] = []
        self.autostart = Autostart()
        did = self.did.append
        actions = TrayActions(
            look=lambda: did("look"),
            start=lambda: did("start"),
            stop=lambda: did("stop"),
            copy_environment=lambda shell: did(("environment", shell)),
            copy_setup=lambda shell: did(("setup", shell)),
            sign_in=lambda: did("sign in"),
            add_from_clipboard=lambda: did("clipboard"),
            add_from_file=lambda: did("file"),
            wait_overnight=lambda overnight: did(("overnight", overnight)),
            enable_token=lambda token_id, wanted: did((token_id, wanted)),
            open_sessions=lambda: did("sessions"),
            open_window=lambda: did("window"),
            open_settings=lambda: did("settings"),
            autostart=self.autostart,
            set_autostart=lambda wanted: did(("autostart", wanted)),
            quit=lambda: did("quit"),
        )
        self.tray = Tray(icons, actions, practice=False, host_changed=self.hosts.append)
        self.tray.show_overview(overview(FULL, NOW))
        self.tray.show_entries(tray_entries(FULL, NOW))

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
        ["bash", "zsh", "fish", "PowerShell", "cmd", "WSL"],
        "Copy full set-up",
        ["bash", "zsh", "fish", "PowerShell", "cmd", "WSL"],
        "Tokens",
        ["Account 1", "---", "Sign in with ChatGPT…", "Add from the clipboard", "Add from auth.json files…"],
        "Sessions: 0 active",
        "Wait overnight when all tokens are at their limit",
        "---",
        "Open window",
        "Settings…",
        "Start at sign-in",
        "Quit",
    ]
    assert not shown.tray.menu.actions()[0].isEnabled()


def test_the_menu_is_chinese(chinese: None, icons: Icons) -> None:
    assert Shown(icons).labels() == [
        "运行中 · 127.0.0.1:8787",
        "停止",
        "---",
        "复制环境变量",
        ["bash", "zsh", "fish", "PowerShell", "cmd", "WSL"],
        "复制完整配置",
        ["bash", "zsh", "fish", "PowerShell", "cmd", "WSL"],
        "Token",
        ["Account 1", "---", "用 ChatGPT 登录…", "从剪贴板添加", "从 auth.json 文件添加…"],
        "会话：0 个活跃",
        "所有 Token 都到上限时通宵候车",
        "---",
        "打开窗口",
        "设置…",
        "登录系统时启动",
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
    shown.choose("Tokens", "Sign in with ChatGPT…")
    shown.choose("Tokens", "Add from the clipboard")
    shown.choose("Tokens", "Add from auth.json files…")
    shown.choose("Tokens", "Account 1")
    shown.choose("Sessions: 0 active")
    shown.choose("Start at sign-in")
    shown.choose("Settings…")
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
        ("t-1", False),
        "sessions",
        ("autostart", True),
        "settings",
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


def test_it_asks_for_what_is_true_now_before_it_is_seen(shown: Shown) -> None:
    shown.tray.menu.aboutToShow.emit()
    assert shown.did == ["look"]


def test_without_a_tray_it_says_so_and_does_not_pretend(shown: Shown) -> None:
    shown.tray.show()
    assert shown.hosts == [False]
    assert not shown.tray.docked
    shown.tray.hide()


def test_a_click_on_its_message_opens_the_window(shown: Shown) -> None:
    shown.tray.findChild(QSystemTrayIcon).messageClicked.emit()
    assert shown.did == ["window"]


def test_tokens_say_what_is_left_and_are_ticked_in_place(shown: Shown) -> None:
    window = Window("codex", "primary", 27.0, 300, NOW + 3600)
    first = token(1, label="A & B", quota=Quota((window,), NOW))
    second = token(2, state=TokenState.SIGN_IN)
    shown.tray.show_entries(tray_entries(replace(FULL, tokens=(first, second)), NOW))
    menu = shown.tray.menu.actions()[5].menu()
    assert menu is not None
    before = menu.actions()
    assert [action.text() for action in before[:2]] == [
        f"A && B  73% left · resets {minute(NOW + 3600, NOW)}",
        "Account 2  Sign in again",
    ]
    assert [action.isChecked() for action in before[:2]] == [True, True]
    off = replace(first, enabled=False, state=TokenState.DISABLED)
    shown.tray.show_entries(tray_entries(replace(FULL, tokens=(off, second)), NOW))
    assert menu.actions() == before
    assert (before[0].text(), before[0].isChecked()) == ("A && B  Disabled", False)
    shown.tray.show_entries(tray_entries(replace(FULL, tokens=(second, off, token(3))), NOW))
    assert [action.text() for action in menu.actions()[:3]] == [
        "Account 2  Sign in again",
        "A && B  Disabled",
        "Account 3",
    ]
    assert menu.actions()[0] is before[1]
    shown.tray.show_entries(tray_entries(replace(FULL, tokens=()), NOW))
    assert next(action.text() for action in menu.actions() if action.isVisible()) == "Sign in with ChatGPT…"


def test_a_sealed_token_cannot_be_ticked(shown: Shown) -> None:
    sealed = replace(FULL, tokens=(token(1, state=TokenState.SEALED),))
    shown.tray.show_entries(tray_entries(sealed, NOW))
    menu = shown.tray.menu.actions()[5].menu()
    assert menu is not None
    assert not menu.actions()[0].isEnabled()


def test_sessions_count_as_active_for_ten_minutes_or_while_they_are_answered() -> None:
    sessions = (
        session(1, last_active_at=NOW - 60, active_turns=0),
        session(2, last_active_at=NOW - 3600, active_turns=1),
        session(3, last_active_at=NOW - 3600, active_turns=0),
    )
    assert tray_entries(replace(FULL, sessions=sessions, active_turns=1), NOW).sessions == "Sessions: 2 active"


def test_starting_at_sign_in_is_asked_of_the_system_whenever_the_menu_opens(shown: Shown) -> None:
    entry = next(action for action in shown.tray.menu.actions() if action.text() == "Start at sign-in")
    assert not entry.isChecked()
    shown.autostart.on = True
    shown.tray.menu.aboutToShow.emit()
    assert entry.isChecked()


@pytest.mark.parametrize(
    ("instead", "label"),
    [
        ("/old/Waystation", "Start at sign-in (now another copy)"),
        ("", "Start at sign-in (now with other options)"),
    ],
)
def test_another_copy_that_starts_at_sign_in_is_told_and_a_click_takes_its_place(
    shown: Shown, instead: str, label: str
) -> None:
    shown.autostart.instead = instead
    shown.tray.menu.aboutToShow.emit()
    entry = next(action for action in shown.tray.menu.actions() if action.text() == label)
    assert not entry.isChecked()
    entry.trigger()
    assert shown.did[-1] == ("autostart", True)
    shown.autostart.set(True)
    shown.tray.show_autostart()
    assert (entry.isChecked(), entry.text()) == (True, "Start at sign-in")
