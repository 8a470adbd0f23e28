"""A WebSocket to upstream, and why there is none."""

from __future__ import annotations

import struct
from typing import Any

import aiohttp
from aiohttp import ClientResponse, WSMsgType

from app.upstream.errors import NoAnswer
from app.upstream.headers import Pairs, to_client
from app.upstream.proxies import Proxy

#: Of the answer to a handshake: what is about this hop's WebSocket alone.
_OF_THE_HOP = "sec-websocket-"
_NO_BODY = frozenset({"content-length", "content-type"})


class UpstreamSocket(aiohttp.ClientWebSocketResponse[bool]):
    """A WebSocket whose frames pass as they are: text as bytes, pings and closes to whoever reads.

    Attributes:
        answer: upstream's, to the handshake.
        proxy: by which it goes; None: by none.
    """

    def __init__(self, reader: Any, writer: Any, protocol: Any, response: ClientResponse, *args: Any, **more: Any):
        super().__init__(reader, writer, protocol, response, *args, **more)
        self.answer = response
        self.proxy: Proxy | None = None

    @property
    def headers(self) -> Pairs:
        """Those of the handshake's answer that a client gets."""
        return [
            (name, value)
            for name, value in to_client(self.answer.raw_headers)
            if not name.lower().startswith(_OF_THE_HOP) and name.lower() not in _NO_BODY
        ]

    def hang_up(self) -> None:
        """Let go of the connection at once; what was sent before still goes out."""
        self.answer.close()


class SocketRefused(NoAnswer):
    """Upstream answered the handshake with something else than a WebSocket."""

    code = "websocket_refused"

    def __init__(self, host: str, status: int) -> None:
        super().__init__(f"{host} answered {status} instead of opening a WebSocket.", sent=True, passing=False)


def closing(code: int, reason: str = "") -> tuple[bytes, WSMsgType]:
    """A close frame as `send_frame` takes it.

    Args:
        code: as received; 0 when there was none (RFC 6455 §7.1.5), and then none is sent.
        reason: as received.
    """
    return (struct.pack("!H", code) + reason.encode("utf-8", "surrogatepass") if code else b""), WSMsgType.CLOSE
