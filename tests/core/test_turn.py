"""A turn's row as data."""

import json
from dataclasses import asdict, replace

import pytest
from hypothesis import given

from app.core.turn import TurnRow, row_from_dict, row_to_dict
from tests.store import samples

FULL = samples.turn()


@given(samples.turns)
def test_a_row_goes_by_way_of_json_and_back(row: TurnRow) -> None:
    assert row_from_dict(json.loads(json.dumps(row_to_dict(row)))) == row
    assert row_from_dict(asdict(row)) == row
    assert json.dumps(row_to_dict(row)) == json.dumps(asdict(row))


def test_what_is_no_row_is_refused() -> None:
    for wrong in ({"outcome": "lost"}, {"unknown": 1}, {"usage": {"input_tokens": 1}}):
        with pytest.raises((TypeError, ValueError)):
            row_from_dict({**row_to_dict(replace(FULL)), **wrong})
