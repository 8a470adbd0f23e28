"""What is asked of upstream for the names that clients use."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import InvalidInput
from app.core.model_aliases import with_alias
from app.core.models import (
    BUILT_IN,
    EFFORTS,
    ModelAlias,
    ModelSource,
    ModelTable,
    OfferedModel,
    ResolvedModel,
    WithdrawnModel,
)

OFFERED = (
    OfferedModel("gpt-6.1-sol", ("low", "medium", "high", "xhigh", "max", "ultra")),
    OfferedModel("gpt-5.5", ("low", "medium", "high", "xhigh")),
    OfferedModel("gpt-5.1-codex"),
    OfferedModel("gpt-5.1-codex-max"),
)
KNOWN = ModelTable((), {"t-1": OFFERED, "t-2": (OfferedModel("gpt-5.5"),)})
NOTHING = ModelTable()


def own(*aliases: ModelAlias, known: ModelTable = KNOWN) -> ModelTable:
    return ModelTable(aliases, known.offered)


@pytest.mark.parametrize("alias", BUILT_IN)
@pytest.mark.parametrize("table", [NOTHING, KNOWN])
def test_the_seven_names(alias: ModelAlias, table: ModelTable) -> None:
    assert table.resolve(alias.name) == ResolvedModel(alias.model, alias.effort)
    assert table.resolve(alias.model) == ResolvedModel(alias.model)


@pytest.mark.parametrize(
    ("name", "model", "effort"),
    [
        ("gpt-5-xhigh", "gpt-5", "xhigh"),
        ("gpt-5.4-minimal", "gpt-5.4", "minimal"),
        ("gpt-5.5-low", "gpt-5.5", "low"),
        # These may be part of a model's name: only where the model is known.
        ("gpt-6.1-sol-ultra", "gpt-6.1-sol", "ultra"),
        ("gpt-7-sol-ultra", "gpt-7-sol-ultra", None),
        ("gpt-5.4-none", "gpt-5.4-none", None),
        ("gpt-5.1-codex-max", "gpt-5.1-codex-max", None),
        ("gpt-5.1-codex-max-high", "gpt-5.1-codex-max", "high"),
        ("gpt-5.1-codex-ultra", "gpt-5.1-codex", "ultra"),
        # Brought to what the model knows.
        ("gpt-5.5-minimal", "gpt-5.5", "low"),
        ("gpt-5.5-none", "gpt-5.5", "low"),
        ("gpt-5.5-max", "gpt-5.5", "xhigh"),
        # A fine-tuned model's name ends as its owner likes.
        ("ft:gpt-4.1:org:a-high", "ft:gpt-4.1:org:a-high", None),
        ("gpt-5.5-HIGH", "gpt-5.5-HIGH", None),
        ("-high", "-high", None),
        ("high", "high", None),
        ("", "", None),
    ],
)
def test_a_model_and_an_effort_in_one_name(name: str, model: str, effort: str | None) -> None:
    assert KNOWN.resolve(name) == ResolvedModel(model, effort)


def test_an_effort_that_only_upstream_knows_is_one_where_its_model_lists_it() -> None:
    table = ModelTable((), {"t": (OfferedModel("gpt-7", ("low", "hyper")),)})
    assert table.resolve("gpt-7-hyper") == ResolvedModel("gpt-7", "hyper")
    assert table.resolve("gpt-6-hyper") == ResolvedModel("gpt-6-hyper")


@pytest.mark.parametrize(
    ("name", "model", "effort"),
    [
        ("gpt-5", "gpt-5.5", None),
        ("gpt-5-high", "gpt-5.5", "high"),
        ("gpt-5-minimal", "gpt-5.5", "low"),
        ("gpt-5-max", "gpt-5.5", "xhigh"),
        ("gpt-5-codex-high", "gpt-5-codex", "high"),
        ("mine", "gpt-5.5", "high"),
        ("mine-low", "gpt-5.5", "low"),
        ("gpt-5.5", "gpt-5.5", None),
    ],
)
def test_the_users_name_for_a_model_moves_its_efforts_too(name: str, model: str, effort: str | None) -> None:
    table = own(ModelAlias("gpt-5", "gpt-5.5"), ModelAlias("mine", "gpt-5-high"))
    assert table.resolve(name) == ResolvedModel(model, effort)


def test_the_users_own_name_is_before_a_built_in_one() -> None:
    table = own(ModelAlias("gpt-5-high", "gpt-6.1-sol", "max"))
    assert table.resolve("gpt-5-high") == ResolvedModel("gpt-6.1-sol", "max")
    assert table.resolve("gpt-5-low") == ResolvedModel("gpt-5", "low")


def test_the_effort_that_is_named_first_holds() -> None:
    table = own(ModelAlias("deep", "gpt-5-low", "high"), ModelAlias("gpt-5.5", "gpt-5.5", "medium"))
    assert table.resolve("deep") == ResolvedModel("gpt-5", "high")
    assert table.resolve("gpt-5.5") == ResolvedModel("gpt-5.5", "medium")
    assert table.resolve("gpt-5.5-xhigh") == ResolvedModel("gpt-5.5", "xhigh")


def test_an_alias_can_make_an_effort_the_models_own_or_name_a_model_that_ends_like_one() -> None:
    table = ModelTable((ModelAlias("gpt-5", "gpt-5-high"), ModelAlias("x", "x-max")))
    assert table.resolve("gpt-5") == ResolvedModel("gpt-5", "high")
    assert table.resolve("gpt-5-low") == ResolvedModel("gpt-5", "low")
    assert table.resolve("x") == table.resolve("x-max") == ResolvedModel("x-max")


def test_names_that_stand_for_each_other_still_resolve() -> None:
    table = ModelTable((ModelAlias("a", "b"), ModelAlias("b", "c-high"), ModelAlias("c", "b", "low")))
    assert table.resolve("a") == ResolvedModel("b", "high")
    assert table.circle("a") == ("b", "c")


def test_the_list_has_every_name_once_with_its_source() -> None:
    table = own(ModelAlias("gpt-5-low", "gpt-5.5"), ModelAlias("mine", "gpt-5"))
    rows = {row.name: row for row in table.rows()}
    assert len(rows) == len(table.rows())
    names = list(rows)
    assert names[:10] == [*(alias.name for alias in BUILT_IN), "gpt-5", "gpt-5-codex", "mine"]
    assert names[10:12] == ["gpt-6.1-sol", "gpt-6.1-sol-low"]
    assert names[-4:] == ["gpt-5.1-codex-max", *(f"gpt-5.1-codex-max-{end}" for end in ("low", "medium", "high"))]
    assert (rows["gpt-5-low"].source, rows["mine"].source) == (ModelSource.USER, ModelSource.USER)
    assert (rows["gpt-5"].source, rows["gpt-5.5-low"].source) == (ModelSource.BUILT_IN, ModelSource.UPSTREAM)
    assert rows["gpt-5.5-low"].token_ids == rows["gpt-5-low"].token_ids == ("t-1", "t-2")
    assert rows["mine"].token_ids == ()


def test_what_is_withdrawn_is_marked_with_the_nearest_living_model() -> None:
    table = ModelTable((ModelAlias("mine", "gpt-5-high"),), KNOWN.offered, frozenset({"gpt-5", "gpt-5.4", "o3"}))
    rows = {row.name: row for row in table.rows()}
    marked = {name: row.nearest for name, row in rows.items() if row.withdrawn}
    fives = {f"gpt-5{end}": "gpt-5.5" for end in ("-minimal", "-low", "-medium", "-high", "")}
    assert marked == {**fives, "mine": "gpt-5.5", "gpt-5.4": "gpt-5.5", "o3": None}
    assert {row.name for row in table.rows()} - {row.name for row in table.listed()} == {"gpt-5.4", "o3"}
    assert table.withdrawn_models() == (
        WithdrawnModel("gpt-5", "gpt-5.5"),
        WithdrawnModel("gpt-5.4", "gpt-5.5"),
        WithdrawnModel("o3", None),
    )
    assert table.withdrawn_text("gpt-5") == (
        "Upstream no longer serves `gpt-5`. Choose another model, or let Waystation use `gpt-5.5` for this name: "
        "Settings > Models in its window, or `waystation model set gpt-5 gpt-5.5`."
    )
    assert "`o3`" in (table.withdrawn_text("o3") or "")
    assert table.withdrawn_text("gpt-5.5") is None


def test_a_withdrawn_model_is_nobodys_nearest() -> None:
    table = ModelTable((), KNOWN.offered, frozenset({"gpt-5", "gpt-5.5"}))
    assert table.nearest("gpt-5") == "gpt-6.1-sol"
    assert NOTHING.nearest("gpt-5") is None


def test_names_are_doubtful_until_it_is_known_what_they_mean() -> None:
    assert NOTHING.is_doubtful("gpt-5.1-codex-max")
    assert not KNOWN.is_doubtful("gpt-5.1-codex-max")
    assert not KNOWN.is_doubtful("gpt-6.1-sol-max")
    assert not NOTHING.is_doubtful("gpt-5-high")
    assert not own(ModelAlias("x-max", "gpt-5.5")).is_doubtful("x-max")


def test_a_name_that_asks_for_a_listed_model_is_listed() -> None:
    for name in ("gpt-5-codex-high", "gpt-5-xhigh", "gpt-6.1-sol-max", "gpt-5.5"):
        assert KNOWN.is_listed(name)
    for name in ("gpt-4", "no such/model", "", "gpt-5.4-high"):
        assert not KNOWN.is_listed(name)


def test_a_removed_tokens_offers_are_forgotten() -> None:
    left = KNOWN.without_token("t-1")
    assert left.offered == {"t-2": (OfferedModel("gpt-5.5"),)}
    assert left.former == ("gpt-6.1-sol", "gpt-5.1-codex", "gpt-5.1-codex-max")


def test_what_a_new_list_lacks_was_there_and_what_it_names_is_withdrawn_no_more() -> None:
    table = ModelTable((), {"t": (OfferedModel("a"), OfferedModel("b"))}, frozenset({"c"}), ("z",))
    told = table.with_offered({"t": (OfferedModel("b"), OfferedModel("c"))})
    assert (told.former, told.withdrawn) == (("z", "a"), frozenset())
    assert all(told.was_there(model) for model in "abcz")
    assert not told.was_there("d")
    assert len(told.with_former(*(f"m{number}" for number in range(1000))).former) == 300


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("gpt-5.55", "The nearest that upstream offers is `gpt-5.5`."),
        ("gtp-5.5", "The nearest that upstream offers is `gpt-5.5`."),
        ("gpt-5.55-high", "The nearest that upstream offers is `gpt-5.5-high`."),
        ("gpt-4o", "The nearest that upstream offers is `gpt-5.5`."),
        ("GPT-5-High", "It is written `gpt-5-high`."),
        (" gpt-5-high ", "It is written `gpt-5-high`."),
        ("GPT-6.1-sol-MAX", "It is written `gpt-6.1-sol-max`."),
        ("GPT-5.55", "The nearest that upstream offers is `gpt-5.5`."),
        ("gpt-5.5", ""),
        ("gpt-5.5-low", ""),
        ("llama-3", ""),
        ("", ""),
        ("gpt-5.5" * 1000, ""),
    ],
)
def test_of_a_name_that_means_nothing_the_nearest_is_named(name: str, meant: str) -> None:
    assert KNOWN.suggestion(name) == meant


def test_nothing_is_suggested_that_is_withdrawn_or_that_nobody_offers() -> None:
    assert NOTHING.suggestion("gpt-5.55") == ""
    assert NOTHING.suggestion("GPT-5") == "It is written `gpt-5`."
    table = ModelTable((), KNOWN.offered, frozenset({"gpt-5", "gpt-5.5"}))
    assert table.suggestion("gpt-5.55") == "The nearest that upstream offers is `gpt-6.1-sol`."
    assert "`gpt-6.1-sol-high`" not in table.suggestion("GPT-5-high")


def test_models_of_an_api_keys_list_that_reason_have_the_usual_efforts_and_take_any() -> None:
    reasoning = ("gpt-5", "gpt-5.5-2026-03-05", "gpt-5.3-codex", "gpt-6-luna", "o3", "o4-mini")
    others = ("gpt-5-chat-latest", "gpt-5-pro", "gpt-4.1", "gpt-4o", "o3-deep-research", "chatgpt-4o-latest", "ft:o3:x")
    table = ModelTable((), {"t": tuple(map(OfferedModel, (*reasoning, *others)))})
    rows = {row.name: row for row in table.listed()}
    for model in reasoning:
        for effort in ("low", "medium", "high"):
            row = rows[f"{model}-{effort}"]
            assert (row.model, row.effort, row.token_ids) == (model, effort, ("t",))
            assert row.source is (ModelSource.BUILT_IN if model == "gpt-5" else ModelSource.UPSTREAM)
    assert {row.model for row in rows.values() if row.effort} == {*reasoning, "gpt-5-codex"}
    assert "o3-xhigh" not in rows
    assert table.resolve("o3-xhigh") == ResolvedModel("o3", "xhigh")
    # Where a login's list says which, that counts.
    table = ModelTable((), {"t": (OfferedModel("o3"),), "u": (OfferedModel("o3", ("medium",)),)})
    assert {row.name for row in table.rows() if row.model == "o3"} == {"o3", "o3-medium"}


_NAMES = st.sampled_from(
    [f"{base}{end}" for base in ("gpt-5", "gpt-5.5", "a", "b") for end in ("", *(f"-{effort}" for effort in EFFORTS))]
    + ["gpt-5-codex", "ft:a-high", "a-high-low", "", "-", "-low"]
)
_OFFERED = st.builds(
    OfferedModel, _NAMES, st.lists(st.sampled_from([*EFFORTS, "hyper"]), unique=True, max_size=4).map(tuple)
)
_LISTS = st.dictionaries(st.sampled_from(["t-1", "t-2"]), st.lists(_OFFERED, max_size=4).map(tuple))
_ALIASES = st.lists(st.builds(ModelAlias, _NAMES, _NAMES, st.none() | st.sampled_from(EFFORTS)), max_size=6).map(tuple)
_TABLES = st.builds(ModelTable, _ALIASES, _LISTS, st.frozensets(_NAMES, max_size=3))


@given(_TABLES, _NAMES | st.text(max_size=12))
def test_any_name_resolves_and_what_it_resolves_to_stays(table: ModelTable, name: str) -> None:
    asked = table.resolve(name)
    assert table.resolve(asked.model).model == asked.model
    listed = {
        effort
        for models in table.offered.values()
        for item in models
        if item.name == asked.model
        for effort in item.efforts
    }
    known = listed & set(EFFORTS)
    assert asked.effort is None or not known or asked.effort in listed or asked.effort not in EFFORTS


@given(_TABLES)
def test_a_row_says_what_its_name_resolves_to(table: ModelTable) -> None:
    rows = table.rows()
    assert len({row.name for row in rows}) == len(rows)
    for row in rows:
        assert table.resolve(row.name) == ResolvedModel(row.model, row.effort)
        assert row.withdrawn == (row.model in table.withdrawn)
    for row in table.listed():
        assert table.is_listed(row.name)


@given(_ALIASES)
def test_aliases_that_are_accepted_lead_nowhere_round(aliases: tuple[ModelAlias, ...]) -> None:
    taken: tuple[ModelAlias, ...] = ()
    for alias in aliases:
        try:
            taken = with_alias(taken, alias)
        except InvalidInput:
            continue
    table = ModelTable(taken)
    assert all(len(table.circle(alias.name)) < 2 for alias in taken)
