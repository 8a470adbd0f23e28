"""The made-up accounts and API keys that the simulated upstream knows.

Every name, address and secret is visibly invented, and the same for the same seed, so that tests can
compare and nobody mistakes one for a real credential.
"""

import base64
import hashlib
import uuid
from dataclasses import dataclass, field, replace

import orjson

CLIENT_ID = "app_EMoamEEZ73f0CkXaXp7hrann"
"""The public OAuth client of the Codex CLI; tokens name it as their audience."""

AUTH_CLAIM = "https://api.openai.com/auth"
"""The claim of both tokens that holds account, plan and user."""

PROFILE_CLAIM = "https://api.openai.com/profile"
"""The claim of the access token that holds the e-mail address."""

ISSUED_AT = 1_767_225_600
"""When sample tokens say they were issued: 2026-01-01T00:00:00Z."""

EXPIRES_AT = 4_102_444_800
"""When sample tokens expire: 2100-01-01T00:00:00Z, so that no test refreshes by accident."""

_NAMESPACE = uuid.UUID("7b0c1f0e-0000-4000-8000-707261637469")


@dataclass(frozen=True)
class PracticeAccount:
    """A ChatGPT login. ``generation`` numbers its tokens: another generation is another set of secrets.

    ``issued_at`` and ``expires_at`` bound the access token, in seconds since 1970. ``primary_step`` and
    ``secondary_step`` are the per cent of the five-hour and of the weekly window that one turn uses.
    """

    email: str
    plan: str
    account_id: str
    user_id: str
    label: str
    expires_at: int = EXPIRES_AT
    generation: int = 0
    primary_step: float = 2.0
    secondary_step: float = 0.5
    issued_at: int = ISSUED_AT

    @property
    def identity(self) -> tuple[str, str]:
        """Return what all generations of this login have in common: account id and user id."""
        return self.account_id, self.user_id

    @property
    def owner(self) -> str:
        """Return the short name under which this account's ciphertexts and turn states are issued."""
        return _digest("owner", self.account_id)[:12]

    @property
    def access_token(self) -> str:
        """Return the bearer token: shaped like a JWT, with a dummy signature."""
        return _jwt(
            {
                "aud": ["https://api.openai.com/v1"],
                "client_id": CLIENT_ID,
                "exp": self.expires_at,
                AUTH_CLAIM: self._auth_claim(),
                PROFILE_CLAIM: {"email": self.email, "email_verified": True},
                "iat": self.issued_at,
                "iss": "https://auth.openai.com",
                "jti": _digest("access", self.account_id, self.user_id, str(self.generation))[:32],
                "scp": ["openid", "profile", "email", "offline_access"],
                "sub": f"practice|{self.user_id}",
            }
        )

    @property
    def id_token(self) -> str:
        """Return the identity token: shaped like a JWT, with a dummy signature."""
        organization = {"id": f"org-practice-{self.owner}", "is_default": True, "title": "Practice"}
        return _jwt(
            {
                "aud": [CLIENT_ID],
                "email": self.email,
                "email_verified": True,
                "exp": self.expires_at,
                AUTH_CLAIM: {**self._auth_claim(), "organizations": [organization]},
                "iat": self.issued_at,
                "iss": "https://auth.openai.com",
                "name": self.label,
                "sub": f"practice|{self.user_id}",
            }
        )

    @property
    def refresh_token(self) -> str:
        """Return the token that the sign-in service rotates: the next generation has another one."""
        tail = _digest("refresh", self.account_id, self.user_id, str(self.generation))[:24]
        return f"rt_practice_not_a_secret_{tail}"

    def auth_json(self, last_refresh: str = "2099-01-01T00:00:00Z") -> str:
        """Return the text of the ``auth.json`` that the Codex CLI would keep for this login.

        ``last_refresh`` lies in the future by default: Codex 0.45 and 0.100 refresh a login that is
        older than some days whatever its ``exp`` says, and would ask the real service for it.
        """
        tokens = {
            "id_token": self.id_token,
            "access_token": self.access_token,
            "refresh_token": self.refresh_token,
            "account_id": self.account_id,
        }
        content = {
            "auth_mode": "chatgpt",
            "OPENAI_API_KEY": None,
            "tokens": tokens,
            "last_refresh": last_refresh,
        }
        return orjson.dumps(content, option=orjson.OPT_INDENT_2).decode()

    def _auth_claim(self) -> dict[str, object]:
        return {
            "chatgpt_account_id": self.account_id,
            "chatgpt_account_user_id": f"{self.user_id}__{self.account_id}",
            "chatgpt_plan_type": self.plan,
            "chatgpt_user_id": self.user_id,
            "user_id": self.user_id,
        }


@dataclass(frozen=True)
class PracticeApiKey:
    """An OpenAI API key. ``key`` is the whole secret, as a client sends it after ``Bearer``."""

    label: str
    key: str = field(repr=False)

    @property
    def owner(self) -> str:
        """Return the short name under which this key's ciphertexts are issued."""
        return _digest("owner", self.key)[:12]

    def auth_json(self) -> str:
        """Return the text of the ``auth.json`` that ``codex login --with-api-key`` would write."""
        content = {"auth_mode": "apikey", "OPENAI_API_KEY": self.key}
        return orjson.dumps(content, option=orjson.OPT_INDENT_2).decode()


Credential = PracticeAccount | PracticeApiKey
"""Whoever may ask: a ChatGPT login or an API key."""


def practice_account(name: str, plan: str, *, label: str = "", seed: str = "practice") -> PracticeAccount:
    """Return a made-up account at example.com; ``name`` makes it unique, ``seed`` varies its identifiers."""
    return PracticeAccount(
        email=f"{name}@example.com",
        plan=plan,
        account_id=str(uuid.uuid5(_NAMESPACE, f"{seed}/account/{name}")),
        user_id=f"user-practice-{_digest(seed, 'user', name)[:16]}",
        label=label or f"{name} (practice 练习)",
    )


def other_workspace(account: PracticeAccount, name: str = "workspace", plan: str = "team") -> PracticeAccount:
    """Return the login of the same person, with the same address, in another workspace."""
    return replace(
        account,
        plan=plan,
        account_id=str(uuid.uuid5(_NAMESPACE, f"{account.account_id}/{name}")),
        label=f"{name} (practice 练习)",
    )


def practice_api_key(name: str, *, label: str = "", seed: str = "practice") -> PracticeApiKey:
    """Return a made-up API key; ``name`` makes it unique, ``seed`` varies its characters."""
    return PracticeApiKey(
        label=label or f"{name} (practice 练习)",
        key=f"sk-proj-practice-not-a-real-key-{_digest(seed, 'key', name)[:24]}",
    )


def sample_accounts(seed: str = "practice") -> tuple[PracticeAccount, PracticeAccount]:
    """Return the two accounts of practice mode: the first on plan ``plus``, the second on ``pro``."""
    return (
        practice_account("plus.practice", "plus", label="Plus (practice 练习)", seed=seed),
        practice_account("pro.practice", "pro", label="Pro (practice 练习)", seed=seed),
    )


def sample_api_keys(seed: str = "practice") -> tuple[PracticeApiKey]:
    """Return the API key of practice mode."""
    return (practice_api_key("api", label="API key (practice 练习)", seed=seed),)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x00".join(parts).encode()).hexdigest()


def _jwt(claims: dict[str, object]) -> str:
    header = {"alg": "RS256", "kid": "practice", "typ": "JWT"}
    signature = b"practice: this is not a signature"
    return ".".join(_base64url(part) for part in (orjson.dumps(header), orjson.dumps(claims), signature))


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
