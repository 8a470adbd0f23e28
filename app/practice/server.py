"""The simulated upstream as one object: start it, point a client at it, script it, look at what came.

::

    upstream = PracticeUpstream()
    await upstream.start()
    upstream.script(usage_limit_reached(), account=upstream.accounts[0])
    ...  # let a client talk to upstream.chatgpt_base_url or upstream.openai_base_url
    assert upstream.received[-1].status == 429
    await upstream.stop()
"""

import asyncio
import time
from collections.abc import Callable, Iterable

from aiohttp import web
from aiohttp.typedefs import Handler
from aiohttp.web_protocol import RequestPayloadError

from app.practice import refusals, rules, sending
from app.practice.accounts import (
    Credential,
    PracticeAccount,
    PracticeApiKey,
    sample_accounts,
    sample_api_keys,
)
from app.practice.logins import Refresh, SignInRules
from app.practice.lookups import Lookups
from app.practice.recorder import RECORD, ReceivedRequest, Recorder
from app.practice.script import Behaviour, Endpoint
from app.practice.sign_in import SignInDesk
from app.practice.socket import Socket, SocketDesk
from app.practice.sub_paths import SubPathDesk
from app.practice.turns import Desk
from app.practice.windows import AccountQuota
from app.practice.world import World

CODEX_PATH = "/backend-api/codex"
OPENAI_PATH = "/v1"

_MAX_BODY = 512 << 20
_MAX_HEADER = 64 << 10


