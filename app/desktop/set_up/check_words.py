"""What a check of Codex has found, in the user's words; the English sentences come from `codex_check_words`."""

from __future__ import annotations

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication

from app.desktop import words
from app.desktop.design.colours import Tone
from app.desktop.translation import translated
from app.platform.codex_check import CheckCode, CheckStep, Stage, StepState
from app.platform.codex_check_words import WORDS

# The English sentences of all findings, so that Qt Linguist knows them.
FINDINGS: tuple[object, ...] = (
    QT_TRANSLATE_NOOP("CheckFindings", "Codex {version} is installed: {path}"),
    QT_TRANSLATE_NOOP("CheckFindings", "Codex {version} is newer than this Waystation has been tried with: {path}"),
    QT_TRANSLATE_NOOP("CheckFindings", "Codex was not found on this computer."),
    QT_TRANSLATE_NOOP("CheckFindings", "Install it, then open a new terminal window and check again."),
    QT_TRANSLATE_NOOP("CheckFindings", "Codex was found in WSL ({distribution}), and not in Windows."),
    QT_TRANSLATE_NOOP("CheckFindings", "Set it up in there: paste Waystation's text for WSL into a terminal of WSL."),
    QT_TRANSLATE_NOOP("CheckFindings", "Codex {version} is too old: at least {needed} is needed."),
    QT_TRANSLATE_NOOP("CheckFindings", "Update it."),
    QT_TRANSLATE_NOOP("CheckFindings", "Codex is installed, but does not start: {path}. It says: {said}"),
    QT_TRANSLATE_NOOP("CheckFindings", "Install it again."),
    QT_TRANSLATE_NOOP("CheckFindings", "PowerShell does not run npm's script {path}."),
    QT_TRANSLATE_NOOP(
        "CheckFindings",
        "Type codex.cmd instead of codex, or allow your own scripts by the command here.",
    ),
    QT_TRANSLATE_NOOP("CheckFindings", "Codex is set up for {address}."),
    QT_TRANSLATE_NOOP("CheckFindings", "{path} is broken at line {line}: Codex does not start."),
    QT_TRANSLATE_NOOP("CheckFindings", "Mend that line."),
    QT_TRANSLATE_NOOP("CheckFindings", "Codex does not accept its settings. It says: {said}"),
    QT_TRANSLATE_NOOP("CheckFindings", "Change that in {path}."),
    QT_TRANSLATE_NOOP("CheckFindings", "{path} cannot be read: {problem}"),
    QT_TRANSLATE_NOOP("CheckFindings", "Make the file readable for you."),
    QT_TRANSLATE_NOOP(
        "CheckFindings",
        "Codex is not set up for Waystation in this shell: it would go to OpenAI itself.",
    ),
    QT_TRANSLATE_NOOP("CheckFindings", "Let Waystation write its configuration, or use the full set-up."),
    QT_TRANSLATE_NOOP("CheckFindings", "Codex uses the provider {provider} ({address}) instead of Waystation."),
    QT_TRANSLATE_NOOP("CheckFindings", "Let model_provider in {path} name Waystation's, or set Codex up again."),
    QT_TRANSLATE_NOOP(
        "CheckFindings",
        "The profile {profile} in {path} makes Codex use the provider {provider} instead of Waystation.",
    ),
    QT_TRANSLATE_NOOP("CheckFindings", "Take model_provider out of that profile, or choose no profile."),
    QT_TRANSLATE_NOOP("CheckFindings", "Codex goes to {address}, but Waystation's address is {expected}."),
    QT_TRANSLATE_NOOP("CheckFindings", "Set Codex up again, or let Waystation listen on the address that Codex has."),
    QT_TRANSLATE_NOOP("CheckFindings", "Codex {version} ignores OPENAI_BASE_URL and goes to api.openai.com."),
    QT_TRANSLATE_NOOP("CheckFindings", "Set Codex up by its configuration file or by the full set-up."),
    QT_TRANSLATE_NOOP("CheckFindings", "The license is missing: {variable} is set nowhere."),
    QT_TRANSLATE_NOOP("CheckFindings", "Set Codex up again, or set the variable."),
    QT_TRANSLATE_NOOP("CheckFindings", "{variable} is set in {path}, but not in this shell."),
    QT_TRANSLATE_NOOP("CheckFindings", "Open a new terminal window, and start Codex there."),
    QT_TRANSLATE_NOOP("CheckFindings", "Codex has no license: nothing is saved by codex login."),
    QT_TRANSLATE_NOOP("CheckFindings", "Save it by codex login: Waystation has the command."),
    QT_TRANSLATE_NOOP("CheckFindings", "Codex shows your ChatGPT login to Waystation instead of a license."),
    QT_TRANSLATE_NOOP(
        "CheckFindings",
        "Set Codex up with a provider of its own, or save the license by codex login: Waystation has the command.",
    ),
    QT_TRANSLATE_NOOP("CheckFindings", "{variable} sends what Codex asks of {host} to the proxy {proxy}."),
    QT_TRANSLATE_NOOP("CheckFindings", "Write Codex's files again: that puts {host} into NO_PROXY in Codex's .env."),
    QT_TRANSLATE_NOOP(
        "CheckFindings",
        "forced_login_method in {path} is {value}: Codex refuses any other login, and removes one that is saved.",
    ),
    QT_TRANSLATE_NOOP("CheckFindings", "Take that line out."),
    QT_TRANSLATE_NOOP("CheckFindings", "{path} names {value}: in this folder Codex goes there instead of Waystation."),
    QT_TRANSLATE_NOOP("CheckFindings", "Take that out of the file, or start Codex in another folder."),
    QT_TRANSLATE_NOOP("CheckFindings", "Waystation answers at {address}."),
    QT_TRANSLATE_NOOP("CheckFindings", "Waystation is not running."),
    QT_TRANSLATE_NOOP("CheckFindings", "Start it."),
    QT_TRANSLATE_NOOP("CheckFindings", "Waystation does not answer: {problem}"),
    QT_TRANSLATE_NOOP("CheckFindings", "End it, and start it again."),
    QT_TRANSLATE_NOOP("CheckFindings", "The gateway is stopped."),
    QT_TRANSLATE_NOOP("CheckFindings", "Port {port} is used by another program: {program}."),
    QT_TRANSLATE_NOOP("CheckFindings", "End that program, or choose another port."),
    QT_TRANSLATE_NOOP(
        "CheckFindings",
        "The system does not give port {port} to programs (error 10013). Reserved are: {ranges}.",
    ),
    QT_TRANSLATE_NOOP("CheckFindings", "Choose another port, and set Codex up again."),
    QT_TRANSLATE_NOOP("CheckFindings", "The gateway does not run: {problem}"),
    QT_TRANSLATE_NOOP("CheckFindings", "Mend that, and start it again."),
    QT_TRANSLATE_NOOP("CheckFindings", "The gateway runs, but cannot be reached at {address}: {problem}"),
    QT_TRANSLATE_NOOP("CheckFindings", "Look whether a firewall or another program is in the way."),
    QT_TRANSLATE_NOOP("CheckFindings", "Another program answers at {address}: {program}."),
    QT_TRANSLATE_NOOP("CheckFindings", "End it, or let Waystation listen on another port and set Codex up again."),
    QT_TRANSLATE_NOOP("CheckFindings", "The license {license} lets Codex in."),
    QT_TRANSLATE_NOOP("CheckFindings", "Codex shows no license."),
    QT_TRANSLATE_NOOP("CheckFindings", "Set Codex up again."),
    QT_TRANSLATE_NOOP("CheckFindings", "Waystation does not know the license that Codex shows ({license})."),
    QT_TRANSLATE_NOOP(
        "CheckFindings",
        "Waystation does not know the license that stands in {path} ({license}): it may have got a new key since.",
    ),
    QT_TRANSLATE_NOOP("CheckFindings", "Write Codex's files again."),
    QT_TRANSLATE_NOOP(
        "CheckFindings",
        "Codex's background server was started before: in Codex's terminal interface the license or the proxy settings "
        "of then are still in use.",
    ),
    QT_TRANSLATE_NOOP("CheckFindings", "Restart it, by the command here or by /daemon in Codex."),
    QT_TRANSLATE_NOOP("CheckFindings", "Copy a license of this Waystation, and set Codex up again."),
    QT_TRANSLATE_NOOP("CheckFindings", "The license that Codex shows ({license}) is revoked."),
    QT_TRANSLATE_NOOP("CheckFindings", "Set Codex up with another license."),
    QT_TRANSLATE_NOOP("CheckFindings", "The license that Codex shows ({license}) has expired."),
    QT_TRANSLATE_NOOP("CheckFindings", "Extend it, or set Codex up with another license."),
    QT_TRANSLATE_NOOP("CheckFindings", "The license {license} has used up its budget of today."),
    QT_TRANSLATE_NOOP("CheckFindings", "Raise its budget, or wait until tomorrow."),
    QT_TRANSLATE_NOOP("CheckFindings", "Waystation does not answer requests for the host that Codex names."),
    QT_TRANSLATE_NOOP("CheckFindings", "Set Codex up with the address {expected}."),
    QT_TRANSLATE_NOOP("CheckFindings", "Codex asks for {path}, which does not exist here."),
    QT_TRANSLATE_NOOP("CheckFindings", "The address in Codex's settings must be {expected}."),
    QT_TRANSLATE_NOOP("CheckFindings", "Codex ran, but nothing of it arrived at Waystation. It says: {said}"),
    QT_TRANSLATE_NOOP("CheckFindings", "Look for a proxy, a firewall or another configuration of Codex."),
    QT_TRANSLATE_NOOP("CheckFindings", "Waystation refused the request: {problem}"),
    QT_TRANSLATE_NOOP("CheckFindings", "The token {token} serves."),
    QT_TRANSLATE_NOOP("CheckFindings", "{ready} of {all} tokens can serve now."),
    QT_TRANSLATE_NOOP("CheckFindings", "There is no token."),
    QT_TRANSLATE_NOOP("CheckFindings", "Sign in, or add a token."),
    QT_TRANSLATE_NOOP("CheckFindings", "No token can be opened: {problem}"),
    QT_TRANSLATE_NOOP("CheckFindings", "Open the key store, or add the tokens again."),
    QT_TRANSLATE_NOOP("CheckFindings", "Every token has reached its limit; the first is ready again at {until}."),
    QT_TRANSLATE_NOOP("CheckFindings", "Wait, or add another token."),
    QT_TRANSLATE_NOOP("CheckFindings", "No token's login is valid any more."),
    QT_TRANSLATE_NOOP("CheckFindings", "Sign in again."),
    QT_TRANSLATE_NOOP("CheckFindings", "Every token is disabled."),
    QT_TRANSLATE_NOOP("CheckFindings", "Enable one."),
    QT_TRANSLATE_NOOP("CheckFindings", "No token can serve at the moment: {problem}"),
    QT_TRANSLATE_NOOP("CheckFindings", "Try again in a while, or try the tokens at once."),
    QT_TRANSLATE_NOOP("CheckFindings", "OpenAI answers."),
    QT_TRANSLATE_NOOP("CheckFindings", "OpenAI cannot be reached: {problem}"),
    QT_TRANSLATE_NOOP("CheckFindings", "Look at the network, or choose a proxy in Waystation's settings."),
    QT_TRANSLATE_NOOP("CheckFindings", "A web page answers in OpenAI's place ({status})."),
    QT_TRANSLATE_NOOP(
        "CheckFindings",
        "Sign in to this network if it asks for that, or choose another proxy in Waystation's settings.",
    ),
    QT_TRANSLATE_NOOP("CheckFindings", "OpenAI refused the request ({status}): {problem}"),
    QT_TRANSLATE_NOOP("CheckFindings", "Test the token, or look at the account."),
    QT_TRANSLATE_NOOP("CheckFindings", "OpenAI failed ({status}): {problem}"),
    QT_TRANSLATE_NOOP("CheckFindings", "Try again in a while."),
    QT_TRANSLATE_NOOP("CheckFindings", "The model {model}, for which Codex asks, is not offered to this account."),
    QT_TRANSLATE_NOOP("CheckFindings", "Choose another one: model in {path}."),
    QT_TRANSLATE_NOOP("CheckFindings", "Codex has answered, after {seconds} s."),
    QT_TRANSLATE_NOOP(
        "CheckFindings",
        "Codex has answered, after {seconds} s. It lost time on WebSockets, which something between it and "
        "Waystation refuses.",
    ),
    QT_TRANSLATE_NOOP("CheckFindings", "Let that pass WebSockets, or take it out of the way."),
    QT_TRANSLATE_NOOP(
        "CheckFindings",
        "The request went through, but what Codex {version} prints is not understood. It says: {said}",
    ),
    QT_TRANSLATE_NOOP("CheckFindings", "Update Waystation."),
    QT_TRANSLATE_NOOP("CheckFindings", "The answer ended before it was whole: {problem}"),
    QT_TRANSLATE_NOOP("CheckFindings", "Try again."),
    QT_TRANSLATE_NOOP("CheckFindings", "Codex ended with an error. It says: {said}"),
    QT_TRANSLATE_NOOP("CheckFindings", "See what Codex says."),
    QT_TRANSLATE_NOOP("CheckFindings", "Codex was not done after {seconds} s, and was ended."),
)

