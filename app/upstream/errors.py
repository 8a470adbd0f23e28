"""Why upstream gave no answer, in words that a user can act on; never with an address that holds a secret."""

from __future__ import annotations

import os
import socket
import ssl

import aiohttp

from app.core.errors import WaystationError


class NoAnswer(WaystationError):
    """Upstream gave no answer.

    Attributes:
        sent: whether upstream may have seen the request.
        passing: whether trying again may help by itself.
    """

    code = "upstream_unreachable"
    #: The HTTP status that says it.
    status = 502

    def __init__(self, message: str, *, sent: bool, passing: bool, **details: str | int | None) -> None:
        super().__init__(message, **details)
        self.sent = sent
        self.passing = passing


class UpstreamUnreachable(NoAnswer):
    """There is no way to upstream, or it hung up without an answer."""


class UpstreamTimeout(NoAnswer):
    """Upstream took the request and then stayed silent for too long."""

    code = "upstream_timeout"
    status = 504


def failure_of(error: BaseException, host: str, proxy: str | None) -> NoAnswer | None:
    """What an exception of aiohttp means; None when it is not about the way to upstream.

    Args:
        error: as raised while connecting or waiting for the answer's headers.
        host: of upstream.
        proxy: `host:port` of the proxy on the way, without its password.
    """
    way = f"{host} through the proxy {proxy}" if proxy else host
    check_proxy = (
        f" Check that the proxy {proxy} runs, or change the proxy settings of the system or of HTTPS_PROXY."
        if proxy
        else ""
    )
    if isinstance(error, aiohttp.ClientHttpProxyError):
        why = "it wants a user name and a password" if error.status == 407 else f"it answered {error.status}"
        return UpstreamUnreachable(
            f"The proxy {proxy} does not let Waystation through to {host}: {why}.", sent=False, passing=False
        )
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return UpstreamUnreachable(
            f"Waystation cannot reach the proxy {proxy} ({_reason(error)}).{check_proxy}", sent=False, passing=True
        )
    if isinstance(error, aiohttp.ClientConnectorDNSError | socket.gaierror):
        return UpstreamUnreachable(
            f"Waystation cannot find the address of {host}: check this computer's network connection and DNS.",
            sent=False,
            passing=True,
        )
    if isinstance(error, aiohttp.ClientConnectorCertificateError | ssl.SSLCertVerificationError):
        return UpstreamUnreachable(
            f"The certificate that came from {way} is not trusted. Check this computer's clock, and whether a "
            "proxy or virus scanner opens encrypted connections.",
            sent=False,
            passing=False,
        )
    if isinstance(error, aiohttp.ClientSSLError | ssl.SSLError):
        return UpstreamUnreachable(
            f"No encrypted connection to {way} could be made.{check_proxy}", sent=False, passing=True
        )
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return UpstreamUnreachable(
            f"Waystation cannot reach {way}: there was no answer in time. Check the network connection, and "
            "whether a proxy is needed here.",
            sent=False,
            passing=True,
        )
    if isinstance(error, aiohttp.ClientConnectorError):
        return UpstreamUnreachable(
            f"Waystation cannot reach {way} ({_reason(error)}). Check the network connection, and whether a proxy "
            "is needed here.",
            sent=False,
            passing=True,
        )
    if isinstance(error, aiohttp.ServerTimeoutError | TimeoutError):
        return UpstreamTimeout(f"{host} took the request but did not answer in time.", sent=True, passing=False)
    if isinstance(error, aiohttp.ClientConnectionError | aiohttp.ClientPayloadError | aiohttp.ClientResponseError):
        return UpstreamUnreachable(f"{host} closed the connection without an answer.", sent=True, passing=True)
    if isinstance(error, OSError):
        return UpstreamUnreachable(
            f"Waystation cannot reach {way} ({_reason(error)}).{check_proxy}", sent=False, passing=True
        )
    return None


def _reason(error: OSError) -> str:
    if isinstance(error, ConnectionRefusedError) or isinstance(
        getattr(error, "os_error", None), ConnectionRefusedError
    ):
        return "connection refused"
    return os.strerror(error.errno).lower() if error.errno else "no connection"
