"""A whole desktop for a test: screen, session bus, keyring and tray, all private and all real programs."""

import os
import select
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from jeepney import DBusAddress, DBusErrorResponse

from tests.support.children import Child, Children
from tests.support.isolation import private_folders
from tests.support.tray import Bus, MenuEntry, Tray, has_tray_host
from tests.support.waiting import wait_for

T = TypeVar("T")

SECRETS = "org.freedesktop.secrets"
LOGIN_COLLECTION = DBusAddress(
    "/org/freedesktop/secrets/collection/login", SECRETS, "org.freedesktop.Secret.Collection"
)
# Only the tray's own settings service may be started by the bus: nothing else can come to life unasked.
XFCONF_SERVICE = Path("/usr/share/dbus-1/services/org.xfce.Xfconf.service")
BUS_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <servicedir>{services}</servicedir>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""
# One panel along the lower edge, with the tray alone on it. Without a configuration it would ask first.
PANEL_CONFIG = """<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array">
    <value type="int" value="1"/>
    <property name="panel-1" type="empty">
      <property name="position" type="string" value="p=10;x=0;y=0"/>
      <property name="position-locked" type="bool" value="true"/>
      <property name="length" type="uint" value="100"/>
      <property name="size" type="uint" value="28"/>
      <property name="plugin-ids" type="array">
        <value type="int" value="1"/>
      </property>
    </property>
  </property>
  <property name="plugins" type="empty">
    <property name="plugin-1" type="string" value="systray"/>
  </property>
</channel>
"""
# Enough for the slowest program on a busy machine. Seconds.
START_TIMEOUT = 30.0


