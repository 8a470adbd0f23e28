"""One chat turn's tries with one token after the other, until upstream begins an answer."""

from __future__ import annotations

from app.core.steps import Send
from app.core.token import TokenKind
from app.gateway.bodies import off_loop
from app.gateway.failover import Failover
from app.gateway.opening import Opening
from app.gateway.turn_runner import RunningTurn
from app.translate.chat_request import ChatRequest, ResponsesRequest
from app.translate.errors import UpstreamFailure
from app.upstream.client import Upstream
from app.upstream.errors import NoAnswer

#: What the Responses API answers for organizations that OpenAI has not verified, as the error's `param`.
_SUMMARY = "reasoning.summary"
#: Which summary every model is asked for, so that clients have something to show while it thinks.
_ANY_SUMMARY = "auto"


class ChatTries:
    """Asks upstream for one turn. Whatever happens, `close` it.

    Args:
        turn: it.
        failover: its way through the pool.
        upstream: whom to ask.
        chat: the request.
        size: of the request, in bytes.
        session_name: names the conversation upstream; None: it has no name.
        without_summary: ids of API keys that may ask for no summary of the reasoning; what is learned is added.

    Attributes:
        opening: the beginning of upstream's last answer.
    """

    def __init__(
        self,
        turn: RunningTurn,
        failover: Failover,
        upstream: Upstream,
        chat: ChatRequest,
        size: int,
        *,
        session_name: str | None,
        without_summary: set[str],
    ) -> None:
        self.opening: Opening | None = None
        self._turn = turn
        self._failover = failover
        self._upstream = upstream
        self._chat = chat
        self._size = size
        self._session_name = session_name
        self._without_summary = without_summary

    def close(self) -> None:
        """Let go of upstream's last answer."""
        if self.opening is not None:
            self.opening.close()
            self.opening = None

    async def begun(self) -> UpstreamFailure | NoAnswer | None:
        """Try until `opening` is the beginning of an answer; else why there is none.

        Raises:
            Refusal: nobody can serve the turn.
        """
        problem: UpstreamFailure | NoAnswer | None = None
        while (send := await self._failover.next()) is not None:
            try:
                problem = await self._try(send)
            except NoAnswer as error:
                problem = error
                self._turn.no_answer(error)
            else:
                if problem is None:
                    return None
                self._turn.failed(problem)
        if problem is None:
            raise RuntimeError("given up without a word")
        return problem

    async def _try(self, send: Send) -> UpstreamFailure | None:
        """Ask with one token; an API key of an organization that may see no reasoning once more, without that."""
        summary = None if send.token.id in self._without_summary else _ANY_SUMMARY
        asked = self._chat.for_token(send.token.kind, reasoning_summary=summary)
        failure = await self._ask(send, asked)
        refused = failure is not None and (failure.status, failure.param) == (400, _SUMMARY)
        if not refused or summary is None or send.token.kind is not TokenKind.API_KEY:
            return failure
        if asked.body["reasoning"]["summary"] == _ANY_SUMMARY:
            # Another one the client has chosen, and its model may not know it.
            self._without_summary.add(send.token.id)
        return await self._ask(send, self._chat.for_token(send.token.kind, reasoning_summary=None))

    async def _ask(self, send: Send, asked: ResponsesRequest) -> UpstreamFailure | None:
        self.close()
        turn = self._turn
        # Now, since the user may remove the token while the body is made.
        opened = turn.state.secrets[send.token.id]
        turn.live.asks_for(asked.effort)
        outgoing = await off_loop(self._size, asked.encoded)
        await off_loop(len(outgoing), turn.live.sent, outgoing, ("translated",))
        self.opening = opening = Opening(
            await self._upstream.translated(
                send.token,
                opened,
                "/responses",
                outgoing,
                turn.live.license_id,
                self._session_name,
                hurry=self._failover.other_way,
            )
        )
        turn.opened(opening)
        await opening.read(turn.state.clock.now, events=True, hold_s=None)
        return opening.failure
