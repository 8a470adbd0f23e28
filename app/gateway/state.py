"""What the gateway knows while it runs: the pool, the licenses, the opened credentials, the turns.

One loop owns it. The handlers ask it and tell it; it tells the store, in the background.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace

from app.core.budget import BudgetBook
from app.core.credential import ChatGPTLogin, TokenSecrets
from app.core.errors import NotFound, WaystationError
from app.core.forecast import PaceBook
from app.core.license import License
from app.core.models import ModelTable
from app.core.pool import Pool
from app.core.quota import Quota
from app.core.quota_reading import merged
from app.core.rest import Rest
from app.core.session import with_turn
from app.core.settings import GatewaySettings
from app.core.steps import Send
from app.core.token import LastError, Token
from app.core.turn import Outcome, TurnRow, Usage
from app.gateway.clock import Clock
from app.gateway.live_turn import LiveTurn
from app.gateway.station import Station
from app.gateway.tasks import TaskSet
from app.gateway.turnstile import Turnstile
from app.store.store import Store

_log = logging.getLogger(__name__)

#: The turns that the desktop shows at once.
RECENT_TURNS = 200


def new_id(prefix: str, size: int = 4) -> str:
    """An id of ours, such as `t-5f0c9a12`; random, so that it tells nothing. It is no secret."""
    return f"{prefix}-{random.getrandbits(8 * size):0{2 * size}x}"


class GatewayState:
    """The gateway's memory.

    Attributes:
        pool: tokens and sessions.
        licenses: by id, the revoked ones too.
        secrets: by token id, of those whose seal could be opened.
        active: the turns that run now, by id.
        recent: the last turns, the newest last.
        budget: what each license has used today.
        settings: what the user has chosen, in effect now.
        models: the names of models, what upstream offers, what it has withdrawn; replaced as a whole.
        pace: how full each token's windows were in the last hour.
        license_keys: grows when a license gets another key, so that nobody goes by the former one.
        last_errors: by token id, of those whose last try failed.
        station, turnstile: where turns wait.
        tasks: what is being written down.
        on_rest: called when a token begins or ends a rest.
        on_model_refused: called when every token that a turn could ask has refused a model, by upstream's name of it;
            with whether that was on chat/completions.
        on_model_served: called when a turn is answered whose model is withdrawn, or was neither listed nor served yet.
        way_lost: upstream could not be reached just now.
        offered_proxies: addresses on this machine that may be a way there.
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
        budget: BudgetBook | None = None,
        settings: GatewaySettings | None = None,
    ) -> None:
        self.store = store
        self.pool = pool
        self.clock = clock or Clock()
        self.licenses = {item.id: item for item in licenses}
        self.secrets: dict[str, TokenSecrets] = opened if opened is not None else {}
        self.active: dict[str, LiveTurn] = {}
        self.recent: deque[TurnRow] = deque(recent, maxlen=RECENT_TURNS)
        self.budget = budget or BudgetBook()
        self.settings = settings or GatewaySettings()
        self.models = ModelTable()
        self.license_keys = 0
        self.pace = PaceBook()
        self.last_errors: dict[str, LastError] = {}
        self.station = Station(self.clock)
        self.turnstile = Turnstile()
        self.tasks = TaskSet()
        self.on_rest: Callable[[], None] = _nothing
        self.on_model_refused: Callable[[str, bool], None] = _nothing
        self.on_model_served: Callable[[str], None] = _nothing
        self.way_lost = asyncio.Event()
        self.offered_proxies: tuple[str, ...] = ()
        self._rests: dict[str, Rest | None] = {}
        self.revision = 0

    def changed(self) -> None:
        """Note that something visible is different now."""
        self.revision += 1

    def licenses_rekeyed(self) -> None:
        """A license has another key."""
        self.license_keys += 1
        self.changed()

    def way_found(self) -> None:
        """Upstream has answered: nothing need be offered as a way there."""
        self.way_lost.clear()
        if self.offered_proxies:
            self.offered_proxies = ()
            self.changed()

    def begin(self, endpoint: str, license_id: str, *, client: str, peer: str) -> LiveTurn:
        """A turn has come in; end it with `finish`, whatever happens."""
        now = self.clock.now()
        # In the order of time, or the index of a full store would be written all over by every batch.
        turn_id = new_id(f"r-{int(now):08x}", 6)
        turn = LiveTurn(turn_id, endpoint, license_id, client, peer, now, self.clock.monotonic())
        self.active[turn.id] = turn
        self.changed()
        return turn

    def login(self, token_id: str) -> ChatGPTLogin | None:
        """The login in use of a token; None of an API key, and of what cannot be opened."""
        opened = self.secrets.get(token_id)
        return opened.credential if opened is not None and isinstance(opened.credential, ChatGPTLogin) else None

    def granted(self, turn: LiveTurn, send: Send) -> None:
        """A token serves the turn now; remember the session's binding."""
        turn.granted(send)
        self._note_turn(turn, None)
        self.changed()

    def freed(self, token_id: str, *, failed: bool = False) -> None:
        """A token serves one turn less; if that failed, there may be nothing to wait for at this token any more."""
        if failed:
            self.turnstile.changed(token_id)
        else:
            self.turnstile.freed(token_id)
        self.changed()

    def health_changed(self, token_id: str, *, better: bool = False) -> None:
        """A token rests, or its quota is known anew; if it got better, turns that wait look again."""
        if self.pool.get(token_id) is None:
            # Removed: what is stored of it is for the day on which it is restored.
            return
        health = self.pool.health(token_id)
        self.store.save_token_health(token_id, health.quota, health.rest)
        if health.rest is not self._rests.get(token_id):
            self._rests[token_id] = health.rest
            self.on_rest()
        if better:
            self.tokens_changed()
        self.changed()

    def note_quota(self, token_id: str, quota: Quota) -> None:
        """What upstream said of a token's quota just now."""
        if self.pool.get(token_id) is None:
            return
        self.pace.note(token_id, quota, self.clock.now())
        known = merged(self.pool.quota(token_id), quota)
        ended = self.pool.note_quota(token_id, known, self.clock.now(), asked=quota.whole)
        self.health_changed(token_id, better=ended)

    def token_failed(self, token_id: str, code: str) -> None:
        """A try with this token failed: a turn, a refresh, or the user's own test of it."""
        if self.pool.get(token_id) is not None:
            self.last_errors[token_id] = LastError(code, self.clock.now())
            self.changed()

    def token_worked(self, token_id: str) -> None:
        """A try with this token succeeded."""
        if self.last_errors.pop(token_id, None) is not None:
            self.changed()

    def forget_token(self, token_id: str) -> None:
        """A token is removed: nothing of it stays in memory but the turns that it still serves."""
        self.pool.remove(token_id)
        self.secrets.pop(token_id, None)
        self.pace.forget(token_id)
        self.last_errors.pop(token_id, None)
        self._rests.pop(token_id, None)
        self.models = self.models.without_token(token_id)
        self.tokens_changed()

    def rest(self, token_id: str, rest: Rest | None) -> None:
        """Let a token rest, or end its rest."""
        self.pool.set_rest(token_id, rest)
        self.health_changed(token_id, better=rest is None)

    def try_again(self, token_id: str | None = None) -> int:
        """The user wants every token, or one, tried now: forget the rests; how many tokens rested."""
        count = self.pool.reset(token_id)
        for token in self.pool.tokens:
            if token_id in (None, token.id):
                self.health_changed(token.id)
        self.tokens_changed()
        return count

    def sign_in_needed(self, token_id: str, reason: str | None) -> None:
        """Only a new sign-in helps this token, for this reason of upstream's; None: it is fine again."""
        token = self.pool.get(token_id)
        if token is None:
            return
        token = replace(token, sign_in_needed=reason)
        self.pool.put(token, sealed=token_id not in self.secrets)
        self.tasks.start(self._describe(token_id), f"describe {token_id}")
        self.tokens_changed()

    def tokens_changed(self) -> None:
        """Tokens came, went, or may serve again: everybody who waits looks."""
        self.turnstile.changed()
        self.station.changed()
        self.changed()

    def finish(self, turn: LiveTurn, outcome: Outcome) -> TurnRow:
        """End a turn, once, and remember its row."""
        self.active.pop(turn.id, None)
        self.budget.add(turn.license_id, turn.usage, self.clock.now())
        self._note_turn(turn, turn.usage)
        row = turn.row(outcome, self.clock.monotonic())
        self.recent.append(row)
        self.store.save_turn(row)
        self.changed()
        return row

    def _note_turn(self, turn: LiveTurn, usage: Usage | None) -> None:
        """Remember what the turn's session is by now, whose turn it was, and what it has used at its end."""
        session = self.pool.sessions.get(turn.session_id) if turn.session_id is not None else None
        if session is not None:
            last = (session.client, session.model) if turn.beside else (turn.client, turn.model)
            noted = with_turn(session, *last, usage)
            self.store.save_session(self.pool.sessions.put(noted))

    async def close(self) -> None:
        """Have everything handed to the store."""
        await self.tasks.finish()

    async def _describe(self, token_id: str) -> None:
        written: Token | None = None
        try:
            while (token := self.pool.get(token_id)) is not None and token != written:
                # Again, if a command of the user's has changed it meanwhile.
                await self.store.update_token(token)
                written = token
        except NotFound:
            # The user has removed it meanwhile.
            return
        except WaystationError as error:
            _log.warning("token %s could not be described: %s", token_id, error.code)


def _nothing(*told: object) -> None:
    """Nobody wants to know."""
