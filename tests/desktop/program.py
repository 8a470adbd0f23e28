"""The desktop around a scripted gateway, as a program: program.py SCENE[,SCENE...] [minimized] [practice].

The scene says what the gateway shows; SIGUSR1 turns to the next. Commands change it as the real one would.
TRANSLATIONS names the folder whose `translations` are compiled; without it they are the checkout's.
"""

import asyncio
import os
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import fields, replace
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtGui import QSessionManager
from PySide6.QtWidgets import QApplication

from app.core.errors import DataTooNew
from app.core.quota import Quota, Window
from app.core.token import TokenKind
from app.core.turn import Outcome
from app.desktop.application import OpenInstance, run_desktop
from app.gateway.handle import GatewayHandle
from app.gateway.snapshot import GatewaySnapshot, Problem, RunState, TokenState
from tests.desktop.scripted import (
    RUNNING,
    ScriptedGateway,
    busy_port,
    rested,
    session,
    token,
    turn,
    waiting,
)
from tests.desktop.stage import machine

ROOT = Path(__file__).resolve().parents[2]


def scene(name: str) -> GatewaySnapshot:
    """What the gateway shows; its times are from now on, as the tray tells them."""
    now = time.time()
    back = now + 7200

    def used(short: float, long: float) -> Quota:
        windows = (Window("codex", "primary", short, 300, now + 3600), Window("codex", "secondary", long, 10080, back))
        return Quota(windows, now - 60)

    full = replace(
        RUNNING,
        tokens=(
            token(1, label="Work", sessions=3, active_turns=1, quota=used(27, 60), expires_at=now + 9 * 86400),
            token(2, email="an•••@example.org", plan="pro", state=TokenState.RESTING, rest_until=back),
            token(3, kind=TokenKind.API_KEY, label="API key 3", email=None, plan=None, sessions=0),
            token(4, label="Old account", state=TokenState.DISABLED, enabled=False, sessions=0),
            token(5, label="Sealed one", plan="team", state=TokenState.SEALED, sessions=0),
            token(6, label="Spare one", email="ch•••@example.net", spare=True, quota=used(0, 3), sessions=0),
        ),
        sessions=(
            session(1, active_turns=1, token_label="Work", last_active_at=now),
            session(
                2,
                name="代码审查",
                client="OpenAI/Python 2.8.0",
                model="gpt-5-high",
                token_id="t-2",
                last_active_at=now - 60,
            ),
            session(3, turns=1204, last_active_at=now - 3600),
        ),
        turns=(
            turn(1),
            turn(2, endpoint="chat/completions", model="gpt-5-high", effort=None, sent_sha256="b" * 64),
            turn(3, edits=("session_id", "stream"), sent_sha256="b" * 64, first_byte_ms=1804.0),
            turn(
                4,
                status=400,
                outcome=Outcome.REFUSED,
                error="no_available_token",
                token_id=None,
                sent_sha256=None,
                usage=None,
                first_byte_ms=2.0,
                total_ms=3.0,
            ),
            turn(5, status=None, outcome=Outcome.CLIENT_LEFT, usage=None, total_ms=184000.0),
            turn(6, status=429, outcome=Outcome.FAILED, error="usage_limit_reached", usage=None, token_id="t-2"),
        ),
        active_turns=1,
    )
    limited = replace(
        full,
        tokens=(
            rested(1, back, label="Work", quota=used(100, 71), expires_at=now + 9 * 86400, sessions=2),
            rested(2, back + 1800, email="an•••@example.org", plan="pro", quota=used(34, 100), spare=True),
            token(
                3,
                label="Team",
                plan="team",
                state=TokenState.SIGN_IN,
                sign_in_needed="refresh_token_reused",
                sessions=0,
                proxy="socks5://127.0.0.1:1080",
            ),
        ),
        held=(waiting(1, until=back), waiting(2, session_id="s-2", until=back)),
        active_turns=2,
        offered_proxies=("http://127.0.0.1:7890",),
    )
    scenes = {
        "full": full,
        "limited": limited,
        "resting": replace(limited, tokens=limited.tokens[:2], held=(), active_turns=0),
        "sign_in": replace(full, tokens=(full.tokens[0], limited.tokens[2]), active_turns=0),
        "starting": replace(full, state=RunState.STARTING, active_turns=0),
        "idle": replace(full, active_turns=0),
        "empty": RUNNING,
        "stopped": replace(full, state=RunState.STOPPED, active_turns=0),
        "busy_port": replace(full, state=RunState.FAILED, problem=busy_port(), active_turns=0),
        "no_keyring": replace(
            RUNNING,
            key_store=None,
            key_problem=Problem("key_store_unavailable", "There is no keyring on this computer."),
        ),
        "lost_key": replace(
            full, active_turns=0, key_store=None, key_problem=Problem("data_key_lost", "The data key is gone.")
        ),
    }
    return scenes[name]


def turning(names: list[str]) -> OpenInstance:
    """A gateway that shows the next scene at each signal."""
    gateway = ScriptedGateway(scene(names.pop(0)))

    def turn_to_next() -> None:
        shown = scene(names.pop(0))
        gateway.become(**{item.name: getattr(shown, item.name) for item in fields(shown) if item.name != "revision"})

    @asynccontextmanager
    async def opened(_show: object, _quit: object) -> AsyncIterator[GatewayHandle]:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGUSR1, turn_to_next)
        try:
            yield gateway
        finally:
            loop.remove_signal_handler(signal.SIGUSR1)

    return opened


@asynccontextmanager
async def broken(_show: object, _quit: object) -> AsyncIterator[GatewayHandle]:
    """What the store raises when it opens a newer database."""
    raise DataTooNew("The data was written by Waystation 9.9.9. Install that version or a newer one.")
    yield ScriptedGateway()


@asynccontextmanager
async def slow(_show: object, _quit: object) -> AsyncIterator[GatewayHandle]:
    """Takes its time to open, such as with a keyring that asks first."""
    try:
        await asyncio.sleep(60)
        yield ScriptedGateway()
    finally:
        print("left", flush=True)


@asynccontextmanager
async def slow_to_close(_show: object, _quit: object) -> AsyncIterator[GatewayHandle]:
    """Has things to write down before it goes."""
    try:
        yield ScriptedGateway(scene("full"))
    finally:
        await asyncio.sleep(0.2)
        print("closed", flush=True)


@asynccontextmanager
async def session_end(_show: object, _quit: object) -> AsyncIterator[GatewayHandle]:
    """The user's session ends while a request runs; the system waits for one handler and then kills us."""

    class Manager:
        def setRestartHint(self, hint: QSessionManager.RestartHint) -> None:
            print(hint.name, flush=True)

    def end() -> None:
        QApplication.instance()._on_session_end(Manager())
        print("the system may end it now", flush=True)

    QTimer.singleShot(500, end)
    async with slow_to_close(_show, _quit) as handle:
        yield handle


def main(name: str, *options: str) -> int:
    with tempfile.TemporaryDirectory() as folder:
        return run(name, Path(folder) / "desktop.ini", *options)


def run(name: str, preferences_file: Path, *options: str) -> int:
    openers = {"broken": broken, "slow": slow, "slow_to_close": slow_to_close, "session_end": session_end}
    return run_desktop(
        openers.get(name) or turning(name.split(",")),
        minimized="minimized" in options,
        practice="practice" in options,
        resources=ROOT / "resources",
        build=Path(os.environ.get("TRANSLATIONS", ROOT / "build")),
        preferences_file=preferences_file,
        machine=machine(preferences_file.parent),
    )


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
