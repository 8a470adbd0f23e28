"""What is said of each thing that a check of Codex may find: a text and a fix, in English.

The placeholders are the keys of `CheckStep.values`.
"""

from __future__ import annotations

from typing import NamedTuple

from app.platform.codex_check_report import CheckCode


class Words(NamedTuple):
    """A text, and what to do about it (empty: nothing)."""

    text: str
    fix: str = ""


WORDS: dict[CheckCode, Words] = {
    CheckCode.CODEX_FOUND: Words("Codex {version} is installed: {path}"),
    CheckCode.CODEX_NEWER: Words("Codex {version} is newer than this Waystation has been tried with: {path}"),
    CheckCode.CODEX_MISSING: Words(
        "Codex was not found on this computer.", "Install it, then open a new terminal window and check again."
    ),
    CheckCode.CODEX_IN_WSL: Words(
        "Codex was found in WSL ({distribution}), and not in Windows.",
        "Set it up in there: paste Waystation's text for WSL into a terminal of WSL.",
    ),
    CheckCode.CODEX_TOO_OLD: Words("Codex {version} is too old: at least {needed} is needed.", "Update it."),
    CheckCode.CODEX_DAMAGED: Words(
        "Codex is installed, but does not start: {path}. It says: {said}", "Install it again."
    ),
    CheckCode.SCRIPTS_FORBIDDEN: Words(
        "PowerShell does not run npm's script {path}.",
        "Type codex.cmd instead of codex, or allow your own scripts by the command here.",
    ),
    CheckCode.SETTINGS_LEAD_HERE: Words("Codex is set up for {address}."),
    CheckCode.CONFIG_BROKEN: Words("{path} is broken at line {line}: Codex does not start.", "Mend that line."),
    CheckCode.CONFIG_REFUSED: Words("Codex does not accept its settings. It says: {said}", "Change that in {path}."),
    CheckCode.CONFIG_UNREADABLE: Words("{path} cannot be read: {problem}", "Make the file readable for you."),
    CheckCode.NOT_SET_UP: Words(
        "Codex is not set up for Waystation in this shell: it would go to OpenAI itself.",
        "Let Waystation write its configuration, or use the full set-up.",
    ),
    CheckCode.OTHER_PROVIDER: Words(
        "Codex uses the provider {provider} ({address}) instead of Waystation.",
        "Let model_provider in {path} name Waystation's, or set Codex up again.",
    ),
    CheckCode.OTHER_PROFILE: Words(
        "The profile {profile} in {path} makes Codex use the provider {provider} instead of Waystation.",
        "Take model_provider out of that profile, or choose no profile.",
    ),
    CheckCode.OTHER_ADDRESS: Words(
        "Codex goes to {address}, but Waystation's address is {expected}.",
        "Set Codex up again, or let Waystation listen on the address that Codex has.",
    ),
    CheckCode.ENVIRONMENT_IGNORED: Words(
        "Codex {version} ignores OPENAI_BASE_URL and goes to api.openai.com.",
        "Set Codex up by its configuration file or by the full set-up.",
    ),
    CheckCode.VARIABLE_MISSING: Words(
        "The license is missing: {variable} is set nowhere.", "Set Codex up again, or set the variable."
    ),
    CheckCode.VARIABLE_NOT_HERE: Words(
        "{variable} is set in {path}, but not in this shell.", "Open a new terminal window, and start Codex there."
    ),
    CheckCode.KEY_NOT_SAVED: Words(
        "Codex has no license: nothing is saved by codex login.",
        "Save it by codex login: Waystation has the command.",
    ),
    CheckCode.LOGIN_NOT_LICENSE: Words(
        "Codex shows your ChatGPT login to Waystation instead of a license.",
        "Set Codex up with a provider of its own, or save the license by codex login: Waystation has the command.",
    ),
    CheckCode.FORCED_LOGIN: Words(
        "forced_login_method in {path} is {value}: Codex refuses any other login, and removes one that is saved.",
        "Take that line out.",
    ),
    CheckCode.PROJECT_FILE: Words(
        "{path} names {value}: in this folder Codex goes there instead of Waystation.",
        "Take that out of the file, or start Codex in another folder.",
    ),
    CheckCode.PROXY_SWALLOWS: Words(
        "{variable} sends what Codex asks of {host} to the proxy {proxy}.",
        "Write Codex's files again: that puts {host} into NO_PROXY in Codex's .env.",
    ),
    CheckCode.GATEWAY_LISTENS: Words("Waystation answers at {address}."),
    CheckCode.NOT_RUNNING: Words("Waystation is not running.", "Start it."),
    CheckCode.NOT_ANSWERING: Words("Waystation does not answer: {problem}", "End it, and start it again."),
    CheckCode.GATEWAY_STOPPED: Words("The gateway is stopped.", "Start it."),
    CheckCode.PORT_TAKEN: Words(
        "Port {port} is used by another program: {program}.", "End that program, or choose another port."
    ),
    CheckCode.PORT_RESERVED: Words(
        "The system does not give port {port} to programs (error 10013). Reserved are: {ranges}.",
        "Choose another port, and set Codex up again.",
    ),
    CheckCode.GATEWAY_FAILED: Words("The gateway does not run: {problem}", "Mend that, and start it again."),
    CheckCode.GATEWAY_UNREACHABLE: Words(
        "The gateway runs, but cannot be reached at {address}: {problem}",
        "Look whether a firewall or another program is in the way.",
    ),
    CheckCode.OTHER_PROGRAM: Words(
        "Another program answers at {address}: {program}.",
        "End it, or let Waystation listen on another port and set Codex up again.",
    ),
    CheckCode.LET_IN: Words("The license {license} lets Codex in."),
    CheckCode.LICENSE_MISSING: Words("Codex shows no license.", "Set Codex up again."),
    CheckCode.LICENSE_UNKNOWN: Words(
        "Waystation does not know the license that Codex shows ({license}).",
        "Copy a license of this Waystation, and set Codex up again.",
    ),
    CheckCode.LICENSE_OLD: Words(
        "Waystation does not know the license that stands in {path} ({license}): it may have got a new key since.",
        "Write Codex's files again.",
    ),
    CheckCode.SERVER_OLD: Words(
        "Codex's background server was started before: in Codex's terminal interface the license or the proxy settings "
        "of then are still in use.",
        "Restart it, by the command here or by /daemon in Codex.",
    ),
    CheckCode.LICENSE_REVOKED: Words(
        "The license that Codex shows ({license}) is revoked.", "Set Codex up with another license."
    ),
    CheckCode.LICENSE_EXPIRED: Words(
        "The license that Codex shows ({license}) has expired.", "Extend it, or set Codex up with another license."
    ),
    CheckCode.BUDGET_SPENT: Words(
        "The license {license} has used up its budget of today.", "Raise its budget, or wait until tomorrow."
    ),
    CheckCode.HOST_REFUSED: Words(
        "Waystation does not answer requests for the host that Codex names.",
        "Set Codex up with the address {expected}.",
    ),
    CheckCode.PATH_UNKNOWN: Words(
        "Codex asks for {path}, which does not exist here.", "The address in Codex's settings must be {expected}."
    ),
    CheckCode.NOTHING_ARRIVED: Words(
        "Codex ran, but nothing of it arrived at Waystation. It says: {said}",
        "Look for a proxy, a firewall or another configuration of Codex.",
    ),
    CheckCode.DOOR_REFUSED: Words("Waystation refused the request: {problem}"),
    CheckCode.TOKEN_SERVES: Words("The token {token} serves."),
    CheckCode.TOKENS_READY: Words("{ready} of {all} tokens can serve now."),
    CheckCode.NO_TOKENS: Words("There is no token.", "Sign in, or add a token."),
    CheckCode.TOKENS_SEALED: Words("No token can be opened: {problem}", "Open the key store, or add the tokens again."),
    CheckCode.TOKENS_AT_LIMIT: Words(
        "Every token has reached its limit; the first is ready again at {until}.", "Wait, or add another token."
    ),
    CheckCode.TOKENS_NEED_SIGN_IN: Words("No token's login is valid any more.", "Sign in again."),
    CheckCode.TOKENS_DISABLED: Words("Every token is disabled.", "Enable one."),
    CheckCode.TOKENS_REST: Words(
        "No token can serve at the moment: {problem}", "Try again in a while, or try the tokens at once."
    ),
    CheckCode.UPSTREAM_ANSWERS: Words("OpenAI answers."),
    CheckCode.UPSTREAM_UNREACHABLE: Words(
        "OpenAI cannot be reached: {problem}", "Look at the network, or choose a proxy in Waystation's settings."
    ),
    CheckCode.UPSTREAM_IS_A_PAGE: Words(
        "A web page answers in OpenAI's place ({status}).",
        "Sign in to this network if it asks for that, or choose another proxy in Waystation's settings.",
    ),
    CheckCode.UPSTREAM_REFUSED: Words(
        "OpenAI refused the request ({status}): {problem}", "Test the token, or look at the account."
    ),
    CheckCode.UPSTREAM_FAILED: Words("OpenAI failed ({status}): {problem}", "Try again in a while."),
    CheckCode.MODEL_UNKNOWN: Words(
        "The model {model}, for which Codex asks, is not offered to this account.",
        "Choose another one: model in {path}.",
    ),
    CheckCode.ANSWERED: Words("Codex has answered, after {seconds} s."),
    CheckCode.ANSWERED_SLOWLY: Words(
        "Codex has answered, after {seconds} s. It lost time on WebSockets, which something between it and Waystation "
        "refuses.",
        "Let that pass WebSockets, or take it out of the way.",
    ),
    CheckCode.ANSWER_UNKNOWN: Words(
        "The request went through, but what Codex {version} prints is not understood. It says: {said}",
        "Update Waystation.",
    ),
    CheckCode.ANSWER_BROKEN: Words("The answer ended before it was whole: {problem}", "Try again."),
    CheckCode.CODEX_FAILED: Words("Codex ended with an error. It says: {said}", "See what Codex says."),
    CheckCode.TOO_SLOW: Words("Codex was not done after {seconds} s, and was ended.", "Try again."),
}
