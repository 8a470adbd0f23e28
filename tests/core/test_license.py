"""Licenses: their keys, and what a user may say of them."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from app.core.errors import InvalidInput
from app.core.license import (
    License,
    LicenseState,
    checked_daily_tokens,
    checked_expiry,
    checked_label,
    checked_license_key,
    daily_tokens_from_text,
    expiry_from_text,
    key_from_authorization,
    masked_key,
    new_license_key,
)

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("header", "key"),
    [
        ("ws-abcdefgh", "ws-abcdefgh"),
        ("Bearer ws-abcdefgh", "ws-abcdefgh"),
        ("bearer   ws-abcdefgh ", "ws-abcdefgh"),
        ("Bearer", None),
        ("Bearer ", None),
        ("", None),
        (None, None),
    ],
)
def test_the_key_is_read_bare_or_after_bearer(header: str | None, key: str | None) -> None:
    assert key_from_authorization(header) == key


def test_a_new_key_is_acceptable_and_new() -> None:
    one, two = new_license_key(os.urandom(25)), new_license_key(os.urandom(25))
    assert checked_license_key(one) == one != two


@pytest.mark.parametrize(
    "key", ["", "short", "x" * 201, "has blank in", 'quo"te-key', "$(reboot)", "许可证许可证许可证"]
)
def test_a_key_that_shells_or_headers_cannot_carry_is_refused(key: str) -> None:
    with pytest.raises(InvalidInput):
        checked_license_key(key)


def test_a_masked_key_cannot_be_used() -> None:
    key = new_license_key(os.urandom(25))
    assert masked_key(key) == f"ws-…{key[-2:]}"
    assert masked_key("short") == "…"


@pytest.mark.parametrize(
    ("revoked_at", "expires_at", "state"),
    [
        (None, None, LicenseState.VALID),
        (None, NOW + 1, LicenseState.VALID),
        (None, NOW, LicenseState.EXPIRED),
        (NOW - 9, None, LicenseState.REVOKED),
        (NOW - 9, NOW - 5, LicenseState.REVOKED),
    ],
)
def test_a_license_lets_in_until_it_expires_or_is_revoked(
    revoked_at: float | None, expires_at: float | None, state: LicenseState
) -> None:
    item = License("l-1", "one", "", 0.0, revoked_at=revoked_at, expires_at=expires_at)
    assert item.state(NOW) is state


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("30d", datetime(2026, 7, 1, 12, tzinfo=UTC)),
        (" 1d ", datetime(2026, 6, 2, 12, tzinfo=UTC)),
        ("2027-01-31", datetime(2027, 1, 31, 23, 59, 59, tzinfo=ZoneInfo("Asia/Shanghai"))),
    ],
)
def test_an_expiry_is_so_many_days_or_the_end_of_a_day(text: str, ends: datetime) -> None:
    assert expiry_from_text(text, NOW, ZoneInfo("Asia/Shanghai")) == ends.timestamp()


@pytest.mark.parametrize("text", ["", "soon", "-3d", "30", "1.5d", "2027-02-30", "2027-1-1", "9" * 30 + "d"])
def test_what_is_no_expiry_is_said(text: str) -> None:
    with pytest.raises(InvalidInput, match="is no expiry"):
        expiry_from_text(text, NOW)


@pytest.mark.parametrize("value", [NOW, NOW - 1, 0, -1.0, NOW + 1e11, float("nan"), float("inf"), "tomorrow", True])
def test_an_expiry_that_makes_no_sense_is_refused(value: object) -> None:
    with pytest.raises(InvalidInput):
        checked_expiry(value, NOW)
    assert checked_expiry(NOW + 1, NOW) == NOW + 1
    assert checked_expiry(None, NOW) is None


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("2000000", 2_000_000),
        ("500k", 500_000),
        ("2M", 2_000_000),
        ("1.5m", 1_500_000),
        ("50万", 500_000),
        ("1.5亿", 150_000_000),
    ],
)
def test_a_budget_may_be_written_short(text: str, tokens: int) -> None:
    assert daily_tokens_from_text(text) == tokens


@pytest.mark.parametrize("text", ["", "many", "-5", "2 M", "1e9", "2G", "M", "٣"])
def test_what_is_no_number_of_tokens_is_said(text: str) -> None:
    with pytest.raises(InvalidInput, match="is no number of tokens"):
        daily_tokens_from_text(text)


@pytest.mark.parametrize("value", [0, -1, 1.5, "10", True, 10**16])
def test_a_budget_that_makes_no_sense_is_refused(value: object) -> None:
    with pytest.raises(InvalidInput):
        checked_daily_tokens(value)
    assert checked_daily_tokens(1) == 1
    assert checked_daily_tokens(None) is None


@pytest.mark.parametrize("value", ["", "   ", "x" * 81, None, 5])
def test_a_label_that_is_none_is_refused(value: object) -> None:
    with pytest.raises(InvalidInput):
        checked_label(value)
    assert checked_label(" 小王的 Codex ") == "小王的 Codex"
