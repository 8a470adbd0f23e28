"""The whole desktop around a scripted gateway, on a private screen with a real tray host: seen from outside."""

import os
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.platform.codex_setup import environment_text, setup_text
from app.platform.shells import Shell
from tests.desktop.scripted import LICENSE
from tests.support.children import Child
from tests.support.desktop_session import DesktopSession
from tests.support.tray import menu_text

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="a private X11 screen and session bus"),
    pytest.mark.timeout(120),
]

ROOT = Path(__file__).resolve().parents[2]
BASE_URL = "http://127.0.0.1:8787/codex/v1"
ENGLISH_MENU = """\
(Running · 127.0.0.1:8787)
Stop
---
Copy environment variables
    bash
    zsh
    fish
    PowerShell
    cmd
    WSL
Copy full set-up
    bash
    zsh
    fish
    PowerShell
    cmd
    WSL
Tokens
    [x] Work  40% left · resets TIME
    [x] Account 2  Resting until TIME
    [x] API key 3
    [ ] Old account  Disabled
    [x] (Sealed one  Sealed: add it again)
    [x] Spare one  97% left · resets TIME
    ---
    Sign in with ChatGPT…
    Add from the clipboard
    Add from auth.json files…
Sessions: 2 active
[ ] Wait overnight when all tokens are at their limit
---
Open window
Settings…
[ ] Start at sign-in
Quit"""
CHINESE_MENU = """\
(运行中 · 127.0.0.1:8787)
停止
---
复制环境变量
    bash
    zsh
    fish
    PowerShell
    cmd
    WSL
复制完整配置
    bash
    zsh
    fish
    PowerShell
    cmd
    WSL
Token
    [x] Work  剩余 40% · TIME 重置
    [x] Account 2  冷却至 TIME
    [x] API 密钥 3
    [ ] Old account  已停用
    [x] (Sealed one  无法解密，请重新添加)
    [x] Spare one  剩余 97% · TIME 重置
    ---
    用 ChatGPT 登录…
    从剪贴板添加
    从 auth.json 文件添加…
会话：2 个活跃
[ ] 所有 Token 都到上限时通宵候车
---
打开窗口
设置…
[ ] 登录系统时启动
退出"""
# A minute, with its date where it is not of this day.
TIME = re.compile(r"(?:\d\d-\d\d )?\d\d:\d\d\b")


class Screen:
    """A desktop, and our program on it."""

    def __init__(self, session: DesktopSession, build: Path) -> None:
        self.session = session
        self._build = build

    def start(self, scene: str, *options: str, **env: str) -> Child:
        command = [sys.executable, "-m", "tests.desktop.program", scene, *options]
        return self.session.start(
            command, cwd=ROOT, env={"PYTHONPATH": str(ROOT), "TRANSLATIONS": str(self._build), **env}
        )

    def windows(self) -> list[str]:
        """The titles of our visible windows."""
        found = self.session.run(["xdotool", "search", "--onlyvisible", "--class", "waystation"])
        titles = [self._title(number) for number in found.stdout.split()]
        # Qt has helper windows of its own.
        return [title for title in titles if "Qt Selection Owner" not in title and title]

    def _title(self, number: str) -> str:
        return self.session.run(["xdotool", "getwindowname", number]).stdout.strip()

    def menu(self) -> str:
        """The tray's menu with TIME for each time."""
        return TIME.sub("TIME", menu_text(self.session.tray_menu()))

    def wait_for_menu(self, wanted: str) -> None:
        try:
            self.session.wait_for(lambda: self.menu() == wanted, "the menu")
        except AssertionError:
            assert self.menu() == wanted

    def status(self) -> str:
        """The status line with TIME for each time."""
        return TIME.sub("TIME", self.session.tray_menu()[0].label)

    def wait_for_status(self, wanted: str) -> None:
        self.session.wait_for(lambda: self.status() == wanted, f"the status {wanted}")

    def wait_for_clipboard(self, wanted: str) -> None:
        # The session reads it as text, and so without the carriage returns of cmd.
        wanted = wanted.replace("\r\n", "\n")
        self.session.wait_for(lambda: self.session.clipboard() == wanted, "the text on the clipboard")


