"""Trying a token without spending a turn: its quota is asked for, or its models."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from app.core.credential import ChatGPTLogin, TokenSecrets
from app.core.errors import NotFound, WaystationError
from app.core.quota_reading import quota_from_usage
from app.core.token import Token, TokenKind
from app.gateway.refresher import Refresher, RefreshResult
from app.gateway.state import GatewayState
from app.upstream.client import Upstream
from app.upstream.errors import NoAnswer, UsageRefused


@dataclass(frozen=True, slots=True)
class Checked:
    """What a try brought: `code` and `message` say what is wrong; both None when upstream takes the token."""

    code: str | None = None
    message: str | None = None


class TokenCheck:
    """Tries tokens.

    Args:
        state: of the gateway; told of the quota that is seen on the way.
        upstream: where to ask.
        refresher: for a login that is refused.
    """

    def __init__(self, state: GatewayState, upstream: Upstream, refresher: Refresher) -> None:
        self._state = state
        self._upstream = upstream
        self._refresher = refresher

    async def check(self, token_id: str) -> Checked:
        """Try a token, a disabled one too; what came of it is its last error, or clears that.

        Raises:
            NotFound: there is no such token.
        """
        checked = await self._checked(token_id)
        if checked.code is None:
            self._state.token_worked(token_id)
        else:
            self._state.token_failed(token_id, checked.code)
        return checked

    async def _checked(self, token_id: str) -> Checked:
        token = self._state.pool.get(token_id)
        if token is None:
            raise NotFound(f"There is no token {token_id}. `waystation token list` shows them.", id=token_id)
        opened = self._state.secrets.get(token_id)
        if opened is None:
            return Checked("sealed", "This token cannot be opened: the key that sealed it is not there. Add it again.")
        try:
            status = await self._asked(token, opened)
            if status == HTTPStatus.UNAUTHORIZED and isinstance(opened.credential, ChatGPTLogin):
                used = opened.credential.access_token
                renewed = await self._refresher.refresh(token_id, "unauthorized_recovery", used)
                opened = self._state.secrets.get(token_id)
                if renewed is RefreshResult.RENEWED and opened is not None:
                    status = await self._asked(token, opened)
        except NoAnswer as error:
            self._state.way_lost.set()
            return Checked(error.code, error.message)
        except WaystationError as error:
            return Checked(error.code, error.message)
        return _judged(status, token.kind)

    async def _asked(self, token: Token, opened: TokenSecrets) -> int:
        if token.kind is TokenKind.API_KEY:
            answer = await self._upstream.get(token, opened, "/models")
            answer.close()
            return answer.status
        try:
            body = await self._upstream.usage(token, opened)
        except UsageRefused as refused:
            # An answer without sense is no answer of the service.
            return refused.status if refused.status != HTTPStatus.OK else HTTPStatus.BAD_GATEWAY
        quota = quota_from_usage(body, self._state.clock.now())
        if quota is not None:
            self._state.note_quota(token.id, quota)
        return HTTPStatus.OK


def _judged(status: int, kind: TokenKind) -> Checked:
    if status == HTTPStatus.OK:
        return Checked()
    if status == HTTPStatus.UNAUTHORIZED:
        do = "Sign in again." if kind is TokenKind.CHATGPT else "Add a new key."
        return Checked("unauthorized", f"Upstream does not accept this token any more (401). {do}")
    if status in (HTTPStatus.PAYMENT_REQUIRED, HTTPStatus.FORBIDDEN):
        return Checked(
            "forbidden",
            f"Upstream refuses this account, or the network that the question came from ({status}). Look at the "
            "account, or try another proxy.",
        )
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Checked("slow_down", "Upstream asks to wait before it is asked again (429). Try again in a minute.")
    return Checked("upstream_failed", f"Upstream had trouble of its own ({status}). Try again in a while.")
