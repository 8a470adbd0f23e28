"""`POST …/responses` and `…/responses/compact`: verbatim in both directions, save for the closed list of edits."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import replace

from aiohttp import web

from app.core.continued import Continued
from app.core.edits import EditPlan, plan_edits
from app.core.errors import Refusal
from app.core.license import License
from app.core.token import TokenKind
from app.core.turn import Outcome
from app.gateway.bodies import off_loop
from app.gateway.opening import Opening
from app.gateway.relay import relay
from app.gateway.replies import error_reply
from app.gateway.turn_runner import TURN_STATE, Received, RunningTurn, TurnRunner
from app.gateway.whole import whole_response
from app.upstream.client import Upstream
from app.upstream.errors import NoAnswer

_COMPACT = "responses/compact"


class Responses:
    """The endpoints that Codex uses.

    Args:
        turns: makes turns.
        upstream: where they go.
    """

    def __init__(self, turns: TurnRunner, upstream: Upstream) -> None:
        self._turns = turns
        self._upstream = upstream
        self._continued = Continued()

    def create(self, request: web.BaseRequest, owner: License) -> Awaitable[web.StreamResponse]:
        """A turn.

        Raises:
            Refusal: for what is answered without upstream.
        """
        return self._pass(request, owner, "responses")

    def compact(self, request: web.BaseRequest, owner: License) -> Awaitable[web.StreamResponse]:
        """Codex up to 0.120 has its history compacted this way; JSON in, JSON out.

        Raises:
            Refusal: for what is answered without upstream.
        """
        return self._pass(request, owner, _COMPACT)

    async def _pass(self, request: web.BaseRequest, owner: License, endpoint: str) -> web.StreamResponse:
        with self._turns.turn(request, endpoint, owner) as turn:
            opening, problem, aggregate = await self._begin(request, turn, endpoint)
            if opening is None:
                if problem is None:
                    raise RuntimeError("given up without a word")
                # 400, because Codex shows a 400 at once and repeats a 5xx thirty times.
                return error_reply(turn.unanswered(problem, 400 if is_codex(request) else problem.status))
            try:
                failure, observer = opening.failure, opening.observer
                if failure is not None and failure.upstream_code == "cloudflare":
                    # Nobody can act on the page itself.
                    turn.end(Outcome.FAILED, "cloudflare")
                    status = 400 if is_codex(request) else failure.status
                    raise Refusal(status, failure.message, type="server_error", code="cloudflare")
                if failure is None and (observer is None or observer.begun):
                    turn.begun(opening)
                if aggregate and opening.status == 200:
                    return await whole_response(request, opening, turn)
                return await relay(request, opening, turn, watch=endpoint != _COMPACT)
            finally:
                opening.close()

    async def _begin(
        self, request: web.BaseRequest, turn: RunningTurn, endpoint: str
    ) -> tuple[Opening | None, NoAnswer | None, bool]:
        """Ask one token after the other; what came last, and whether the stream shall become one object.

        The request ends here, too: while its answer streams, for minutes, nobody holds its megabytes.
        """
        received = await turn.receive(request)
        # Since 0.140 Codex says in this header whose a request is, and asks for no compaction of this kind.
        if "thread-id" not in request.headers and is_codex(request):
            received = self._named(turn, received, endpoint)
        state, envelope = turn.state, received.envelope
        failover = turn.lead(received, envelope.model, turn_state=request.headers.get(TURN_STATE))
        path = f"/{endpoint}{query_of(request)}"
        opening: Opening | None = None
        problem: NoAnswer | None = None
        aggregate = False
        try:
            while (send := await failover.next()) is not None:
                if opening is not None:
                    opening.close()
                    opening = None
                # Now, since the user may remove the token while the body is made.
                opened = state.secrets[send.token.id]
                # A compaction knows neither `stream` nor `store`; the session's alias is all there may be to edit.
                kind = TokenKind.API_KEY if endpoint == _COMPACT else send.token.kind
                plan = plan_edits(envelope, kind, strict=state.settings.strict, leave_out=send.leave_out)
                aggregate = plan.aggregate
                if plan.names:
                    outgoing = await _edited(turn, received, plan)
                else:
                    outgoing = received.raw
                    turn.live.sent_as_received()
                try:
                    answer = await self._upstream.pass_through(
                        send.token,
                        opened,
                        "POST",
                        path,
                        request.raw_headers,
                        outgoing,
                        decoded=bool(plan.names) and received.body is not received.raw,
                        drop=frozenset({TURN_STATE}) if send.drop_turn_state else frozenset(),
                        hurry=failover.other_way,
                    )
                except NoAnswer as error:
                    problem = error
                    turn.no_answer(error)
                    continue
                # It knows the frames that it came through, and they the body.
                problem = None
                opening = Opening(answer)
                turn.opened(opening)
                # Whoever collects the answer can wait for its beginning as long as it takes.
                hold_s = None if aggregate else state.settings.hold_s
                await opening.read(state.clock.now, events=endpoint != _COMPACT, hold_s=hold_s)
                if opening.failure is None:
                    break
                turn.failed(opening.failure)
        except BaseException:
            if opening is not None:
                opening.close()
            raise
        return opening, problem, aggregate

    def _named(self, turn: RunningTurn, received: Received, endpoint: str) -> Received:
        """The request, with the names of its conversation also where it does not say them (see `Continued`)."""
        envelope, license_id = received.envelope, turn.live.license_id
        items = envelope.data.get("input")
        if endpoint != _COMPACT:
            self._continued.note(license_id, envelope.names, items)
            return received
        names = envelope.names or self._continued.names(license_id, items)
        if not names:
            # As after a restart: the last conversation of that client is a better guess than none.
            mine = (one for one in turn.state.pool.sessions if one.license_id == license_id)
            for session in mine:
                names = session.names if session.client == turn.live.client else names
        return replace(received, envelope=replace(envelope, names=names))


async def _edited(turn: RunningTurn, received: Received, plan: EditPlan) -> bytes:
    """The body as it goes upstream; it is noted for the row."""
    body = received.body
    names = plan.names if body is received.raw else (*plan.names, "content-encoding")
    outgoing = await off_loop(len(body), plan.apply, body)
    await off_loop(len(outgoing), turn.live.sent, outgoing, names)
    return outgoing


def query_of(request: web.BaseRequest) -> str:
    """The request's query as it came, with its question mark; empty when there is none."""
    query = request.rel_url.raw_query_string
    return f"?{query}" if query else ""


def is_codex(request: web.BaseRequest) -> bool:
    """Whether the client is Codex, of any version: all of them send `originator`, and name themselves."""
    return "originator" in request.headers and request.headers.get("User-Agent", "").lower().startswith("codex")
