"""Values that nobody changes."""

from __future__ import annotations

from dataclasses import asdict, field, replace

import pytest

from app.core.record import record


@record
class Place:
    name: str
    seats: int = 1
    secret: str = field(default="s", repr=False)


def test_a_record_is_what_its_fields_are() -> None:
    place = Place("home", 2)
    assert place == Place(name="home", seats=2) != Place("home")
    assert len({place, Place("home", 2), Place("home")}) == 2
    assert replace(place, seats=3) == Place("home", 3)
    assert asdict(place) == {"name": "home", "seats": 2, "secret": "s"}
    assert repr(place) == "Place(name='home', seats=2)"


def test_a_record_has_room_for_its_fields_alone() -> None:
    with pytest.raises(AttributeError):
        Place("home").colour = "red"  # type: ignore[attr-defined] # that is what is tried
    assert not hasattr(Place("home"), "__dict__")
