"""What the gateway knows while it runs: the pool, the licenses, the opened credentials, the turns.

One loop owns it. The handlers ask it and tell it; it tells the store, in the background.
"""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Iterable

from app.core.credential import TokenSecrets
from app.core.license import License
from app.core.pool import Cooldown, Lease, NoToken, Pool
from app.core.turn import Outcome, TurnRow
from app.gateway.clock import Clock
from app.gateway.live_turn import LiveTurn
from app.store.store import Store

#: The turns that the desktop shows at once.
RECENT_TURNS = 200


def new_id(prefix: str, size: int = 4) -> str:
    """An id of ours, such as `t-5f0c9a12`; random, so that it tells nothing."""
    return f"{prefix}-{secrets.token_hex(size)}"


class GatewayState:
    """The gateway's memory.

    Attributes:
        pool: tokens and sessions.
        licenses: by id, the revoked ones too.
        secrets: by token id, of those whose seal could be opened.
        active: the turns that run now, by id.
        recent: the last turns, the newest last.
        revision: grows with each change, so that a viewer knows whether to look again.
    """

    def __init__(
        self,
        store: Store,
        pool: Pool,
        licenses: Iterable[License] = (),
        opened: dict[str, TokenSecrets] | None = None,
        recent: Iterable[TurnRow] = (),
        clock: Clock | None = None,
    ) -> None:
        self.store = store
        self.pool = pool
        self.clock = clock or Clock()
        self.licenses = {item.id: item for item in licenses}
        self.secrets: dict[str, TokenSecrets] = opened if opened is not None else {}
        self.active: dict[str, LiveTurn] = {}
        self.recent: deque[TurnRow] = deque(recent, maxlen=RECENT_TURNS)
        self.revision = 0

    def changed(self) -> None:
        """Note that something visible is different now."""
        self.revision += 1

    def begin(self, endpoint: str, license_id: str, *, client: str, peer: str) -> LiveTurn:
        """A turn has come in; end it with `finish`, whatever happens."""
        turn = LiveTurn(
            id=new_id("r", 8),
            endpoint=endpoint,
            license_id=license_id,
            client=client,
            peer=peer,
            started_at=self.clock.now(),
            started=self.clock.monotonic(),
        )
        self.active[turn.id] = turn
        self.changed()
        return turn

    def lease(self, turn: LiveTurn, names: tuple[str, ...]) -> Lease | NoToken:
        """Decide which token serves the turn, and remember the session's binding."""
        decision = self.pool.lease(turn.license_id, names, now=self.clock.now(), new_session_id=new_id("s"))
        if isinstance(decision, Lease):
            turn.lease = decision
            if decision.session is not None:
                self.store.save_session(decision.session)
        self.changed()
        return decision

    def finish(self, turn: LiveTurn, outcome: Outcome, *, rest: Cooldown | None = None) -> TurnRow | None:
        """End a turn: give its lease back and remember its row. A second call does nothing."""
        if turn.ended:
            return None
        turn.ended = True
        self.active.pop(turn.id, None)
        if turn.lease is not None:
            self.pool.release(turn.lease, rest=rest)
        row = turn.row(outcome, self.clock.monotonic())
        self.recent.append(row)
        self.store.save_turn(row)
        self.changed()
        return row