class PracticeUpstream:
    """The ChatGPT Codex backend, the OpenAI Responses API and the sign-in service, simulated on one port.

    ``accounts`` and ``api_keys`` default to the samples. ``clock`` returns seconds since 1970; ``seed``
    fixes all identifiers. ``keep`` (requests) and ``keep_bytes`` (of their bodies) bound
    :attr:`received`. ``check_turn_state`` refuses an ``x-codex-turn-state`` of another credential;
    ``null_codes`` leaves the code null when a ciphertext is refused. Without ``sockets`` the handshake of a
    WebSocket is answered with 426.
    """

    def __init__(
        self,
        accounts: Iterable[PracticeAccount] | None = None,
        api_keys: Iterable[PracticeApiKey] | None = None,
        *,
        clock: Callable[[], float] = time.time,
        seed: str = "practice",
        keep: int = 1_000,
        keep_bytes: int = 256 << 20,
        check_turn_state: bool = True,
        null_codes: bool = False,
        sockets: bool = True,
    ) -> None:
        self.accounts = tuple(sample_accounts(seed) if accounts is None else accounts)
        self.api_keys = tuple(sample_api_keys(seed) if api_keys is None else api_keys)
        recorder = Recorder(keep, keep_bytes)
        self._world = World(
            seed, clock, recorder, check_turn_state=check_turn_state, null_codes=null_codes, sockets=sockets
        )
        self._world.add((*self.accounts, *self.api_keys))
        self._codex = Desk(self._world, rules.CODEX)
        self._openai = Desk(self._world, rules.OPENAI)
        self._codex_sockets = SocketDesk(self._world, self._codex, rules.CODEX)
        self._openai_sockets = SocketDesk(self._world, self._openai, rules.OPENAI)
        self._sign_in = SignInDesk(self._world)
        self._runner: web.AppRunner | None = None
        self._origin = ""

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen; port 0 takes a free one.

        Raises:
            OSError: the port is taken.
            RuntimeError: already started.
        """
        if self._runner is not None:
            raise RuntimeError("The simulated upstream is already running.")
        runner = web.AppRunner(
            self._application(),
            auto_decompress=False,
            handler_cancellation=True,
            access_log=None,
            shutdown_timeout=0.2,
            max_line_size=_MAX_HEADER,
            max_field_size=_MAX_HEADER,
        )
        await runner.setup()
        try:
            await web.TCPSite(runner, host, port).start()
        except BaseException:
            await runner.cleanup()
            raise
        self._runner = runner
        self._origin = f"http://{host}:{runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Stop listening and end the streams that are still open. Harmless when not started."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    @property
    def port(self) -> int:
        """Return the port that is listened on."""
        return int(self._origin.rpartition(":")[2])

    @property
    def chatgpt_base_url(self) -> str:
        """Return the base of the Codex backend; ``wham`` is beside it, one level up."""
        return f"{self._origin}{CODEX_PATH}"

    @property
    def openai_base_url(self) -> str:
        """Return the base of the OpenAI API."""
        return f"{self._origin}{OPENAI_PATH}"

    @property
    def auth_issuer(self) -> str:
        """Return the root of the sign-in service: ``/oauth/authorize`` and so on."""
        return self._origin

    @property
    def received(self) -> list[ReceivedRequest]:
        """Return the last requests, oldest first: everything that came, on any path."""
        return list(self._world.recorder.requests)

    @property
    def turns(self) -> list[ReceivedRequest]:
        """Return those of :attr:`received` that are ``POST …/responses``, or a turn's frame over a WebSocket."""

        def posted(record: ReceivedRequest) -> bool:
            return record.method == "POST" and record.path.partition("?")[0].endswith("/responses")

        return [record for record in self.received if record.kind == "turn" or posted(record)]

    @property
    def handshakes(self) -> list[ReceivedRequest]:
        """Return those of :attr:`received` that asked for a WebSocket, also when they were refused."""
        return [
            record
            for record in self.received
            if (record.header("upgrade") or "").lower() == "websocket" and record.method == "GET"
        ]

    @property
    def sockets(self) -> tuple[Socket, ...]:
        """Return the WebSockets that are open now, the oldest first, to be closed or cut."""
        known = (*self._codex_sockets.open, *self._openai_sockets.open)
        return tuple(sorted((socket for socket in known if socket.open), key=lambda socket: socket.number))

    def limit_sockets(self, seconds: float) -> None:
        """Let a WebSocket live this long: what comes later gets ``websocket_connection_limit_reached``."""
        self._world.socket_life = seconds

    async def wait_received(self, count: int, within: float = 10.0) -> None:
        """Wait until ``count`` requests have come since the start.

        Raises:
            TimeoutError: fewer came within ``within`` seconds.
        """
        await self._world.recorder.wait_for(count, within)

    async def wait_finished(self, record: ReceivedRequest, within: float = 10.0) -> ReceivedRequest:
        """Wait until a request is answered, cut, or left by its client, and return its record.

        Raises:
            TimeoutError: it was still open after ``within`` seconds.
        """
        async with asyncio.timeout(within):
            await record.finished.wait()
        return record

    def script(
        self,
        *behaviours: Behaviour,
        account: Credential | None = None,
        on: Endpoint = "responses",
        times: int = 1,
    ) -> None:
        """Queue behaviours for the next requests that the rules let through, one each.

        ``account`` limits them to one caller, whose own queue goes first; whoever starts a device flow
        has no name yet. ``times`` repeats the list.
        """
        self._world.script.add(behaviours * times, account.owner if account else None, on)

    def always(
        self, behaviour: Behaviour | None, account: Credential | None = None, on: Endpoint = "responses"
    ) -> None:
        """Behave like this whenever the queues are empty; None goes back to normal."""
        self._world.script.keep(behaviour, account.owner if account else None, on)

    def clear_script(self) -> None:
        """Forget all scripted behaviour."""
        self._world.script.clear()

    @property
    def scripted(self) -> int:
        """Return how many queued behaviours have not been used."""
        return self._world.script.pending

    def add(self, *credentials: Credential) -> None:
        """Make further accounts or keys known."""
        self._world.add(credentials)

    def revoke(self, credential: Credential) -> None:
        """Answer 401 to this credential from now on; of an account, to this generation's access token."""
        self._world.revoke(credential)

    def restore(self, credential: Credential) -> None:
        """Accept a revoked credential again."""
        self._world.restore(credential)

    def deny_model(self, credential: Credential, model: str, *, denied: bool = True) -> None:
        """Refuse a model to one credential, as if its plan did not include it; ``denied=False`` ends that."""
        self._world.deny(credential, model, denied=denied)

    def withdraw_model(self, model: str, *, withdrawn: bool = True) -> None:
        """Serve a model to nobody any more, and list it no more; ``withdrawn=False`` ends that."""
        self._world.withdraw(model, withdrawn=withdrawn)

    def unverify(self, key: PracticeApiKey, *, verified: bool = False) -> None:
        """Refuse ``reasoning.summary`` to a key, as to an organization that OpenAI has not verified."""
        self._world.verify(key, verified=verified)

    def add_file(self, credential: Credential) -> str:
        """Return the id of a file that only this credential can name in its input."""
        return self._world.seals.file(credential.owner)

    @property
    def sign_in(self) -> SignInRules:
        """Return the rules of the sign-in service, to be changed: how long tokens last, and the like."""
        return self._world.logins.rules

    def sign_in_as(self, *accounts: PracticeAccount) -> None:
        """Let the next browsers at ``/oauth/authorize`` sign in at once, one after the other."""
        self._sign_in.next.extend(accounts)

    def decline_sign_in(self) -> None:
        """Let the next browser at ``/oauth/authorize`` come back with ``access_denied``."""
        self._sign_in.next.append(None)

    def approve_device(self, user_code: str, account: PracticeAccount) -> None:
        """Let the device that shows ``user_code`` sign in.

        Raises:
            LookupError: no device waits under this code.
        """
        self._sign_in.decide(user_code, account)

    def deny_device(self, user_code: str) -> None:
        """Tell the device that shows ``user_code`` that it was refused.

        Raises:
            LookupError: no device waits under this code.
        """
        self._sign_in.decide(user_code, None)

    def newest(self, account: PracticeAccount) -> PracticeAccount:
        """Return the generation of an account that was issued last: its tokens are the good ones."""
        return next(one for one in self._world.logins.accounts if one.identity == account.identity)

    def sign_out(self, account: PracticeAccount) -> None:
        """Refuse all access tokens and refresh tokens that an account has so far."""
        self._world.logins.sign_out(account)

    def end_refreshing(self, account: PracticeAccount, code: str = "refresh_token_expired") -> None:
        """Refuse the refresh tokens that an account has so far, with this code; its access tokens stay good."""
        self._world.logins.end(account, code)

    def refreshes(self, account: PracticeAccount | None) -> list[Refresh]:
        """Return the refreshes of an account, oldest first; of None, those with an unknown refresh token."""
        return self._world.logins.refreshes_of(account)

    def most_refreshes_at_once(self, account: PracticeAccount) -> int:
        """Return how many refreshes of an account were being answered at the same time, at most."""
        return max((refresh.at_once for refresh in self.refreshes(account)), default=0)

    def quota(self, account: PracticeAccount) -> AccountQuota:
        """Return the windows of an account, to read or to change."""
        return self._world.quota(account)

    def exhaust(self, account: PracticeAccount, *, resets_in: float | None = None, weekly: bool = False) -> None:
        """Use up a window of an account, so that turns get a 429 until it resets."""
        self._world.quota(account).exhaust(self._world.clock(), resets_in=resets_in, weekly=weekly)

    def _application(self) -> web.Application:
        application = web.Application(client_max_size=_MAX_BODY, middlewares=[self._recorded])
        application.on_response_prepare.append(sending.drop_content_type)
        add = application.router.add_route
        codex, openai = (self._codex, self._codex_sockets), (self._openai, self._openai_sockets)
        for path, (desk, sockets) in ((CODEX_PATH, codex), (OPENAI_PATH, openai)):
            add("POST", f"{path}/responses", desk.responses)
            add("POST", f"{path}/responses/compact", desk.compact)
            add("GET", f"{path}/responses", sockets.responses)
            SubPathDesk(self._world, desk).add_routes(application.router, path, codex=desk is self._codex)
        look = Lookups(self._world, self._codex, self._openai)
        add("GET", f"{CODEX_PATH}/models", look.codex_models)
        add("GET", f"{OPENAI_PATH}/models", look.openai_models)
        add("GET", "/backend-api/wham/usage", look.usage)
        add("GET", "/backend-api/wham/accounts/check", look.workspaces)
        self._sign_in.add_routes(application.router)
        add("*", "/{path:.*}", self._unknown)
        return application

    @web.middleware
    async def _recorded(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            body = await request.read()
        except (ConnectionError, RequestPayloadError):
            # The client left in the middle of its request; there is nobody to answer.
            return web.Response(status=400)
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.raw_headers]
        record = await self._world.recorder.open(request.method, request.path_qs, headers, body, self._world.clock())
        request[RECORD] = record
        try:
            response = await handler(request)
        except asyncio.CancelledError:
            record.close("disconnected")
            raise
        except ConnectionError:
            record.close("disconnected")
            return web.Response(status=400)
        record.close("completed")
        return response

    async def _unknown(self, request: web.Request) -> web.StreamResponse:
        if request.path.startswith(OPENAI_PATH):
            refused = refusals.error(f"Invalid URL ({request.method} {request.path})", status=404)
        else:
            refused = refusals.detail("Not Found", 404)
        return sending.whole(refused, request[RECORD])
