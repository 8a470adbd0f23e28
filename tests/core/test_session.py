"""Sessions and their names."""

from __future__ import annotations

import uuid

from app.core import session as module
from app.core.session import Session, SessionBook, header_name, with_names, with_turn
from app.core.turn import Usage

ONE = Session("s-1", "l-1", ("a", "b"), "t-1", "t-1", 0, 10)
TWO = Session("s-2", "l-1", ("c",), "t-2", "t-2", 0, 20)


def test_a_session_is_found_by_any_of_its_names() -> None:
    book = SessionBook([ONE, TWO])
    assert book.find("l-1", ["b"]) == ONE
    assert book.find("l-1", ["unknown", "c"]) == TWO
    assert book.find("l-2", ["a"]) is None


def test_the_first_known_name_decides() -> None:
    assert SessionBook([ONE, TWO]).find("l-1", ["c", "a"]) == TWO


def test_a_name_stays_with_the_session_that_had_it_first() -> None:
    book = SessionBook([ONE, TWO])
    book.put(with_names(TWO, ["a"]))
    assert book.find("l-1", ["a"]) == ONE


def test_a_forgotten_session_leaves_no_name_behind() -> None:
    book = SessionBook([ONE, TWO])
    assert book.forget("s-1") == ONE
    assert book.find("l-1", ["a", "b"]) is None
    assert book.forget("s-1") is None


def test_the_longest_idle_session_makes_room() -> None:
    book = SessionBook(Session(f"s-{n}", "l-1", (f"n{n}",), "t", "t", 0, n) for n in range(module.MAX_SESSIONS))
    book.put((book.find("l-1", ["n0"]) or ONE)._replace(last_active_at=1e9))
    book.put(Session("s-new", "l-1", ("new",), "t", "t", 0, 1e9))
    assert len(book) == module.MAX_SESSIONS
    assert book.find("l-1", ["n1"]) is None
    assert book.find("l-1", ["n0"]) is not None


def test_a_pinned_session_makes_no_room() -> None:
    book = SessionBook([ONE._replace(pinned=True, last_active_at=0.0)])
    for number in range(module.MAX_SESSIONS):
        book.put(Session(f"s-more-{number}", "l-1", (f"n{number}",), "t", "t", 0, 1.0 + number))
    assert len(book) == module.MAX_SESSIONS
    assert book.find("l-1", ["a"]) is not None
    assert book.find("l-1", ["n0"]) is None


def test_names_are_bounded_in_number() -> None:
    many = with_names(ONE, [f"x{n}" for n in range(100)])
    assert len(many.names) == module.MAX_NAMES
    assert many.names[:2] == ("a", "b")


def test_the_header_name_is_a_stable_uuid_that_differs_by_license() -> None:
    name = header_name("l-1", "会话")
    assert uuid.UUID(name)
    assert name == header_name("l-1", "会话") != header_name("l-2", "会话")


def test_a_session_adds_up_what_its_turns_used() -> None:
    used = with_turn(with_turn(ONE, "codex", "m-1", Usage(100, 80, 20, 5)), "curl", None, Usage(1, 0, 2, 0))
    assert (used.client, used.model) == ("curl", None)
    assert (used.input_tokens, used.cached_tokens, used.output_tokens) == (101, 80, 22)
    # A turn that has only begun, or of which upstream said nothing.
    assert with_turn(used, "curl", None) is used
    assert with_turn(used, "codex", "m-2") == used._replace(client="codex", model="m-2")


def test_a_total_stays_what_the_store_can_hold() -> None:
    huge = with_turn(with_turn(ONE, "", None, Usage(2**62, 0, 0, 0)), "", None, Usage(2**80, 2**80, 1, 0))
    assert (huge.input_tokens, huge.cached_tokens, huge.output_tokens) == (2**63 - 1, 2**63 - 1, 1)


def test_the_book_says_once_what_has_changed() -> None:
    book = SessionBook([ONE, TWO])
    assert book.take_changed() == {"s-1", "s-2"}
    assert book.take_changed() == set()
    book.put(ONE._replace(turns=2))
    book.forget("s-2")
    book.forget("s-unknown")
    assert book.take_changed() == {"s-1", "s-2"}
