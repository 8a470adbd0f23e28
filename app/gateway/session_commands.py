"""Commands about sessions and what they did: the live ones, the turns there were, and the hours of the last days."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from app.core.errors import InvalidInput, NotFound
from app.core.history import HOUR_S, hours_until
from app.core.session import Session
from app.core.turn import row_to_dict
from app.gateway.gateway import Gateway
from app.gateway.usable_token import usable_token

_MOST_HOURS = 31 * 24
_MOST_TURNS = 10_000


class SessionCommands:
    """The commands of one gateway about its sessions and its history; see `table`."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self.table: dict[str, Callable[..., Awaitable[Any]]] = {
            "session.list": self._list,
            "session.forget": self._forget,
            "session.move": self._move,
            "session.pin": self._pin,
            "turn.list": self._turns,
            "history.hours": self._hours,
        }

    async def _list(self) -> list[dict[str, Any]]:
        return [asdict(view) for view in self._gateway.sessions.look()]

    async def _forget(self, id: str | None = None, all: bool = False) -> dict[str, int]:
        """Forget one session, or all: the next turn opens a new one."""
        if (id is None) != all:
            raise InvalidInput("Name one session, or all of them.")
        state = self._gateway.state
        known = [session.id for session in state.pool.sessions if all or session.id == id]
        for session_id in known:
            state.pool.sessions.forget(session_id)
        stored = await state.store.forget_sessions(None if id is None else [id])
        state.changed()
        if id is not None and not known and not stored:
            raise _not_found(id)
        return {"forgotten": max(len(known), stored)}

    async def _move(self, id: str, token_id: str) -> dict[str, str]:
        """Make a token the session's home, and try it whatever its rest says.

        A turn of it that waits goes there at once, else the next one does. A pinned session is pinned there. On a spare
        token, only a pinned session stays for longer than a turn.
        """
        state = self._gateway.state
        session, token = self._known(id), usable_token(state.pool, token_id)
        state.pool.reset(token_id)
        state.health_changed(token_id)
        state.store.save_session(state.pool.move(session, token))
        for held in state.station.held:
            turn = state.active.get(held.turn_id)
            if turn is not None and turn.session_id == id:
                state.station.move(held.turn_id, token_id)
        state.tokens_changed()
        return {"id": id, "token_id": token_id, "label": token.label}

    async def _pin(self, id: str, pinned: bool) -> dict[str, Any]:
        """Keep a session on its home token whatever happens to that, or let it move again."""
        if not isinstance(pinned, bool):
            raise InvalidInput("A session is pinned or not: true or false.")
        state = self._gateway.state
        state.store.save_session(state.pool.sessions.put(self._known(id)._replace(pinned=pinned)))
        # A turn of it that waits for its own token may go elsewhere now.
        state.tokens_changed()
        return {"id": id, "pinned": pinned}

    async def _turns(
        self,
        limit: int = 500,
        before: float | None = None,
        before_id: str | None = None,
        session_id: str | None = None,
    ) -> list[dict[str, Any]]:
        """Turns that have ended, the newest first; `before` and `before_id`: of the last row that is known."""
        if not _is_number(limit) or limit not in range(1, _MOST_TURNS + 1):
            raise InvalidInput(f"Ask for 1 to {_MOST_TURNS} requests at a time.")
        if not (before is None or _is_number(before)) or (before is None and before_id is not None):
            raise InvalidInput("Go on behind a request by its start in Unix seconds, and its id.")
        rows = await self._gateway.state.store.turns(limit, before, before_id, session_id)
        return [row_to_dict(row) for row in rows]

    async def _hours(self, hours: int = 24) -> list[dict[str, Any]]:
        """Turns and tokens by whole local hours, the oldest first and the running one last."""
        if not _is_number(hours) or hours not in range(1, _MOST_HOURS + 1):
            raise InvalidInput(f"Ask for 1 to {_MOST_HOURS} hours.")
        state = self._gateway.state
        since, until = hours_until(state.clock.now(), hours)
        return [asdict(bucket) for bucket in await state.store.history(since, until, HOUR_S)]

    def _known(self, session_id: str) -> Session:
        session = self._gateway.state.pool.sessions.get(session_id)
        if session is None:
            raise _not_found(session_id)
        return session


def _not_found(session_id: str) -> NotFound:
    return NotFound(f"There is no session {session_id}. `waystation session list` shows them.", id=session_id)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
