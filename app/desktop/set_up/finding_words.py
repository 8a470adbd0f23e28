"""What to know before Codex's files are changed, in the user's words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication

from app.desktop.design.colours import Tone
from app.desktop.set_up.changes_dialog import Said
from app.desktop.translation import translated
from app.platform.codex_config_findings import Finding, FindingCode

# The English sentences as `Finding.text` has them, so that Qt Linguist knows them.
TEXTS: dict[FindingCode, object] = {
    FindingCode.PROFILE_CHOSEN: QT_TRANSLATE_NOOP(
        "CodexFindings",
        "config.toml chooses a profile, and {where} names the provider {value}: Codex up to 0.120 uses that one. Take "
        "model_provider out of the profile.",
    ),
    FindingCode.PROFILE: QT_TRANSLATE_NOOP(
        "CodexFindings", "{where} names the provider {value}: with that profile Codex up to 0.120 goes there."
    ),
    FindingCode.PROFILE_FILE: QT_TRANSLATE_NOOP(
        "CodexFindings", "{where} names {value}: with that profile Codex goes there."
    ),
    FindingCode.OTHER_PROVIDER: QT_TRANSLATE_NOOP(
        "CodexFindings",
        "{where} is {value}, so that openai_base_url is not used. Take that line out, or choose the provider of our "
        "own.",
    ),
    FindingCode.STILL_NAMED: QT_TRANSLATE_NOOP(
        "CodexFindings",
        "{where} still names Waystation's provider, which is gone now: Codex will not start with it. Change that line.",
    ),
    FindingCode.HISTORY_FILTERED: QT_TRANSLATE_NOOP(
        "CodexFindings",
        "Conversations begun before are not lost, but Codex 0.80 to 0.140 lists only those of the provider in use: "
        "codex resume -c model_provider={value} lists them, and codex resume ID goes on with one through Waystation.",
    ),
    FindingCode.HISTORY_FORK: QT_TRANSLATE_NOOP(
        "CodexFindings",
        "Newer versions of Codex go on with a conversation where it was begun, not through Waystation: codex fork ID "
        "goes on with a copy of it here.",
    ),
    FindingCode.HISTORY_OURS: QT_TRANSLATE_NOOP(
        "CodexFindings",
        "Conversations begun through Waystation are not lost: codex resume ID goes on with one, or codex fork ID where "
        "Codex refuses that.",
    ),
    FindingCode.LOGIN_REPLACED: QT_TRANSLATE_NOOP(
        "CodexFindings",
        "Codex is signed in with ChatGPT, and the command replaces that login. To keep it, first copy {where} to "
        "{value}; copied back, it works again.",
    ),
    FindingCode.LOGIN_HIDDEN: QT_TRANSLATE_NOOP(
        "CodexFindings",
        "Codex keeps its login in the system's keyring ({where} is {value}). If that is a ChatGPT login, the command "
        "replaces it: to have it back, sign in to Codex again.",
    ),
    FindingCode.LOGIN_FOLLOWED: QT_TRANSLATE_NOOP(
        "CodexFindings",
        "A token follows {where}. Codex no longer renews that login once it goes through Waystation, so that the token "
        "ends in some days: give Waystation a sign-in of its own.",
    ),
    FindingCode.KEY_SAVED: QT_TRANSLATE_NOOP(
        "CodexFindings",
        "Codex still has the license saved as its API key ({where}), and without Waystation would send it to "
        "api.openai.com. Remove it by the command, or copy your own login back.",
    ),
    FindingCode.PROJECT_FILE: QT_TRANSLATE_NOOP(
        "CodexFindings", "{where} names {value}: in that project Codex 0.80 to 0.120 goes there, with the license."
    ),
    FindingCode.MANAGED_FILE: QT_TRANSLATE_NOOP(
        "CodexFindings",
        "{where} names {value} and outweighs config.toml: Codex goes there. Ask whoever manages this computer.",
    ),
    FindingCode.ADDRESS_NEEDS: QT_TRANSLATE_NOOP(
        "CodexFindings",
        "openai_base_url is read by Codex 0.120 and newer; which version is installed is not known.",
    ),
    FindingCode.DIRECT_WRITTEN: QT_TRANSLATE_NOOP(
        "CodexFindings",
        "A proxy stands between Codex and the gateway, so NO_PROXY goes into {where}: yours, and {value} besides. "
        "There it wins over your environment: when your NO_PROXY changes, write this again.",
    ),
    FindingCode.FORCED_LOGIN: QT_TRANSLATE_NOOP(
        "CodexFindings",
        "{where} is {value}: Codex then refuses to save the license, and removes one that is saved. Take that line "
        "out, or choose the provider of our own.",
    ),
    FindingCode.SERVER_KEEPS: QT_TRANSLATE_NOOP(
        "CodexFindings",
        "Codex's background server is running, and keeps the license with which it was started. When all is done, "
        "restart it: by {value} in a terminal, or by /daemon in Codex.",
    ),
}
# Where Codex would go elsewhere, or something be lost.
_SERIOUS = frozenset(FindingCode) - {
    FindingCode.PROFILE,
    FindingCode.PROFILE_FILE,
    FindingCode.HISTORY_FILTERED,
    FindingCode.HISTORY_FORK,
    FindingCode.HISTORY_OURS,
    FindingCode.DIRECT_WRITTEN,
}


def finding_notes(findings: Iterable[Finding]) -> Sequence[Said]:
    """The findings as notices, the serious ones first."""
    ordered = sorted(findings, key=lambda finding: finding.code not in _SERIOUS)
    return [(Tone.WARNING if item.code in _SERIOUS else Tone.NEUTRAL, finding_text(item)) for item in ordered]


def finding_text(finding: Finding) -> str:
    """One finding in a sentence or two."""
    source = str(TEXTS[finding.code])
    return (translated("CodexFindings", source) or source).format(where=finding.where, value=finding.value)


def command_note(command: str) -> Sequence[Said]:
    """That something is left to be run; what it is stands on the page afterwards."""
    if not command:
        return ()
    text = QCoreApplication.translate(
        "CodexFindings", "Afterwards one command is left to be run in a terminal; the page then shows it."
    )
    return ((Tone.INFO, text),)
