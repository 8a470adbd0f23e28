"""When the tray speaks up: once, and not too often."""

from app.desktop.notifier import Notifier


def test_each_thing_is_said_once_for_as_long_as_it_stands() -> None:
    said: list[str] = []
    notifier = Notifier(said.append)
    for now in (0.0, 1.0, 5000.0):
        notifier.show({"resting": "No token."}, now, silent=False)
    assert said == ["No token."]
    notifier.show({}, 5001.0, silent=False)
    notifier.show({"resting": "No token again."}, 6000.0, silent=False)
    assert said == ["No token.", "No token again."]


def test_a_kind_speaks_every_ten_minutes_at_most_and_nothing_is_lost() -> None:
    said: list[str] = []
    notifier = Notifier(said.append)
    standing = {"sign_in t-1": "One.", "port_busy": "Busy."}
    notifier.show(standing, 0.0, silent=False)
    standing["sign_in t-2"] = "Two."
    notifier.show(standing, 599.0, silent=False)
    assert said == ["One.", "Busy."]
    notifier.show(standing, 600.0, silent=False)
    assert said == ["One.", "Busy.", "Two."]


def test_what_comes_and_goes_is_not_said_each_time() -> None:
    said: list[str] = []
    notifier = Notifier(said.append)
    for turn in range(60):
        notifier.show({"resting": "No token."} if turn % 2 == 0 else {}, turn * 10.0, silent=False)
    assert said == ["No token."]


def test_what_the_user_sees_already_is_not_said_later_either() -> None:
    said: list[str] = []
    notifier = Notifier(said.append)
    notifier.show({"resting": "No token."}, 0.0, silent=True)
    notifier.show({"resting": "No token."}, 5000.0, silent=False)
    assert said == []
