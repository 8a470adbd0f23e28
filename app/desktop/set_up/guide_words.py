"""The users' guide's four steps, as they are for a version of Codex, in the user's language."""

from __future__ import annotations

from PySide6.QtCore import QT_TRANSLATE_NOOP

from app.desktop.translation import translated
from app.platform.codex_notes import CodexVersion
from app.platform.codex_steps import guide_steps
from app.platform.shells import Shell

# The English sentences of all steps, so that Qt Linguist knows them.
STEPS: tuple[object, ...] = (
    QT_TRANSLATE_NOOP("GuideSteps", "Install the newest Codex: yours was not tried."),
    QT_TRANSLATE_NOOP("GuideSteps", "Install Codex, or brew install codex."),
    QT_TRANSLATE_NOOP(
        "GuideSteps",
        "Paste the full set-up into your terminal. OPENAI_BASE_URL and OPENAI_API_KEY alone must not be used: from "
        "0.120 on Codex ignores the first, and sends your requests, and a key saved from the second, to "
        "api.openai.com.",
    ),
    QT_TRANSLATE_NOOP("GuideSteps", "Set the two variables in your terminal."),
    QT_TRANSLATE_NOOP("GuideSteps", "Start Codex in the same terminal."),
    QT_TRANSLATE_NOOP(
        "GuideSteps",
        "No sign-in screen comes. If one does, the text is missing in that terminal: leave it with Ctrl-C, and save no "
        "key there.",
    ),
    QT_TRANSLATE_NOOP("GuideSteps", "Press 2, then Enter: the license is filled in already, and Codex saves it."),
    QT_TRANSLATE_NOOP(
        "GuideSteps",
        "Press 3, then Enter: the license is filled in already, and Codex saves it. 2 is a device code for OpenAI's "
        "own sign-in here.",
    ),
    QT_TRANSLATE_NOOP(
        "GuideSteps",
        "Choose the line with the API key, 2 or 3, then Enter: the license is filled in already, and Codex saves it.",
    ),
)


def guide_text(shell: Shell, base_url: str, license_key: str, version: CodexVersion | None) -> str:
    """The four steps, a line each, without what is pasted.

    Raises:
        InvalidInput: the address or the license cannot be used, or not be pasted safely.
    """
    steps = guide_steps(shell, base_url, license_key, version)
    texts = [translated("GuideSteps", step.text) or step.text for step in steps]
    return "\n".join(f"{number}. {text}" for number, text in enumerate(texts, 1))
