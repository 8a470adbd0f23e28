"""What the simulated upstream received and sent, so that tests can compare byte for byte."""

import asyncio
import hashlib
from collections import deque
from dataclasses import dataclass, field
from typing import Literal

from aiohttp import web

from app.practice.accounts import Credential, PracticeAccount

Outcome = Literal["pending", "completed", "cut", "disconnected"]
"""How a request ended: everything planned was sent; we cut it by script; the client left first."""


Kind = Literal["request", "handshake", "turn", "warm_up", "other"]
"""A request, among them a handshake that was refused; one that became a WebSocket; or a frame that came over one:
a turn, one that is to say nothing (``generate: false``), or anything else."""


@dataclass
class ReceivedRequest:
    """One request, or one frame (its method is ``WS``), and the answer that was sent to it.

    Header names and values are as they came.
    """

    method: str
    path: str
    headers: list[tuple[str, str]] = field(repr=False)
    body: bytes = field(repr=False)
    sha256: str
    started: float
    number: int
    kind: Kind = "request"
    socket: "ReceivedRequest | None" = field(default=None, repr=False)
    """Of a frame, the handshake of its socket; its headers are the frame's too."""
    frames: "list[ReceivedRequest]" = field(default_factory=list, repr=False)
    """Of a handshake, what came over its socket."""
    closed_with: tuple[int, str] | None = None
    """Of a handshake, code and reason of the client's close frame; None: it sent none."""
    pongs: int = 0
    """Of a handshake, how many pings the client has answered."""
    credential: Credential | None = field(default=None, repr=False)
    outcome: Outcome = "pending"
    problem: str = ""
    status: int = 0
    sent_headers: list[tuple[str, str]] = field(default_factory=list, repr=False)
    finished: asyncio.Event = field(default_factory=asyncio.Event, repr=False)
    _sent: bytearray = field(default_factory=bytearray, repr=False)

    @property
    def account_id(self) -> str | None:
        """Return the account that asked; None for API keys and unknown callers."""
        return self.credential.account_id if isinstance(self.credential, PracticeAccount) else None

    @property
    def email(self) -> str | None:
        """Return the address of the account that asked; None for API keys and unknown callers."""
        return self.credential.email if isinstance(self.credential, PracticeAccount) else None

    @property
    def label(self) -> str | None:
        """Return the label of the credential that asked; None for unknown callers."""
        return self.credential.label if self.credential else None

    @property
    def sent(self) -> bytes:
        """Return the bytes of the answer's body, as far as they were sent; of a frame, one line for each frame."""
        return bytes(self._sent)

    @property
    def sent_sha256(self) -> str:
        """Return the SHA-256 of :attr:`sent`, in hexadecimal."""
        return hashlib.sha256(self._sent).hexdigest()

    @property
    def client_left(self) -> bool:
        """Say whether the client closed the connection before it had the whole answer."""
        return self.outcome == "disconnected"

    def header(self, name: str) -> str | None:
        """Return the first value of a header, whatever the case of its name."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def add_sent(self, data: bytes) -> None:
        """Remember bytes of the body that went out."""
        self._sent += data

    def close(self, outcome: Outcome) -> None:
        """Set the outcome; only the first one counts."""
        if self.outcome == "pending":
            self.outcome = outcome
            self.finished.set()

    def forget_bodies(self) -> int:
        """Drop both bodies (the hash of the request stays) and return how many bytes that freed."""
        freed = self.weight
        self.body = b""
        self._sent = bytearray()
        return freed

    @property
    def weight(self) -> int:
        """Return the bytes that the two bodies hold."""
        return len(self.body) + len(self._sent)


RECORD = web.RequestKey("practice.record", ReceivedRequest)
"""Where a request keeps its record."""


class Recorder:
    """The last requests, bounded in number and in bytes.

    Beyond ``keep_bytes`` the oldest records lose their bodies; beyond ``keep`` they are dropped.
    """

    def __init__(self, keep: int = 1_000, keep_bytes: int = 256 << 20) -> None:
        self.requests: deque[ReceivedRequest] = deque(maxlen=keep)
        self._keep_bytes = keep_bytes
        self._count = 0
        self._arrived = asyncio.Condition()

    @property
    def count(self) -> int:
        """Return how many requests came since the start, also those no longer kept."""
        return self._count

    async def open(
        self,
        method: str,
        path: str,
        headers: list[tuple[str, str]],
        body: bytes,
        now: float,
        *,
        socket: ReceivedRequest | None = None,
    ) -> ReceivedRequest:
        """Record a request that has been read completely, or a frame of ``socket``, and return its record."""
        self._count += 1
        record = ReceivedRequest(
            method=method,
            path=path,
            headers=headers,
            body=body,
            sha256=hashlib.sha256(body).hexdigest(),
            started=now,
            number=self._count,
            kind="request" if socket is None else "other",
            socket=socket,
        )
        if socket is not None:
            socket.frames.append(record)
        self.requests.append(record)
        self._trim()
        async with self._arrived:
            self._arrived.notify_all()
        return record

    async def wait_for(self, count: int, within: float) -> None:
        """Wait until ``count`` requests have come since the start.

        Raises:
            TimeoutError: fewer came within ``within`` seconds.
        """
        async with asyncio.timeout(within), self._arrived:
            await self._arrived.wait_for(lambda: self._count >= count)

    def _trim(self) -> None:
        held = sum(record.weight for record in self.requests)
        for record in self.requests:
            if held <= self._keep_bytes:
                break
            held -= record.forget_bodies()