class DesktopSession:
    """A context manager: inside it, programs started with ``env`` see a complete desktop of their own.

    ``with_tray=False`` gives a desktop where nobody shows tray icons, ``with_keyring=False`` one without a
    Secret Service. ``extra_env`` is added to ``env``, for example ``{"LANG": "zh_CN.UTF-8"}``. Everything
    that waits has a limit, and only processes that were started here are ended.
    """

    def __init__(
        self,
        *,
        with_tray: bool = True,
        with_keyring: bool = True,
        screen: str = "1280x800x24",
        extra_env: Mapping[str, str] | None = None,
    ) -> None:
        self._with_tray = with_tray
        self._with_keyring = with_keyring
        self._screen = screen
        self._extra_env = dict(extra_env or {})
        self._bus: Bus | None = None
        self.env: dict[str, str] = {}
        self.home = Path()

    def __enter__(self) -> "DesktopSession":
        # Short, because the path of a socket may have 107 bytes at most.
        self.home = Path(tempfile.mkdtemp(prefix="ws-desktop-"))
        self._children = Children(self.home / "logs")
        try:
            self.env = self._base_environment()
            self._start_screen()
            self._start_bus()
            if self._with_keyring:
                self._start_keyring()
            if self._with_tray:
                self.start_tray()
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    @property
    def bus(self) -> Bus:
        """A connection to the session's bus."""
        if self._bus is None:
            raise RuntimeError("the desktop session is not running")
        return self._bus

    def start(
        self, command: Sequence[str | Path], *, env: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> Child:
        """Start a program on this desktop; ``env`` is added to the session's. It ends with the session."""
        return self._children.start(command, env=self.env | dict(env or {}), cwd=cwd)

    def run(
        self,
        command: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        text_in: str | None = None,
        timeout: float = 30.0,
    ) -> subprocess.CompletedProcess[str]:
        """Run a program to its end and give what it said. Raises TimeoutExpired after ``timeout`` seconds."""
        return subprocess.run(
            [str(part) for part in command],
            env=self.env | dict(env or {}),
            input=text_in if text_in is not None else "",
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def screenshot(self, path: Path) -> Path:
        """Save the whole screen as a picture; the ending of ``path`` chooses the format."""
        done = self.run(["import", "-silent", "-window", "root", path])
        if done.returncode:
            raise AssertionError(f"no screenshot: {done.stderr}")
        return path

    def clipboard(self) -> str:
        """The text on the clipboard; empty where there is none."""
        done = self.run(["xclip", "-selection", "clipboard", "-o", "-target", "UTF8_STRING"], timeout=10.0)
        return done.stdout if done.returncode == 0 else ""

    def set_clipboard(self, text: str) -> None:
        """Put a text on the clipboard, as a person does who copies it in another program."""
        file = self.home / "clipboard.txt"
        file.write_text(text, encoding="utf-8")
        self.start(["xclip", "-selection", "clipboard", "-in", "-quiet", "-target", "UTF8_STRING", file])
        wait_for(lambda: self.clipboard() == text, "the clipboard to take the text")

    def tray(self, timeout: float = START_TIMEOUT) -> Tray:
        """The one tray icon on this desktop, waited for."""
        return Tray.wait(self.bus, timeout)

    def tray_menu(self) -> tuple[MenuEntry, ...]:
        """The visible entries of the tray icon's menu, as they are now."""
        return self.tray().menu()

    def tray_click(self, *labels: str) -> None:
        """Choose an entry of the tray icon's menu by the labels that lead to it."""
        self.tray().click(*labels)

    def tray_activate(self) -> None:
        """Click the tray icon with the left button."""
        self.tray().activate()

    def tray_icon_name(self) -> str:
        """The name of the icon; empty where the application sends pictures."""
        return self.tray().icon_name()

    def tray_pixmap(self) -> tuple[int, int, bytes]:
        """The icon's largest picture: width, height, ARGB bytes."""
        return self.tray().pixmap()

    def wait_for(self, look: Callable[[], T | None], what: str, timeout: float = 15.0) -> T:
        """See :func:`tests.support.waiting.wait_for`."""
        return wait_for(look, what, timeout)

    def _base_environment(self) -> dict[str, str]:
        kept = ("PATH", "PYENV_ROOT", "TMPDIR", "USER", "LOGNAME")
        environment = {name: os.environ[name] for name in kept if name in os.environ}
        environment |= private_folders(self.home / "home")
        # GTK would otherwise look for the accessibility bus and wait for it.
        environment |= {"LANG": "C.UTF-8", "NO_AT_BRIDGE": "1", "GTK_A11Y": "none", "GDK_BACKEND": "x11"}
        environment |= {"NO_PROXY": "127.0.0.1,localhost"}
        return environment | self._extra_env

    def _start_screen(self) -> None:
        reading, writing = os.pipe()
        try:
            command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", self._screen, "-dpi", "96"]
            command += ["-nolisten", "tcp", "-noreset"]
            screen = self._children.start(command, env=self.env, pass_fds=(writing,))
        finally:
            os.close(writing)
        with os.fdopen(reading, "rb") as answer:
            # It writes the number and the end of the line one by one, and gives up if nobody reads the second.
            ready, _, _ = select.select([answer], [], [], START_TIMEOUT)
            line = answer.readline() if ready else b""
        if not line.endswith(b"\n"):
            raise AssertionError(f"Xvfb did not start:\n{screen.output()}")
        self.env["DISPLAY"] = f":{line.decode().strip()}"

    def _start_bus(self) -> None:
        services = self.home / "services"
        services.mkdir()
        shutil.copy(XFCONF_SERVICE, services)
        socket = self.home / "bus"
        config = self.home / "bus.conf"
        config.write_text(BUS_CONFIG.format(socket=socket, services=services), encoding="utf-8")
        command = ["dbus-daemon", f"--config-file={config}", "--nofork", "--nopidfile", "--nosyslog"]
        daemon = self._children.start(command, env=self.env)
        self.env["DBUS_SESSION_BUS_ADDRESS"] = f"unix:path={socket}"

        def connect() -> Bus | None:
            try:
                return Bus(f"unix:path={socket}")
            except OSError:
                return None

        self._bus = self._wait_for_part(connect, "session bus", daemon)

    def _start_keyring(self) -> None:
        command = ["gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets"]
        # It reads the password of a new login keyring from standard input: here an empty one.
        reading, writing = os.pipe()
        os.write(writing, b"\n")
        os.close(writing)
        try:
            daemon = self._children.start(command, env=self.env, stdin=reading)
        finally:
            os.close(reading)
        self._wait_for_part(self._keyring_is_unlocked, "unlocked Secret Service", daemon)

    def _keyring_is_unlocked(self) -> bool:
        try:
            return self.bus.has_owner(SECRETS) and self.bus.property(LOGIN_COLLECTION, "Locked") is False
        except DBusErrorResponse:
            return False

    def start_tray(self) -> None:
        """Bring up the tray; on a desktop without one this is a panel that comes late."""
        folder = Path(self.env["XDG_CONFIG_HOME"]) / "xfce4/xfconf/xfce-perchannel-xml"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "xfce4-panel.xml").write_text(PANEL_CONFIG, encoding="utf-8")
        panel = self._children.start(["xfce4-panel", "--disable-wm-check"], env=self.env)
        self._wait_for_part(lambda: has_tray_host(self.bus), "tray host", panel)

    def _wait_for_part(self, look: Callable[[], T | None], what: str, program: Child) -> T:
        """Wait until a program of this desktop serves. Raises AssertionError with its words otherwise."""

        def look_while_it_runs() -> T | None:
            if program.poll() is not None:
                raise AssertionError(f"no {what}: {program.args!r} ended with {program.returncode}")
            return look()

        try:
            return wait_for(look_while_it_runs, f"the {what}", START_TIMEOUT)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{program.output()}") from error

    def _close(self) -> None:
        if self._bus is not None:
            self._bus.close()
            self._bus = None
        self._children.end_all()
        shutil.rmtree(self.home, ignore_errors=True)
