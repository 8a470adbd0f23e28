"""The gateway as one object: opened on a data folder, started and stopped on an address.

It does not know which loop it runs on; whoever opened it also closes it, on the same loop.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Mapping
from pathlib import Path

from app.core.budget import BudgetBook, local_midnight
from app.core.errors import DataKeyLost, InvalidInput, KeyStoreUnavailable, WaystationError
from app.core.policy import Policy, policy_from_settings, policy_to_settings
from app.core.pool import Pool
from app.core.settings import settings_from_stored
from app.gateway.clock import Clock
from app.gateway.door_log import DoorLog
from app.gateway.followed import FollowedFiles
from app.gateway.importer import Importer
from app.gateway.license_desk import LicenseDesk, license_views
from app.gateway.listener import DRAIN_S, Listener
from app.gateway.model_desk import ModelDesk
from app.gateway.proxy_desk import ProxyDesk
from app.gateway.quota_keeper import QuotaKeeper
from app.gateway.refresher import Refresher
from app.gateway.release_desk import ReleaseDesk
from app.gateway.server import GatewayServer
from app.gateway.session_views import SessionViews
from app.gateway.settings_desk import SettingsDesk
from app.gateway.sign_in_desk import SignInDesk
from app.gateway.snapshot import GatewaySnapshot, Problem, held_views, release_view, token_views
from app.gateway.state import RECENT_TURNS, GatewayState
from app.gateway.tasks import TaskSet
from app.gateway.token_check import TokenCheck
from app.gateway.token_desk import TokenDesk
from app.gateway.upkeep import Upkeep
from app.store.key_stores import KeyStoreKind, key_store
from app.store.store import DATABASE_FILE, Store
from app.store.vault import Vault
from app.upstream.client import Knocked, Upstream
from app.upstream.endpoints import UpstreamEndpoints
from app.upstream.http import UpstreamHttp
from app.upstream.models import ModelLists
from app.upstream.proxies import ProxyFinder, Way
from app.upstream.release_feed import ReleaseFeed
from app.upstream.sign_in import SignInService

#: An answer of the sign-in service that comes too late is lost, and with it the login that it renewed. In seconds.
_SIGN_IN_S = 90.0

_log = logging.getLogger(__name__)


class Gateway:
    """Tokens, licenses and sessions of one data folder, and the server in front of them.

    Use `Gateway.open`; every method belongs to the loop that opened it.
    """

    def __init__(
        self,
        data_dir: Path,
        store: Store,
        state: GatewayState,
        endpoints: UpstreamEndpoints,
        settings: Mapping[str, str],
        key_store_kind: KeyStoreKind | None,
        strict: bool,
        port_owner: Callable[[int], str | None] | None = None,
        release_feed: str | None = None,
    ) -> None:
        self.state = state
        self.data_dir = data_dir
        self._store = store
        proxies = ProxyFinder()
        http = UpstreamHttp(proxies)
        self._upstream = Upstream(endpoints, http)
        self.sign_in_service = SignInService(endpoints, http, timeout_s=_SIGN_IN_S)
        self._key_store_kind = key_store_kind
        kind = key_store_kind or KeyStoreKind(settings.get("key_store", KeyStoreKind.KEYRING))
        self.vault = Vault(key_store(kind, data_dir))
        self.tokens = TokenDesk(state, self.vault)
        self.licenses = LicenseDesk(state, self.vault)
        self.proxies = ProxyDesk(state, self.vault, proxies)
        self._followed = FollowedFiles(state, self.tokens, state.clock)
        self._refresher = Refresher(state, self.tokens, self.sign_in_service, state.clock, self._followed)
        self._keeper = QuotaKeeper(state, self._upstream, self._refresher, state.clock)
        state.on_rest = self._keeper.poke
        self.importer = Importer(state, self.tokens, self.sign_in_service)
        self.sign_in = SignInDesk(
            state, self.tokens, self.sign_in_service, state.clock, port_owner=port_owner, added=self.tokens_came
        )
        self.sessions = SessionViews(state)
        self.check = TokenCheck(state, self._upstream, self._refresher)
        self.models = ModelDesk(state, ModelLists(self._upstream, state.clock.monotonic))
        self.door_log = DoorLog(state)
        server = GatewayServer(state, self._upstream, self.models, refresher=self._refresher, door_log=self.door_log)
        self._listener = Listener(server, store, state.changed)
        self._listener.take_address(settings)
        self._upkeep = Upkeep(state, lambda: self.licenses.save_uses())
        self.settings = SettingsDesk(state, strict=strict, limits_changed=self._upkeep.poke)
        self.settings.restore(settings)
        self.models.restore(settings)
        self.releases = ReleaseDesk(state, ReleaseFeed(http), release_feed)
        self.releases.restore(settings)
        self._tasks = TaskSet()
        self._key_problem: Problem | None = None

    @classmethod
    async def open(
        cls,
        data_dir: Path,
        endpoints: UpstreamEndpoints,
        *,
        key_store_kind: KeyStoreKind | None = None,
        strict: bool = False,
        clock: Clock | None = None,
        live: bool = True,
        port_owner: Callable[[int], str | None] | None = None,
        release_feed: str | None = None,
    ) -> Gateway:
        """Open the data folder; the caller holds its lock.

        Args:
            data_dir: made if it is missing.
            endpoints: of upstream.
            key_store_kind: where the data key lives; None: where the user chose, at first the keyring.
            strict: strict pass-through, whatever the settings say.
            clock: for tests.
            live: it stays open: logins are refreshed, quota is asked for, history pruned. False for one command.
            port_owner: tells what program has a port of this machine, if it can; may block.
            release_feed: see `ReleaseDesk`; None: nobody is asked for new versions.

        Raises:
            DataTooNew, DataUnusable: the database cannot be used; it is left as it is.
        """
        clock = clock or Clock()
        store = await Store.open(data_dir / DATABASE_FILE)
        try:
            settings = await store.settings()
            sessions = await store.sessions(clock.now() - settings_from_stored(settings).max_age_s)
            recent = await store.turns(RECENT_TURNS)
            midnight = local_midnight(clock.now())
            budget = BudgetBook(await store.used_tokens(midnight), midnight)
            pool = Pool((), sessions, policy_from_settings(settings))
            state = GatewayState(store, pool, recent=reversed(recent), clock=clock, budget=budget)
            gateway = cls(data_dir, store, state, endpoints, settings, key_store_kind, strict, port_owner, release_feed)
            await gateway._take_in_stored()
        except BaseException:
            await store.close()
            raise
        if live:
            for name, work in (
                ("upkeep", gateway._upkeep.run()),
                ("followed files", gateway._followed.run()),
                ("refresher", gateway._refresher.run()),
                ("quota keeper", gateway._keeper.run()),
                ("proxy desk", gateway.proxies.run()),
                ("models", gateway.models.run()),
            ):
                gateway._tasks.start(work, name)
        return gateway

    async def close(self) -> None:
        """Stop, write everything down, and let go of the data folder."""
        async with contextlib.AsyncExitStack() as last:
            # Whatever fails before it, or is cancelled: the store is closed.
            last.push_async_callback(self._store.close)
            last.push_async_callback(self._upstream.close)
            last.push_async_callback(self.state.close)
            await self.sign_in.close()
            await self.stop()
            for part in (self._tasks, self.releases, self.models, self.importer):
                await part.close()
            # What it brings exists nowhere else.
            await self._refresher.close()
            await self.tokens.close()
            with contextlib.suppress(WaystationError):
                await self.licenses.save_uses()

    async def start(self, host: str | None = None, port: int | None = None) -> int:
        """Listen; see `Listener.start`.

        Raises:
            PortBusy: another program has the port, or the system keeps it.
        """
        return await self._listener.start(host, port)

    async def stop(self, drain_s: float = DRAIN_S) -> None:
        """Listen no more; turns that run get `drain_s` seconds to end."""
        await self._listener.stop(drain_s)

    @property
    def is_listening(self) -> bool:
        """Whether it listens, or is about to begin or to end."""
        return self._listener.is_listening

    @property
    def client_host(self) -> str:
        """The host by which clients on this computer find it, in brackets when it is an IPv6 address."""
        return self._listener.client_host

    @property
    def base_url(self) -> str:
        """Where clients on this computer find it."""
        return self._listener.base_url

    def snapshot(self) -> GatewaySnapshot:
        """Everything that the desktop shows, now."""
        listener = self._listener
        problem = listener.problem
        if problem is None and self._store.problem:
            problem = Problem("data_unusable", self._store.problem)
        return GatewaySnapshot(
            revision=self.state.revision,
            state=listener.state,
            host=listener.host,
            port=listener.port,
            base_url=listener.base_url,
            problem=problem,
            key_store=None if self._key_problem else self.vault.state.kind.value,
            key_problem=self._key_problem,
            tokens=token_views(self.state, self.sessions.by_token()),
            licenses=license_views(self.state.licenses.values(), self.state.budget, self.state.clock.now()),
            sessions=self.sessions.look(),
            turns=tuple(reversed(self.state.recent)),
            active_turns=len(self.state.active),
            held=held_views(self.state),
            policy=self.state.pool.policy,
            proxy=self.proxies.chosen,
            offered_proxies=self.state.offered_proxies,
            sign_in=self.sign_in.view,
            settings=self.state.settings,
            models=self.state.models.aliases,
            withdrawn=self.state.models.withdrawn_models(),
            release=release_view(self.releases),
        )

    def tokens_came(self) -> None:
        """Tokens were added or signed in again: see what they need."""
        for part in (self._refresher, self._keeper, self.models):
            part.poke()

    async def way(self) -> Way:
        """The way to upstream that tokens without one of their own take now."""
        return await self._upstream.http.way(self._upstream.endpoints.chatgpt_base_url)

    def take_in_settings(self, stored: Mapping[str, str]) -> None:
        """Take up settings that came into the store past these commands; who listens stays where it is."""
        self.settings.restore(stored)
        self.models.restore_aliases(stored)
        self.state.pool.policy = policy_from_settings(stored)
        self.proxies.restore(stored)
        if not self.is_listening:
            self._listener.take_address(stored)
        self.state.tokens_changed()

    async def knock(self) -> Knocked:
        """Try the way to upstream, without a token; see `Upstream.knock`."""
        knocked = await self._upstream.knock()
        self.state.way_found()
        return knocked

    def require_key(self) -> None:
        """See that a secret can be sealed before it is fetched.

        Raises:
            KeyStoreUnavailable, DataKeyLost: it cannot.
        """
        self.vault.seal("nothing", b"")

    def reset_pool(self, token_id: str | None = None) -> int:
        """Try every token, or one, again now; returns how many rested."""
        count = self.state.try_again(token_id)
        self._keeper.poke()
        return count

    async def set_policy(self, policy: Policy) -> None:
        """The user's choices about the pool.

        Raises:
            DataUnusable: they cannot be written; nothing was changed.
        """
        await self._store.set_settings(policy_to_settings(policy))
        self.state.pool.policy = policy
        self.state.tokens_changed()

    async def choose_key_store(self, kind: KeyStoreKind) -> None:
        """The user's answer when the keyring cannot be had: where the data key shall live instead.

        A choice for this session only is not remembered.

        Raises:
            InvalidInput: the place is fixed by the environment.
            KeyStoreUnavailable, DataKeyLost: it does not work there either.
        """
        if self._key_store_kind is not None and kind is not self._key_store_kind:
            raise InvalidInput(
                f"WAYSTATION_KEY_STORE={self._key_store_kind.value} fixes where the data key lives; change it there."
            )
        self._use_vault(Vault(key_store(kind, self.data_dir)))
        await self.unlock()
        await self._store.set_setting("key_store", None if kind is KeyStoreKind.MEMORY else kind.value)

    async def unlock(self) -> None:
        """Try once more to have the data key, and open what it seals.

        Raises:
            KeyStoreUnavailable, DataKeyLost: as before; nothing is changed.
        """
        await self._take_in_stored()
        if self._key_problem is not None:
            error = KeyStoreUnavailable if self._key_problem.code == KeyStoreUnavailable.code else DataKeyLost
            raise error(self._key_problem.message)

    async def replace_lost_key(self) -> None:
        """Go on with a new data key; what the lost one sealed stays, and can be added again."""
        await self.vault.replace_lost_key()
        # The lost one may have come back meanwhile; then it is used, and everything opens again.
        await self._take_in_stored()

    async def _take_in_stored(self) -> None:
        store = self._store
        sealed_rows = bool(await store.tokens() or await store.licenses() or await store.removed_tokens())
        self._key_problem = None
        try:
            # What the environment says to keep for one session, nobody expects to open in the next: it stays sealed,
            # and a new session begins with a new key.
            for_one_session = self._key_store_kind is KeyStoreKind.MEMORY
            await self.vault.unlock(has_sealed_rows=sealed_rows and not for_one_session)
        except (KeyStoreUnavailable, DataKeyLost) as error:
            self._key_problem = Problem.of(error)
            _log.warning("the data key cannot be had: %s", error.code)
        # Not before: what was stored while the key was being had must not be undone.
        taken = await self.tokens.take_in_stored()
        for token_id, (quota, rest) in (await self._store.token_health()).items():
            if token_id not in taken:
                continue
            if quota is not None:
                self.state.pool.note_quota(token_id, quota, self.state.clock.now())
            self.state.pool.set_rest(token_id, rest)
        self.models.forget_others()
        self.proxies.restore(await self._store.settings())
        self._refresher.poke()
        await self.licenses.take_in_stored()
        self.state.changed()

    def _use_vault(self, vault: Vault) -> None:
        self.vault = vault
        self.tokens.use_vault(vault)
        self.proxies.vault = vault
        self.licenses.use_vault(vault)