@pytest.fixture
def screen(build: Path) -> Iterator[Screen]:
    with DesktopSession(with_keyring=False) as session:
        yield Screen(session, build)


@pytest.fixture
def bare_screen(build: Path) -> Iterator[Screen]:
    with DesktopSession(with_keyring=False, with_tray=False) as session:
        yield Screen(session, build)


def ended(child: Child, timeout: float = 20.0) -> int:
    code = child.wait(timeout)
    assert "Traceback" not in child.output()
    return code


def test_the_tray_copies_starts_stops_shows_and_quits(screen: Screen) -> None:
    program = screen.start("idle", "minimized")
    screen.wait_for_menu(ENGLISH_MENU)
    assert screen.windows() == []
    running = screen.session.tray_pixmap()

    for shell, label in ((Shell.BASH, "bash"), (Shell.POWERSHELL, "PowerShell"), (Shell.CMD, "cmd")):
        screen.session.tray_click("Copy environment variables", label)
        screen.wait_for_clipboard(environment_text(shell, BASE_URL, LICENSE))
        screen.session.tray_click("Copy full set-up", label)
        screen.wait_for_clipboard(setup_text(shell, BASE_URL, LICENSE))

    screen.session.tray_click("Stop")
    screen.wait_for_status("Stopped")
    assert screen.session.tray_menu()[1].label == "Start"
    screen.session.wait_for(lambda: screen.session.tray_pixmap() != running, "another picture")
    screen.session.tray_click("Start")
    screen.wait_for_status("Running · 127.0.0.1:8787")
    # While its message stands, the tray may call for attention, but with our own picture.
    assert screen.session.tray().property("AttentionIconName") == ""
    # A message without a notification service must not leave a call for attention behind.
    screen.session.wait_for(lambda: screen.session.tray_pixmap() == running, "the picture to come back")
    screen.session.wait_for(lambda: screen.session.tray().property("Status") == "Active", "no call for attention")

    screen.session.tray_activate()
    screen.session.wait_for(lambda: screen.windows() == ["Waystation"], "the window")
    screen.session.tray_click("Quit")
    assert ended(program) == 0


def test_the_status_line_says_what_the_gateway_does(screen: Screen) -> None:
    running = "Running · 127.0.0.1:8787"
    scenes = {
        "starting": "Starting…",
        "idle": running,
        "sign_in": f"{running} · sign-in needed",
        "resting": f"{running} · all tokens resting until TIME",
        "limited": f"{running} · 2 waiting until TIME · sign-in needed",
        "busy_port": "Port 8787 is busy",
        "no_keyring": f"{running} · keyring unavailable",
        "stopped": "Stopped",
    }
    program = screen.start(",".join(scenes))
    screen.wait_for_status(scenes.pop("starting"))
    pictures = {}
    for scene, status in scenes.items():
        program.send_signal(signal.SIGUSR1)
        screen.wait_for_status(status)
        pictures[scene] = screen.session.tray_pixmap()
    assert len({pictures[scene] for scene in ("idle", "busy_port", "stopped")}) == 3
    program.terminate()
    assert ended(program) == 0


def test_it_speaks_chinese_where_the_system_does(screen: Screen) -> None:
    program = screen.start("idle", LANG="zh_CN.UTF-8")
    screen.wait_for_menu(CHINESE_MENU)
    screen.session.wait_for(lambda: screen.windows() == ["驿站 Waystation"], "the window")
    screen.session.tray_click("退出")
    assert ended(program) == 0


