"""The user's choices about the gateway: their bounds, and how they are stored."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import InvalidInput
from app.core.settings import GatewaySettings, changed_settings, settings_from_stored, settings_to_stored

CHOICES = st.builds(
    GatewaySettings,
    strict=st.booleans(),
    hold_s=st.integers(0, 40).map(lambda quarters: quarters / 4),
    start_on_launch=st.booleans(),
    websockets=st.booleans(),
    keep_days=st.integers(1, 365),
    keep_mb=st.integers(10, 2000),
)


@given(CHOICES)
def test_what_is_stored_comes_back(settings: GatewaySettings) -> None:
    assert settings_from_stored(settings_to_stored(settings)) == settings


@pytest.mark.parametrize(
    "changes",
    [
        {"hold_s": -0.1},
        {"hold_s": 10.5},
        {"hold_s": float("nan")},
        {"hold_s": True},
        {"hold_s": "2"},
        {"keep_days": 0},
        {"keep_days": 366},
        {"keep_days": 1.5},
        {"keep_days": None},
        {"keep_mb": 9},
        {"keep_mb": 2001},
        {"strict": 1},
        {"start_on_launch": "no"},
        {"websockets": 0},
        {"hold": 1},
        {"keep_days": 7, "keep_mb": 1},
    ],
)
def test_nonsense_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        changed_settings(GatewaySettings(), changes)


@pytest.mark.parametrize("changes", [{"hold_s": 0}, {"hold_s": 10}, {"keep_days": 1, "keep_mb": 2000}])
def test_the_bounds_themselves_are_allowed(changes: dict[str, object]) -> None:
    changed = changed_settings(GatewaySettings(), changes)
    assert {key: getattr(changed, key) for key in changes} == changes


def test_whole_numbers_of_json_become_what_the_field_says() -> None:
    changed = changed_settings(GatewaySettings(), {"hold_s": 1, "keep_days": 7.0})
    assert (changed, type(changed.hold_s), type(changed.keep_days)) == (
        GatewaySettings(hold_s=1, keep_days=7),
        float,
        int,
    )


def test_what_is_stored_and_makes_no_sense_is_as_at_first() -> None:
    stored = {
        "gateway.strict": "yes",
        "gateway.hold_s": "-3",
        "gateway.keep_days": "many",
        "gateway.keep_mb": "50",
        "gateway.other": "1",
    }
    assert settings_from_stored(stored) == GatewaySettings(keep_mb=50)
