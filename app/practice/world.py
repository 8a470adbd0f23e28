"""Everything that the simulated services share: who is known, what is used up, what is scripted."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from app.practice import refusals
from app.practice.accounts import Credential, PracticeAccount, PracticeApiKey
from app.practice.memory import Ids, PromptCache, Seals
from app.practice.recorder import Recorder
from app.practice.refusals import Refusal
from app.practice.script import Script
from app.practice.windows import AccountQuota


@dataclass
class World:
    """The state of one simulated upstream. ``clock`` returns seconds since 1970."""

    seed: str
    clock: Callable[[], float] = time.time
    recorder: Recorder = field(default_factory=Recorder)
    script: Script = field(default_factory=Script)
    cache: PromptCache = field(default_factory=PromptCache)
    check_turn_state: bool = True

    def __post_init__(self) -> None:
        self.seals = Seals(self.seed)
        self.ids = Ids(self.seed)
        self._accounts: dict[str, PracticeAccount] = {}
        self._keys: dict[str, PracticeApiKey] = {}
        self._revoked: set[str] = set()
        self._quotas: dict[str, AccountQuota] = {}

    def add(self, credentials: Iterable[Credential]) -> None:
        """Make accounts and keys known."""
        for credential in credentials:
            if isinstance(credential, PracticeAccount):
                self._accounts[credential.access_token] = credential
            else:
                self._keys[credential.key] = credential

    def revoke(self, credential: Credential) -> None:
        """Refuse this credential's secret from now on, as invalidated."""
        self._revoked.add(_secret(credential))

    def restore(self, credential: Credential) -> None:
        """Accept a revoked credential again."""
        self._revoked.discard(_secret(credential))

    def quota(self, account: PracticeAccount) -> AccountQuota:
        """Return the windows of an account; they are shared by all tokens and users of it."""
        if account.account_id not in self._quotas:
            self._quotas[account.account_id] = AccountQuota.of(account)
        return self._quotas[account.account_id]

    def account(self, bearer: str | None, account_id: str | None) -> PracticeAccount | Refusal:
        """Return whose access token ``bearer`` is, or why the Codex backend refuses it."""
        if bearer is None:
            return refusals.detail("Unauthorized", 401)
        found = self._accounts.get(bearer)
        if found is None:
            return refusals.unauthorized("invalid_token")
        if bearer in self._revoked:
            return refusals.unauthorized("token_invalidated")
        if self.clock() >= found.expires_at:
            return refusals.unauthorized("token_expired")
        if account_id != found.account_id:
            return refusals.wrong_account() if account_id else refusals.detail("Unauthorized", 401)
        return found

    def api_key(self, bearer: str | None) -> PracticeApiKey | Refusal:
        """Return whose API key ``bearer`` is, or why the OpenAI API refuses it."""
        if bearer is None:
            return refusals.missing_api_key()
        found = self._keys.get(bearer)
        if found is None or bearer in self._revoked:
            return refusals.unknown_api_key(bearer)
        return found


def _secret(credential: Credential) -> str:
    return credential.access_token if isinstance(credential, PracticeAccount) else credential.key
