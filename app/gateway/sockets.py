"""`GET …/responses` as a WebSocket: Codex's first choice where its own provider is pointed here.

One client's socket is one of upstream's, on one token. Whatever stands in the way of that is answered with 426, which
Codex takes as "use POST" without a word to its user; there all else that a turn may need is done.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack

from aiohttp import web

from app.core.at_once import token_at_once
from app.core.envelope import read_envelope
from app.core.errors import Refusal
from app.core.license import License, LicenseState
from app.core.quota_reading import quota_from_headers
from app.core.sealed import SealedItems, digest
from app.core.ties import Ties
from app.core.token import Token, TokenKind
from app.gateway.bodies import MAX_BODY
from app.gateway.client_socket import ClientSocket
from app.gateway.replies import SERVER
from app.gateway.socket_relay import SocketRelay
from app.gateway.turn_runner import TURN_STATE, TurnRunner
from app.upstream.client import Upstream
from app.upstream.errors import NoAnswer, UpstreamTimeout
from app.upstream.socket import UpstreamSocket

#: How long a conversation that a socket could not serve goes by POST alone, in seconds, and how many are remembered.
DETOUR_S = 600.0
_MAX_DETOURS = 1_000

_log = logging.getLogger(__name__)


class Sockets:
    """Opens them, and knows which are open.

    Args:
        turns: makes turns.
        upstream: where they go.
    """

    def __init__(self, turns: TurnRunner, upstream: Upstream) -> None:
        self._turns = turns
        self._state = turns.state
        self._upstream = upstream
        self._open: set[SocketRelay] = set()
        #: Those over which no turn has come yet, which it will, and their tokens: new conversations shall be spread.
        self._untouched: dict[ClientSocket, str] = {}
        self._detours: dict[tuple[str, str], float] = {}
        #: Ways on which a WebSocket got no answer at all, as behind some proxies: until when none is tried.
        self._silent: dict[tuple[TokenKind, str | None], float] = {}
        self._closed = False

    @property
    def wanted(self) -> bool:
        """Whether the user wants them."""
        return self._state.settings.websockets

    def __len__(self) -> int:
        return len(self._open)

    def start(self) -> None:
        """The gateway starts."""
        self._closed = False

    def close(self) -> None:
        """The gateway stops: what is idle is closed now, the rest when its turn is over."""
        self._closed = True
        for relay in tuple(self._open):
            relay.stop()

    async def connect(self, request: web.BaseRequest, owner: License) -> web.StreamResponse:
        """One client's socket, from its handshake to its end.

        Raises:
            Refusal: 426; there is none.
        """
        client = ClientSocket(request)
        # Sub-protocols carry keys of some clients, which aiohttp would log; Codex names none.
        if "Sec-WebSocket-Protocol" in request.headers or not client.can_prepare(request):
            raise use_post()
        names = read_envelope(b"{}", request.headers).names
        token = self.token(owner, names)
        if token is None or self._closed:
            raise use_post()
        with ExitStack() as at_end:
            self._untouched[client] = token.id
            at_end.callback(self.touched, client)
            upstream = await self._reach(request, owner, names, token)
            at_end.callback(upstream.hang_up)
            if self._closed:
                raise use_post()
            relay = SocketRelay(self, self._turns, request, owner, names, token, client, upstream)
            self._open.add(relay)
            at_end.callback(self._open.discard, relay)
            client.headers.extend(upstream.headers)
            client.headers["Server"] = SERVER
            await client.prepare(request)
            _log.info("a WebSocket on token %s was opened", token.id)
            at_end.callback(_log.info, "a WebSocket on token %s has ended", token.id)
            await relay.run()
        return client

    def token(
        self, owner: License, names: tuple[str, ...], *, model: str | None = None, warm: str | None = None
    ) -> Token | None:
        """The token that a turn of this conversation would go to over a socket now; None: it has to go by POST.

        Args:
            owner: as it was when the socket was opened.
            names: of the conversation.
            model: that is asked for, if that is known.
            warm: the token that the socket is on already.
        """
        state = self._state
        now = state.clock.now()
        if not self.wanted or not self.admitted(owner):
            return None
        monotonic = state.clock.monotonic()
        if any(self._detours.get((owner.id, name), 0.0) > monotonic for name in names):
            return None
        coming = Counter(self._untouched.values())
        return token_at_once(state.pool, owner.id, names, now, model=model, warm=warm, coming=coming)

    def admitted(self, owner: License) -> bool:
        """Whether the license that a socket came with is still one."""
        known = self._state.licenses.get(owner.id)
        now = self._state.clock.now()
        return known is not None and known.sha256 == owner.sha256 and known.state(now) is LicenseState.VALID

    async def same_way(self, upstream: UpstreamSocket, token: Token) -> bool:
        """Whether this socket still goes where the user wants what is on this token to go."""
        secrets = self._state.secrets.get(token.id)
        return secrets is not None and await self._upstream.same_way(upstream, token, secrets)

    def touched(self, client: ClientSocket) -> None:
        """A turn has come over this client's socket, or none will."""
        self._untouched.pop(client, None)

    def owner_now(self, owner: License) -> License:
        """The license as it is now; it is used."""
        known = self._state.licenses.get(owner.id, owner)
        known.last_used_at = self._state.clock.now()
        return known

    def may_wait(self, refusal: Refusal) -> bool:
        """Whether the turn could wait at the station, which is only for what comes by POST."""
        return refusal.error_code == "usage_limit_reached" and self._state.pool.policy.wait_s > 0

    def by_post(self, owner: License, names: Iterable[str]) -> None:
        """This conversation goes by POST for a while, which can do more."""
        until = self._state.clock.monotonic() + DETOUR_S
        for name in names:
            self._detours.pop((owner.id, name), None)
            self._detours[owner.id, name] = until
        while len(self._detours) > _MAX_DETOURS:
            del self._detours[next(iter(self._detours))]

    async def _reach(
        self, request: web.BaseRequest, owner: License, names: tuple[str, ...], token: Token
    ) -> UpstreamSocket:
        """Upstream's side of it.

        Raises:
            Refusal: 426; there is none.
        """
        state = self._state
        way, monotonic = (token.kind, token.proxy), state.clock.monotonic()
        if self._silent.get(way, 0.0) > monotonic:
            raise use_post()
        query = request.rel_url.raw_query_string
        try:
            upstream = await self._upstream.socket(
                token,
                state.secrets[token.id],
                f"/responses{f'?{query}' if query else ''}",
                request.raw_headers,
                drop=self._drop(request, owner, names, token),
                max_size=MAX_BODY,
            )
        except NoAnswer as problem:
            if isinstance(problem, UpstreamTimeout):
                # Whoever begins a conversation shall not wait for that each time.
                self._silent[way] = monotonic + DETOUR_S
            _log.info("token %s opens no WebSocket: %s", token.id, problem.code)
            raise use_post() from problem
        self._silent.pop(way, None)
        state.way_found()
        answer = upstream.answer
        quota = quota_from_headers(answer.headers, state.clock.now())
        if quota is not None:
            state.note_quota(token.id, quota)
        if turn_state := answer.headers.get(TURN_STATE):
            state.pool.note_turn_state(digest(turn_state), token.id)
        return upstream

    def _drop(self, request: web.BaseRequest, owner: License, names: tuple[str, ...], token: Token) -> frozenset[str]:
        """The client's turn state, where it is another account's."""
        turn_state = request.headers.get(TURN_STATE)
        if turn_state is None:
            return frozenset()
        pool = self._state.pool
        session = pool.sessions.find(owner.id, names)
        issued_to = pool.turn_state_owner(digest(turn_state))
        foreign = Ties(SealedItems({}, turn_state)).drop_turn_state(issued_to, session, token, elsewhere=False)
        return frozenset({TURN_STATE}) if foreign else frozenset()


def use_post() -> Refusal:
    """426, and the end of the connection: aiohttp reads no further request from one that asked to be upgraded."""
    return Refusal(
        426,
        "WebSockets are not served here; use POST.",
        code="websocket_not_supported",
        headers={"Connection": "close"},
    )
