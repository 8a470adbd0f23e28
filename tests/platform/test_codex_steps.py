"""The guide's steps, by version; the real sign-in screens are in `test_codex_setup_real` and in tests/e2e."""

import pytest

from app.platform.codex_setup import environment_text, setup_text
from app.platform.codex_steps import GuideStep, StepCode, guide_steps
from app.platform.shells import Shell

URL = "http://127.0.0.1:8787/codex/v1"
KEY = "ws-abcdefgh"


def steps(version: tuple[int, int, int] | None) -> tuple[GuideStep, ...]:
    return guide_steps(Shell.BASH, URL, KEY, version)


@pytest.mark.parametrize(
    ("version", "last"),
    [
        ((0, 42, 0), StepCode.KEY_TWO),
        ((0, 80, 0), StepCode.KEY_TWO),
        ((0, 90, 0), StepCode.KEY_NAMED),
        ((0, 100, 0), StepCode.KEY_THREE),
        ((0, 118, 0), StepCode.KEY_THREE),
    ],
)
def test_up_to_0_118_they_are_the_guides_own(version: tuple[int, int, int], last: StepCode) -> None:
    found = steps(version)
    assert [step.code for step in found] == [StepCode.INSTALL, StepCode.VARIABLES, StepCode.START, last]
    assert found[1].command == environment_text(Shell.BASH, URL, KEY)


@pytest.mark.parametrize("version", [(0, 120, 0), (0, 169, 0), (1, 0, 0), None, (0, 41, 0)])
def test_else_the_pair_gives_way_to_the_full_set_up(version: tuple[int, int, int] | None) -> None:
    found = steps(version)
    assert [step.code for step in found][1:] == [StepCode.FULL_SET_UP, StepCode.START, StepCode.NO_SIGN_IN]
    assert found[1].command == setup_text(Shell.BASH, URL, KEY)
    assert "api.openai.com" in found[1].text
    assert "OPENAI" not in found[1].command


def test_one_that_nobody_has_tried_is_replaced() -> None:
    assert steps((0, 41, 0))[0].code is StepCode.INSTALL_NEWEST


def test_no_license_in_what_is_printed_for_developers() -> None:
    assert KEY not in repr(steps((0, 45, 0)))
