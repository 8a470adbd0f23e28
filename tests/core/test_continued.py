"""Whose conversation a compaction belongs to that does not say so."""

from typing import Any

from app.core.continued import Continued


def items(*texts: str) -> list[Any]:
    return [{"type": "message", "content": text} for text in texts]


def test_a_history_goes_on_with_the_conversation_whose_last_turn_it_begins_with() -> None:
    continued = Continued()
    continued.note("l-1", ("a", "thread a"), items("here", "one"))
    continued.note("l-1", ("b",), items("here", "two"))
    continued.note("l-1", ("a", "thread a"), items("here", "one", "answer", "more"))

    assert continued.names("l-1", items("here", "one", "answer", "more", "last answer")) == ("a", "thread a")
    assert continued.names("l-1", items("here", "two", "answer", "more")) == ("b",)
    assert continued.names("l-1", items("here", "two")) == ("b",)
    assert continued.names("l-1", items("here", "three", "answer", "other")) == ()
    assert continued.names("l-1", items("here")) == ()


def test_what_is_said_again_and_again_tells_nothing() -> None:
    continued = Continued()
    continued.note("l-1", ("a",), items("here", "one", "answer", "go on"))
    continued.note("l-1", ("b",), items("here", "two", "answer", "go on"))

    assert continued.names("l-1", items("here", "one", "answer", "go on", "more")) == ("a",)


def test_nobody_elses_conversation_is_found() -> None:
    continued = Continued()
    continued.note("l-1", ("a",), items("one"))

    assert continued.names("l-2", items("one")) == ()
    assert continued.names(None, items("one")) == ()


def test_of_equal_conversations_it_is_the_last() -> None:
    continued = Continued()
    for name in ("a", "b", "a"):
        continued.note(None, (name,), items("one"))

    assert continued.names(None, items("one", "answer")) == ("a",)


def test_what_is_no_list_or_cannot_be_written_is_not_kept() -> None:
    continued = Continued()
    for odd in (None, "text", [], [{"text": "\ud800"}], {"input": 1}):
        continued.note(None, ("a",), odd)
        assert continued.names(None, odd) == ()
    continued.note(None, (), items("one"))
    assert continued.names(None, items("one")) == ()


def test_the_longest_idle_ones_are_forgotten() -> None:
    continued = Continued()
    for number in range(1_025):
        continued.note(None, (str(number),), items(str(number)))

    assert continued.names(None, items("0")) == ()
    assert continued.names(None, items("1")) == ("1",)
