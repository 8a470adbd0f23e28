"""Quota windows: what turns use up, what the headers say, and the 429 at the end."""

from typing import Any

import pytest

from app.practice.accounts import practice_account
from app.practice.server import PracticeUpstream
from tests.practice.client import Client, codex_body


async def test_every_answer_tells_both_windows(client: Client, clock: Any) -> None:
    headers = (await client.codex()).headers
    assert headers["x-codex-primary-used-percent"] == "2.0"
    assert headers["x-codex-primary-window-minutes"] == "300"
    assert headers["x-codex-primary-reset-at"] == str(round(clock.now) + 300 * 60)
    assert headers["x-codex-secondary-used-percent"] == "0.5"
    assert headers["x-codex-secondary-window-minutes"] == "10080"
    assert (await client.codex()).headers["x-codex-primary-used-percent"] == "4.0"


async def test_accounts_are_counted_apart(client: Client) -> None:
    plus, pro = client.upstream.accounts
    await client.codex(account=plus)
    assert (await client.codex(account=pro)).headers["x-codex-primary-used-percent"] == "2.0"


async def test_a_refused_request_costs_nothing(client: Client) -> None:
    await client.codex({"model": "gpt-5.5"})
    assert client.upstream.quota(client.upstream.accounts[0]).primary.used_percent == 0


async def test_the_limit_is_a_429_with_both_times_until_the_window_resets(client: Client, clock: Any) -> None:
    account = client.upstream.accounts[0]
    client.upstream.exhaust(account, resets_in=3_700)
    answer = await client.codex()
    assert answer.status == 429
    assert answer.json["error"] == {
        "type": "usage_limit_reached",
        "message": "The usage limit has been reached",
        "plan_type": "plus",
        "resets_at": round(clock.now) + 3_700,
        "resets_in_seconds": 3_700,
    }
    assert answer.headers["x-codex-primary-used-percent"] == "100.0"
    assert "retry-after" not in answer.headers
    clock.now += 3_700
    assert (await client.codex()).headers["x-codex-primary-used-percent"] == "2.0"


async def test_turns_use_a_window_up(clock: Any) -> None:
    base = practice_account("greedy", "plus")
    greedy = type(base)(**{**vars(base), "primary_step": 50.0})
    upstream = PracticeUpstream([greedy], [], clock=clock)
    await upstream.start()
    try:
        async with Client(upstream) as client:
            assert [(await client.codex()).status for _ in range(3)] == [200, 200, 429]
    finally:
        await upstream.stop()


async def test_an_exhausted_week_outlasts_the_five_hours(client: Client, clock: Any) -> None:
    account = client.upstream.accounts[0]
    client.upstream.exhaust(account)
    client.upstream.exhaust(account, weekly=True)
    error = (await client.codex()).json["error"]
    assert error["resets_in_seconds"] == 7 * 86_400


async def test_the_rate_limit_event_agrees_with_the_headers(client: Client) -> None:
    answer = await client.codex()
    limits = answer.events[0]
    assert limits["plan_type"] == "plus"
    assert limits["rate_limits"]["primary"]["used_percent"] == 2.0
    assert str(limits["rate_limits"]["primary"]["reset_at"]) == answer.headers["x-codex-primary-reset-at"]


async def usage_of(client: Client) -> Any:
    url = client.upstream.chatgpt_base_url.removesuffix("/codex") + "/wham/usage"
    return (await client.get(url, client.login())).json


async def test_a_plan_may_have_one_window_only(client: Client) -> None:
    account = client.upstream.accounts[0]
    client.upstream.quota(account).secondary = None
    answer = await client.codex()
    assert not [name for name in answer.headers if "secondary" in name]
    assert answer.events[0]["rate_limits"]["secondary"] is None
    usage = await usage_of(client)
    assert usage["rate_limit"]["secondary_window"] is None
    client.upstream.exhaust(account, weekly=True)
    assert (await usage_of(client))["rate_limit"]["primary_window"]["used_percent"] == 100


async def test_a_window_may_have_any_length(client: Client) -> None:
    client.upstream.quota(client.upstream.accounts[0]).primary.minutes = 43_200
    assert (await client.codex()).headers["x-codex-primary-window-minutes"] == "43200"
    assert (await usage_of(client))["rate_limit"]["primary_window"]["limit_window_seconds"] == 2_592_000


