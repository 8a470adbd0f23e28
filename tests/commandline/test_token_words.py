"""A token's state in a few words."""

import pytest

from app.commandline.token_words import state_words


@pytest.mark.parametrize(
    ("kind", "code", "words"),
    [
        ("chatgpt", "refresh_token_reused", "sign in again (refresh_token_reused)"),
        ("api_key", "invalid_api_key", "API key refused (invalid_api_key)"),
    ],
)
def test_only_a_login_is_told_to_sign_in_again(kind: str, code: str, words: str) -> None:
    item = {"kind": kind, "state": "sign_in", "sign_in_needed": code, "follows": None, "spare": False}
    assert state_words(item, 0.0) == words
