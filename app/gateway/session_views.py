"""The live sessions as the desktop shows them, kept up to date: only what has changed is made anew."""

from __future__ import annotations

import math
from collections import Counter
from itertools import takewhile
from operator import attrgetter

from app.core.session import Session
from app.gateway.snapshot import LIVE_SESSION_S, SessionView
from app.gateway.state import GatewayState


class SessionViews:
    """Views of one gateway's sessions; it is told of changes by the session book, so there is one of it."""

    def __init__(self, state: GatewayState) -> None:
        self._state = state
        self._views: dict[str, SessionView] = {}
        self._shown: tuple[SessionView, ...] = ()
        self._active: Counter[str] = Counter()
        self._labels: tuple[dict[str, str], dict[str, str]] = ({}, {})
        self._looked_at = 0.0
        #: When the next one goes because nobody uses it: the time of its last activity.
        self._goes_at = math.inf
        self._by_token: Counter[str] = Counter()

    def by_token(self) -> Counter[str]:
        """How many live sessions each token serves, by its id."""
        self.look()
        return self._by_token

    def look(self) -> tuple[SessionView, ...]:
        """The sessions that were active in the last 24 hours, or are pinned; the last active first."""
        state, now = self._state, self._state.clock.now()
        changed = state.pool.sessions.take_changed()
        labels = (
            {token.id: token.label for token in state.pool.tokens},
            {owner.id: owner.label for owner in state.licenses.values()},
        )
        if labels != self._labels or now < self._looked_at:
            changed.update(session.id for session in state.pool.sessions)
        active = Counter(turn.session_id for turn in state.active.values() if turn.session_id is not None)
        changed.update(one for one in active.keys() | self._active.keys() if active[one] != self._active[one])
        self._labels, self._active, self._looked_at = labels, active, now
        idle = now - LIVE_SESSION_S
        for session_id in changed:
            self._take_out(session_id)
            session = state.pool.sessions.get(session_id)
            if session is not None and (session.pinned or session.last_active_at > idle):
                self._put_in(session)
        if changed or self._goes_at <= idle:
            new = [self._views[one] for one in changed if one in self._views]
            # The others are in order already, so that sorting has little to do.
            shown = new + [view for view in self._shown if view.id not in changed]
            shown.sort(key=_last_active, reverse=True)
            gone = set()
            # Of ten thousand only the last ones can be idle.
            for view in takewhile(lambda view: view.last_active_at <= idle, reversed(shown)):
                if not view.pinned:
                    self._take_out(view.id)
                    gone.add(view.id)
            self._shown = tuple([view for view in shown if view.id not in gone] if gone else shown)
            unpinned = (view.last_active_at for view in reversed(self._shown) if not view.pinned)
            self._goes_at = next(unpinned, math.inf)
        return self._shown

    def _take_out(self, session_id: str) -> None:
        view = self._views.pop(session_id, None)
        if view is not None:
            self._by_token[view.token_id] -= 1

    def _put_in(self, session: Session) -> None:
        token_labels, license_labels = self._labels
        self._by_token[session.current_token_id] += 1
        self._views[session.id] = SessionView(
            id=session.id,
            name=session.names[0] if session.names else session.id,
            license_id=session.license_id,
            license_label=license_labels.get(session.license_id, ""),
            home_token_id=session.home_token_id,
            token_id=session.current_token_id,
            token_label=token_labels.get(session.current_token_id, ""),
            client=session.client,
            model=session.model,
            created_at=session.created_at,
            last_active_at=session.last_active_at,
            turns=session.turns,
            active_turns=self._active[session.id],
            lent_at=session.lent_at,
            moves=session.moves,
            pinned=session.pinned,
            input_tokens=session.input_tokens,
            cached_tokens=session.cached_tokens,
            output_tokens=session.output_tokens,
        )


_last_active = attrgetter("last_active_at")
