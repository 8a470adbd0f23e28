"""What in a request only its issuer can read."""

from __future__ import annotations

from sys import getrefcount
from typing import Any

import pytest

from app.core.sealed import SealedItems, digest

REASONING = {"type": "reasoning", "summary": [], "encrypted_content": "r-1"}
COMPACTION = {"type": "compaction", "encrypted_content": "c-1"}
FILE = {"type": "message", "content": [{"type": "input_text", "text": "x"}, {"type": "input_file", "file_id": "f-1"}]}
IMAGE = {"type": "function_call_output", "output": [{"type": "input_image", "file_id": "f-2"}]}
REFERENCE = {"type": "item_reference", "id": "rs_1"}


def test_reasoning_is_found_by_its_place_and_can_be_left_out() -> None:
    found = SealedItems({"input": [COMPACTION, REASONING, FILE, {**REASONING, "encrypted_content": "r-2"}]})
    assert found.reasoning == ((1, digest("r-1")), (3, digest("r-2")))


def test_compactions_files_references_and_kept_responses_cannot_be_left_out() -> None:
    items = [REASONING, COMPACTION, FILE, IMAGE, REFERENCE, COMPACTION]
    found = SealedItems({"input": items, "previous_response_id": "resp_1", "conversation": {"id": "conv_1"}})
    assert found.kept == tuple(map(digest, ("c-1", "f-1", "f-2", "rs_1", "conv_1", "resp_1")))
    assert SealedItems({"input": "x", "conversation": "conv_2"}).kept == (digest("conv_2"),)


def test_a_sealed_item_of_a_kind_that_is_not_known_yet_is_kept() -> None:
    assert SealedItems({"input": [{"type": "memory", "encrypted_content": "m"}]}).kept == (digest("m"),)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"input": "hello"},
        {"input": None},
        {"input": {"encrypted_content": "x"}},
        {"input": [None, 1, "x", [], {}]},
        {"input": [{"type": "reasoning", "encrypted_content": None}, {"type": "reasoning", "summary": []}]},
        {"input": [{"type": "reasoning", "encrypted_content": ""}, {"type": "reasoning", "encrypted_content": 5}]},
        {"input": [{"type": "message", "content": "x"}, {"type": "message", "content": [None, {"file_id": 3}]}]},
        {"input": [{"type": "item_reference"}, {"type": "item_reference", "id": 4}, {"type": []}]},
        {"previous_response_id": "", "conversation": None},
        {"previous_response_id": 7, "conversation": {"id": 8}},
    ],
)
def test_odd_requests_hold_nothing(data: dict[str, Any]) -> None:
    found = SealedItems(data)
    assert (found.reasoning, found.kept, found.turn_state, found.any) == ((), (), None, False)


@pytest.mark.parametrize(
    ("data", "state"),
    [({"input": [REASONING]}, None), ({"input": [COMPACTION]}, None), ({"previous_response_id": "x"}, None), ({}, "s")],
)
def test_each_of_them_ties_the_turn_to_its_account(data: dict[str, Any], state: str | None) -> None:
    assert SealedItems(data, state).any


def test_only_short_digests_are_remembered() -> None:
    found = SealedItems({"input": [REASONING, COMPACTION]}, "state")
    assert found.turn_state == digest("state")
    assert all(len(item) == 16 for item in (*found.kept, found.reasoning[0][1], digest("state")))
    assert digest("a") != digest("b")


def test_a_text_that_is_no_unicode_has_a_digest_too() -> None:
    assert len(digest("\ud800")) == 16


def test_a_request_that_is_let_go_is_kept_no_longer_but_what_was_found_is() -> None:
    found = SealedItems(data := {"input": [REASONING, COMPACTION]}, "s")
    assert found.reasoning == ((0, digest("r-1")),)
    held = getrefcount(data)
    found.let_go()
    assert getrefcount(data) == held - 1
    assert (found.reasoning, found.turn_state) == (((0, digest("r-1")),), digest("s"))