async def test_another_family_has_windows_of_its_own(client: Client, clock: Any) -> None:
    quota = client.upstream.quota(client.upstream.accounts[0])
    spark = quota.add_family(models=frozenset({"gpt-5.4"}))
    spark.primary.used_percent = 40.0
    spark.secondary = None
    answer = await client.codex(codex_body(model="gpt-5.4"))
    assert answer.headers["x-codex-bengalfox-primary-used-percent"] == "42.0"
    assert answer.headers["x-codex-bengalfox-limit-name"] == "GPT-5.3-Codex-Spark"
    assert answer.headers["x-codex-active-limit"] == "codex_bengalfox"
    assert answer.headers["x-codex-primary-used-percent"] == "0.0"
    assert "x-codex-bengalfox-secondary-used-percent" not in answer.headers
    named = [event.get("metered_limit_name") for event in answer.events if event["type"] == "codex.rate_limits"]
    assert named == [None, "codex_bengalfox"]
    (entry,) = (await usage_of(client))["additional_rate_limits"]
    assert (entry["limit_name"], entry["metered_feature"]) == ("GPT-5.3-Codex-Spark", "codex_bengalfox")
    assert entry["rate_limit"]["primary_window"]["used_percent"] == 42
    assert entry["rate_limit"]["secondary_window"] is None


async def test_a_family_that_is_used_up_refuses_its_own_models_only(client: Client, clock: Any) -> None:
    quota = client.upstream.quota(client.upstream.accounts[0])
    quota.add_family(models=frozenset({"gpt-5.4"})).exhaust(clock.now, resets_in=600)
    refused = await client.codex(codex_body(model="gpt-5.4"))
    assert (refused.status, refused.json["error"]["resets_in_seconds"]) == (429, 600)
    assert refused.headers["x-codex-active-limit"] == "codex_bengalfox"
    usage = await usage_of(client)
    assert usage["rate_limit"]["limit_reached"] is False
    assert usage["additional_rate_limits"][0]["rate_limit"]["limit_reached"] is True
    other = await client.codex()
    assert (other.status, other.headers["x-codex-active-limit"]) == (200, "codex")


@pytest.mark.parametrize(
    ("credits", "status"),
    [
        ({"has_credits": True, "balance": "12.5"}, 200),
        ({"has_credits": True, "balance": None}, 200),
        ({"unlimited": True}, 200),
        ({"has_credits": True, "balance": "0"}, 429),
    ],
)
async def test_credits_go_on_where_the_windows_end(client: Client, credits: dict[str, Any], status: int) -> None:
    account = client.upstream.accounts[0]
    client.upstream.exhaust(account)
    client.upstream.quota(account).credits.update(credits)
    answer = await client.codex()
    assert answer.status == status
    assert answer.headers["x-codex-credits-has-credits"] == str(credits.get("has_credits", False))
    usage = await usage_of(client)
    assert usage["credits"].items() >= credits.items()
    assert (usage["rate_limit"]["allowed"], usage["rate_limit"]["limit_reached"]) == (status == 200, True)


async def test_usage_can_be_read_without_spending(client: Client) -> None:
    await client.codex()
    url = client.upstream.chatgpt_base_url.removesuffix("/codex") + "/wham/usage"
    for _ in range(2):
        usage = (await client.get(url, client.login())).json
        assert usage["plan_type"] == "plus"
        assert usage["rate_limit"]["primary_window"]["used_percent"] == 2
        assert usage["rate_limit"]["primary_window"]["limit_window_seconds"] == 18_000
    assert (await client.get(url, {})).status == 401


async def test_api_keys_have_no_windows(client: Client) -> None:
    answer = await client.openai({"model": "gpt-5", "input": "hi", "stream": True})
    assert not [name for name in answer.headers if name.startswith("x-codex")]
    assert "codex.rate_limits" not in answer.types


@pytest.mark.parametrize("weekly", [False, True])
async def test_usage_says_that_a_limit_is_reached(client: Client, weekly: bool) -> None:
    client.upstream.exhaust(client.upstream.accounts[0], weekly=weekly)
    url = client.upstream.chatgpt_base_url.removesuffix("/codex") + "/wham/usage"
    limit = (await client.get(url, client.login())).json["rate_limit"]
    assert (limit["allowed"], limit["limit_reached"]) == (False, True)
