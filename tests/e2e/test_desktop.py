"""The desktop application by its tray, with the real Codex CLI behind what it copies."""

import socket
from collections.abc import Iterator

import pytest

from app.practice.server import PracticeUpstream
from tests.e2e.codex import PROMPT_MARK, check_tool_turn, codex_shell
from tests.e2e.program import until
from tests.e2e.recording import check_verbatim, wire_tap
from tests.e2e.screen import DesktopWaystation, Make, Screen, desktop_on
from tests.support.desktop_session import DesktopSession
from tests.support.ports import free_port

pytestmark = [pytest.mark.timeout(120), pytest.mark.fixed_ports]

MENU = """\
(Running · 127.0.0.1:{port} · no token yet)
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
    Sign in with ChatGPT…
    Add from the clipboard
    Add from auth.json files…
Sessions: 0 active
[ ] Wait overnight when all tokens are at their limit
---
Open window
Settings…
[ ] Start at sign-in
Quit"""
CHINESE_MENU = """\
(运行中 · 127.0.0.1:{port} · 尚无 Token)
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
    用 ChatGPT 登录…
    从剪贴板添加
    从 auth.json 文件添加…
会话：0 个活跃
[ ] 所有 Token 都到上限时通宵候车
---
打开窗口
设置…
[ ] 登录系统时启动
退出"""


@pytest.fixture(scope="module")
def desktop_session() -> Iterator[DesktopSession]:
    """One desktop for all tests here; each has its own application and data folder."""
    with DesktopSession() as session:
        yield session


@pytest.fixture
def screen(desktop_session: DesktopSession) -> Screen:
    return Screen(desktop_session)


@pytest.fixture
async def desktop(screen: Screen, make_waystation: Make) -> DesktopWaystation:
    """The application, running on the screen without any token."""
    return await desktop_on(screen, make_waystation)


