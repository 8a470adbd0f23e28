"""The users' guide's four steps to Codex, as they really are for a version of it. No I/O.

Seen with the real sign-in screens: `2` and Enter save the key up to 0.80; at 0.100 `2` is the device code of OpenAI's
own sign-in, and the key is `3`; from 0.120 on the variables lead to api.openai.com.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from app.platform.codex_advice import EnvironmentPair, what_follows
from app.platform.codex_notes import CodexVersion
from app.platform.codex_setup import environment_text, setup_text
from app.platform.shells import Shell

INSTALL = "npm install -g @openai/codex"


class StepCode(StrEnum):
    """Names a step for the translations."""

    INSTALL = "install"
    INSTALL_NEWEST = "install_newest"
    VARIABLES = "variables"
    FULL_SET_UP = "full_set_up"
    START = "start"
    KEY_TWO = "key_two"
    KEY_THREE = "key_three"
    KEY_NAMED = "key_named"
    NO_SIGN_IN = "no_sign_in"


@dataclass(frozen=True, slots=True)
class GuideStep:
    """One of the four.

    Attributes:
        code: which, for the translations.
        text: in English.
        command: what is typed or pasted; empty if nothing. May hold the license.
    """

    code: StepCode
    text: str
    command: str = field(default="", repr=False)


def guide_steps(shell: Shell, base_url: str, license_key: str, version: CodexVersion | None) -> tuple[GuideStep, ...]:
    """The four steps for a version; None: it is not known, or there is no Codex.

    Raises:
        InvalidInput: the address or the license cannot be used, or not be pasted safely.
    """
    pair = what_follows(version).pair
    last = _LAST.get(pair)
    old = pair is EnvironmentPair.TOO_OLD
    return (
        GuideStep(StepCode.INSTALL_NEWEST, "Install the newest Codex: yours was not tried.", INSTALL)
        if old
        else GuideStep(StepCode.INSTALL, "Install Codex, or brew install codex.", INSTALL),
        GuideStep(
            StepCode.FULL_SET_UP,
            "Paste the full set-up into your terminal. OPENAI_BASE_URL and OPENAI_API_KEY alone must not be used: from "
            "0.120 on Codex ignores the first, and sends your requests, and a key saved from the second, to "
            "api.openai.com.",
            setup_text(shell, base_url, license_key),
        )
        if last is None
        else GuideStep(
            StepCode.VARIABLES,
            "Set the two variables in your terminal.",
            environment_text(shell, base_url, license_key),
        ),
        GuideStep(StepCode.START, "Start Codex in the same terminal.", "codex"),
        last
        or GuideStep(
            StepCode.NO_SIGN_IN,
            "No sign-in screen comes. If one does, the text is missing in that terminal: leave it with Ctrl-C, and "
            "save no key there.",
        ),
    )


_LAST = {
    EnvironmentPair.KEY_TWO: GuideStep(
        StepCode.KEY_TWO, "Press 2, then Enter: the license is filled in already, and Codex saves it."
    ),
    EnvironmentPair.KEY_THREE: GuideStep(
        StepCode.KEY_THREE,
        "Press 3, then Enter: the license is filled in already, and Codex saves it. 2 is a device code for OpenAI's "
        "own sign-in here.",
    ),
    EnvironmentPair.KEY_NAMED: GuideStep(
        StepCode.KEY_NAMED,
        "Choose the line with the API key, 2 or 3, then Enter: the license is filled in already, and Codex saves it.",
    ),
}
