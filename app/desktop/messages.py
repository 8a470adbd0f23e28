"""What went wrong, in the user's language.

English sentences come with the errors themselves and are shown as they are. A translation is found by the
sentence where `sentences` knows it, else by the error's code; without one, the English sentence stands.
"""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QT_TRANSLATE_NOOP

from app.core.errors import InvalidInput, WaystationError
from app.desktop.sentences import by_template, in_window
from app.desktop.translation import translated
from app.gateway.snapshot import Problem

# By `WaystationError.code`; values in braces are the error's details.
BY_CODE: dict[str, object] = {
    "error": QT_TRANSLATE_NOOP("Errors", "This did not work."),
    "invalid_input": QT_TRANSLATE_NOOP("Errors", "What was given cannot be used; nothing was changed."),
    "not_found": QT_TRANSLATE_NOOP("Errors", "This entry does not exist any more."),
    "port_busy": QT_TRANSLATE_NOOP("Errors", "Port {port} is used by another program, or kept by the system."),
    "instance_running": QT_TRANSLATE_NOOP("Errors", "Another Waystation uses this data folder; quit it first."),
    "instance_unreachable": QT_TRANSLATE_NOOP(
        "Errors", "Another Waystation uses this data folder, but it does not answer. End it, then start again."
    ),
    "key_store_unavailable": QT_TRANSLATE_NOOP(
        "Errors", "The system's keyring cannot be used: there is none, it is locked, or it does not answer."
    ),
    "data_key_lost": QT_TRANSLATE_NOOP(
        "Errors", "The key that seals your tokens and licenses is gone from the keyring. Nothing was deleted."
    ),
    "seal_damaged": QT_TRANSLATE_NOOP("Errors", "A stored secret is damaged and cannot be opened. Add it again."),
    "data_too_new": QT_TRANSLATE_NOOP(
        "Errors", "The data was written by a newer Waystation and was left untouched. Install the newer version."
    ),
    "data_unusable": QT_TRANSLATE_NOOP(
        "Errors", "The database cannot be read or written. Check the disk and the rights of the data folder."
    ),
    "refusal": QT_TRANSLATE_NOOP("Errors", "The request was refused."),
    "upstream_unreachable": QT_TRANSLATE_NOOP(
        "Errors", "OpenAI cannot be reached. Check the network connection, and whether a proxy is needed here."
    ),
    "upstream_timeout": QT_TRANSLATE_NOOP("Errors", "OpenAI took the request but did not answer in time."),
    "sign_in_refused": QT_TRANSLATE_NOOP(
        "Errors", "The sign-in service refused. Try again; if it stays so, sign in again."
    ),
    "sign_in_ports_busy": QT_TRANSLATE_NOOP(
        "Errors",
        "The browser cannot come back to Waystation: its ports ({ports}) are used by other programs. End them, or sign "
        "in with a device code.",
    ),
    "sign_in_ports_busy.program": QT_TRANSLATE_NOOP(
        "Errors",
        "The browser cannot come back to Waystation: port {port} is used by {program}. End that program, or sign in "
        "with a device code.",
    ),
    "usage_refused": QT_TRANSLATE_NOOP("Errors", "Upstream did not tell the usage of this token ({status})."),
    "models_refused": QT_TRANSLATE_NOOP(
        "Errors",
        "OpenAI did not say which models it offers ({status}). Test the token; if it works, try again in a while.",
    ),
    "release_feed_unreachable": QT_TRANSLATE_NOOP(
        "Errors", "{host} cannot be reached. Check the network connection, and whether a proxy is needed here."
    ),
    "release_feed_refused": QT_TRANSLATE_NOOP(
        "Errors",
        "{host} did not tell of releases ({status}). Try again later; if it stays so, check the address of the release "
        "feed.",
    ),
    "release_feed_empty": QT_TRANSLATE_NOOP(
        "Errors", "{host} knows of no release. Check the address of the release feed, or try again later."
    ),
    "release_feed_busy": QT_TRANSLATE_NOOP(
        "Errors", "{host} has had too many questions from this network. Try again in an hour."
    ),
    "release_feed_unreadable": QT_TRANSLATE_NOOP(
        "Errors",
        "What came from {host} is no release feed. Check its address, and whether this network wants you to sign in on "
        "a web page first.",
    ),
    "backup_damaged": QT_TRANSLATE_NOOP(
        "Errors", "This backup is damaged: some of it is missing or was changed. Nothing was imported."
    ),
    "backup_too_new": QT_TRANSLATE_NOOP(
        "Errors",
        "This backup was written by a newer Waystation. Install that version, then import it. Nothing was imported.",
    ),
    "wrong_passphrase": QT_TRANSLATE_NOOP("Errors", "This passphrase does not open the backup. Nothing was imported."),
    "cannot_last": QT_TRANSLATE_NOOP(
        "Errors",
        "cmd reads no file of yours when it starts, so this can only be set up for one window. For good, take "
        "PowerShell, or let Waystation write Codex's config.toml.",
    ),
    "codex_config_broken": QT_TRANSLATE_NOOP(
        "Errors",
        "Codex's config.toml cannot be read, by Codex neither (line {line}). Mend that line; nothing was changed.",
    ),
    "codex_config_uneditable": QT_TRANSLATE_NOOP(
        "Errors",
        "Codex's config.toml has {key}, which is not Waystation's. Rename or remove it and try again; nothing was "
        "changed.",
    ),
    "codex_config_changed": QT_TRANSLATE_NOOP(
        "Errors", "{path} has been changed meanwhile. Nothing was written: look at the changes again."
    ),
    "codex_config_unreadable": QT_TRANSLATE_NOOP("Errors", "{path} cannot be read. Check its rights, and what it is."),
    "codex_too_old": QT_TRANSLATE_NOOP(
        "Errors",
        "Codex {version} does not read openai_base_url; 0.120 is the first that does. Choose the own provider.",
    ),
    "codex_loop": QT_TRANSLATE_NOOP(
        "Errors",
        "{name} is Waystation itself ({address}): it would ask itself for ever. Correct that variable and start "
        "Waystation again; nothing was changed.",
    ),
    "codex_chatgpt_address": QT_TRANSLATE_NOOP(
        "Errors",
        "{path} sets chatgpt_base_url to Waystation, which has none of what Codex asks for there. Take that line out "
        "and try again; nothing was changed.",
    ),
    "codex_login_followed": QT_TRANSLATE_NOOP(
        "Errors",
        "A token follows {path}, which this way would overwrite. Choose the own provider, or give Waystation a sign-in "
        "of its own first; nothing was changed.",
    ),
    "codex_env_unreadable": QT_TRANSLATE_NOOP(
        "Errors",
        "{path} is in UTF-16, which Codex cannot read either. Save it as UTF-8 and try again; nothing was changed.",
    ),
    "codex_memory_unusable": QT_TRANSLATE_NOOP(
        "Errors", "{path}, in which Waystation remembers what it wrote for Codex, cannot be used: {reason}."
    ),
    "codex_setup_busy": QT_TRANSLATE_NOOP("Errors", "Another Waystation is writing Codex's files now. Try again."),
    "codex_not_written": QT_TRANSLATE_NOOP("Errors", "Waystation has written nothing into {path}."),
    "autostart_failed": QT_TRANSLATE_NOOP(
        "Errors",
        "The system does not let Waystation change what starts at sign-in: {reason}. Use its own settings for start-up "
        "programs instead.",
    ),
    "program_not_installed": QT_TRANSLATE_NOOP(
        "Errors",
        "Waystation runs from its disk image, or from where macOS has put it for its first start, and will not be "
        "there at the next sign-in. Drag it into the folder Applications, start it there, and try again.",
    ),
    "file_unwritable": QT_TRANSLATE_NOOP("Errors", "{path} cannot be written. Check the folder's rights and the disk."),
    "program_not_started": QT_TRANSLATE_NOOP(
        "Errors", "The system did not start Waystation. Quit this one and start it yourself."
    ),
    # What `token.test` found.
    "sealed": QT_TRANSLATE_NOOP("Errors", "This token cannot be opened: the key that sealed it is gone. Add it again."),
    "unauthorized": QT_TRANSLATE_NOOP(
        "Errors", "Upstream does not accept it any more. Sign in again, or add a new key."
    ),
    "forbidden": QT_TRANSLATE_NOOP(
        "Errors", "Upstream refuses this account, or this network. Look at the account, or try another proxy."
    ),
    "slow_down": QT_TRANSLATE_NOOP("Errors", "Upstream asks to wait. Try again in a minute."),
    "upstream_failed": QT_TRANSLATE_NOOP("Errors", "Upstream has trouble of its own. Try again in a while."),
}


class Told(InvalidInput):
    """What the user asked for cannot be done; the sentence is in the user's language already."""


def error_text(error: WaystationError | Problem) -> str:
    """One or two sentences: what is wrong, and what to do about it."""
    if isinstance(error, Told):
        return error.message
    details = error.details if isinstance(error, WaystationError) else dict(error.details)
    return _text(error.code, error.message, details)


def _text(code: str, message: str, details: Mapping[str, str | int | None]) -> str:
    by_sentence = translated("Sentences", message) or by_template(message)
    if by_sentence is not None:
        return by_sentence
    # Who has the port is not always known.
    named = f"{code}.program" if details.get("program") else code
    source = BY_CODE.get(named, BY_CODE.get(code))
    by_code = translated("Errors", str(source)) if source is not None else None
    if by_code is None:
        by_window = in_window(message)
        if by_window is not None or source is None:
            return by_window or message
        by_code = str(source)
    try:
        return by_code.format_map(details)
    except (KeyError, ValueError):
        return message
