import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtGui import QImage

from tests.support.desktop_session import DesktopSession
from tests.support.tray import find_entry, has_tray_host, menu_text, tray_items
from tests.support.waiting import wait_for

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the desktop session is made of Linux programs")

SAMPLE = Path(__file__).with_name("tray_sample.py")
KEYRING_ROUND_TRIP = """
import keyring
keyring.set_password("waystation-test", "数据", "秘密" * 2000)
assert keyring.get_password("waystation-test", "数据") == "秘密" * 2000
print(type(keyring.get_keyring()).__module__)
"""


@pytest.fixture(scope="module")
def desktop() -> Iterator[DesktopSession]:
    with DesktopSession() as session:
        yield session


@pytest.fixture
def sample(desktop: DesktopSession, tmp_path: Path) -> Iterator[Path]:
    """The sample program on the tray; gives the folder where it reports."""
    child = desktop.start([sys.executable, SAMPLE, tmp_path])
    desktop.tray()
    yield tmp_path
    child.end()
    desktop.wait_for(lambda: not tray_items(desktop.bus), "the icon to leave the tray")


def test_the_menu_is_read_with_its_labels_ticks_and_submenus(desktop: DesktopSession, sample: Path) -> None:
    assert menu_text(desktop.tray_menu()) == (
        "(已打开)\n复制环境变量\n    bash\n    PowerShell\n    cmd\n[x] 登录时启动(S)\n---\n退出"
    )
    assert (sample / "tray-available").read_text() == "True"


def test_a_click_on_a_submenu_entry_arrives_and_its_text_is_on_the_clipboard(
    desktop: DesktopSession, sample: Path
) -> None:
    desktop.tray_click("复制环境变量", "cmd")
    assert desktop.wait_for(desktop.clipboard, "the clipboard") == "变量：cmd"


def test_a_left_click_arrives(desktop: DesktopSession, sample: Path) -> None:
    desktop.tray_activate()
    report = sample / "activated"
    desktop.wait_for(report.exists, "the left click")
    assert desktop.wait_for(report.read_text, "the left click's report") == "Trigger"


def test_a_disabled_or_absent_entry_cannot_be_clicked(desktop: DesktopSession, sample: Path) -> None:
    with pytest.raises(AssertionError, match="已打开 is disabled"):
        desktop.tray_click("已打开")
    with pytest.raises(AssertionError, match="0 entries '没有'"):
        desktop.tray_click("复制环境变量", "没有")


def test_the_icon_is_the_programs_own_picture(desktop: DesktopSession, sample: Path) -> None:
    width, height, pixels = desktop.tray_pixmap()
    assert (width, height) == (22, 22)
    assert pixels == bytes.fromhex("ffc01c28") * 22 * 22


def test_the_panel_draws_the_icon_on_the_screenshot(desktop: DesktopSession, sample: Path, tmp_path: Path) -> None:
    def has_red_pixels() -> bool:
        screen = QImage(str(desktop.screenshot(tmp_path / "screen.png")))
        assert (screen.width(), screen.height()) == (1280, 800)
        tray = range(screen.height() - 28, screen.height())
        return any(screen.pixel(x, y) == 0xFFC01C28 for y in tray for x in range(screen.width()))

    desktop.wait_for(has_red_pixels, "the icon on the screen")


def test_quit_from_the_menu_ends_the_program(desktop: DesktopSession, tmp_path: Path) -> None:
    child = desktop.start([sys.executable, SAMPLE, tmp_path])
    entry = find_entry(desktop.tray_menu(), ["退出"])
    assert entry.enabled
    desktop.tray_click("退出")
    assert child.wait(15) == 0


def test_text_copied_elsewhere_is_on_the_clipboard(desktop: DesktopSession) -> None:
    desktop.set_clipboard("令牌 token\n第二行")
    assert desktop.clipboard() == "令牌 token\n第二行"


def test_secrets_make_a_round_trip_through_the_secret_service(desktop: DesktopSession) -> None:
    done = desktop.run([sys.executable, "-c", KEYRING_ROUND_TRIP])
    assert (done.stderr, done.stdout.strip()) == ("", "keyring.backends.SecretService")


def test_a_desktop_without_tray_and_keyring_has_neither(tmp_path: Path) -> None:
    with DesktopSession(with_tray=False, with_keyring=False) as bare:
        assert not has_tray_host(bare.bus)
        child = bare.start([sys.executable, SAMPLE, tmp_path])
        report = tmp_path / "tray-available"
        bare.wait_for(lambda: report.exists() and report.read_text(), "the sample program")
        assert report.read_text() == "False"
        assert child.poll() is None
        done = bare.run([sys.executable, "-c", KEYRING_ROUND_TRIP])
        assert "NoKeyringError" in done.stderr


def test_nothing_is_left_running_and_no_folder_stays() -> None:
    with DesktopSession() as session:
        home = session.home
        programs = processes_of(home)
        assert {"Xvfb", "dbus-daemon", "gnome-keyring-d", "xfce4-panel", "xfconfd"} <= set(programs)
    assert not home.exists()
    wait_for(lambda: not processes_of(home), "the last program of the session to end")


def processes_of(home: Path) -> list[str]:
    """Names of the running programs whose environment names this session's folder."""
    names = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if str(home).encode() in (process / "environ").read_bytes():
                names.append((process / "comm").read_text().strip())
        except OSError:
            continue
    return names
