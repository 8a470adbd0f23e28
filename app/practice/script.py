"""Making the simulated upstream misbehave: one behaviour for each of the next requests.

A behaviour is a :class:`Turn` (a turn with deviations), a :class:`~app.practice.refusals.Refusal` (a
complete answer), or a function that makes a refusal from the caller and the time.

A *point* in a stream is a number (after that many events), the type of an event (after the first of
that type), ``"headers"`` (before even the status line is sent), or ``"request"`` (before the request has
any effect: no turn is counted, no token is rotated).

On the endpoints that answer at once, and not in a stream, a :class:`Turn` says how the answer is sent: the
refresh token is rotated and the answer is lost with ``Turn(cut_at="headers")``, or after the headers with
``Turn(cut_at=0)``; with ``Turn(cut_at="request")`` nothing has happened.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from app.practice import refusals
from app.practice.accounts import Credential, PracticeAccount
from app.practice.refusals import Headers, Refusal

Point = int | str

Endpoint = Literal[
    "responses",
    "socket",
    "warm_up",
    "compact",
    "sub_path",
    "models",
    "usage",
    "token",
    "revoke",
    "device",
    "device_poll",
]
"""What a behaviour is for: turns, by POST or as a frame; the handshake of a WebSocket, and a frame over it that is to
say nothing; ``/responses/compact``; images, search and the like; the model list, ``wham/usage``; of the sign-in
service ``/oauth/token``, ``/oauth/revoke``, and the device flow's beginning and its polling.

Over a WebSocket a refusal is an ``error`` frame, and the socket stays open. The points of a handshake are
``"request"``, ``"headers"``, and 0: it has been answered, and no frame has come."""

Ending = Literal["failed", "incomplete", "error", "nested_error"]
"""``response.failed``, ``response.incomplete``, or an ``error`` event in its flat or its nested shape."""

DEFAULT_HOLD: Point = "response.in_progress"


@dataclass(frozen=True, eq=False)
class Turn:
    """A turn that deviates. Times are seconds; what is not set is as usual."""

    text: str | None = None
    """Say this instead of the usual answer (and call no tool)."""
    header_delay: float = 0.0
    """Wait before the status line."""
    delay: float = 0.0
    """Wait before each event."""
    hold: asyncio.Event | None = None
    """Wait at ``hold_at`` until this is set."""
    hold_at: Point = DEFAULT_HOLD
    hang_at: Point | None = None
    """Say no more from here on, until the client leaves or the server stops."""
    cut_at: Point | None = None
    """Close the connection here, without a proper end."""
    end_at: Point | None = None
    """End the body properly here, without ``response.completed``."""
    fail_at: Point | None = None
    """End here with an event that says so: see ``ending`` and ``failure``."""
    ending: Ending = "failed"
    failure: tuple[str | None, str] = ("server_error", "An error occurred while processing your request.")
    """Code and message of that event; of ``incomplete``, the reason is the code."""
    failure_more: Mapping[str, object] = field(default_factory=dict)
    """Further keys of that event's error, such as ``resets_at``."""
    raw: bytes | None = None
    """Send these bytes as the whole body; points count nothing but ``"headers"``, 0 and 1 (all sent)."""
    content_type: str | None = "text/event-stream; charset=utf-8"
    """None sends no such header."""
    newline: str = "\n"
    """The line end of events: ``"\\n"``, ``"\\r\\n"`` or ``"\\r"``."""
    piece: int | None = None
    """Write this many bytes at a time, so that events are torn apart."""
    headers: Headers = ()
    """Headers to add or replace."""
    padding: int = 0
    """Bytes of an event of no known type that comes before all others."""
    refusal: Refusal | None = field(default=None, repr=False)
    """What to say at ``fail_at`` over a WebSocket: its ``error`` frame, instead of ``ending`` and ``failure``."""
    close: tuple[int, str] = (1000, "")
    """Code and reason of the close frame with which a WebSocket ends at ``end_at``."""
    binary: bool = False
    """Send binary frames over a WebSocket."""
    pings: bool = False
    """Send a ping before each event over a WebSocket; of a handshake, one after it."""


Behaviour = Turn | Refusal | Callable[[Credential | None, float], Refusal]


@dataclass
class Script:
    """Queues of behaviours: one per caller and endpoint, one for whoever comes, and lasting ones."""

    _queues: dict[tuple[Endpoint, str | None], deque[Behaviour]] = field(default_factory=dict)
    _lasting: dict[tuple[Endpoint, str | None], Behaviour] = field(default_factory=dict)

    def add(self, behaviours: tuple[Behaviour, ...], owner: str | None, on: Endpoint) -> None:
        """Append behaviours to the queue of ``owner``, or to everybody's."""
        self._queues.setdefault((on, owner), deque()).extend(behaviours)

    def keep(self, behaviour: Behaviour | None, owner: str | None, on: Endpoint) -> None:
        """Use ``behaviour`` whenever the queues are empty; None ends that."""
        if behaviour is None:
            self._lasting.pop((on, owner), None)
        else:
            self._lasting[on, owner] = behaviour

    def take(self, owner: str, on: Endpoint) -> Behaviour | None:
        """Return the next behaviour for ``owner``: its own queue first, then everybody's."""
        for name in (owner, None):
            queue = self._queues.get((on, name))
            if queue:
                return queue.popleft()
        return self._lasting.get((on, owner)) or self._lasting.get((on, None))

    def clear(self) -> None:
        """Forget everything."""
        self._queues.clear()
        self._lasting.clear()

    @property
    def pending(self) -> int:
        """Return how many queued behaviours nobody has met yet."""
        return sum(len(queue) for queue in self._queues.values())


def usage_limit_reached(
    resets_in: float = 3_600.0, *, resets_at: bool = True, resets_in_seconds: bool = True
) -> Behaviour:
    """Return a 429 ``usage_limit_reached`` whose window ends ``resets_in`` seconds later.

    The account's windows stay as they are, and so do the headers that tell them: to use an account up for
    every request, and in its headers and ``wham/usage`` too, exhaust it instead.
    """

    def build(caller: Credential | None, now: float) -> Refusal:
        plan = caller.plan if isinstance(caller, PracticeAccount) else "unknown"
        return refusals.usage_limit(plan, now, resets_in, resets_at=resets_at, resets_in_seconds=resets_in_seconds)

    return build


def failed(
    code: str | None,
    message: str,
    *,
    at: Point = "response.in_progress",
    ending: Ending = "failed",
    **more: object,
) -> Turn:
    """Return a turn that goes wrong; by default before anything was said. ``more`` goes into its error."""
    return Turn(fail_at=at, failure=(code, message), failure_more=more, ending=ending)


def incomplete(reason: str = "max_output_tokens", *, at: Point = "response.output_text.done") -> Turn:
    """Return a turn that ends in ``response.incomplete``; by default when the text is out."""
    return Turn(fail_at=at, failure=(reason, ""), ending="incomplete")
