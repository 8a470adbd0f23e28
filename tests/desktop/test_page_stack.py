"""Pages are made when somebody turns to them, and the others while there is time."""

from pytestqt.qtbot import QtBot

from app.desktop.page_stack import PageStack
from app.desktop.place import Place
from app.desktop.widgets.page_frame import Page


def test_a_page_is_made_once_when_it_is_first_asked_for(qtbot: QtBot) -> None:
    stack = PageStack({place: Page for place in Place})
    qtbot.addWidget(stack)
    stack.turn_to(Place.REQUESTS)
    first = stack.made[Place.REQUESTS]
    assert stack.currentWidget() is first
    assert stack.page(Place.TOKENS) is stack.page(Place.TOKENS)
    stack.turn_to(Place.REQUESTS)
    assert stack.currentWidget() is first
    assert set(stack.made) == {Place.REQUESTS, Place.TOKENS}


def test_the_others_are_made_one_at_a_time_and_the_open_one_stays(qtbot: QtBot) -> None:
    made: list[int] = []
    stack = PageStack({place: Page for place in Place})
    qtbot.addWidget(stack)
    stack.turn_to(Place.LICENSES)
    stack._ahead.setInterval(1)
    stack._ahead.timeout.connect(lambda: made.append(len(stack.made)))
    stack.make_ahead()
    qtbot.waitUntil(lambda: not stack._ahead.isActive(), timeout=5_000)
    assert made == [*range(2, len(Place) + 1), len(Place)]
    assert stack.currentWidget() is stack.made[Place.LICENSES]
    stack.make_ahead()
    assert not stack._ahead.isActive()
