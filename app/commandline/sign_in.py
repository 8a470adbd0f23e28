"""`waystation token sign-in`: the user's side of a sign-in, at a terminal."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import threading
import time
import webbrowser
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from app.commandline.delivery import Conversation, conversation
from app.commandline.listing import plain
from app.commandline.secret_input import proxy_from
from app.core.errors import NotFound, WaystationError
from app.platform.display import display_problem

_LOOK_S = 0.5
_MAX_LINE = 16 * 1024


class _NotSignedIn(WaystationError):
    """The sign-in ended otherwise."""


def sign_in(arguments: argparse.Namespace, data_dir: Path, environ: Mapping[str, str]) -> int:
    """Sign in, and wait until it is done; returns the exit code.

    Raises:
        WaystationError: it did not work.
        KeyboardInterrupt: the user cancelled it.
    """
    proxy = proxy_from(arguments.proxy)
    try:
        return asyncio.run(_sign_in(arguments, proxy, data_dir, environ))
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


async def _sign_in(arguments: argparse.Namespace, proxy: str | None, data_dir: Path, environ: Mapping[str, str]) -> int:
    _cancel_by_signals()
    async with conversation(data_dir, environ) as talk:
        way = "signin.device" if arguments.device else "signin.browser"
        view: dict[str, Any] | None = None
        try:
            view = await talk.call(way, {"label": arguments.label, "proxy": proxy, "token_id": arguments.renew})
            await _show(view, environ, open_browser=not arguments.no_browser)
            view = await _followed(view, talk)
        except asyncio.CancelledError:
            await _cancelled(talk, view)
            raise
        if view["stage"] == "done":
            print(view["message"])
            print(f"token {view['token_id']} ({plain(view['label'])})")
            return 0
        if view["code"] == "sign_in_ports_busy":
            raise _NotSignedIn(f"{view['message']} By device code: waystation token sign-in --device")
        if view["code"] == "upstream_unreachable" and proxy is None:
            await _offer_proxies(talk)
        raise _NotSignedIn(view["message"])


def _cancel_by_signals() -> None:
    """A terminal that is closed cancels the sign-in as Ctrl-C does: its listener must not stay in the instance."""
    this = asyncio.current_task()
    # Windows has neither SIGHUP nor signals for a loop.
    with suppress(NotImplementedError, AttributeError):
        for number in (signal.SIGHUP, signal.SIGTERM):
            if this is not None:
                asyncio.get_running_loop().add_signal_handler(number, this.cancel)


async def _show(view: dict[str, Any], environ: Mapping[str, str], *, open_browser: bool) -> None:
    if view["user_code"] is not None:
        print(f"Open this page in any browser, sign in, and enter the code:\n\n  {view['page']}\n")
        print(f"  {view['user_code']}\n", flush=True)
    elif view["url"] is not None:
        print(f"Sign in on this page:\n\n  {view['url']}\n", flush=True)
        if sys.stdin is not None and sys.stdin.isatty():
            print("If your browser runs on another computer, paste the address that it ends on here.", flush=True)
        if open_browser and (environ.get("BROWSER") or not display_problem(environ, sys.platform)):
            # Browsers may take their time to start, and those of the terminal until they are left.
            threading.Thread(target=_open, args=(view["url"],), name="browser", daemon=True).start()


def _open(url: str) -> None:
    # Where it does not work, the page has been printed.
    with suppress(Exception):
        webbrowser.open(url)


async def _followed(view: dict[str, Any], talk: Conversation) -> dict[str, Any]:
    """Wait until it has ended, with a countdown where there is a terminal."""
    lines = _pasted_lines() if view["url"] is not None else None
    countdown = sys.stderr is not None and sys.stderr.isatty()
    try:
        while view["stage"] in ("waiting", "finishing"):
            if talk.ended.is_set():
                raise _NotSignedIn("The sign-in was cancelled: Waystation was asked to end.")
            if countdown and view["expires_at"] is not None:
                left = max(0, round(view["expires_at"] - time.time()))
                print(
                    f"\rWaiting, {left // 60}:{left % 60:02} left (Ctrl-C cancels) ",
                    end="",
                    file=sys.stderr,
                    flush=True,
                )
            await _paste(lines, view, talk)
            try:
                view = await talk.call("signin.status", {"id": view["id"]})
            except WaystationError as error:
                if error.code != NotFound.code:
                    raise
                raise _NotSignedIn("Another sign-in was begun in its place.") from None
    finally:
        if countdown:
            print("\r" + " " * 50 + "\r", end="", file=sys.stderr, flush=True)
    return view


async def _paste(lines: asyncio.Queue[str] | None, view: dict[str, Any], talk: Conversation) -> None:
    """Give on what the user pastes; return after a moment at the latest."""
    if lines is None:
        await asyncio.sleep(_LOOK_S)
        return
    with suppress(TimeoutError):
        async with asyncio.timeout(_LOOK_S):
            text = await lines.get()
        if text.strip():
            try:
                await talk.call("signin.paste", {"id": view["id"], "text": text})
            except WaystationError as error:
                print(f"\r{error.message}", file=sys.stderr, flush=True)


def _pasted_lines() -> asyncio.Queue[str] | None:
    """Lines that the user types; None where nobody sits at a terminal."""
    if sys.stdin is None or not sys.stdin.isatty():
        return None
    lines: asyncio.Queue[str] = asyncio.Queue()
    loop, descriptor = asyncio.get_running_loop(), sys.stdin.fileno()

    def read() -> None:
        # Not by `sys.stdin`: a thread that waits in it keeps Python from ending.
        with suppress(OSError, RuntimeError):
            while data := os.read(descriptor, _MAX_LINE):
                loop.call_soon_threadsafe(lines.put_nowait, data.decode("utf-8", "replace"))

    threading.Thread(target=read, name="pasted lines", daemon=True).start()
    return lines


async def _cancelled(talk: Conversation, view: dict[str, Any] | None) -> None:
    """Leave no sign-in behind in the instance; `view` is None while it was just beginning."""
    with suppress(WaystationError):
        view = view or await talk.call("signin.status", {})
        if view is not None:
            await talk.call("signin.cancel", {"id": view["id"]})


async def _offer_proxies(talk: Conversation) -> None:
    for address in await talk.call("proxy.detect", {}):
        print(f"note: {address} may be a proxy; to use it: waystation proxy set {address}", file=sys.stderr)
