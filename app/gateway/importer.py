"""Taking in logins that users already have, with a word about what they should know of each."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from contextlib import suppress
from dataclasses import dataclass

from app.core.credential import ChatGPTLogin, Login, RefreshToken, login_from_access_token
from app.core.errors import InvalidInput, NotFound, WaystationError
from app.core.login_texts import MAX_LOGINS, Found, logins_in
from app.core.token import Token
from app.gateway.state import GatewayState
from app.gateway.tasks import TaskSet
from app.gateway.token_desk import NOT_STORED, Added, TokenDesk, checked_way
from app.upstream.errors import NoAnswer
from app.upstream.sign_in import SignInService

#: How long closing waits for a refresh token that is being used: what it brings exists nowhere else. In seconds.
CLOSE_S = 10.0

#: The setting that says which refresh tokens were handed in, by their hash, and which tokens they became: users keep
#: lists of them, and hand them in again.
SETTING = "refresh_tokens_handed_in"
_MOST_REMEMBERED = MAX_LOGINS

#: What the user should know of an import, by code.
WARNINGS = {
    "refresh_token_used": (
        "The refresh token is used up now: a program that still has it, such as a Codex CLI, must sign in again."
    ),
    "not_stored_yet": NOT_STORED,
    "older_than_known": "This is an older copy of a login that is here already, so its secrets were left as they are.",
    "not_renewable": "It comes without a refresh token: when it ends, it must be added again.",
    "ended": "This access token has ended and comes without a refresh token: sign in again.",
}

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Taken:
    """The token that a login became; `warning` is a code of `WARNINGS`, or None."""

    added: Added
    warning: str | None = None


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one login of several.

    Attributes:
        source: in which of the texts it was, from 0.
        outcome: the token, or why there is none.
    """

    source: int
    outcome: Taken | WaystationError


