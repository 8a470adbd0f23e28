"""Reading credentials in the shapes that users have them."""

from __future__ import annotations

import base64
import json

import pytest

from app.core.credential import (
    ApiKey,
    ChatGPTLogin,
    TokenSecrets,
    login_from_access_token,
    login_from_api_key,
    login_from_auth_json,
    secrets_from_json,
    secrets_to_json,
)
from app.core.errors import InvalidInput
from app.core.token import TokenKind, masked_email


def jwt(claims: dict[str, object]) -> str:
    def part(data: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(data).encode()).decode().rstrip("=")

    return f"{part({'alg': 'none'})}.{part(claims)}.c2ln"


CLAIMS: dict[str, object] = {
    "exp": 2_000_000_000,
    "https://api.openai.com/auth": {
        "chatgpt_account_id": "acc-1",
        "chatgpt_user_id": "user-1",
        "chatgpt_plan_type": "plus",
    },
    "https://api.openai.com/profile": {"email": "someone@example.com"},
}
ACCESS = jwt(CLAIMS)


def auth_json(**changes: object) -> str:
    tokens = {"id_token": jwt({"email": "id@example.com"}), "access_token": ACCESS, "refresh_token": "rt_1"}
    return json.dumps({"auth_mode": "chatgpt", "OPENAI_API_KEY": None, "tokens": tokens, **changes})


def test_an_access_token_tells_whose_it_is() -> None:
    login = login_from_access_token(f"  Bearer {ACCESS}\n")
    assert (login.kind, login.identity) == (TokenKind.CHATGPT, "chatgpt:acc-1:user-1")
    assert (login.email, login.plan, login.account_id) == ("someone@example.com", "plus", "acc-1")
    assert login.expires_at == 2_000_000_000
    assert login.credential == ChatGPTLogin(ACCESS)


def test_an_access_token_that_a_terminal_has_wrapped_is_whole_again() -> None:
    wrapped = "\r\n".join(ACCESS[start : start + 40] for start in range(0, len(ACCESS), 40))
    assert login_from_access_token(wrapped).credential == ChatGPTLogin(ACCESS)


@pytest.mark.parametrize("account", ["acc\r\nX-More: 1", "acc\x00", "帐号"])
def test_an_account_that_no_header_can_carry_is_refused(account: str) -> None:
    with pytest.raises(InvalidInput):
        login_from_access_token(ACCESS, account_id=account)


@pytest.mark.parametrize("exp", ["soon", -1, 1e300, float("nan"), 10**400])
def test_an_end_that_is_no_time_is_unknown(exp: object) -> None:
    assert login_from_access_token(jwt({**CLAIMS, "exp": exp})).expires_at is None


def test_the_same_user_in_two_workspaces_is_two_identities() -> None:
    auth = {"chatgpt_account_id": "acc-2", "chatgpt_user_id": "user-1"}
    other = jwt({**CLAIMS, "https://api.openai.com/auth": auth})
    assert login_from_access_token(other).identity != login_from_access_token(ACCESS).identity


@pytest.mark.parametrize("changes", [{}, {"auth_mode": None}, {"last_refresh": "2026-11-01T00:00:00Z"}])
def test_a_chatgpt_auth_json_is_read_with_its_refresh_token(changes: dict[str, object]) -> None:
    login = login_from_auth_json(auth_json(**changes))
    assert isinstance(login.credential, ChatGPTLogin)
    assert login.credential.refresh_token == "rt_1"
    assert login.email == "id@example.com"


@pytest.mark.parametrize(
    "text",
    ['{"auth_mode":"apikey","OPENAI_API_KEY":"sk-1"}', '{"OPENAI_API_KEY":"sk-1"}', '\ufeff{"OPENAI_API_KEY":"sk-1"}'],
)
def test_an_api_key_auth_json_is_read(text: str) -> None:
    assert login_from_auth_json(text).credential == ApiKey("sk-1")


def test_the_mode_decides_when_both_are_there() -> None:
    assert login_from_auth_json(auth_json(auth_mode="apikey", OPENAI_API_KEY="sk-1")).kind is TokenKind.API_KEY


@pytest.mark.parametrize(
    "text", ["", "{", "[" * 100_000, "[]", "{}", '{"tokens":{}}', '{"OPENAI_API_KEY":""}', '{"tokens":[1]}']
)
def test_what_holds_no_login_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        login_from_auth_json(text)


@pytest.mark.parametrize("text", ["", "abc", "a.b", "a.b.c", "é.b.c", ".x.", jwt({"exp": 1}), f"{ACCESS}\x00"])
def test_what_is_no_access_token_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        login_from_access_token(text)
    assert len(text) < 4 or text not in str(refused.value)


@pytest.mark.parametrize("text", ["", "  ", "sk 1", "sk-é", "sk\n1", '{"tokens":{}}', "[]", "rt_1.abc", ACCESS])
def test_what_is_no_api_key_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        login_from_api_key(text)


@pytest.mark.parametrize("credential", [ApiKey("sk-1"), ChatGPTLogin("a"), ChatGPTLogin("a", "r", "i")])
def test_credentials_survive_being_kept(credential: ApiKey | ChatGPTLogin) -> None:
    for proxy in (None, "socks5://user:secret@127.0.0.1:1080"):
        secrets = TokenSecrets(credential, proxy)
        assert secrets_from_json(secrets_to_json(secrets)) == secrets


def test_no_repr_shows_a_secret() -> None:
    login = login_from_auth_json(auth_json())
    assert ACCESS not in repr(login)
    assert "rt_1" not in repr(login)
    assert "sk-1" not in repr(login_from_api_key("sk-1"))


def test_an_email_is_masked_for_display() -> None:
    assert masked_email("someone@example.com") == "so•••@example.com"
    assert masked_email(None) is None
