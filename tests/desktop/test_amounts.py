"""Numbers at a glance and round scales."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QLocale

from app.desktop.amounts import compact, round_top


@pytest.fixture
def locale(request: pytest.FixtureRequest) -> Iterator[None]:
    before = QLocale()
    QLocale.setDefault(QLocale(request.param))
    yield
    QLocale.setDefault(before)


@pytest.mark.parametrize(
    ("locale", "number", "said"),
    [
        ("en_US", 0, "0"),
        ("en_US", 999, "999"),
        ("en_US", 1000, "1k"),
        ("en_US", 1234, "1.2k"),
        ("en_US", 56789, "57k"),
        ("en_US", 999_700, "1M"),
        ("en_US", 1_250_000_000, "1.2B"),
        ("de_DE", 1234, "1,2k"),
        ("zh_CN", 9000, "9,000"),
        ("zh_CN", 9_999, "1万"),
        ("zh_CN", 12_300, "1.2万"),
        ("zh_CN", 8_490_000, "849万"),
        ("zh_CN", 230_000_000, "2.3亿"),
    ],
    indirect=["locale"],
)
def test_a_number_is_short_and_in_the_units_of_the_locale(locale: None, number: int, said: str) -> None:
    assert compact(number) == said


@pytest.mark.parametrize(
    ("highest", "top"),
    [(0, 1), (1, 1), (2, 2), (7, 8), (10, 10), (11, 12), (41, 50), (99, 100), (1_230_000, 1_600_000)],
)
def test_a_scale_ends_on_a_round_number_not_far_above(highest: int, top: int) -> None:
    assert round_top(highest) == top
