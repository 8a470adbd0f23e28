"""Why upstream gave no answer, in words that a user can act on; never with an address that holds a secret."""

from __future__ import annotations

import os
import socket
import ssl

import aiohttp

from app.core.errors import WaystationError

#: What can be changed about a proxy that the environment or the system names.
SYSTEM_ADVICE = "change the proxy settings of the system or of HTTPS_PROXY"
#: Why a proxy refuses; without user and password, or with wrong ones, its answer is the same.
WRONG_PASSWORD = "it wants the right user name and password"  # noqa: S105


class NoAnswer(WaystationError):
    """Upstream gave no answer.

    Attributes:
        sent: whether upstream may have seen the request.
        passing: whether trying again may help by itself.
        stale: the connection had been used before, and broke when it was used again: upstream had likely closed it.
    """

    code = "upstream_unreachable"
    #: The HTTP status that says it.
    status = 502

    def __init__(self, message: str, *, sent: bool, passing: bool, **details: str | int | None) -> None:
        super().__init__(message, **details)
        self.sent = sent
        self.passing = passing
        self.stale = False


class UpstreamUnreachable(NoAnswer):
    """There is no way to upstream, or it hung up without an answer."""


class UpstreamTimeout(NoAnswer):
    """Upstream took the request and then stayed silent for too long."""

    code = "upstream_timeout"
    status = 504


class SignInRefused(WaystationError):
    """The sign-in service answered, but with a refusal.

    Attributes:
        reason: upstream's code, such as `refresh_token_reused`; else `http_503`, `cloudflare`, `not_json` and the like.
        permanent: asking again the same way is of no use; of a refresh: only a new sign-in helps.
    """

    code = "sign_in_refused"

    def __init__(self, message: str, *, reason: str, permanent: bool) -> None:
        super().__init__(message, reason=reason)
        self.reason = reason
        self.permanent = permanent


class UsageRefused(WaystationError):
    """Upstream answered the question for a token's usage with a refusal.

    Attributes:
        status: of HTTP; 200 when the answer made no sense.
        reason: upstream's code, such as `token_invalidated`, if it gave one.
    """

    code = "usage_refused"

    def __init__(self, status: int, reason: str | None) -> None:
        because = f"{status}, {reason}" if reason else str(status)
        super().__init__(f"Upstream did not tell the usage of this token ({because}).", status=status, reason=reason)
        self.status = status
        self.reason = reason


class ModelsRefused(WaystationError):
    """Upstream answered the question for its models with something else.

    Args:
        status: of HTTP; 200 when the answer made no sense.
    """

    code = "models_refused"

    def __init__(self, status: int) -> None:
        super().__init__(
            f"Upstream did not say which models it offers ({status}). Test the token; if it works, try again in a "
            "while.",
            status=status,
        )


def failure_of(error: BaseException, host: str, proxy: str | None, advice: str = SYSTEM_ADVICE) -> NoAnswer | None:
    """What an exception of aiohttp means; None when it is not about the way to upstream.

    Args:
        error: as raised while connecting or waiting for the answer's headers.
        host: of upstream.
        proxy: `host:port` of the proxy on the way, without its password.
        advice: what the user can change about the proxy, as in "Check that …, or " + advice.
    """
    way = f"{host} through the proxy {proxy}" if proxy else host
    check_proxy = f" Check that the proxy {proxy} runs, or {advice}." if proxy else ""
    if isinstance(error, aiohttp.ClientHttpProxyError):
        why = WRONG_PASSWORD if error.status == 407 else f"it answered {error.status}"
        # The own trouble of a proxy may pass; a 4xx is about us.
        return proxy_refusal(str(proxy), host, why, advice, passing=error.status >= 500)
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return UpstreamUnreachable(
            f"Waystation cannot reach the proxy {proxy} ({_reason(error)}).{check_proxy}", sent=False, passing=True
        )
    if isinstance(error, aiohttp.ClientConnectorDNSError | socket.gaierror):
        if proxy:
            # Through a proxy, only the proxy's own name is looked up here.
            return UpstreamUnreachable(
                f"Waystation cannot find the address of the proxy {proxy}. Check its name and this computer's network "
                f"connection, or {advice}.",
                sent=False,
                passing=True,
            )
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
        return UpstreamUnreachable(f"The connection to {way} was closed without an answer.", sent=True, passing=True)
    if isinstance(error, OSError):
        return UpstreamUnreachable(
            f"Waystation cannot reach {way} ({_reason(error)}).{check_proxy}", sent=False, passing=True
        )
    return None


def proxy_refusal(proxy: str, host: str, why: str, advice: str, *, passing: bool = False) -> UpstreamUnreachable:
    """A proxy that is there but does not let us through, in the same words for all kinds of proxies."""
    return UpstreamUnreachable(
        f"The proxy {proxy} does not let Waystation through to {host}: {why}. Correct that, or {advice}.",
        sent=False,
        passing=passing,
    )


def _reason(error: OSError) -> str:
    if isinstance(error, ConnectionRefusedError) or isinstance(
        getattr(error, "os_error", None), ConnectionRefusedError
    ):
        return "connection refused"
    return os.strerror(error.errno).lower() if error.errno else "no connection"