#: By state: its symbol and its tone.
LOOKS: dict[StepState, tuple[str, Tone]] = {
    StepState.WAITING: ("step-waiting", Tone.NEUTRAL),
    StepState.RUNNING: ("step-active", Tone.INFO),
    StepState.OK: ("state-ready", Tone.POSITIVE),
    StepState.FAILED: ("warning", Tone.ERROR),
    StepState.SKIPPED: ("step-skipped", Tone.NEUTRAL),
}


def stage_name(stage: Stage) -> str:
    """What a step looks at."""
    match stage:
        case Stage.CODEX:
            return QCoreApplication.translate("CheckStages", "Codex")
        case Stage.SETTINGS:
            return QCoreApplication.translate("CheckStages", "Its settings")
        case Stage.GATEWAY:
            return QCoreApplication.translate("CheckStages", "Gateway")
        case Stage.DOOR:
            return QCoreApplication.translate("CheckStages", "License")
        case Stage.TOKEN:
            return QCoreApplication.translate("CheckStages", "Token")
        case Stage.UPSTREAM:
            return QCoreApplication.translate("CheckStages", "OpenAI")
        case Stage.ANSWER:
            return QCoreApplication.translate("CheckStages", "Answer")


def state_name(state: StepState) -> str:
    """How far a step has come."""
    match state:
        case StepState.WAITING:
            return QCoreApplication.translate("CheckStages", "waiting")
        case StepState.RUNNING:
            return QCoreApplication.translate("CheckStages", "running")
        case StepState.OK:
            return QCoreApplication.translate("CheckStages", "OK")
        case StepState.FAILED:
            return QCoreApplication.translate("CheckStages", "failed")
        case StepState.SKIPPED:
            return QCoreApplication.translate("CheckStages", "skipped")


def found_text(step: CheckStep) -> str:
    """What a step has found; empty as long as it has found nothing."""
    return _filled(WORDS[step.code].text, step) if step.code is not None else step.text


def fix_text(step: CheckStep) -> str:
    """What to do about it; empty where nothing is to be done."""
    if step.code is CheckCode.NOT_SET_UP:
        # There it is said for a terminal.
        return QCoreApplication.translate(
            "CheckFindings",
            "Let Waystation write it. If you have copied a text, it holds only where you pasted it: start codex in "
            "that terminal.",
        )
    return _filled(WORDS[step.code].fix, step) if step.code is not None else step.fix


def _filled(source: str, step: CheckStep) -> str:
    if not source:
        return ""
    values = dict(step.values)
    if "license" in values:
        values["license"] = words.license_label(values["license"])
    if "token" in values:
        values["token"] = words.token_label(values["token"])
    try:
        return (translated("CheckFindings", source) or source).format_map(values)
    except (KeyError, ValueError):
        # A value that is missing must not hide what was found.
        return step.text if source == WORDS[step.code].text else step.fix  # type: ignore[index]
