"""License keys."""

from __future__ import annotations

import os

import pytest

from app.core.errors import InvalidInput
from app.core.license import checked_license_key, key_from_authorization, masked_key, new_license_key


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
