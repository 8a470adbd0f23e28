"""The addresses of upstream and how the environment changes them."""

import pytest

from app.core.errors import InvalidInput
from app.core.token import TokenKind
from app.upstream.endpoints import UpstreamEndpoints


def test_without_an_environment_it_is_openai() -> None:
    endpoints = UpstreamEndpoints.from_environment({})
    assert endpoints == UpstreamEndpoints()
    assert endpoints.base_url(TokenKind.CHATGPT) == "https://chatgpt.com/backend-api/codex"
    assert endpoints.base_url(TokenKind.API_KEY) == "https://api.openai.com/v1"
    assert endpoints.wham_base_url == "https://chatgpt.com/backend-api/wham"
    assert endpoints.auth_issuer == "https://auth.openai.com"


def test_the_environment_changes_each_of_them() -> None:
    endpoints = UpstreamEndpoints.from_environment(
        {
            "WAYSTATION_CHATGPT_BASE_URL": " http://127.0.0.1:1/backend-api/codex/ ",
            "WAYSTATION_OPENAI_BASE_URL": "https://relay.example/openai/v1//",
            "WAYSTATION_AUTH_ISSUER": "http://[::1]:9",
        }
    )
    assert endpoints.chatgpt_base_url == "http://127.0.0.1:1/backend-api/codex"
    assert endpoints.wham_base_url == "http://127.0.0.1:1/backend-api/wham"
    assert endpoints.openai_base_url == "https://relay.example/openai/v1"
    assert endpoints.auth_issuer == "http://[::1]:9"


def test_empty_means_default() -> None:
    assert UpstreamEndpoints.from_environment({"WAYSTATION_OPENAI_BASE_URL": "  "}) == UpstreamEndpoints()


@pytest.mark.parametrize(
    "address",
    [
        "chatgpt.com",
        "ftp://chatgpt.com",
        "https://",
        "https://user:secret@host",
        "https://host:port",
        "https://host:99999",
        "https://host/?a=b",
        "https://host/#a",
        "https://[::1",
    ],
)
def test_what_is_no_address_is_refused_by_name_and_not_quoted(address: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        UpstreamEndpoints.from_environment({"WAYSTATION_AUTH_ISSUER": address})
    assert "WAYSTATION_AUTH_ISSUER" in caught.value.message
    assert "secret" not in caught.value.message
