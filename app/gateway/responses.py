"""`POST …/responses` and `…/responses/compact`: verbatim in both directions, save for the closed list of edits."""

from __future__ import annotations

from aiohttp import web

from app.core.edits import EditPlan, plan_edits
from app.core.envelope import Envelope
from app.core.license import License
from app.core.token import TokenKind
from app.gateway.bodies import off_loop
from app.gateway.relay import relay
from app.gateway.replies import error_reply
from app.gateway.turn_runner import TurnRunner
from app.gateway.whole import whole_response
from app.upstream.client import Upstream
from app.upstream.errors import NoAnswer

_COMPACT = "responses/compact"


class Responses:
    """The endpoints that Codex uses.

    Args:
        turns: makes turns.
        upstream: where they go.
        strict: strict pass-through: no edits of bodies, upstream's refusal is shown instead.
    """

    def __init__(self, turns: TurnRunner, upstream: Upstream, *, strict: bool = False) -> None:
        self._turns = turns
        self._upstream = upstream
        self._strict = strict

    async def create(self, request: web.BaseRequest, owner: License) -> web.StreamResponse:
        """A turn.

        Raises:
            Refusal: for what is answered without upstream.
        """
        return await self._pass(request, owner, "responses")

    async def compact(self, request: web.BaseRequest, owner: License) -> web.StreamResponse:
        """Codex up to 0.120 has its history compacted this way; JSON in, JSON out.

        Raises:
            Refusal: for what is answered without upstream.
        """
        return await self._pass(request, owner, _COMPACT)

    async def _pass(self, request: web.BaseRequest, owner: License, endpoint: str) -> web.StreamResponse:
        with self._turns.turn(request, endpoint, owner) as turn:
            received = await turn.receive(request)
            envelope, body = received.envelope, received.body
            # 400, because Codex shows a 400 at once and repeats a 5xx thirty times.
            token, opened = turn.lease(envelope.names, status_without=400)
            plan = self._plan(envelope, token.kind, endpoint)
            undone = bool(plan.names) and body is not received.raw
            if plan.names:
                outgoing = await off_loop(len(body), plan.apply, body)
                names = (*plan.names, "content-encoding") if undone else plan.names
                await off_loop(len(outgoing), turn.live.sent, outgoing, names)
            else:
                outgoing = received.raw
                turn.live.sent_as_received()
            try:
                answer = await self._upstream.pass_through(
                    token,
                    opened,
                    "POST",
                    f"/{endpoint}{_query(request)}",
                    request.raw_headers,
                    outgoing,
                    decoded=undone,
                )
            except NoAnswer as problem:
                # For Codex as above; everybody else gets the status that says it.
                return error_reply(turn.unanswered(problem, 400 if is_codex(request) else problem.status))
            try:
                if plan.aggregate and answer.status == 200:
                    return await whole_response(request, answer, turn)
                return await relay(request, answer, turn, watch=endpoint != _COMPACT)
            finally:
                answer.close()

    def _plan(self, envelope: Envelope, kind: TokenKind, endpoint: str) -> EditPlan:
        # A compaction knows neither `stream` nor `store`; the alias of the session is all there may be to edit.
        return plan_edits(envelope, TokenKind.API_KEY if endpoint == _COMPACT else kind, strict=self._strict)


def _query(request: web.BaseRequest) -> str:
    query = request.rel_url.raw_query_string
    return f"?{query}" if query else ""


def is_codex(request: web.BaseRequest) -> bool:
    """Whether the client is Codex, of any version: all of them send `originator`, and name themselves."""
    return "originator" in request.headers and request.headers.get("User-Agent", "").lower().startswith("codex")
