"""The station (驿站候车): turns that wait until a token has quota again, before their clients have seen a byte."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from app.core.errors import NotFound
from app.gateway.clock import Clock

#: What is held at most, in turns and in bytes of their bodies.
MAX_TURNS = 64
MAX_BYTES = 512 * 1024 * 1024
#: How often the clock is looked at: it may jump, and the computer may sleep. In seconds.
_LOOK_S = 2.0


@dataclass(slots=True)
class Held:
    """One turn that waits.

    Attributes:
        turn_id: of it.
        size: of its body, in bytes.
        since: Unix seconds.
        until: when the first token is expected back, in Unix seconds.
        given_up: the user does not want it to wait any more.
        move_to: the token that the user wants it tried on now; empty: on whichever comes first.
    """

    turn_id: str
    size: int
    since: float
    until: float
    given_up: bool = False
    move_to: str | None = None
    look: asyncio.Event = field(default_factory=asyncio.Event, repr=False)


class Station:
    """Holds turns, bounded in number and bytes.

    Attributes:
        closed: the gateway stops, so nobody is held.
    """

    def __init__(self, clock: Clock, *, max_turns: int = MAX_TURNS, max_bytes: int = MAX_BYTES) -> None:
        self._clock = clock
        self._max_turns = max_turns
        self._max_bytes = max_bytes
        self._held: dict[str, Held] = {}
        self.closed = False

    @property
    def held(self) -> tuple[Held, ...]:
        """The turns that wait, the longest waiting first."""
        return tuple(self._held.values())

    def get(self, turn_id: str) -> Held | None:
        """The place of this turn, if it waits."""
        return self._held.get(turn_id)

    def has_room(self, size: int) -> bool:
        """Whether one more turn of so many bytes can be held."""
        taken = sum(held.size for held in self._held.values())
        return len(self._held) < self._max_turns and taken + size <= self._max_bytes

    @contextmanager
    def place(self, turn_id: str, size: int, until: float) -> Iterator[Held]:
        """A place for a turn, for as long as it waits."""
        held = self._held[turn_id] = Held(turn_id, size, self._clock.now(), until)
        try:
            yield held
        finally:
            del self._held[turn_id]

    async def wait(self, held: Held) -> None:
        """Return when it is time to look whether a token is back: at `until`, or when something has changed."""
        now = self._clock.now()
        while not held.look.is_set() and (left := held.until - now) > 0:
            # By the wall clock, in short steps: a sleep of the loop would stand still while the computer sleeps.
            with suppress(TimeoutError):
                async with asyncio.timeout(min(left, _LOOK_S)):
                    await held.look.wait()
            before, now = now, self._clock.now()
            if now < before:
                # The clock was set back: what lies ahead moves with it.
                held.since -= before - now
                held.until -= before - now
                break
        held.look.clear()

    def changed(self) -> None:
        """Tokens, quota or the user's choices have changed: everybody looks."""
        for held in self._held.values():
            held.look.set()

    def open(self) -> None:
        """The gateway starts."""
        self.closed = False

    def close(self) -> None:
        """The gateway stops: whoever waits is answered now."""
        self.closed = True
        self.changed()

    def give_up(self, turn_id: str) -> None:
        """Answer this turn with the limit now.

        Raises:
            NotFound: it does not wait.
        """
        held = self._found(turn_id)
        held.given_up = True
        held.look.set()

    def move(self, turn_id: str, token_id: str) -> None:
        """Try this turn on that token now, whatever its rest says.

        Raises:
            NotFound: it does not wait.
        """
        held = self._found(turn_id)
        held.move_to = token_id
        held.look.set()

    def _found(self, turn_id: str) -> Held:
        held = self._held.get(turn_id)
        if held is None:
            raise NotFound(f"No request {turn_id} is waiting.", id=turn_id)
        return held
