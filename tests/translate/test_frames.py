import json

import pytest

from app.core.errors import Refusal
from app.translate.frames import data_frame, json_bytes


def test_a_frame_is_one_event() -> None:
    assert data_frame({"a": "好\n"}) == 'data: {"a":"好\\n"}\n\n'.encode()


def test_lone_surrogates_and_large_integers_survive() -> None:
    value = {"half": "a\ud83d", "large": 2**70}
    assert json.loads(json_bytes(value)) == value


def test_halves_of_one_character_become_one_again() -> None:
    assert json.loads(json_bytes({"text": "\ud83d" + "\ude00"})) == {"text": "😀"}


def test_what_is_nested_too_deeply_is_refused() -> None:
    value: dict[str, object] = {}
    for _ in range(100_000):
        value = {"a": value}
    with pytest.raises(Refusal) as refused:
        json_bytes(value)
    assert refused.value.status == 400
    while value:  # taken apart by hand: the interpreter would do it recursively
        value = value["a"]  # type: ignore[assignment]
