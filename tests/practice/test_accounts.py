"""The made-up accounts: their tokens' shape, and that they are the same every time."""

import base64
import json
import subprocess
import sys
from typing import Any

from app.practice.accounts import AUTH_CLAIM, sample_accounts, sample_api_keys


def claims(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


def test_both_tokens_carry_the_claims_that_identify_a_login() -> None:
    for account in sample_accounts():
        for token in (account.access_token, account.id_token):
            found = claims(token)
            assert found["exp"] == account.expires_at
            assert found[AUTH_CLAIM]["chatgpt_account_id"] == account.account_id
            assert found[AUTH_CLAIM]["chatgpt_user_id"] == account.user_id
            assert found[AUTH_CLAIM]["chatgpt_plan_type"] == account.plan
        assert claims(account.id_token)["email"] == account.email


def test_samples_are_marked_as_practice_and_obviously_false() -> None:
    plus, pro = sample_accounts()
    (key,) = sample_api_keys()
    assert [plus.plan, pro.plan] == ["plus", "pro"]
    for credential in (plus, pro, key):
        assert "(practice 练习)" in credential.label
    assert plus.email.endswith("@example.com")
    assert "not-a-real-key" in key.key
    assert key.key not in repr(key)
    assert "practice" in plus.refresh_token


def test_samples_depend_on_nothing_but_the_seed() -> None:
    assert sample_accounts() == sample_accounts()
    assert sample_accounts()[0].access_token == sample_accounts()[0].access_token
    assert sample_accounts("other")[0].account_id != sample_accounts()[0].account_id


def test_auth_json_is_what_codex_keeps() -> None:
    account = sample_accounts()[0]
    content = json.loads(account.auth_json())
    assert content["auth_mode"] == "chatgpt"
    assert content["tokens"]["access_token"] == account.access_token
    assert content["tokens"]["account_id"] == account.account_id
    assert json.loads(sample_api_keys()[0].auth_json())["OPENAI_API_KEY"] == sample_api_keys()[0].key


def test_importing_the_package_loads_neither_the_server_nor_aiohttp() -> None:
    code = "import sys, app.practice; print(sorted({'aiohttp', 'orjson', 'zstandard'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout.strip() == "[]"
