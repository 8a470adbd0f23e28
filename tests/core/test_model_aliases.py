"""What may be a name of the user's, and how what is known of models is stored."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import InvalidInput
from app.core.model_aliases import (
    MOST_ALIASES,
    aliases_from_stored,
    aliases_to_stored,
    models_from_stored,
    models_to_stored,
    offered_from_stored,
    offered_to_stored,
    with_alias,
)
from app.core.models import ModelAlias, OfferedModel

ALIASES = (ModelAlias("gpt-5", "gpt-5.5"), ModelAlias("我的/模型", "gpt-6-luna", "high"))
OFFERED = {"t-1": (OfferedModel("gpt-5.5", ("low", "high")), OfferedModel("o3")), "t-2": ()}


@pytest.mark.parametrize(
    ("alias", "words"),
    [
        (ModelAlias("", "gpt-5.5"), "1 to 100 characters"),
        (ModelAlias("x" * 101, "gpt-5.5"), "1 to 100 characters"),
        (ModelAlias("my model", "gpt-5.5"), "no spaces"),
        (ModelAlias("my\u00a0model", "gpt-5.5"), "no spaces"),
        (ModelAlias("my\nmodel", "gpt-5.5"), "no spaces"),
        (ModelAlias("my\x1bmodel", "gpt-5.5"), "no spaces"),
        (ModelAlias("\ud800", "gpt-5.5"), "no spaces"),
        (ModelAlias(7, "gpt-5.5"), "no spaces"),  # type: ignore[arg-type] # as JSON may have it
        (ModelAlias("mine", ""), "which model"),
        (ModelAlias("mine", "gpt 5"), "which model"),
        (ModelAlias("mine", "gpt-5.5", "most"), "none, minimal, low"),
        (ModelAlias("gpt-5.5", "gpt-5.5"), "itself"),
        (ModelAlias("gpt-5.5", "gpt-5"), "gpt-5.5, gpt-5"),
        (ModelAlias("gpt-5.5", "gpt-5-high"), "gpt-5.5, gpt-5"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(alias: ModelAlias, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        with_alias(ALIASES, alias)


def test_a_name_is_added_or_changed_in_its_place() -> None:
    changed = with_alias(ALIASES, ModelAlias("gpt-5", "gpt-6.1-sol", "low"))
    assert changed == (ModelAlias("gpt-5", "gpt-6.1-sol", "low"), ALIASES[1])
    assert with_alias(ALIASES, ModelAlias("gpt-5-high", "gpt-5.5"))[-1].name == "gpt-5-high"
    assert with_alias((), ModelAlias("gpt-5.5", "gpt-5.5", "high"))


def test_there_is_an_end_to_them() -> None:
    many = tuple(ModelAlias(f"m{number}", "gpt-5.5") for number in range(MOST_ALIASES))
    with pytest.raises(InvalidInput, match="remove one"):
        with_alias(many, ModelAlias("one-more", "gpt-5.5"))
    assert len(with_alias(many, ModelAlias("m7", "gpt-5"))) == MOST_ALIASES


def test_what_is_stored_comes_back() -> None:
    assert aliases_from_stored(aliases_to_stored(ALIASES)) == ALIASES
    assert offered_from_stored(offered_to_stored(OFFERED)) == OFFERED
    assert models_from_stored(models_to_stored(("o3", "gpt-5"))) == ("o3", "gpt-5")
    assert (aliases_from_stored(None), offered_from_stored(None), models_from_stored(None)) == ((), {}, ())


def test_what_makes_no_sense_is_left_out() -> None:
    stored = '[["gpt-5","gpt-5.5",null],["gpt-5.5","gpt-5",null],["a b","c",null],["a","b","most"],["a"],7,["c","d",3]]'
    assert aliases_from_stored(stored) == (ModelAlias("gpt-5", "gpt-5.5"),)


@given(
    st.text(max_size=30)
    | st.recursive(
        st.none() | st.text(max_size=4) | st.integers(), lambda inner: st.lists(inner, max_size=4), max_leaves=12
    ).map(json.dumps)
)
def test_any_text_can_be_read(text: str) -> None:
    with_alias(aliases_from_stored(text)[:5], ModelAlias("a-name-of-its-own", "gpt-5.5"))
    assert all(models_from_stored(text))
    offered_to_stored(offered_from_stored(text))
