"""What the simulated sign-in service remembers: which logins it issued, and which refresh tokens are spent.

Every sign-in begins a *family* of tokens. A refresh token is good once: it gives the next generation of the
login and is spent. One that is shown again betrays a copy, so the whole family ends with it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from app.practice import refusals
from app.practice.accounts import PracticeAccount
from app.practice.refusals import Refusal


@dataclass
class SignInRules:
    """How the sign-in service behaves; change it at any time. Times are seconds."""

    access_life: float = 10 * 86_400.0
    """How long a new access token is good for."""
    refresh_life: float | None = None
    """How long a refresh token is good for if nobody uses it; None is for ever."""
    code_life: float = 600.0
    """How long an authorization code waits for its exchange."""
    leave_out: frozenset[str] = frozenset()
    """What the answer to a refresh does not name. Without ``refresh_token`` the old one stays good."""
    device_on: bool = True
    """Whether the device flow is offered."""
    device_interval: int = 5
    """How often a device is told to ask."""
    device_life: float = 900.0
    """How long a device may wait for a person."""


@dataclass(eq=False)
class Family:
    """The tokens that one sign-in led to. ``ended`` is the code with which refreshing is refused from now on."""

    ended: str | None = None


@dataclass(eq=False)
class Login:
    """One generation of an account's tokens, as it was issued."""

    account: PracticeAccount
    family: Family = field(repr=False)
    issued: float
    spent: bool = False


@dataclass(eq=False)
class Refresh:
    """A refresh that was asked for. ``account`` is the generation whose token was shown, if it was known.

    ``at_once`` counts the refreshes of the same account that were being answered when this one came, and
    this one. ``status`` is 0 until an answer is decided on; ``code`` is why it was refused.
    """

    at: float
    reason: str | None
    account: PracticeAccount | None
    at_once: int
    status: int = 0
    code: str = ""
    running: bool = True

    @property
    def granted(self) -> bool:
        """Say whether new tokens were issued, whether or not they arrived."""
        return self.status == 200


class Logins:
    """All generations of all accounts. ``revoked`` holds the access tokens that are refused."""

    def __init__(self, clock: Callable[[], float], revoked: set[str]) -> None:
        self.rules = SignInRules()
        self.refreshes: list[Refresh] = []
        self._clock = clock
        self._revoked = revoked
        self._by_access: dict[str, PracticeAccount] = {}
        self._by_refresh: dict[str, Login] = {}

    def add(self, account: PracticeAccount, family: Family | None = None) -> None:
        """Make a generation known; without ``family`` it begins one. Harmless when it is known already."""
        self._by_access[account.access_token] = account
        login = Login(account, family or Family(), self._clock())
        self._by_refresh.setdefault(account.refresh_token, login)

    def holder(self, access_token: str) -> PracticeAccount | None:
        """Return whose access token this is, whether or not it is still good."""
        return self._by_access.get(access_token)

    def find(self, refresh_token: str) -> Login | None:
        """Return the generation that a refresh token belongs to."""
        return self._by_refresh.get(refresh_token)

    @property
    def accounts(self) -> list[PracticeAccount]:
        """Return the newest generation of each account, in the order in which they became known."""
        newest: dict[tuple[str, str], PracticeAccount] = {}
        for account in self._by_access.values():
            known = newest.get(account.identity, account)
            newest[account.identity] = max(known, account, key=lambda one: one.generation)
        return list(newest.values())

    def sign_in(self, account: PracticeAccount) -> PracticeAccount:
        """Return a new generation, whose tokens have nothing to do with the earlier ones."""
        return self._issue(account, Family())

    def refusal(self, login: Login | None) -> Refusal | None:
        """Return why this refresh token is refused, or None. A spent one ends its family."""
        if login is None:
            return refusals.oauth_error("invalid_grant", "Unknown refresh token.")
        if login.spent:
            login.family.ended = login.family.ended or "refresh_token_invalidated"
            return refusals.refresh_refused("refresh_token_reused")
        if login.family.ended:
            return refusals.refresh_refused(login.family.ended)
        life = self.rules.refresh_life
        if life is not None and self._clock() >= login.issued + life:
            return refusals.refresh_refused("refresh_token_expired")
        return None

    def renew(self, login: Login | None) -> PracticeAccount | Refusal:
        """Spend a refresh token and return the next generation, or why it is refused."""
        refused = self.refusal(login)
        if refused or login is None:
            return refused or refusals.refresh_refused()
        if "refresh_token" not in self.rules.leave_out:
            login.spent = True
        return self._issue(login.account, login.family)

    def end(self, account: PracticeAccount, code: str = "refresh_token_invalidated") -> None:
        """Refuse every refresh token of an account from now on; its access tokens stay good."""
        for login in self._by_refresh.values():
            if login.account.identity == account.identity:
                login.family.ended = code

    def sign_out(self, account: PracticeAccount) -> None:
        """Refuse every refresh token and every access token of an account from now on."""
        self.end(account)
        mine = (one for one in self._by_access.values() if one.identity == account.identity)
        self._revoked.update(one.access_token for one in mine)

    def revoke(self, login: Login) -> None:
        """Refuse every token of the sign-in that this generation comes from."""
        login.family.ended = "refresh_token_invalidated"
        family = (one for one in self._by_refresh.values() if one.family is login.family)
        self._revoked.update(one.account.access_token for one in family)

    def begin_refresh(self, reason: str | None, login: Login | None) -> Refresh:
        """Note that a refresh has come; set ``running`` to False when it is answered."""
        account = login.account if login else None
        same = [one for one in self.refreshes_of(account) if one.running]
        found = Refresh(self._clock(), reason, account, at_once=len(same) + 1)
        self.refreshes.append(found)
        return found

    def refreshes_of(self, account: PracticeAccount | None) -> list[Refresh]:
        """Return the refreshes of an account, oldest first; of None, those with an unknown token."""
        wanted = account.identity if account else None
        return [one for one in self.refreshes if (one.account.identity if one.account else None) == wanted]

    def _issue(self, account: PracticeAccount, family: Family) -> PracticeAccount:
        now = self._clock()
        mine = (one.generation for one in self._by_access.values() if one.identity == account.identity)
        made = replace(
            account,
            generation=max(mine, default=account.generation) + 1,
            issued_at=int(now),
            expires_at=int(now + self.rules.access_life),
        )
        self.add(made, family)
        return made
