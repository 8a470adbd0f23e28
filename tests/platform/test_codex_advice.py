"""What follows from a version of Codex."""

import pytest

from app.platform.codex_advice import EnvironmentPair, what_follows


@pytest.mark.parametrize(
    ("version", "pair"),
    [
        ((0, 41, 9), EnvironmentPair.TOO_OLD),
        ((0, 42, 0), EnvironmentPair.KEY_TWO),
        ((0, 45, 0), EnvironmentPair.KEY_TWO),
        ((0, 80, 1), EnvironmentPair.KEY_TWO),
        ((0, 81, 0), EnvironmentPair.KEY_NAMED),
        ((0, 99, 0), EnvironmentPair.KEY_NAMED),
        ((0, 100, 0), EnvironmentPair.KEY_THREE),
        ((0, 118, 0), EnvironmentPair.KEY_THREE),
        ((0, 120, 0), EnvironmentPair.IGNORED),
        ((0, 169, 0), EnvironmentPair.IGNORED),
        ((1, 0, 0), EnvironmentPair.IGNORED),
        (None, EnvironmentPair.UNKNOWN),
    ],
)
def test_whether_the_environment_pair_is_enough(version: tuple[int, int, int] | None, pair: EnvironmentPair) -> None:
    advice = what_follows(version)
    assert (advice.version, advice.pair) == (version, pair)
    assert advice.saved_key_leaves == (pair in (EnvironmentPair.IGNORED, EnvironmentPair.UNKNOWN))


@pytest.mark.parametrize(
    ("version", "newer"), [((0, 169, 0), False), ((0, 169, 3), False), ((0, 170, 0), True), (None, False)]
)
def test_a_version_that_nobody_has_tried_is_said_to_be_one(version: tuple[int, int, int] | None, newer: bool) -> None:
    assert what_follows(version).newer_than_tried is newer
