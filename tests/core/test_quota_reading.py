"""Reading quota, in each of upstream's dialects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from app.core.quota import Credits, Quota, Window
from app.core.quota_reading import merged, quota_from_event, quota_from_headers, quota_from_usage
from app.practice.accounts import practice_account
from app.practice.windows import AccountQuota

NOW = 1_800_000_000.0
FIVE_HOURS = Window("codex", "primary", 37.5, 300, NOW + 600)
WEEK = Window("codex", "secondary", 12.0, 10_080, NOW + 86_400)
SPARK = Window("codex_bengalfox", "primary", 80.0, 300, NOW + 60)

HEADERS = {
    "X-Codex-Primary-Used-Percent": "37.5",
    "X-Codex-Primary-Window-Minutes": "300",
    "X-Codex-Primary-Reset-At": str(int(NOW + 600)),
    "x-codex-secondary-used-percent": "12",
    "x-codex-secondary-window-minutes": "10080",
    "x-codex-secondary-reset-after-seconds": "86400",
    "x-codex-plan-type": "plus",
    "x-codex-credits-has-credits": "True",
    "x-codex-credits-unlimited": "False",
    "x-codex-credits-balance": "4.25",
}
SPARK_HEADERS = {
    "x-codex-bengalfox-primary-used-percent": "80",
    "x-codex-bengalfox-primary-window-minutes": "300",
    "x-codex-bengalfox-primary-reset-at": str(int(NOW + 60)),
    "x-codex-bengalfox-limit-name": "GPT-Spark",
}


def usage(**changes: Any) -> dict[str, Any]:
    def limit(percent: float, seconds: int, after: float) -> dict[str, Any]:
        return {
            "used_percent": percent,
            "limit_window_seconds": seconds,
            "reset_after_seconds": after,
            "reset_at": int(NOW + after),
        }

    return {
        "plan_type": "pro",
        "rate_limit": {
            "allowed": True,
            "limit_reached": False,
            "primary_window": limit(37.5, 18_000, 600),
            "secondary_window": limit(12, 604_800, 86_400),
        },
        "credits": {"has_credits": True, "unlimited": False, "balance": "4.25"},
        "additional_rate_limits": [
            {
                "limit_name": "GPT-Spark",
                "metered_feature": "codex_bengalfox",
                "rate_limit": {"primary_window": limit(80, 18_000, 60), "secondary_window": None},
            }
        ],
        **changes,
    }


def test_headers_in_any_case_name_every_family_of_windows() -> None:
    quota = quota_from_headers(HEADERS | SPARK_HEADERS, NOW)
    assert quota == Quota((FIVE_HOURS, WEEK, SPARK), NOW, Credits(True, False, "4.25"), "plus")


def test_the_same_headers_again_mean_the_same_and_seconds_count_from_when_they_are_said() -> None:
    first, later = quota_from_headers(HEADERS, NOW), quota_from_headers(HEADERS, NOW + 30)
    assert first is not None
    assert later is not None
    assert (first.windows, first.seen_at) == ((FIVE_HOURS, WEEK), NOW)
    assert (later.windows, later.seen_at) == ((FIVE_HOURS, replace(WEEK, resets_at=NOW + 86_430)), NOW + 30)
    changed = quota_from_headers(HEADERS | {"X-Codex-Primary-Used-Percent": "38"}, NOW + 31)
    assert changed is not None
    assert changed.windows[0] == replace(FIVE_HOURS, used_percent=38.0)


def test_seconds_beside_a_time_count_only_where_our_clock_is_wrong() -> None:
    def resets_at(after: float, now: float) -> float | None:
        # As upstream's are: found in any case.
        headers = CIMultiDict(HEADERS, **{"x-codex-primary-reset-after-seconds": str(after)})
        quota = quota_from_headers(headers, now)
        assert quota is not None
        return quota.windows[0].resets_at

    assert resets_at(600, NOW) == resets_at(599, NOW + 1) == resets_at(480, NOW) == NOW + 600
    assert resets_at(600, NOW + 7_200) == NOW + 7_800
    assert resets_at(599, NOW + 1) == NOW + 600


def test_headers_without_quota_are_no_news() -> None:
    assert quota_from_headers({"content-type": "text/event-stream", "x-codex-plan-type": "plus"}, NOW) is None


def test_usage_and_headers_call_a_family_by_the_same_name() -> None:
    quota = quota_from_usage(usage(), NOW)
    assert quota is not None
    assert quota.windows == (FIVE_HOURS, WEEK, SPARK)
    assert (quota.plan, quota.credits, quota.limit_reached, quota.whole) == (
        "pro",
        Credits(True, False, "4.25"),
        False,
        True,
    )


def test_an_event_is_about_one_family() -> None:
    event = {
        "type": "codex.rate_limits",
        "metered_limit_name": "codex-bengalfox",
        "rate_limits": {
            "limit_reached": True,
            "primary": {"used_percent": 80, "window_minutes": 300, "reset_at": NOW + 60},
            "secondary": None,
        },
    }
    # That the other family is used up does not keep Codex from working.
    assert quota_from_event(event, NOW) == Quota((SPARK,), NOW)
    mine = {**event, "metered_limit_name": None}
    assert quota_from_event(mine, NOW) == Quota((replace(SPARK, limit="codex"),), NOW, limit_reached=True)


def test_the_practice_upstream_says_the_same_in_all_three_dialects() -> None:
    account = AccountQuota.of(practice_account("plus", "plus"))
    account.exhaust(NOW, resets_in=600)
    readings = [
        quota_from_headers(dict(account.headers(NOW)), NOW),
        quota_from_event(account.event(NOW), NOW),
        quota_from_usage(account.usage(NOW), NOW),
    ]
    for quota in readings:
        assert quota is not None
        assert [(w.slot, w.used_percent, w.minutes) for w in quota.windows] == [
            ("primary", 100.0, 300),
            ("secondary", 0.0, 10_080),
        ]
        assert quota.windows[0].resets_at == NOW + 600
        assert quota.left_percent(NOW) == 0
        assert quota.left_percent(NOW + 600) == 100
        assert quota.plan == "plus"
    assert [quota.limit_reached for quota in readings if quota] == [False, True, True]


@pytest.mark.parametrize("limits", [{"allowed": False}, {"limit_reached": True}])
def test_usage_says_that_no_turn_is_allowed(limits: dict[str, bool]) -> None:
    quota = quota_from_usage({"rate_limit": limits}, NOW)
    assert quota is not None
    assert quota.limit_reached


def test_other_limits_in_usage_are_found_by_their_name() -> None:
    review = {"primary_window": {"used_percent": 5, "limit_window_seconds": 604_800}}
    quota = quota_from_usage(usage(code_review_rate_limit=review), NOW)
    assert quota is not None
    assert Window("code_review", "primary", 5.0, 10_080) in quota.windows


@pytest.mark.parametrize("body", [{}, {"detail": "Unauthorized"}, {"rate_limit": None}, {"plan_type": "free"}])
def test_an_answer_without_limits_is_no_picture(body: dict[str, Any]) -> None:
    assert quota_from_usage(body, NOW) is None


def test_the_place_of_a_window_that_the_plan_does_not_have_is_no_window() -> None:
    headers = {"x-codex-secondary-used-percent": "0", "x-codex-secondary-window-minutes": "0"}
    assert quota_from_headers(headers, NOW) is None


@pytest.mark.parametrize(
    ("percent", "read"), [("-3", 0.0), ("250", 100.0), ("99.9", 99.9), ("nan", None), ("inf", None), ("x", None)]
)
def test_a_percentage_stays_within_its_bounds(percent: str, read: float | None) -> None:
    quota = quota_from_headers({"x-codex-primary-used-percent": percent, "x-codex-primary-window-minutes": "300"}, NOW)
    assert (quota.windows[0].used_percent if quota else None) == read


def test_a_wrong_clock_of_ours_does_not_move_the_reset() -> None:
    ahead = NOW + 7_200
    window = {"used_percent": 100, "limit_window_seconds": 18_000, "reset_after_seconds": 600, "reset_at": NOW + 600}
    quota = quota_from_usage({"rate_limit": {"primary_window": window}}, ahead)
    assert quota is not None
    assert quota.windows[0].resets_at == ahead + 600


def test_what_is_not_mentioned_stays() -> None:
    old = Quota((FIVE_HOURS, WEEK, SPARK), NOW, Credits(True, False, "4"), "plus")
    new = Quota((replace(FIVE_HOURS, used_percent=40.0),), NOW + 5)
    both = merged(old, new)
    assert both.windows == (replace(FIVE_HOURS, used_percent=40.0), WEEK, SPARK)
    assert (both.seen_at, both.credits, both.plan) == (NOW + 5, old.credits, "plus")


def test_news_of_as_many_other_windows_leaves_what_they_do_not_mention() -> None:
    assert merged(Quota((FIVE_HOURS,), NOW), Quota((SPARK,), NOW + 5)).windows == (FIVE_HOURS, SPARK)


def test_a_whole_picture_forgets_the_windows_it_does_not_name() -> None:
    old = Quota((FIVE_HOURS, replace(WEEK, used_percent=100.0)), NOW, Credits(True, False, "4"), "plus", True)
    new = quota_from_usage({"rate_limit": {"primary_window": {"used_percent": 3}, "secondary_window": None}}, NOW)
    assert new is not None
    both = merged(old, new)
    assert both.left_percent(NOW) == 97
    assert not both.limit_reached
    assert both.plan == "plus"


def test_a_reached_limit_stays_until_upstream_speaks_of_that_limit_again() -> None:
    old = Quota((FIVE_HOURS,), NOW, limit_reached=True)
    assert merged(old, Quota((SPARK,), NOW)).limit_reached
    assert not merged(old, Quota((FIVE_HOURS,), NOW)).limit_reached


_odd = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.just(10**400)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["nan", "-inf", "1e999", "12.5", "True", "100", "0x10", " 7 "])
)
_json = st.recursive(_odd, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner), max_leaves=8)
_window_keys = st.sampled_from(
    ["used_percent", "window_minutes", "limit_window_seconds", "reset_at", "reset_after_seconds"]
)
_window = st.dictionaries(_window_keys, _json) | _json
_limits = (
    st.dictionaries(
        st.sampled_from(["primary", "secondary", "primary_window", "secondary_window", "allowed", "limit_reached"]),
        _window,
    )
    | _json
)
_more = st.lists(
    st.dictionaries(st.sampled_from(["metered_feature", "limit_name", "rate_limit"]), _limits | st.text()) | _json
)
_bodies = st.fixed_dictionaries(
    {},
    optional={
        "rate_limit": _limits,
        "rate_limits": _limits,
        "code_review_rate_limit": _limits,
        "credits": st.dictionaries(st.sampled_from(["has_credits", "unlimited", "balance"]), _json) | _json,
        "plan_type": _json,
        "metered_limit_name": _json,
        "additional_rate_limits": _more | _json,
    },
)
_header_names = st.builds(
    "x-{}-{}-{}".format,
    st.sampled_from(["codex", "codex-bengalfox", "Codex", "", "a" * 80, "é"]),
    st.sampled_from(["primary", "secondary", "credits", "plan"]),
    st.sampled_from(
        ["used-percent", "window-minutes", "reset-at", "reset-after-seconds", "has-credits", "balance", "type"]
    ),
)
_headers = st.dictionaries(
    _header_names | st.text(), st.text() | st.floats().map(str) | st.integers().map(str), max_size=12
)


def _is_sound(quota: Quota | None) -> None:
    if quota is None:
        return
    for window in quota.windows:
        assert 0.0 <= window.used_percent <= 100.0
        assert window.minutes is None or window.minutes > 0
        assert window.resets_at is None or 0 < window.resets_at < 1e11
        assert window.limit
    assert len({(window.limit, window.slot) for window in quota.windows}) == len(quota.windows) <= 32
    assert 0.0 <= quota.left_percent(NOW) <= 100.0


@given(_headers, _headers)
def test_no_headers_are_too_odd(headers: Mapping[str, str], later: Mapping[str, str]) -> None:
    first, second = quota_from_headers(headers, NOW), quota_from_headers(later, NOW + 1)
    _is_sound(first)
    if second is not None:
        _is_sound(merged(first, second))


@given(_bodies, _bodies)
def test_no_body_is_too_odd(body: dict[str, Any], event: dict[str, Any]) -> None:
    whole, part = quota_from_usage(body, NOW), quota_from_event(event, NOW)
    _is_sound(whole)
    _is_sound(part)
    if whole is not None and part is not None:
        _is_sound(merged(whole, part))
        assert {(w.limit, w.slot) for w in merged(part, whole).windows} == {(w.limit, w.slot) for w in whole.windows}
