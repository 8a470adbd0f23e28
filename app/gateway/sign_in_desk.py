"""Signing in, as data: one sign-in at a time, by browser or by device code, which anybody can look at and cancel."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from app.core.credential import Login
from app.core.errors import InvalidInput, NotFound, WaystationError
from app.core.token import Token, TokenKind, masked_email
from app.gateway.clock import Clock
from app.gateway.state import GatewayState, new_id
from app.gateway.tasks import TaskSet
from app.gateway.token_desk import NOT_STORED, Added, TokenDesk, checked_way
from app.upstream.callback import PORTS, CallbackListener
from app.upstream.errors import NoAnswer, SignInRefused
from app.upstream.pkce import new_pkce, new_state
from app.upstream.refusals import CANCELLED, CLOUDFLARE, COUNTRY
from app.upstream.sign_in import SignInService

#: How long the browser may take, in seconds; as long as a device code is good.
BROWSER_S = 900.0

_log = logging.getLogger(__name__)


class SignInWay(StrEnum):
    """Where the user signs in."""

    BROWSER = "browser"
    DEVICE = "device"


class SignInStage(StrEnum):
    """How far a sign-in is."""

    #: For the user.
    WAITING = "waiting"
    #: The user has agreed; the login is fetched and kept.
    FINISHING = "finishing"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


_ENDED = (SignInStage.DONE, SignInStage.FAILED, SignInStage.CANCELLED)


@dataclass(frozen=True, slots=True)
class SignInView:
    """One sign-in as it may be shown.

    Attributes:
        id: to paste to it and to cancel it.
        way, stage: see there.
        url: of the browser's way: to open, in any browser of this computer; None once it has ended.
        user_code: of the device's way: to type at `page`.
        page: of the device's way: to open anywhere.
        expires_at: when the waiting ends, in Unix seconds.
        code: how it ended. Done: `signed_in`, `signed_in_again` (that login was here already), `renewed` (the token
            that was meant), `other_added` and `other_known` (not the one that was meant). Otherwise the error's code.
        message: the same as a sentence in English.
        details: the values that the sentence names.
        token_id, label: of the token that the login became; while it waits, of the one that is to be renewed.
        known: whether that login was here already; it has its new secrets then.
        account: who signed in: the masked e-mail and the plan, since one e-mail can have several workspaces.
        stored: False: it works, but could not be written yet; `message` says so too.
    """

    id: str
    way: SignInWay
    stage: SignInStage = SignInStage.WAITING
    url: str | None = field(default=None, repr=False)
    user_code: str | None = field(default=None, repr=False)
    page: str | None = None
    expires_at: float | None = None
    code: str | None = None
    message: str | None = None
    details: tuple[tuple[str, str | int | None], ...] = ()
    token_id: str | None = None
    label: str | None = None
    known: bool | None = None
    account: str | None = None
    stored: bool = True

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self.stage in _ENDED


@dataclass(eq=False, slots=True)
class _SignIn:
    """A sign-in while it runs.

    Attributes:
        view: of it, now.
        label: the user's name for the token, or None.
        proxy: the token's own way as the user gave it, to be kept with it.
        way: through which the sign-in itself goes.
        wanted: the token that is to be renewed.
        listener: while the browser may come back.
        shown: set when there is something to show: an address, a code, or an end.
        keeping: the login is being stored: too late to cancel.
        why_cancelled: the sentence for it.
    """

    view: SignInView
    label: str | None
    proxy: str | None = field(repr=False)
    way: str | None = field(repr=False)
    wanted: Token | None
    task: asyncio.Task[None] | None = None
    listener: CallbackListener | None = None
    shown: asyncio.Event = field(default_factory=asyncio.Event)
    keeping: bool = False
    why_cancelled: str = "The sign-in was cancelled."


class SignInDesk:
    """Runs sign-ins. A new one takes the place of one that still waits: its page is the one that the user sees last.

    Args:
        state: of the gateway.
        desk: where logins are kept.
        service: the sign-in service.
        clock: wall time, for what is shown.
        port_owner: tells what program has a port, if it can; may block.
        ports: where the browser may come back to.
        added: called when a token came or got new secrets.
    """

    def __init__(
        self,
        state: GatewayState,
        desk: TokenDesk,
        service: SignInService,
        clock: Clock,
        *,
        port_owner: Callable[[int], str | None] | None = None,
        ports: Sequence[int] = PORTS,
        added: Callable[[], None] = lambda: None,
    ) -> None:
        self._desk = desk
        self._state = state
        self._service = service
        self._clock = clock
        self._port_owner = port_owner
        self._ports = ports
        self._added = added
        self._current: _SignIn | None = None
        self._beginning = asyncio.Lock()
        self._tasks = TaskSet()

    @property
    def view(self) -> SignInView | None:
        """The sign-in that runs, or the last one that ran."""
        return self._current.view if self._current is not None else None

    async def begin_browser(
        self, label: str | None = None, proxy: str | None = None, token_id: str | None = None
    ) -> SignInView:
        """Begin a sign-in by browser; returns when its address is there, or when it has failed already.

        Args:
            label: the user's name for the token.
            proxy: the token's own way upstream, see `checked_way`; the sign-in goes through it too.
            token_id: the token that is to be renewed; without `proxy`, its own way is used.

        Raises:
            NotFound: there is no such token.
            InvalidInput: it is an API key, or the proxy makes no sense.
        """
        return await self._begin(SignInWay.BROWSER, self._by_browser, label, proxy, token_id)

    async def begin_device(
        self, label: str | None = None, proxy: str | None = None, token_id: str | None = None
    ) -> SignInView:
        """Begin a sign-in by device code; returns when the code is there, or when it has failed already.

        Arguments and errors as of `begin_browser`.
        """
        return await self._begin(SignInWay.DEVICE, self._by_device, label, proxy, token_id)

    def paste(self, sign_in_id: str, text: str) -> SignInView:
        """Take the address that a browser elsewhere shows at the end, in place of its coming here.

        Raises:
            NotFound: that sign-in is over.
            InvalidInput: it is no such address; the sign-in goes on.
        """
        running = self._found(sign_in_id)
        if running.listener is None:
            raise InvalidInput("This sign-in does not wait for an address.")
        running.listener.paste(text)
        return running.view

    async def cancel(self, sign_in_id: str) -> SignInView:
        """End a sign-in, whatever it does; one that is being stored is done instead. Returns how it ended.

        Raises:
            NotFound: there is none of this id.
        """
        running = self._found(sign_in_id)
        await self._end(running)
        return running.view

    def status(self, sign_in_id: str | None = None) -> SignInView | None:
        """The sign-in with this id, or the last one.

        Raises:
            NotFound: there is none of this id, or another one took its place.
        """
        return self.view if sign_in_id is None else self._found(sign_in_id).view

    async def close(self) -> None:
        """Cancel what runs."""
        if self._current is not None:
            await self._end(self._current)
        await self._tasks.close()

    async def _begin(
        self,
        way: SignInWay,
        steps: Callable[[_SignIn], Awaitable[Login]],
        label: str | None,
        proxy: str | None,
        token_id: str | None,
    ) -> SignInView:
        wanted = self._wanted(token_id)
        checked_way(proxy)
        async with self._beginning:
            if self._current is not None and not self._current.view.ended:
                self._current.why_cancelled = "Another sign-in was begun in its place."
                await self._end(self._current)
            running = _SignIn(
                SignInView(new_id("i"), way, token_id=token_id, label=wanted.label if wanted is not None else label),
                label,
                proxy or None,
                proxy or self._own_way(wanted),
                wanted,
            )
            self._current = running
            running.task = self._tasks.start(self._run(running, steps), f"sign-in {running.view.id}")
            running.task.add_done_callback(lambda _: self._gone(running))
        await running.shown.wait()
        return running.view

    def _wanted(self, token_id: str | None) -> Token | None:
        if token_id is None:
            return None
        token = self._state.pool.get(token_id)
        if token is None:
            raise NotFound(f"There is no token {token_id}. `waystation token list` shows them.", id=token_id)
        if token.kind is TokenKind.API_KEY:
            raise InvalidInput("An API key has no sign-in; add a new key instead.")
        return token

    def _own_way(self, wanted: Token | None) -> str | None:
        """The way of the token that is to be renewed; where its seal cannot be opened, without the password."""
        if wanted is None:
            return None
        opened = self._state.secrets.get(wanted.id)
        return opened.proxy if opened is not None else wanted.proxy

    def _found(self, sign_in_id: str) -> _SignIn:
        if self._current is None or self._current.view.id != sign_in_id:
            raise NotFound("This sign-in is over. Begin a new one.", id=sign_in_id)
        return self._current

    async def _run(self, running: _SignIn, steps: Callable[[_SignIn], Awaitable[Login]]) -> None:
        try:
            login = await steps(running)
            running.keeping = True
            self._keep(running, login, await self._desk.add(login, running.label, proxy=running.proxy, given=True))
        except SignInRefused as refused:
            self._may_need_proxy(refused)
            self._fail(running, refused, cancelled=refused.reason == CANCELLED)
        except WaystationError as error:
            self._may_need_proxy(error)
            self._fail(running, error)
        except Exception as error:
            _log.exception("sign-in %s failed", running.view.id)
            self._fail(running, WaystationError(f"Something unexpected went wrong ({type(error).__name__})."))

    async def _by_browser(self, running: _SignIn) -> Login:
        state = new_state()
        verifier, challenge = new_pkce()
        async with CallbackListener(state, ports=self._ports, port_owner=self._port_owner) as listener:
            uri = listener.redirect_uri
            url = self._service.authorize_url(redirect_uri=uri, state=state, challenge=challenge)
            self._show(running, url=url, expires_at=self._clock.now() + BROWSER_S)
            running.listener = listener
            try:
                async with asyncio.timeout(BROWSER_S):
                    code = (await listener.wait()).code
            except TimeoutError:
                raise SignInRefused(
                    f"Nobody came back from the browser in {BROWSER_S / 60:.0f} minutes. Start the sign-in again.",
                    reason="sign_in_expired",
                    permanent=True,
                ) from None
            finally:
                running.listener = None
        self._show(running, stage=SignInStage.FINISHING)
        return await self._service.exchange(code=code, verifier=verifier, redirect_uri=uri, proxy=running.way)

    async def _by_device(self, running: _SignIn) -> Login:
        device = await self._service.start_device(running.way)
        self._show(
            running,
            user_code=device.user_code,
            page=device.page,
            expires_at=self._clock.now() + device.expires_in_s,
        )
        grant = await self._service.wait_for_device(device, running.way)
        self._show(running, stage=SignInStage.FINISHING)
        return await self._service.exchange_device(grant, running.way)

    def _keep(self, running: _SignIn, login: Login, added: Added) -> None:
        account = _account(login, added.token)
        code, message = _told(running.wanted, added, account)
        self._finish(
            running,
            stage=SignInStage.DONE,
            code=code,
            message=message if added.stored else f"{message} {NOT_STORED}",
            details=(("account", account), ("label", running.wanted.label if running.wanted else added.token.label)),
            token_id=added.token.id,
            label=added.token.label,
            known=added.known,
            account=account,
            stored=added.stored,
        )
        self._added()

    def _fail(self, running: _SignIn, error: WaystationError, *, cancelled: bool = False) -> None:
        self._finish(
            running,
            stage=SignInStage.CANCELLED if cancelled else SignInStage.FAILED,
            code=error.code,
            message=error.message,
            details=tuple(error.details.items()),
        )

    def _may_need_proxy(self, error: WaystationError) -> None:
        """Where there is no way to the service, a proxy on this machine may be offered."""
        if isinstance(error, NoAnswer) or (isinstance(error, SignInRefused) and error.reason in (COUNTRY, CLOUDFLARE)):
            self._state.way_lost.set()

    async def _end(self, running: _SignIn) -> None:
        if running.task is None or running.task.done():
            return
        # What is being stored is stored: half of it would be worse than none.
        if not running.keeping:
            running.task.cancel()
        await asyncio.wait([running.task])

    def _gone(self, running: _SignIn) -> None:
        """Its task has ended, by being cancelled unless it says otherwise."""
        if not running.view.ended:
            self._finish(running, stage=SignInStage.CANCELLED, code=CANCELLED, message=running.why_cancelled)

    def _finish(self, running: _SignIn, **changes: object) -> None:
        self._show(running, url=None, user_code=None, page=None, expires_at=None, **changes)
        _log.info("sign-in %s: %s, %s", running.view.id, running.view.stage, running.view.code)

    def _show(self, running: _SignIn, **changes: object) -> None:
        running.view = replace(running.view, **changes)  # type: ignore[arg-type] # the view's own fields
        running.shown.set()
        self._state.changed()


def _account(login: Login, token: Token) -> str:
    """As it may be shown; the plan tells one workspace from another."""
    name = masked_email(login.email) or token.label
    return f"{name} ({login.plan})" if login.plan else name


def _told(wanted: Token | None, added: Added, account: str) -> tuple[str, str]:
    if wanted is None:
        if not added.known:
            return "signed_in", f"Signed in as {account}."
        return "signed_in_again", f"You signed in as {account} again, who is already here."
    if wanted.identity == added.token.identity:
        return "renewed", f"{account} is signed in again."
    if added.known:
        return "other_known", (
            f"You signed in as {account}, who is already here, but not as {wanted.label}, whose sign-in is still to do."
        )
    return "other_added", (
        f"You signed in as {account}, not as {wanted.label}. It was added as a token of its own; the sign-in of "
        f"{wanted.label} is still to do."
    )
