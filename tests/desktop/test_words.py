"""What practice names in both languages at once is shown in the user's."""

from app.commandline.practice import LAPTOP_LABEL, NIGHT_JOB_LABEL
from app.desktop import words


def test_the_sample_licenses_of_practice_are_named_in_english(qtbot: object) -> None:
    assert words.license_label(LAPTOP_LABEL) == "Laptop (practice)"
    assert words.license_label(NIGHT_JOB_LABEL) == "Night job (practice)"


def test_the_sample_licenses_of_practice_are_named_in_chinese(chinese: None) -> None:
    labels = [words.license_label(label) for label in (LAPTOP_LABEL, NIGHT_JOB_LABEL, "Laptop")]
    assert labels == ["笔记本电脑（练习）", "夜间任务（练习）", "Laptop"]


def test_practice_does_not_speak_of_a_key_that_is_weaker(qtbot: object) -> None:
    assert "gone" in words.key_store("file", practice=True)
    assert "weaker" in words.key_store("file")
