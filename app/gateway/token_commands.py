"""Commands about tokens and signing in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from app.core.credential import login_from_access_token, login_from_api_key, refresh_token_from_text
from app.core.errors import InvalidInput, NotFound, WaystationError
from app.core.login_texts import Found, logins_in
from app.gateway.gateway import Gateway
from app.gateway.importer import WARNINGS, Imported, Taken
from app.gateway.own_address import refuse_own_address
from app.gateway.removed_tokens import removed_view
from app.gateway.sign_in_desk import SignInView
from app.gateway.snapshot import TokenView, token_views
from app.gateway.token_desk import MAX_LABEL


class TokenCommands:
    """The commands of one gateway about its tokens; see `table`."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self.table: dict[str, Callable[..., Awaitable[Any]]] = {
            "token.add": self._add,
            "token.import": self._import,
            "token.list": self._list,
            "token.enable": self._enable,
            "token.disable": self._disable,
            "token.remove": self._remove,
            "token.restore": self._restore,
            "token.removed": self._removed,
            "token.change": self._change,
            "token.reorder": self._reorder,
            "token.test": self._test,
            "token.retry": self._retry,
            "signin.browser": self._browser,
            "signin.device": self._device,
            "signin.paste": self._paste,
            "signin.cancel": self._cancel,
            "signin.status": self._status,
        }

    async def _add(
        self,
        access_token: str | None = None,
        api_key: str | None = None,
        refresh_token: str | None = None,
        label: str | None = None,
        proxy: str | None = None,
    ) -> dict[str, Any]:
        """Keep one secret, given alone. A refresh token is used up by it."""
        if sum(secret is not None for secret in (access_token, api_key, refresh_token)) != 1:
            raise InvalidInput("Give either an access token, or a refresh token, or an API key.")
        found: Found
        if access_token is not None:
            found = login_from_access_token(access_token)
        elif refresh_token is not None:
            found = refresh_token_from_text(refresh_token)
        else:
            found = login_from_api_key(api_key or "")
        self._before_keeping(label, proxy)
        return self._taken(await self._gateway.importer.take(found, label, proxy=proxy))

    async def _import(
        self,
        text: str | None = None,
        texts: list[str] | None = None,
        label: str | None = None,
        follow: str | None = None,
        proxy: str | None = None,
    ) -> Any:
        """Keep logins as other programs wrote them.

        Of one `text` with one login in it: the token, or its error. Of `texts`: a list, in which each login is told by
        itself. `follow` is the path of the file that the one login is read from from now on.
        """
        given = [text] if texts is None else texts
        if (text is None) == (texts is None) or not all(isinstance(item, str) for item in given):
            raise InvalidInput("Give the text of a file, or a list of such texts.")
        self._before_keeping(label, proxy)
        importer = self._gateway.importer
        if text is None:
            imported = await importer.take_texts(texts or [], label, follows=follow, proxy=proxy)
            self._gateway.tokens_came()
            return [_imported(item) for item in imported]
        found = logins_in(text)
        if len(found) > 1:
            raise InvalidInput(f"This holds {len(found)} logins; import them as several.")
        return self._taken(await importer.take(found[0], label, follows=follow, proxy=proxy))

    def _views(self) -> tuple[TokenView, ...]:
        return token_views(self._gateway.state, self._gateway.sessions.by_token())

    async def _list(self) -> list[dict[str, Any]]:
        return [asdict(view) for view in self._views()]

    async def _enable(self, id: str) -> dict[str, Any]:
        token = await self._gateway.tokens.set_enabled(id, True)
        return {"id": token.id, "label": token.label, "enabled": True}

    async def _disable(self, id: str) -> dict[str, Any]:
        token = await self._gateway.tokens.set_enabled(id, False)
        return {"id": token.id, "label": token.label, "enabled": False}

    async def _remove(self, id: str) -> dict[str, Any]:
        """Take a token out of use; for a week it can be restored."""
        token = await self._gateway.tokens.remove(id)
        return {"id": token.id, "label": token.label}

    async def _restore(self, id: str) -> dict[str, Any]:
        token = await self._gateway.tokens.restore(id)
        self._gateway.tokens_came()
        return {"id": token.id, "label": token.label}

    async def _removed(self) -> list[dict[str, Any]]:
        """The tokens that can be restored, the last removed first."""
        return [asdict(removed_view(item)) for item in await self._gateway.state.store.removed_tokens()]

    async def _change(
        self, id: str, label: str | None = None, spare: bool | None = None, proxy: str | None = None
    ) -> dict[str, Any]:
        """Rename a token, make it a spare, give it a proxy (empty: the application's); what is None stays."""
        if label is None and spare is None and proxy is None:
            raise InvalidInput("Of a token, label, spare and proxy can be changed; name at least one.")
        refuse_own_address(self._gateway, proxy)
        token = await self._gateway.tokens.change(id, label=label, spare=spare, proxy=proxy)
        return {"id": token.id, "label": token.label, "spare": token.spare, "proxy": token.proxy}

    async def _reorder(self, ids: list[str]) -> list[str]:
        """The user's order; tokens that are not named come last. Returns all of them."""
        await self._gateway.tokens.reorder(ids)
        return [token.id for token in self._gateway.state.pool.tokens]

    async def _test(self, id: str) -> dict[str, Any]:
        """Try a token without spending a turn."""
        checked = await self._gateway.check.check(id)
        view = next((view for view in self._views() if view.id == id), None)
        if view is None:
            raise NotFound(f"There is no token {id} any more.", id=id)
        error = None if checked.code is None else {"code": checked.code, "message": checked.message}
        return {**asdict(view), "ok": checked.code is None, "error": error}

    async def _retry(self, id: str | None = None) -> dict[str, int]:
        """Forget the rests of one token, or of all: they are tried now."""
        if id is not None and self._gateway.state.pool.get(id) is None:
            raise NotFound(f"There is no token {id}. `waystation token list` shows them.", id=id)
        return {"cooldowns": self._gateway.reset_pool(id)}

    async def _browser(
        self, label: str | None = None, proxy: str | None = None, token_id: str | None = None
    ) -> dict[str, Any]:
        self._before_keeping(label, proxy)
        return _view(await self._gateway.sign_in.begin_browser(label, proxy, token_id))

    async def _device(
        self, label: str | None = None, proxy: str | None = None, token_id: str | None = None
    ) -> dict[str, Any]:
        self._before_keeping(label, proxy)
        return _view(await self._gateway.sign_in.begin_device(label, proxy, token_id))

    async def _paste(self, id: str, text: str) -> dict[str, Any]:
        return _view(self._gateway.sign_in.paste(id, text))

    async def _cancel(self, id: str) -> dict[str, Any]:
        return _view(await self._gateway.sign_in.cancel(id))

    async def _status(self, id: str | None = None) -> dict[str, Any] | None:
        view = self._gateway.sign_in.status(id)
        return None if view is None else _view(view)

    def _before_keeping(self, label: str | None, proxy: str | None) -> None:
        """What can be refused before anything is asked of anybody."""
        if label is not None and not 0 < len(label.strip()) <= MAX_LABEL:
            raise InvalidInput(f"A token's name has 1 to {MAX_LABEL} characters.")
        refuse_own_address(self._gateway, proxy)
        self._gateway.require_key()

    def _taken(self, taken: Taken) -> dict[str, Any]:
        self._gateway.tokens_came()
        return _told(taken)


def _told(taken: Taken) -> dict[str, Any]:
    token = taken.added.token
    return {
        "id": token.id,
        "label": token.label,
        "kind": token.kind.value,
        "known": taken.added.known,
        "warning": _warning(taken.warning),
    }


def _warning(code: str | None) -> dict[str, str] | None:
    return None if code is None else {"code": code, "message": WARNINGS[code]}


def _imported(item: Imported) -> dict[str, Any]:
    if isinstance(item.outcome, WaystationError):
        error = item.outcome
        shown = {"code": error.code, "message": error.message, "details": error.details}
        return {"source": item.source, "error": shown}
    return {"source": item.source, "error": None, **_told(item.outcome)}


def _view(view: SignInView) -> dict[str, Any]:
    return {**asdict(view), "details": dict(view.details)}