def test_a_token_is_added_from_the_clipboard(screen: Screen) -> None:
    program = screen.start("empty", "minimized")
    screen.wait_for_status("Running · 127.0.0.1:8787 · no token yet")
    screen.session.set_clipboard("sk-abcdefgh12345678")
    screen.session.tray_click("Tokens", "Add from the clipboard")
    screen.wait_for_status("Running · 127.0.0.1:8787")
    program.terminate()
    assert ended(program) == 0


def test_quitting_while_requests_run_asks_first(screen: Screen) -> None:
    program = screen.start("full", "minimized")
    screen.wait_for_menu(ENGLISH_MENU)
    screen.session.tray_click("Quit")
    screen.session.wait_for(lambda: screen.windows() == ["Quit Waystation"], "the question")
    screen.session.run(["xdotool", "key", "Escape"])
    screen.session.wait_for(lambda: screen.windows() == [], "the question to go")
    assert program.poll() is None
    screen.session.tray_click("Quit")
    screen.session.wait_for(lambda: screen.windows() == ["Quit Waystation"], "the question")
    screen.session.run(["xdotool", "key", "Return"])
    assert ended(program) == 0


def test_quitting_asks_even_while_another_question_is_open(screen: Screen) -> None:
    program = screen.start("full", "minimized")
    screen.wait_for_menu(ENGLISH_MENU)
    screen.session.tray_click("Tokens", "Add from auth.json files…")
    screen.session.wait_for(lambda: screen.windows() == ["Choose Codex's auth.json"], "the file dialog")
    screen.session.tray_click("Quit")
    screen.session.wait_for(lambda: "Quit Waystation" in screen.windows(), "the question")
    program.terminate()
    assert ended(program) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_without_a_question(screen: Screen, number: signal.Signals) -> None:
    program = screen.start("full")
    screen.wait_for_menu(ENGLISH_MENU)
    os.kill(program.pid, number)
    assert ended(program) == 0


def test_without_a_tray_the_window_stays_and_the_icon_docks_when_one_comes(bare_screen: Screen) -> None:
    program = bare_screen.start("idle", "minimized")
    bare_screen.session.wait_for(lambda: bare_screen.windows() == ["Waystation"], "the window")
    bare_screen.session.start_tray()
    bare_screen.wait_for_menu(ENGLISH_MENU)
    bare_screen.session.tray_click("Quit")
    assert ended(program) == 0


def test_what_prevents_the_start_is_shown_and_ends_with_an_error(bare_screen: Screen) -> None:
    program = bare_screen.start("broken")
    bare_screen.session.wait_for(lambda: "Waystation cannot start" in bare_screen.windows(), "the message")
    bare_screen.session.run(["xdotool", "key", "Escape"])
    assert ended(program) == 1


def test_a_signal_ends_it_while_it_still_starts(bare_screen: Screen) -> None:
    program = bare_screen.start("slow")
    bare_screen.session.wait_for(lambda: bare_screen.windows() == ["Waystation"], "the window")
    program.terminate()
    assert ended(program) == 0
    assert "left" in program.output()


def test_the_end_of_the_users_session_closes_the_gateway_first_and_asks_nothing(bare_screen: Screen) -> None:
    program = bare_screen.start("session_end")
    assert ended(program) == 0
    words = program.output().split("\n")
    assert words.index("RestartNever") < words.index("closed") < words.index("the system may end it now")


def test_a_display_that_goes_away_closes_the_gateway_first(bare_screen: Screen) -> None:
    session = bare_screen.session
    display = session.start(["Xvfb", "-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp", "-noreset"])
    number = session.wait_for(lambda: re.search(r"^\d+\n", display.output(), re.MULTILINE), "the second display")
    name = f":{number[0].strip()}"
    program = bare_screen.start("slow_to_close", DISPLAY=name)
    look = ["xdotool", "search", "--onlyvisible", "--class", "waystation"]
    session.wait_for(lambda: session.run(look, env={"DISPLAY": name}).stdout, "the window")
    display.kill()
    assert ended(program) == 1
    assert "closed" in program.output()
