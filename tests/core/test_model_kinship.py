"""Which model takes the place of one that is gone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.model_kinship import nearest_model

#: What Codex 0.169 lists, in its order.
TODAY = (
    "gpt-6.1-sol",
    "gpt-6-astra",
    "gpt-6.1-terra",
    "gpt-6-sol",
    "gpt-6-luna",
    "gpt-5.6-sol",
    "gpt-5.6-terra",
    "gpt-5.6-luna",
    "gpt-5.5",
)
#: What an API key may see beside.
EARLIER = (
    "gpt-5.4",
    "gpt-5.3-codex",
    "gpt-5.1-codex-mini",
    "gpt-5.4-mini",
    "gpt-5-pro",
    "gpt-5.2-2025-12-11",
    "o4-mini",
)


@pytest.mark.parametrize(
    ("model", "nearest"),
    [
        # The closest generation that lives, not the newest one.
        ("gpt-5", "gpt-5.5"),
        ("gpt-5.1", "gpt-5.5"),
        # No model is called after Codex any more.
        ("gpt-5-codex", "gpt-5.5"),
        ("gpt-5.1-codex-max", "gpt-5.5"),
        # Nor is there a mini.
        ("gpt-5-mini", "gpt-5.5"),
        ("gpt-5-2025-08-07", "gpt-5.5"),
        ("gpt-4o", "gpt-5.5"),
        # The next generation's of the same surname.
        ("gpt-5.6-luna", "gpt-6-luna"),
        ("gpt-5.6-sol", "gpt-6-sol"),
        ("gpt-5.6-terra", "gpt-6.1-terra"),
        # There is none: the next generation, and of that upstream's first.
        ("gpt-5.5", "gpt-5.6-sol"),
        # Nothing newer: the same generation, else the closest older one.
        ("gpt-6.1-sol", "gpt-6.1-terra"),
        ("gpt-7", "gpt-6.1-sol"),
        ("gpt-6.1", "gpt-6.1-sol"),
        # Of another line, or no name of a model's at all.
        ("o3", None),
        ("codex-auto-review", None),
        ("gpt-daybreak-blue-latest", None),
        ("llama", None),
        ("", None),
        ("gpt-" + "9" * 5000, None),
    ],
)
def test_todays_list(model: str, nearest: str | None) -> None:
    assert nearest_model(model, [name for name in TODAY if name != model]) == nearest


@pytest.mark.parametrize(
    ("model", "nearest"),
    [
        ("gpt-5-codex", "gpt-5.3-codex"),
        ("gpt-5-codex-mini", "gpt-5.1-codex-mini"),
        ("gpt-5-mini", "gpt-5.4-mini"),
        # Neither its costly sister nor a dated one of the same generation.
        ("gpt-5", "gpt-5.2-2025-12-11"),
        ("gpt-5.3", "gpt-5.4"),
        ("gpt-5.2-pro", "gpt-5-pro"),
        ("o3-mini", "o4-mini"),
    ],
)
def test_with_an_api_keys_list(model: str, nearest: str) -> None:
    assert nearest_model(model, (*TODAY, *EARLIER)) == nearest


def test_the_plain_one_is_taken_before_the_dated_one() -> None:
    assert nearest_model("gpt-5", ["gpt-5.1-2025-11-13", "gpt-5.1"]) == "gpt-5.1"


@given(st.text(max_size=30), st.lists(st.text(max_size=30), max_size=5))
def test_it_is_one_of_the_offered(model: str, offered: list[str]) -> None:
    assert nearest_model(model, offered) in (None, *offered)
