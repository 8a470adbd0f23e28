"""The way to a client below aiohttp's response, for the pieces of a body that has begun."""

from __future__ import annotations

from aiohttp import ClientConnectionResetError, web

#: What waits for a slow client, in bytes, before upstream is read no further; at which transports, too, say so.
_MAX_UNSENT = 64 * 1024


class Outlet:
    """Writes each piece in the loop's step in which it comes, framed as the response's headers announced.

    aiohttp's own way costs each piece a coroutine, and whoever comes by it a task's step. The response must have been
    prepared, and its headers must have been sent before the first piece; its `write_eof` ends the body.

    Raises:
        ConnectionError: the client has left.
    """

    def __init__(self, request: web.BaseRequest, response: web.StreamResponse) -> None:
        if request.transport is None:
            raise _gone()
        self._transport = request.transport
        self._chunked = response.headers.get("Transfer-Encoding") == "chunked"
        #: Waits until the client has taken what was written; raises ConnectionError when it left.
        self.drain = request.writer.drain

    def check(self) -> None:
        """Raises ConnectionError when the client has left."""
        if self._transport.is_closing():
            raise _gone()

    def write(self, piece: bytes) -> bool:
        """Pass a piece on; whether the client is slow.

        Raises:
            ConnectionError: the client has left.
        """
        transport = self._transport
        if transport.is_closing():
            raise _gone()
        transport.write(b"%x\r\n%b\r\n" % (len(piece), piece) if self._chunked else piece)
        return transport.get_write_buffer_size() > _MAX_UNSENT


def _gone() -> ClientConnectionResetError:
    return ClientConnectionResetError("the client has gone")
