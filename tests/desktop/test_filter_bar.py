"""The line above a long table: what is looked for, and how it is left again."""

from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QPushButton, QVBoxLayout, QWidget

from app.desktop.icons import Icons
from app.desktop.models.matching import Matching
from app.desktop.widgets.filter_bar import FilterBar, nothing_matches


@pytest.fixture
def bar(icons: Icons) -> Iterator[FilterBar]:
    window = QWidget()
    made = FilterBar(icons, "Search things")
    column = QVBoxLayout(window)
    column.addWidget(made)
    column.addWidget(QPushButton("Another"))
    window.show()
    yield made
    window.close()


def changes(bar: FilterBar) -> list[str]:
    seen: list[str] = []
    bar.changed.connect(lambda: seen.append(bar.text))
    return seen


def test_ctrl_f_leads_to_the_entry_from_anywhere(bar: FilterBar, qtbot: Any) -> None:
    with qtbot.waitActive(bar.window()):
        bar.window().activateWindow()
    bar.window().findChild(QPushButton).setFocus()
    QTest.keyClick(bar.window(), Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert QApplication.focusWidget() is bar.entry


def test_esc_empties_the_entry_before_it_closes_the_window(bar: FilterBar) -> None:
    bar.entry.setText("work")
    QTest.keyClick(bar.entry, Qt.Key.Key_Escape)
    assert bar.text == ""
    assert bar.window().isVisible()


def test_it_says_how_much_of_the_whole_is_shown_only_while_something_is_left_out(bar: FilterBar) -> None:
    bar.show_counts(7, 7)
    assert bar.counts == ""
    bar.entry.setText("work")
    bar.show_counts(2, 7)
    assert bar.counts == "2 of 7 shown"


def test_a_choice_offers_other_things_without_forgetting_what_was_chosen(bar: FilterBar) -> None:
    choice = bar.add_choice("Token", "All tokens")
    choice.offer([("t-1", "Work"), ("t-2", "Spare")])
    choice.setCurrentIndex(2)
    seen = changes(bar)
    choice.offer([("t-2", "Renamed"), ("t-3", "New")])
    assert (choice.chosen, choice.currentText(), seen) == ("t-2", "Renamed", [])
    choice.offer([("t-3", "New")])
    assert (choice.chosen, choice.currentText(), len(seen)) == (None, "All tokens", 1)


def test_one_button_shows_all_again_with_one_change(bar: FilterBar, icons: Icons) -> None:
    choice = bar.add_choice("Token", "All tokens")
    choice.offer([("t-1", "Work")])
    choice.setCurrentIndex(1)
    bar.entry.setText("work")
    assert bar.narrows
    seen = changes(bar)
    empty = nothing_matches(icons, bar)
    empty.findChild(QPushButton).click()
    assert (bar.narrows, seen) == (False, [""])


def test_the_order_is_shown_and_chosen_by_keyboard_too(bar: FilterBar) -> None:
    sorting = bar.add_sorting(["Name", "Size"])
    asked: list[tuple[int, Qt.SortOrder]] = []
    sorting.chosen.connect(lambda column, order: asked.append((column, order)))
    sorting.show_order(1, Qt.SortOrder.DescendingOrder)
    assert asked == []
    assert sorting.by.currentText() == "Size"
    QTest.keyClick(sorting.by, Qt.Key.Key_Up)
    sorting.turn.click()
    assert asked == [(0, Qt.SortOrder.DescendingOrder), (0, Qt.SortOrder.AscendingOrder)]


def test_buttons_without_words_have_names(bar: FilterBar) -> None:
    bar.add_sorting(["Name"])
    bar.entry.setText("x")
    for item in bar.findChildren(QAbstractButton):
        assert item.accessibleName(), item


@pytest.mark.parametrize(
    ("typed", "texts", "found"),
    [
        ("", (), True),
        ("work", ("Work", None), True),
        ("work codex", ("my work", "codex_cli_rs"), True),
        ("work codex", ("my work", "OpenAI"), False),
        ("审查", ("代码审查",), True),
        ("STRASSE", ("Straße",), True),
    ],
)
def test_every_word_stands_in_one_of_the_texts(typed: str, texts: tuple[str | None, ...], found: bool) -> None:
    matching = Matching(typed)
    assert matching.accepts(*texts) is found
    assert matching.accepts(*texts) is found
