"""Everything that the simulated services share: who is known, what is used up, what is scripted."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from app.practice import refusals
from app.practice.accounts import Credential, PracticeAccount, PracticeApiKey
from app.practice.logins import Logins
from app.practice.memory import Ids, PromptCache, Reader, Responses, Seals
from app.practice.recorder import Recorder
from app.practice.refusals import Refusal
from app.practice.script import Endpoint, Script, Turn
from app.practice.windows import AccountQuota


@dataclass
class World:
    """The state of one simulated upstream. ``clock`` returns seconds since 1970."""

    seed: str
    clock: Callable[[], float] = time.time
    recorder: Recorder = field(default_factory=Recorder)
    script: Script = field(default_factory=Script)
    cache: PromptCache = field(default_factory=PromptCache)
    responses: Responses = field(default_factory=Responses)
    check_turn_state: bool = True
    null_codes: bool = False
    sockets: bool = True
    socket_life: float = 3_600.0

    def __post_init__(self) -> None:
        self.seals = Seals(self.seed)
        self.ids = Ids(self.seed)
        self._keys: dict[str, PracticeApiKey] = {}
        self._revoked: set[str] = set()
        self._denied: set[tuple[str, str]] = set()
        self._withdrawn: set[str] = set()
        self._unverified: set[str] = set()
        self.logins = Logins(self.clock, self._revoked)
        self._quotas: dict[str, AccountQuota] = {}

    def add(self, credentials: Iterable[Credential]) -> None:
        """Make accounts and keys known."""
        for credential in credentials:
            if isinstance(credential, PracticeAccount):
                self.logins.add(credential)
            else:
                self._keys[credential.key] = credential

    def revoke(self, credential: Credential) -> None:
        """Refuse this credential's secret from now on, as invalidated."""
        self._revoked.add(_secret(credential))

    def restore(self, credential: Credential) -> None:
        """Accept a revoked credential again."""
        self._revoked.discard(_secret(credential))

    def deny(self, credential: Credential, model: str, *, denied: bool) -> None:
        """Refuse a model to a credential, or serve it again."""
        (self._denied.add if denied else self._denied.discard)((credential.owner, model))

    def withdraw(self, model: str, *, withdrawn: bool) -> None:
        """Serve a model to nobody any more, or to everybody again."""
        (self._withdrawn.add if withdrawn else self._withdrawn.discard)(model)

    def denies(self, credential: Credential, model: str) -> bool:
        """Say whether this credential is refused this model."""
        return model in self._withdrawn or (credential.owner, model) in self._denied

    def verify(self, key: PracticeApiKey, *, verified: bool) -> None:
        """Show the organization of a key summaries of reasoning, or none."""
        (self._unverified.discard if verified else self._unverified.add)(key.owner)

    def reader(self, credential: Credential) -> Reader:
        """Return what this credential can read."""
        return Reader(
            credential.owner, self.seals, self.responses, self.null_codes, credential.owner not in self._unverified
        )

    def behaviour(self, caller: Credential | None, on: Endpoint) -> Turn | Refusal | None:
        """Take the caller's next behaviour from the script; None is somebody who has not said a name."""
        found = self.script.take(caller.owner if caller else "", on)
        return found(caller, self.clock()) if callable(found) else found

    def quota(self, account: PracticeAccount) -> AccountQuota:
        """Return the windows of an account; they are shared by all tokens and users of it."""
        if account.account_id not in self._quotas:
            self._quotas[account.account_id] = AccountQuota.of(account)
        return self._quotas[account.account_id]

    def account(self, bearer: str | None, account_id: str | None) -> PracticeAccount | Refusal:
        """Return whose access token ``bearer`` is, or why the Codex backend refuses it."""
        if bearer is None:
            return refusals.detail("Unauthorized", 401)
        found = self.logins.holder(bearer)
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