def refuses(port: int) -> bool:
    """Whether nobody listens there."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) != 0


async def test_the_tray_shows_the_state_and_offers_everything(desktop: DesktopWaystation) -> None:
    await desktop.screen.wait_status(f"{desktop.running} · no token yet")
    assert await desktop.screen.menu_text() == MENU.format(port=desktop.port)


async def test_the_tray_speaks_chinese_where_the_system_does(screen: Screen, make_waystation: Make) -> None:
    chinese = {"LANG": "zh_CN.UTF-8", "LANGUAGE": "zh_CN"}
    desktop = await desktop_on(screen, make_waystation, env=chinese)

    await screen.wait_status(f"运行中 · 127.0.0.1:{desktop.port} · 尚无 Token")
    assert await screen.menu_text() == CHINESE_MENU.format(port=desktop.port)
    await screen.click("停止")
    await screen.wait_status("已停止")
    await screen.entry("启动")


@pytest.mark.parametrize("placement", ["window", "thread"])
async def test_stop_and_start_by_the_tray(placement: str, screen: Screen, make_waystation: Make) -> None:
    desktop = await desktop_on(screen, make_waystation, env={"WAYSTATION_PLACEMENT": placement})
    running = f"{desktop.running} · no token yet"
    await screen.wait_status(running)
    started = screen.session.tray_pixmap()
    assert not refuses(desktop.port)

    await screen.click("Stop")
    await screen.wait_status("Stopped")
    assert refuses(desktop.port)
    assert screen.session.tray_pixmap() != started

    await screen.click("Start")
    await screen.wait_status(running)
    assert not refuses(desktop.port)
    assert screen.session.tray_pixmap() == started
    await screen.entry("Stop")


@pytest.mark.parametrize(
    ("version", "placement"),
    [("0.45.0", "window"), ("0.120.0", "window"), ("0.169.0", "window"), ("0.169.0", "thread")],
)
async def test_the_copied_set_up_makes_codex_answer_byte_for_byte(
    version: str, placement: str, screen: Screen, make_waystation: Make, upstream: PracticeUpstream
) -> None:
    desktop = await desktop_on(screen, make_waystation, env={"WAYSTATION_PLACEMENT": placement})
    desktop.waystation.secrets.add(PROMPT_MARK)
    account = upstream.accounts[0]
    await screen.wait_status(f"{desktop.running} · no token yet")
    await desktop.waystation.import_account(account.auth_json(), "first")
    await screen.wait_status(desktop.running)

    text = await screen.copied("Copy full set-up", "bash")
    moved_to = free_port()
    await desktop.waystation.command("gateway.start", port=moved_to)
    async with wire_tap(desktop.port, moved_to) as tap, codex_shell(version) as shell:
        done = await shell.exec_with(text)

    check_tool_turn(done, upstream.turns)
    check_verbatim(tap.turns(), upstream.turns, account)
    assert desktop.waystation.logs.count(" verbatim") == 2


async def test_the_environment_variables_are_the_two_lines_of_the_guide(desktop: DesktopWaystation) -> None:
    url = f"http://127.0.0.1:{desktop.port}/codex/v1"
    bash = await desktop.screen.copied("Copy environment variables", "bash")
    key = bash.splitlines()[1].partition('"')[2].rstrip('"')

    assert key.startswith("ws-")
    assert bash == f'export OPENAI_BASE_URL="{url}"\nexport OPENAI_API_KEY="{key}"\n'
    powershell = await desktop.screen.copied("Copy environment variables", "PowerShell")
    assert powershell == f'$env:OPENAI_BASE_URL="{url}"\n$env:OPENAI_API_KEY="{key}"\n'
    cmd = await desktop.screen.copied("Copy environment variables", "cmd")
    assert cmd.splitlines() == [f"set OPENAI_BASE_URL={url}", f"set OPENAI_API_KEY={key}"]


async def test_a_busy_port_is_said_and_kept(screen: Screen, make_waystation: Make) -> None:
    waystation = make_waystation(screen.session.env)
    port = free_port()
    await (await waystation.serve("--port", str(port))).quit()
    with socket.create_server(("127.0.0.1", port)):
        await waystation.start()
        await screen.wait_status(f"Port {port} is busy")
        status = await waystation.status()
        assert (status["state"], status["port"]) == ("failed", port)
        assert f"Port {port}" in status["problem"]

    await screen.click("Start")
    await screen.wait_status(f"Running · 127.0.0.1:{port} · no token yet")


async def test_a_token_is_added_from_the_clipboard(desktop: DesktopWaystation, upstream: PracticeUpstream) -> None:
    screen = desktop.screen
    for number, text in enumerate(
        (upstream.accounts[0].auth_json(), upstream.accounts[1].access_token, upstream.api_keys[0].key), 1
    ):
        screen.session.set_clipboard(text)
        await screen.click("Tokens", "Add from the clipboard")

        async def added(number: int = number) -> bool:
            return len(await desktop.waystation.command("token.list")) == number

        await until(added, f"token {number}")
    await screen.wait_status(desktop.running)
    listed = await desktop.waystation.json("token", "list")
    assert [item["kind"] for item in listed] == ["chatgpt", "chatgpt", "api_key"]


async def test_a_second_start_shows_the_window_of_the_first(desktop: DesktopWaystation) -> None:
    screen = desktop.screen
    await screen.wait_windows(1)
    await screen.close_windows()
    await screen.wait_windows(0)

    done = await desktop.waystation.run()

    assert (done.code, done.out, done.err) == (0, "", "")
    await screen.wait_windows(1)
    assert (await desktop.waystation.status())["state"] == "running"


async def test_it_starts_in_the_tray_and_show_brings_the_window(screen: Screen, make_waystation: Make) -> None:
    desktop = await desktop_on(screen, make_waystation, "--minimized")
    await screen.wait_status(f"{desktop.running} · no token yet")
    assert await screen.windows() == []

    await desktop.waystation.ok("show")

    await screen.wait_windows(1)


async def test_quit_by_the_tray_ends_it(desktop: DesktopWaystation) -> None:
    await desktop.screen.wait_status(f"{desktop.running} · no token yet")
    await desktop.screen.click("Quit")

    assert await desktop.run.wait_end() == 0
    assert refuses(desktop.port)
    assert not (desktop.waystation.data_dir / "instance.json").exists()


async def test_the_data_key_lives_in_the_keyring(
    screen: Screen, make_waystation: Make, upstream: PracticeUpstream
) -> None:
    desktop = await desktop_on(screen, make_waystation, env={"WAYSTATION_KEY_STORE": "keyring"})
    await desktop.waystation.import_account(upstream.accounts[0].auth_json(), "first")
    await desktop.run.quit()
    again = await desktop.waystation.serve()

    (token,) = await desktop.waystation.json("token", "list")
    assert token["state"] == "ready"
    assert not (desktop.waystation.data_dir / "data.key").exists()
    await again.quit()
