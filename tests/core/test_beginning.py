"""What a conversation without a name is called."""

from typing import Any

import pytest

from app.core.beginning import beginning_of

SYSTEM = {"role": "system", "content": "Be brief."}
HELLO = {"role": "user", "content": "你好"}
ANSWER = {"role": "assistant", "content": "您好！"}
NEXT = {"role": "user", "content": "再来一个"}


def name(*messages: Any, license_id: str = "l-1", model: str = "gpt-5") -> str:
    found = beginning_of(license_id, model, list(messages))
    assert found is not None
    return found.name


def test_each_turn_of_a_conversation_has_the_same_name() -> None:
    first = name(SYSTEM, HELLO)
    assert first == name(SYSTEM, HELLO, ANSWER, NEXT) == name(SYSTEM, HELLO, ANSWER, NEXT, ANSWER, HELLO)
    # It fits upstream's key, and says nothing of what was said.
    assert len(first) == 32
    assert int(first, 16)


def test_what_begins_in_another_way_has_another_name() -> None:
    other_text = {"role": "user", "content": [{"type": "text", "text": "你好"}]}
    names = {
        name(SYSTEM, HELLO),
        name(HELLO),
        name(SYSTEM, NEXT),
        name(SYSTEM, other_text),
        name({"role": "system", "content": "Be long."}, HELLO),
        name(SYSTEM, HELLO, license_id="l-2"),
        name(SYSTEM, HELLO, model="gpt-5.5"),
        name(SYSTEM, ANSWER, HELLO),
    }
    assert len(names) == 8


def test_a_conversation_goes_on_once_it_holds_an_answer() -> None:
    assert not beginning_of("l", "m", [SYSTEM, HELLO]).continued  # type: ignore[union-attr]
    # A greeting of the client's own is no answer to anything.
    assert not beginning_of("l", "m", [SYSTEM, ANSWER, HELLO]).continued  # type: ignore[union-attr]
    assert beginning_of("l", "m", [SYSTEM, HELLO, ANSWER, NEXT]).continued  # type: ignore[union-attr]


def test_attachments_tell_conversations_apart_too() -> None:
    def seen(url: str) -> dict[str, Any]:
        return {"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}

    long = "data:image/png;base64," + "A" * 1_000_000
    others = [long + "A", long[:-1] + "B", long.replace("png", "gif"), "data:image/png;base64,AAAA"]
    assert len({name(seen(url)) for url in (long, *others)}) == 5
    assert name(seen(long)) == name(seen("".join(long)))


@pytest.mark.parametrize("messages", [None, "hi", [], [SYSTEM], ["hi"], [SYSTEM, 5, HELLO], [{"role": []}]])
def test_what_nobody_has_said_anything_in_has_no_name(messages: object) -> None:
    assert beginning_of("l", "m", messages) is None


def test_whatever_strings_and_depths_it_holds() -> None:
    assert name({"role": "user", "content": "\ud83d"}) != name({"role": "user", "content": "\ud83c"})
    deep: Any = "hi"
    for _ in range(100_000):
        deep = [deep]
    assert beginning_of("l", "m", [{"role": "user", "content": deep}]) is None
    # Taken apart from outside, or the interpreter does so too deeply.
    while isinstance(deep, list):
        deep = deep.pop()
