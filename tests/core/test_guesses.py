"""Who guesses licenses waits ever longer; nobody else is remembered for long."""

from __future__ import annotations

import pytest

from app.core.guesses import FORGET_S, LONGEST_S, MOST_ADDRESSES, Guesses, address_group


def test_the_first_few_are_answered_at_once_and_then_ever_more_slowly() -> None:
    guesses = Guesses()
    waits = [guesses.wrong("192.0.2.1", float(number)) for number in range(12)]
    assert waits == [0, 0, 0, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, LONGEST_S, LONGEST_S, LONGEST_S]
    assert guesses.wrong("192.0.2.2", 12.0) == 0


def test_a_thousand_more_do_not_make_it_longer() -> None:
    guesses = Guesses()
    assert {guesses.wrong("192.0.2.1", 0.0) for _ in range(3000)} >= {LONGEST_S}
    assert guesses.wrong("192.0.2.1", 0.0) == LONGEST_S


def test_an_address_that_was_quiet_begins_anew() -> None:
    guesses = Guesses()
    for _ in range(10):
        guesses.wrong("192.0.2.1", 0.0)
    assert guesses.wrong("192.0.2.1", FORGET_S - 1) == LONGEST_S
    # The last one counts, not the first.
    assert guesses.wrong("192.0.2.1", 2 * FORGET_S - 2) == LONGEST_S
    assert guesses.wrong("192.0.2.1", 3 * FORGET_S - 2) == 0


def test_what_was_forgotten_takes_no_room() -> None:
    guesses = Guesses()
    for number in range(100):
        guesses.wrong(f"192.0.2.{number}", 0.0)
    guesses.wrong("198.51.100.1", FORGET_S)
    assert len(guesses) == 1


def test_only_so_many_addresses_are_remembered_and_the_longest_quiet_one_goes_first() -> None:
    guesses = Guesses()
    for _ in range(10):
        guesses.wrong("192.0.2.1", 0.0)
        guesses.wrong("192.0.2.2", 0.0)
    for number in range(MOST_ADDRESSES - 2):
        guesses.wrong(f"10.0.{number // 256}.{number % 256}", 1.0)
    assert guesses.wrong("192.0.2.1", 2.0) == LONGEST_S
    guesses.wrong("198.51.100.1", 3.0)
    assert len(guesses) == MOST_ADDRESSES
    assert guesses.wrong("192.0.2.1", 4.0) == LONGEST_S
    assert guesses.wrong("192.0.2.2", 4.0) == 0


@pytest.mark.parametrize(
    ("peer", "group"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"),
        ("::1", "::"),
        ("", ""),
        (None, ""),
        ("/run/socket", ""),
    ],
)
def test_what_counts_as_one_guesser(peer: str | None, group: str) -> None:
    assert address_group(peer) == group
