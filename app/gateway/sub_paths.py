"""What clients ask for besides turns: images, search, voice and the like, passed through on their session's token.

The paths are those that Codex 0.42 to 0.169 and its relatives have below the base address (codex-wire §1.1). Bodies may
be anything (JSON, multipart, SDP, bytes) and go up as they came; so do answers come down.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from aiohttp import web

from app.core.envelope import Envelope, read_beside
from app.core.errors import Refusal
from app.core.license import License
from app.core.steps import Send
from app.core.token import Kinds, TokenKind
from app.core.verdict import Meaning, judge
from app.gateway.bodies import decoded, off_loop, read_body
from app.gateway.failover import Failover
from app.gateway.opening import Opening
from app.gateway.relay import relay
from app.gateway.replies import error_reply
from app.gateway.responses import is_codex, query_of
from app.gateway.turn_runner import TURN_STATE, Received, RunningTurn, TurnRunner
from app.translate.errors import UpstreamFailure
from app.upstream.client import Upstream
from app.upstream.errors import NoAnswer

#: What may be done to a sub-path; upstream knows which of them it takes.
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")

_LOGINS: Kinds = frozenset({TokenKind.CHATGPT})
#: Which tokens can be asked for it; None: any, since the OpenAI API has it too, or may have.
_KNOWN: dict[str, Kinds] = {
    "alpha/search": None,
    "images/edits": None,
    "images/generations": None,
    "memories/trace_summarize": None,
    "realtime/calls": None,
    # The ChatGPT backend's alone.
    "agent-identities/jwks": _LOGINS,
    "analytics-events/events": _LOGINS,
    "safety/arc": _LOGINS,
    "thread/goal": _LOGINS,
}
_GOAL = re.compile(r"thread/goal/[A-Za-z0-9_-]{1,64}")
#: Their answers count what they used.
_COUNTED = "images/"
#: A body that upstream expects also when it is empty.
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


@dataclass(frozen=True, slots=True)
class SubPath:
    """One of them.

    Attributes:
        path: below the base address, as asked for.
        endpoint: what the turn's row calls it.
        kinds: of the tokens that can be asked for it.
    """

    path: str
    endpoint: str
    kinds: Kinds


def sub_path(tail: str) -> SubPath | None:
    """The sub-path that this is; None: it is none that we know.

    Args:
        tail: what follows the base address, without a slash at the end.
    """
    endpoint = "thread/goal" if _GOAL.fullmatch(tail) else tail
    return SubPath(tail, endpoint, _KNOWN[endpoint]) if endpoint in _KNOWN else None


class SubPaths:
    """Passes them through.

    A failure is upstream's answer, unless upstream cannot have begun with it: nobody was reached, the login has to be
    renewed, or the account is at a limit; then another token is tried. It says little of the token's turns, so
    neither the token nor the session suffers for it.

    Args:
        turns: makes turns.
        upstream: where they go.
    """

    def __init__(self, turns: TurnRunner, upstream: Upstream) -> None:
        self._turns = turns
        self._upstream = upstream

    async def answer(self, request: web.BaseRequest, owner: License, asked: SubPath) -> web.StreamResponse:
        """Answer one request.

        Raises:
            Refusal: for what is answered without upstream.
        """
        with self._turns.turn(request, asked.endpoint, owner) as turn:
            opening, problem = await self._begin(request, turn, asked)
            if opening is None:
                if problem is None:
                    raise RuntimeError("given up without a word")
                return error_reply(turn.unanswered(problem, 400 if is_codex(request) else problem.status))
            try:
                if opening.status < 400:
                    turn.begun(opening)
                return await relay(request, opening, turn, watch=False)
            finally:
                opening.close()

    async def _begin(
        self, request: web.BaseRequest, turn: RunningTurn, asked: SubPath
    ) -> tuple[Opening | None, NoAnswer | None]:
        """Ask one token after the other; what came last. The request ends here: its answer may come for minutes."""
        received = await _receive(request, turn)
        opening: Opening | None = None
        pool = turn.state.pool
        failover = turn.lead(
            received,
            None,
            turn_state=request.headers.get(TURN_STATE),
            kinds=asked.kinds,
            beside=True,
            # Who has an answer, if only a refusal, does not wait for another.
            wait_s=lambda: pool.policy.wait_s if opening is None else 0.0,
        )
        problem: NoAnswer | None = None
        renewed: set[str] = set()
        try:
            while True:
                try:
                    send = await failover.next()
                except Refusal as refusal:
                    # Upstream's own words say it best, unless it is the login that only the user can help.
                    if opening is None or refusal.status == 400:
                        raise
                    break
                if send is None:
                    break
                if opening is not None:
                    opening.close()
                    opening = None
                try:
                    opening = await self._ask(request, turn, received, send, asked, failover)
                except NoAnswer as error:
                    problem = error
                    if error.sent:
                        # It may have been done.
                        break
                    turn.no_answer(error)
                    continue
                # It knows the frames that it came through, and they the body.
                problem = None
                turn.opened(opening)
                if not asked.path.startswith(_COUNTED):
                    opening.observer = None
                await opening.read(turn.state.clock.now, events=False, hold_s=0.0)
                failure = opening.failure
                if failure is None or not _not_begun(failure, opening.status, send, renewed):
                    break
                turn.failed(failure)
        except BaseException:
            if opening is not None:
                opening.close()
            raise
        return opening, problem

    async def _ask(
        self,
        request: web.BaseRequest,
        turn: RunningTurn,
        received: Received,
        send: Send,
        asked: SubPath,
        failover: Failover,
    ) -> Opening:
        turn.live.sent_as_received()
        has_body = received.raw or request.method in _WITH_BODY
        answer = await self._upstream.pass_through(
            send.token,
            turn.state.secrets[send.token.id],
            request.method,
            f"/{asked.path}{query_of(request)}",
            request.raw_headers,
            received.raw if has_body else None,
            drop=frozenset({TURN_STATE}) if send.drop_turn_state else frozenset(),
            hurry=failover.other_way,
        )
        return Opening(answer)


async def _receive(request: web.BaseRequest, turn: RunningTurn) -> Received:
    raw = await read_body(request)
    await off_loop(len(raw), turn.live.received, raw)
    envelope = await off_loop(len(raw), _read, raw, request)
    turn.live.read(envelope)
    session = turn.state.pool.sessions.find(turn.live.license_id, envelope.names)
    if session is None:
        # Nothing that is no turn opens a session.
        envelope = Envelope({}, envelope.model, None, False, ())
    return Received(raw, raw, envelope)


def _read(raw: bytes, request: web.BaseRequest) -> Envelope:
    try:
        body = decoded(raw, request.headers.get("Content-Encoding", ""))
    except Refusal:
        # That is upstream's to judge.
        body = b""
    return read_beside(body, request.headers)


def _not_begun(failure: UpstreamFailure, status: int, send: Send, renewed: set[str]) -> bool:
    """Whether upstream has refused it without doing anything, for a reason that another token may not meet."""
    if status not in (401, 429):
        return False
    match judge(failure.fault):
        case Meaning.USAGE_LIMIT:
            return True
        case Meaning.UNAUTHORIZED if send.token.kind is TokenKind.CHATGPT and send.token.id not in renewed:
            # Of an API key it may be the right to this one thing that is missing; of a login, once it is renewed.
            renewed.add(send.token.id)
            return True
        case _:
            return False
