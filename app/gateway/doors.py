"""Who may enter: the host name that a request is for, then the license that it shows."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable

from aiohttp import web

from app.core.errors import Refusal
from app.core.license import License, key_from_authorization
from app.gateway.admission import Admission

_PROBES = frozenset(("HEAD", "OPTIONS"))


class Doors:
    """Checks each request.

    A web page can make a browser send requests here under any name that it owns (DNS rebinding); it can choose
    neither the numbers of this machine's addresses nor its own names.

    Args:
        admission: knows the licenses.
        bound_host: what the gateway was asked to listen on; decides whether this machine's addresses and names count.
        more_names: further host names that are allowed.
    """

    def __init__(self, admission: Admission, bound_host: str, more_names: Iterable[str] = ()) -> None:
        self._admission = admission
        self._bound_host = bound_host
        self._open_to_others = not _is_loopback_name(bound_host)
        names = {name.lower().rstrip(".") for name in more_names}
        if self._open_to_others:
            names |= {bound_host.lower().rstrip("."), *own_names()}
        self._names = names - {""}

    def check_host(self, request: web.BaseRequest) -> None:
        """Let pass what is meant for this gateway.

        Raises:
            Refusal: 403, for any other host name, or none.
        """
        name = host_name(request.headers.get("Host", ""))
        if _is_loopback_name(name) or name in self._names:
            return
        if self._open_to_others and _is_own_address(name, request):
            return
        # The refused name is somebody else's text.
        shown = "".join(ch for ch in name[:80] if ch.isalnum() or ch in ".-_:") or "(none)"
        advice = (
            "Use this machine's address or name"
            if self._open_to_others
            else "Use 127.0.0.1, or let Waystation listen on this machine's address (waystation serve --host ADDRESS)"
        )
        raise Refusal(
            403,
            f"Waystation does not answer requests for the host {shown}. {advice}.",
            type="permission_error",
            code="host_not_allowed",
        )

    async def check_license(self, request: web.BaseRequest) -> License:
        """The license in the Authorization header; a wrong one is answered the later, the more came from there.

        Raises:
            Refusal: 401.
        """
        headers = request.headers
        key = key_from_authorization(headers.get("Authorization"))
        try:
            return self._admission.admit(key, request.remote, headers.get("User-Agent"))
        except Refusal as refusal:
            # Browsers and `codex doctor` ask by these methods without a license, and mean no harm.
            if key is not None or request.method not in _PROBES:
                await self._admission.hold(request.remote, refusal)
            if refusal.headers.get("Connection") == "close":
                # After the answer has been written.
                request.protocol.close()
            raise


def host_name(header: str) -> str:
    """The name in a Host header, in lower case, without port, brackets and a dot at the end."""
    text = header.strip().lower()
    if text.startswith("["):
        return text[1:].partition("]")[0].partition("%")[0]
    name, _, port = text.rpartition(":")
    if name and ":" not in name and (port.isdigit() or not port):
        text = name
    return text.rstrip(".")


def own_names() -> set[str]:
    """The names under which this machine is known in its network; looking them up may take a moment."""
    names = {socket.gethostname(), socket.getfqdn()}
    short = {name.partition(".")[0] for name in names}
    found = {name.lower().rstrip(".") for name in names | short | {f"{name}.local" for name in short}}
    return {name for name in found if name and not name.replace(".", "").isdigit() and ".arpa" not in name}


def _is_loopback_name(name: str) -> bool:
    if name == "127.0.0.1" or name.lower().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def _is_own_address(name: str, request: web.BaseRequest) -> bool:
    # The address that this very connection was made to is ours beyond doubt.
    transport = request.transport
    local = transport.get_extra_info("sockname") if transport is not None else None
    try:
        asked = ipaddress.ip_address(name)
        own = ipaddress.ip_address(str(local[0]).partition("%")[0]) if local else None
    except (ValueError, IndexError, TypeError):
        return False
    mapped = getattr(own, "ipv4_mapped", None)
    return asked in (own, mapped)
