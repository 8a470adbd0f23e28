"""The commands about the gateway's settings, and about taking everything along."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable
from typing import Any

from app.commandline.delivery import Deliver
from app.commandline.listing import plain
from app.commandline.options import expanded
from app.commandline.secret_input import MAX_BACKUP, from_file, passphrase_from
from app.core.errors import InvalidInput
from app.platform.private_file import refuse_existing, write_private

_YES_NO = {"yes": True, "on": True, "no": False, "off": False}
_MB = 1_000_000


def run_settings_action(arguments: argparse.Namespace, deliver: Deliver) -> int:
    """Carry out `settings`, or one action of `backup`; returns the exit code.

    Raises:
        WaystationError: it failed.
    """
    match arguments.action:
        case "settings":
            return _settings(arguments, deliver)
        case "backup export":
            return _export(arguments, deliver)
        case "backup import":
            return _import(arguments, deliver)
    raise AssertionError(f"no action {arguments.action}")


def _settings(arguments: argparse.Namespace, deliver: Deliver) -> int:
    if arguments.key is None:
        seen = deliver("settings.show", {})
    elif arguments.value is None:
        raise InvalidInput(f"Say to what {arguments.key} shall be set, such as: waystation settings keep-days 30")
    else:
        name, read, _ = _KEYS[arguments.key]
        seen = deliver("settings.change", {name: read(arguments.value)})
    for key, (name, _, shown) in _KEYS.items():
        print(f"{key:<16}  {shown(seen[name])}")
    print(f"{'size now':<16}  {seen['size_bytes'] / _MB:.1f} MB")
    print(f"{'data folder':<16}  {plain(seen['data_dir'])}")
    return 0


def _export(arguments: argparse.Namespace, deliver: Deliver) -> int:
    path = expanded(arguments.file)
    if not arguments.force:
        # Before anybody is asked for a passphrase.
        refuse_existing(path)
    passphrase = passphrase_from(arguments.passphrase, twice=True)
    done = deliver("backup.export", {"passphrase": passphrase})
    write_private(path, done["text"], replace=arguments.force)
    print(f"wrote {path}: {done['tokens']} token(s), {done['licenses']} license(s), and the settings")
    if done["left_out"]:
        print(f"note: left out, since they cannot be opened: {_labels(done['left_out'])}", file=sys.stderr)
    print("note: with this file and its passphrase anybody can use these accounts.", file=sys.stderr)
    return 0


def _import(arguments: argparse.Namespace, deliver: Deliver) -> int:
    text = from_file(arguments.file, MAX_BACKUP)
    done = deliver("backup.import", {"text": text, "passphrase": passphrase_from(arguments.passphrase)})
    print(f"added {done['tokens']} token(s), {done['licenses']} license(s) and {done['settings']} setting(s)")
    if done["tokens_known"] or done["licenses_known"]:
        print(f"left as they were: {done['tokens_known']} token(s), {done['licenses_known']} license(s)")
    if done["shared_logins"]:
        labels = _labels([item["label"] for item in done["shared_logins"]])
        print(
            f"note: a ChatGPT login works in one place only. Once it is renewed here, the other computer is signed out "
            f"of it, or the other way round; remove it there, or sign in anew here: {labels}",
            file=sys.stderr,
        )
    if done["address"]:
        print(
            f"note: the gateway of the backup listened on {plain(done['address'])}; clients that were set up for that "
            "do not find this one.",
            file=sys.stderr,
        )
    return 0


def _labels(labels: list[str]) -> str:
    return ", ".join(map(plain, labels))


def _yes_no(text: str) -> bool:
    try:
        return _YES_NO[text.strip().lower()]
    except KeyError:
        raise InvalidInput("This setting is yes or no.") from None


def _seconds(text: str) -> float:
    text = text.strip().lower()
    try:
        seconds = 0.0 if text == "off" else float(text.removesuffix("s"))
    except ValueError:
        seconds = math.nan
    if not math.isfinite(seconds):
        raise InvalidInput("The hold time is a number of seconds, such as 2 or 0.5, or off.")
    return seconds


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise InvalidInput("This setting is a whole number.") from None


def _yes_no_text(value: Any) -> str:
    return "yes" if value else "no"


def _seconds_text(value: Any) -> str:
    return f"{value:g} s" if value else "off"


#: By what is typed: the setting, how its value is read, and how it is shown.
_KEYS: dict[str, tuple[str, Callable[[str], Any], Callable[[Any], str]]] = {
    "strict": ("strict", _yes_no, _yes_no_text),
    "hold": ("hold_s", _seconds, _seconds_text),
    "start-on-launch": ("start_on_launch", _yes_no, _yes_no_text),
    "websockets": ("websockets", _yes_no, _yes_no_text),
    "keep-days": ("keep_days", _whole, str),
    "keep-mb": ("keep_mb", _whole, str),
}
