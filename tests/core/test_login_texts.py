"""Logins in the shapes in which users have them."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.credential import ApiKey, ChatGPTLogin, Login, RefreshToken, refresh_token_from_text
from app.core.errors import InvalidInput
from app.core.login_texts import MAX_LOGINS, logins_in, refresh_tokens_in
from app.practice.accounts import other_workspace, practice_account

ANN, BOB = practice_account("ann", "plus"), practice_account("bob", "pro")
KEY = "sk-proj-practice"


def secrets_of(text: str) -> list[str]:
    """What was found, by its most telling secret; a mistake by its class."""
    found = []
    for item in logins_in(text):
        match item:
            case Login(credential=ChatGPTLogin(access_token)):
                found.append(access_token)
            case Login(credential=ApiKey(key)):
                found.append(key)
            case RefreshToken(token):
                found.append(token)
            case InvalidInput():
                found.append("wrong")
    return found


FLAT = {"access_token": ANN.access_token, "refresh_token": ANN.refresh_token, "id_token": ANN.id_token, "type": "codex"}
CODEX = json.loads(ANN.auth_json())


@pytest.mark.parametrize(
    "data",
    [
        CODEX,
        {key: value for key, value in CODEX.items() if key != "auth_mode"},
        {**CODEX, "tokens": {**CODEX["tokens"], "account_id": None, "login_owner_id": "x", "oauth_provenance": {}}},
        {**CODEX, "auth_mode": "chatgptAuthTokens"},
        FLAT,
        {"accessToken": ANN.access_token, "refreshToken": ANN.refresh_token, "user": {"email": ANN.email}},
        {"accounts": [{"name": "x", "credentials": FLAT}]},
        [CODEX],
    ],
    ids=str,
)
def test_one_login_is_found_with_all_that_belongs_to_it(data: object) -> None:
    (found,) = logins_in(json.dumps(data))
    assert isinstance(found, Login)
    assert (found.account_id, found.email) == (ANN.account_id, ANN.email)
    assert isinstance(found.credential, ChatGPTLogin)
    assert found.credential.refresh_token == ANN.refresh_token


def test_one_address_in_two_workspaces_is_two_logins() -> None:
    both = logins_in(f"[{ANN.auth_json()}, {other_workspace(ANN).auth_json()}]")
    assert len({item.identity for item in both if isinstance(item, Login)}) == 2


@pytest.mark.parametrize("between", ["", "\n", " , \r\n"])
def test_several_objects_in_a_row_are_several_logins(between: str) -> None:
    text = between.join((ANN.auth_json(), json.dumps({"OPENAI_API_KEY": KEY}), BOB.auth_json()))
    assert secrets_of(text) == [ANN.access_token, KEY, BOB.access_token]


def test_a_mistake_among_several_is_told_in_its_place() -> None:
    text = json.dumps(
        [CODEX, {}, 7, KEY, {"tokens": {"access_token": "abc"}}, "what?", {"refresh_token": "rt_1234567890"}]
    )
    assert secrets_of(text) == [ANN.access_token, "wrong", "wrong", KEY, "wrong", "wrong", "rt_1234567890"]


def test_tokens_and_keys_as_they_are() -> None:
    assert secrets_of(f"\ufeff Bearer {ANN.access_token}\n") == [ANN.access_token]
    assert secrets_of(f"{KEY}\n\n{BOB.access_token}\t{ANN.refresh_token}") == [KEY, BOB.access_token, ANN.refresh_token]


@pytest.mark.parametrize("width", [20, 40, 77])
def test_a_long_token_that_a_terminal_has_wrapped_is_one(width: int) -> None:
    token = ANN.access_token
    assert secrets_of("\r\n".join(token[at : at + width] for at in range(0, len(token), width))) == [token]


@pytest.mark.parametrize(
    ("data", "advice"),
    [
        ({"auth_mode": "personal_access_token", "personal_access_token": "at-secret"}, "token sign-in"),
        ({"auth_mode": "personalAccessToken", "OPENAI_API_KEY": None}, "token sign-in"),
        ({"agent_identity": {"agent_private_key": "secret"}}, "token sign-in"),
        ({"auth_mode": "bedrock_api_key"}, "Bedrock"),
        ({"auth_mode": "chatgpt", "tokens": None}, "keyring"),
        ({"auth_mode": "apikey", "OPENAI_API_KEY": None}, "codex login"),
    ],
)
def test_what_cannot_be_used_comes_with_what_to_do(data: object, advice: str) -> None:
    (found,) = logins_in(json.dumps(data))
    assert isinstance(found, InvalidInput)
    assert advice in found.message
    assert "secret" not in found.message


@pytest.mark.parametrize("text", ["", "  ", "hello", "{", "[]", "[" * 100_000, '"hello', "hello sk-1", "{} x"])
def test_what_is_no_login_at_all_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        logins_in(text)


def test_a_key_with_a_blank_in_it_is_told() -> None:
    assert secrets_of("sk-1 hello") == ["wrong"]


def test_a_list_without_end_is_refused() -> None:
    with pytest.raises(InvalidInput):
        logins_in(json.dumps([{"OPENAI_API_KEY": f"sk-{number}"} for number in range(MAX_LOGINS + 1)]))


def test_the_refresh_tokens_of_a_text() -> None:
    text = json.dumps(
        [CODEX, {"OPENAI_API_KEY": KEY}, {"refresh_token": "rt_1234567890"}, {"access_token": BOB.access_token}]
    )
    assert refresh_tokens_in(text) == (ANN.refresh_token, "rt_1234567890")
    assert refresh_tokens_in("hello") == ()


@pytest.mark.parametrize("text", ["", "short", KEY, ANN.access_token, "{}", "[1, 2, 3, 4, 5]", "rt_é2345678901"])
def test_what_is_no_refresh_token_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        refresh_token_from_text(text)
    assert not text or text not in refused.value.message


def test_a_refresh_token_may_look_like_anything() -> None:
    assert refresh_token_from_text(" v1.Mabc-123\n456_x \n") == RefreshToken("v1.Mabc-123456_x")
    assert "Mabc" not in repr(refresh_token_from_text("v1.Mabc-123456_x"))


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["tokens", "access_token", "refresh_token", "OPENAI_API_KEY", "auth_mode", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)


@given(JSON)
def test_nothing_that_is_json_breaks_it(data: object) -> None:
    try:
        found = logins_in(json.dumps(data))
    except InvalidInput:
        return
    assert found


@given(st.text(max_size=60) | st.binary(max_size=40).map(lambda raw: base64.b64encode(raw).decode()))
def test_no_text_breaks_it(text: str) -> None:
    try:
        found = logins_in(text)
    except InvalidInput:
        return
    assert found