class Importer:
    """Takes logins in.

    Args:
        state: of the gateway.
        desk: where logins are kept.
        service: makes a login of a refresh token.
    """

    def __init__(self, state: GatewayState, desk: TokenDesk, service: SignInService) -> None:
        self._desk = desk
        self._state = state
        self._service = service
        self._tasks = TaskSet()
        # The second of two that are the same must know what became of the first.
        self._refreshing = asyncio.Lock()
        # Those that could not be written down.
        self._unwritten: dict[str, str] = {}

    async def take(
        self, found: Found, label: str | None = None, *, follows: str | None = None, proxy: str | None = None
    ) -> Taken:
        """Keep one login; arguments as of `TokenDesk.add`.

        Raises:
            InvalidInput: it cannot be used, or not in this way.
            SignInRefused, NoAnswer: of a refresh token, which is as it was.
            KeyStoreUnavailable, DataKeyLost, DataUnusable: it cannot be kept.
        """
        if isinstance(found, InvalidInput):
            raise found
        if follows is not None and not (isinstance(found, Login) and isinstance(found.credential, ChatGPTLogin)):
            raise InvalidInput("Only a file with a ChatGPT login in it can be followed; import this without following.")
        checked_way(proxy)
        if isinstance(found, RefreshToken):
            # Once it is sent, the answer is all that is left of the login: who stops waiting does not stop it.
            task = self._tasks.start(self._refreshed(found, label, proxy), "import a refresh token")
            await asyncio.wait([task])
            outcome: Taken | WaystationError = task.result()
            if isinstance(outcome, WaystationError):
                raise outcome
            return outcome
        if follows is None:
            await self._restore_newer(found)
        known = self._known(found)
        if follows is None and known is not None and self._is_older(found, known):
            if label is not None or proxy is not None:
                known = await self._desk.change(known.id, label=label, proxy=proxy)
            return Taken(Added(known, known=True), "older_than_known")
        added = await self._desk.add(found, label, follows=follows, proxy=proxy)
        if follows is None and isinstance(found.credential, ChatGPTLogin) and found.credential.refresh_token:
            await self._remember(found.credential.refresh_token, added.token)
        return Taken(added, None if follows is not None else self._ending(added.token))

    async def take_texts(
        self, texts: list[str], label: str | None = None, *, follows: str | None = None, proxy: str | None = None
    ) -> list[Imported]:
        """Keep every login in these texts; one that is bad does not keep the others out.

        Raises:
            InvalidInput: one name, or one file to follow, cannot be that of several logins; nothing was kept.
        """
        found: list[tuple[int, Found]] = []
        for source, text in enumerate(texts):
            try:
                found += [(source, item) for item in logins_in(text)]
            except InvalidInput as error:
                found.append((source, error))
        if len(found) > 1 and (label is not None or follows is not None):
            what = "A name" if label is not None else "A file to follow"
            raise InvalidInput(f"{what} is for one login, and here are {len(found)}. Import them without it.")
        checked_way(proxy)
        imported = []
        for source, item in found:
            try:
                outcome: Taken | WaystationError = await self.take(item, label, follows=follows, proxy=proxy)
            except WaystationError as error:
                outcome = error
            imported.append(Imported(source, outcome))
        return imported

    async def close(self, wait_s: float = CLOSE_S) -> None:
        """Wait for what runs, but not for ever."""
        try:
            async with asyncio.timeout(wait_s):
                await self._tasks.finish()
        except TimeoutError:
            _log.error("a refresh token was being used when the gateway closed")
        await self._tasks.close()

    async def _refreshed(self, found: RefreshToken, label: str | None, proxy: str | None) -> Taken | WaystationError:
        try:
            async with self._refreshing:
                return await self._taken_once(found.refresh_token, label, proxy)
        except WaystationError as error:
            if isinstance(error, NoAnswer):
                self._state.way_lost.set()
            return error

    async def _taken_once(self, refresh_token: str, label: str | None, proxy: str | None) -> Taken:
        """A spent refresh token that comes to the service once more ends the whole login: see that it does not."""
        warning = None
        known = self._holder(refresh_token)
        if known is None:
            known, warning = await self._handed_in(refresh_token), "older_than_known"
        if known is not None:
            if label is not None or proxy is not None:
                known = await self._desk.change(known.id, label=label, proxy=proxy)
            return Taken(Added(known, known=True), warning)
        pair = await self._service.refresh(refresh_token, reason="proactive_expiry", proxy=proxy or None)
        if pair.access_token is None:
            raise InvalidInput("The sign-in service gave no access token for this refresh token. Sign in instead.")
        login = login_from_access_token(
            pair.access_token, refresh_token=pair.refresh_token or refresh_token, id_token=pair.id_token
        )
        added = await self._desk.add(login, label, proxy=proxy, given=True)
        await self._remember(refresh_token, added.token)
        return Taken(added, "refresh_token_used" if added.stored else "not_stored_yet")

    async def _handed_in(self, refresh_token: str) -> Token | None:
        """The token that this refresh token became, if it lives: a dead one, or one without secrets, may be tried."""
        token_id = (await self._all_handed_in()).get(_hash(refresh_token), "")
        with suppress(NotFound, InvalidInput):
            # It was removed, and here it is again.
            await self._desk.restore(token_id)
        token = self._state.pool.get(token_id)
        alive = token is not None and token.sign_in_needed is None and token.id in self._state.secrets
        return token if alive else None

    async def _remember(self, refresh_token: str, token: Token) -> None:
        self._unwritten[_hash(refresh_token)] = token.id
        try:
            known = await self._all_handed_in()
            there = {token.id for token in self._state.pool.tokens}
            there |= {item.stored.token.id for item in await self._state.store.removed_tokens()}
            kept = [(digest, token_id) for digest, token_id in known.items() if token_id in there]
            await self._state.store.set_setting(SETTING, json.dumps(dict(kept[-_MOST_REMEMBERED:])))
            self._unwritten = {key: value for key, value in self._unwritten.items() if key not in known}
        except WaystationError as error:
            # The login itself is kept.
            _log.warning("that a refresh token was handed in cannot be written down: %s", error.code)

    async def _all_handed_in(self) -> dict[str, str]:
        return {**json.loads((await self._state.store.settings()).get(SETTING, "{}")), **self._unwritten}

    async def _restore_newer(self, login: Login) -> None:
        """Restore the removed token of which this is an older copy."""
        for item in await self._state.store.removed_tokens():
            token = item.stored.token
            if token.identity == login.identity and token.sign_in_needed is None and _ends_before(login, token):
                await self._desk.restore(token.id)
                return

    def _known(self, login: Login) -> Token | None:
        return next((token for token in self._state.pool.tokens if token.identity == login.identity), None)

    def _holder(self, refresh_token: str) -> Token | None:
        """The token that has this refresh token already."""
        for token in self._state.pool.tokens:
            opened = self._state.secrets.get(token.id)
            credential = opened.credential if opened is not None else None
            if isinstance(credential, ChatGPTLogin) and credential.refresh_token == refresh_token:
                return token
        return None

    def _is_older(self, login: Login, known: Token) -> bool:
        """Whether what is here is newer: an older refresh token has been used up, and must not replace it."""
        opened = self._state.secrets.get(known.id)
        if opened is None or known.sign_in_needed is not None or known.follows is not None:
            return False
        return _ends_before(login, known)

    def _ending(self, token: Token) -> str | None:
        opened = self._state.secrets.get(token.id)
        credential = opened.credential if opened is not None else None
        if not isinstance(credential, ChatGPTLogin) or credential.refresh_token is not None:
            return None
        ended = token.expires_at is not None and token.expires_at <= self._state.clock.now()
        return "ended" if ended else "not_renewable"


def _ends_before(login: Login, token: Token) -> bool:
    ends, known_ends = login.expires_at, token.expires_at
    return ends is not None and known_ends is not None and ends < known_ends


def _hash(refresh_token: str) -> str:
    return hashlib.sha256(refresh_token.encode()).hexdigest()[:32]
