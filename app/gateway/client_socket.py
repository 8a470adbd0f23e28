"""The client's side of a WebSocket: frames as they are, and large messages in several of them."""

from __future__ import annotations

import struct

from aiohttp import WSMsgType, web
from aiohttp.abc import AbstractStreamWriter

from app.gateway.bodies import MAX_BODY

#: Codex refuses a frame of more than 16 MiB, but takes messages of 64 MiB (tungstenite's own limits; upstream's frames
#: are small because they are compressed). Messages of more bytes than this go out in frames of no more than this.
MAX_FRAME = 1 << 20
#: For the client's answer to a close, in seconds.
_CLOSE_S = 1.0
#: RFC 6455 §5.2: what the first byte of a message's last frame has besides the opcode, and a length of 64 bits follows.
_FIN, _LENGTH_64 = 0x80, 127
_DATA = frozenset({WSMsgType.TEXT, WSMsgType.BINARY})


class ClientSocket(web.WebSocketResponse[bool]):
    """A client's WebSocket, without compression: text comes as bytes, pings and closes go to whoever reads.

    Args:
        request: the handshake.
    """

    def __init__(self, request: web.BaseRequest) -> None:
        super().__init__(
            timeout=_CLOSE_S,
            autoclose=False,
            autoping=False,
            compress=False,
            max_msg_size=MAX_BODY,
            decode_text=False,
        )
        self._request = request
        self._out: AbstractStreamWriter | None = None

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter:
        """Shake hands."""
        self._out = await super().prepare(request)
        return self._out

    async def send_frame(self, message: bytes, opcode: WSMsgType, compress: int | None = None) -> None:
        """Send a message, or a control frame.

        Raises:
            ConnectionError: the client has gone.
        """
        if len(message) <= MAX_FRAME or opcode not in _DATA or self._out is None:
            await super().send_frame(message, opcode, compress)
            return
        transport = self._request.transport
        if self.closed or transport is None or transport.is_closing():
            raise ConnectionResetError
        # All at once, as aiohttp does with one frame: no other message may come in between.
        count = -(-len(message) // MAX_FRAME)
        size = -(-len(message) // count)
        view = memoryview(message)
        for at in range(0, len(message), size):
            piece = view[at : at + size]
            first = (0 if at else opcode) | (_FIN if at + size >= len(message) else 0)
            transport.write(struct.pack("!BBQ", first, _LENGTH_64, len(piece)))
            transport.write(piece)
        await self._out.drain()
