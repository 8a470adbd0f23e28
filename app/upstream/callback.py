"""Where the browser brings the authorization code to: a listener on this machine, for one sign-in."""

from __future__ import annotations

import asyncio
import errno
import secrets
import socket
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

from aiohttp import web

from app.core.errors import InvalidInput, WaystationError
from app.upstream.answers import code_or_none
from app.upstream.callback_page import HEADERS, page
from app.upstream.errors import SignInRefused
from app.upstream.refusals import CANCELLED, refused_in_browser

#: The service sends browsers to no other ports of this machine (codex-wire §3).
PORTS = (1455, 1457)
_PATH = "/auth/callback"
#: How long an answer that is just going out may take when the listener ends, in seconds.
_LAST_ANSWER_S = 0.5
#: POSIX by name; Windows' own numbers (WSAEACCES: a reserved range, such as Hyper-V's).
_FORBIDDEN = {errno.EACCES, errno.EPERM, 10013}


@dataclass(frozen=True, slots=True)
class CallbackResult:
    """What the browser brought."""

    code: str = field(repr=False)


class PortsBusy(WaystationError):
    """None of the ports that the browser could come back to can be had; the device code needs none."""

    code = "sign_in_ports_busy"


class CallbackListener:
    """Listens for the browser from `async with` on, and not a moment longer.

    Entering raises `PortsBusy` when none of the ports is free; its details are `ports` and `port`, and `program`, the
    owner of that port, if known.

    Args:
        state: of this sign-in; who brings another one is sent away.
        ports: to try, in this order.
        port_owner: tells what program has a port, if it can; may block.
    """

    def __init__(
        self, state: str, *, ports: Sequence[int] = PORTS, port_owner: Callable[[int], str | None] | None = None
    ) -> None:
        self._state = state
        self._ports = ports
        self._port_owner = port_owner
        self._port = 0
        self._runner: web.ServerRunner | None = None
        self._ended = asyncio.Event()
        self._outcome: CallbackResult | SignInRefused | None = None

    async def __aenter__(self) -> Self:
        """Take a port and listen on it."""
        sockets = await self._sockets()
        self._port = sockets[0].getsockname()[1]
        # No access log: it would hold the code.
        self._runner = web.ServerRunner(web.Server(self._answer, access_log=None), shutdown_timeout=_LAST_ANSWER_S)
        try:
            await self._runner.setup()
            while sockets:
                await web.SockSite(self._runner, sockets[0]).start()
                sockets.pop(0)
        except BaseException:
            for sock in sockets:
                sock.close()
            await self._runner.cleanup()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening; who still waits is told that it was cancelled."""
        self._end(_cancelled("The sign-in was cancelled."))
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def redirect_uri(self) -> str:
        """For the address and for the exchange. By number, as Codex 0.169: no name can point elsewhere."""
        return f"http://127.0.0.1:{self._port}{_PATH}"

    async def wait(self) -> CallbackResult:
        """Wait for the browser, without end.

        Raises:
            SignInRefused: the browser brought an error; or with the reason `cancelled`, another program asked for the
                port, or the listener ended.
        """
        await self._ended.wait()
        if isinstance(self._outcome, CallbackResult):
            return self._outcome
        raise self._outcome or _cancelled("The sign-in was cancelled.")

    def paste(self, text: str) -> None:
        """Take what the user pastes in place of what the browser brings, see `parse_callback`.

        Raises:
            InvalidInput: it is no such thing; the waiting goes on.
        """
        try:
            self._end(CallbackResult(parse_callback(text, self._state)))
        except SignInRefused as refused:
            self._end(refused)

    def _end(self, outcome: CallbackResult | SignInRefused) -> None:
        if self._outcome is None:
            self._outcome = outcome
            self._ended.set()

    async def _sockets(self) -> list[socket.socket]:
        problems: list[tuple[int, OSError]] = []
        for port in self._ports:
            try:
                return _bound(port)
            except OSError as error:
                problems.append((port, error))
        raise await self._ports_busy(problems)

    async def _ports_busy(self, problems: Iterable[tuple[int, OSError]]) -> PortsBusy:
        said: list[str] = []
        named: tuple[int, str] | None = None
        for port, error in problems:
            owner = None
            if error.errno not in _FORBIDDEN and self._port_owner is not None:
                owner = await asyncio.to_thread(self._port_owner, port)
            if owner is not None:
                named = named or (port, owner)
                said.append(f"port {port} is used by {owner}")
            elif error.errno in _FORBIDDEN:
                said.append(f"port {port} is reserved by the system")
            else:
                said.append(f"port {port} is used by another program")
        port, program = named or (self._ports[0], None)
        return PortsBusy(
            f"The browser cannot come back to Waystation: {', '.join(said)}. End that program, or sign in with a "
            "device code.",
            port=port,
            program=program,
            ports=", ".join(map(str, self._ports)),
        )

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        # A page elsewhere whose name was turned to this machine (DNS rebinding) comes with its own name.
        if request.host.lower() not in {f"{name}:{self._port}" for name in ("127.0.0.1", "localhost", "[::1]")}:
            return _plain(403, "Forbidden")
        if request.path not in (_PATH, "/cancel"):
            return _plain(404, "Not found")
        if request.method != "GET":
            return _plain(405, "Method not allowed", {"Allow": "GET"})
        if request.path == "/cancel":
            return await self._cancel(request)
        query = request.query
        if not secrets.compare_digest(query.get("state", "").encode(), self._state.encode()):
            return _html("wrong_state", 400)
        if "error" in query:
            refused = refused_in_browser(code_or_none(query["error"]), query.get("error_description", ""))
            return await self._last(request, "refused", refused)
        if not query.get("code"):
            return _html("refused", 400)
        return await self._last(request, "received", CallbackResult(query["code"]))

    async def _cancel(self, request: web.BaseRequest) -> web.StreamResponse:
        # Codex asks so for the port. Browsers say where they come from: no web page may end a sign-in.
        if request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin") or "Origin" in request.headers:
            return _plain(403, "Forbidden")
        return await self._last(
            request, "cancelled", _cancelled("The sign-in was cancelled: another program asked for its port.")
        )

    async def _last(
        self, request: web.BaseRequest, what: str, outcome: CallbackResult | SignInRefused
    ) -> web.StreamResponse:
        """Answer first: the listener may end as soon as the outcome is known."""
        answer = _html(what, 200)
        try:
            with suppress(ConnectionError):
                await answer.prepare(request)
                await answer.write_eof()
        finally:
            self._end(outcome)
        return answer


def parse_callback(text: str, state: str) -> str:
    """The authorization code in what a user pastes from the browser's address bar.

    Args:
        text: the whole address, or only its query; blanks and line ends anywhere are forgiven.
        state: of this sign-in.

    Raises:
        InvalidInput: it is something else, or belongs to another sign-in. Never repeats what was pasted.
        SignInRefused: it says that the sign-in was refused.
    """
    pasted = "".join(text.split()).strip("\"'<>")
    try:
        query = urlsplit(pasted).query or (pasted if "://" not in pasted else "")
        values = {name: found[-1] for name, found in parse_qs(query, max_num_fields=50).items()}
    except ValueError:
        values = {}
    example = f"http://127.0.0.1:{PORTS[0]}{_PATH}?code=…&state=…"
    if "code_challenge" in values:
        raise InvalidInput(
            "This is the address that starts the sign-in. Open it in a browser, sign in, and paste the address that "
            f"the browser shows after that: {example}"
        )
    if "state" not in values or not values.keys() & {"code", "error"}:
        raise InvalidInput(f"Paste the whole address that the browser shows after the sign-in: {example}")
    if not secrets.compare_digest(values["state"].encode(), state.encode()):
        raise InvalidInput(
            "This address belongs to another sign-in. Use the sign-in page that Waystation gave you last."
        )
    if "error" in values:
        raise refused_in_browser(code_or_none(values["error"]), values.get("error_description", ""))
    return values["code"]


def _bound(port: int) -> list[socket.socket]:
    """Listening sockets at 127.0.0.1 and, where there is one that is free, ::1, which `localhost` may mean too."""
    sockets = [_listening(socket.AF_INET, "127.0.0.1", port)]
    with suppress(OSError):
        sockets.append(_listening(socket.AF_INET6, "::1", sockets[0].getsockname()[1]))
    return sockets


def _listening(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform == "win32":
            # Otherwise another program could take the port, and the code, while we have it.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((address, port))
        sock.listen(16)
        sock.setblocking(False)
    except BaseException:
        sock.close()
        raise
    return sock


def _cancelled(message: str) -> SignInRefused:
    return SignInRefused(message, reason=CANCELLED, permanent=False)


def _html(what: str, status: int) -> web.Response:
    answer = web.Response(text=page(what), status=status, content_type="text/html", headers=HEADERS)
    answer.force_close()
    return answer


def _plain(status: int, text: str, headers: dict[str, str] | None = None) -> web.Response:
    answer = web.Response(text=text, status=status, headers=headers)
    answer.force_close()
    return answer
