"""The commands that are carried out once and print their result."""

from __future__ import annotations

import argparse
import codecs
import io
import json
import sys
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from time import time
from typing import Any

from app.commandline.delivery import NOBODY, ask_owner, carry_out, wait_until_ended
from app.commandline.options import expanded
from app.core.errors import InstanceUnreachable, InvalidInput, NotFound
from app.core.license import daily_tokens_from_text, expiry_from_text
from app.platform.codex_notes import parse_codex_version, setup_notes
from app.platform.codex_setup import setup_text
from app.platform.instance import InstanceLock
from app.platform.shells import Shell, default_shell

_MAX_SECRET = 4 * 1024 * 1024
_END_S = 30.0

#: Gives a command to the owner of the data folder; returns its result.
Deliver = Callable[[str, dict[str, Any]], Any]


def run_action(arguments: argparse.Namespace, data_dir: Path, environ: Mapping[str, str]) -> int:
    """Carry out one action; returns the exit code.

    Raises:
        WaystationError: it failed.
    """

    def deliver(name: str, params: dict[str, Any]) -> Any:
        return carry_out(data_dir, environ, name, params)

    match arguments.action:
        case "show":
            return _show(data_dir)
        case "quit":
            return _quit(data_dir)
        case "token add":
            return _token_add(arguments, deliver)
        case "token import":
            return _token_import(arguments, deliver)
        case "token list":
            return _token_list(arguments, deliver)
        case "token enable" | "token disable" | "token remove" as action:
            done = deliver(action.replace(" ", "."), {"id": arguments.id})
            print(f"{action.split()[1]}d {done['id']} ({done['label']})")
            return 0
        case "license create":
            made = deliver("license.create", {"label": arguments.label, "key": arguments.key, **_limits(arguments)})
            print(f"created {made['id']} ({made['label']})", file=sys.stderr)
            print(made["key"])
            return 0
        case "license change":
            changes = _limits(arguments) | ({} if arguments.label is None else {"label": arguments.label})
            if not changes:
                raise InvalidInput("Say what to change: --label, --expires or --daily-tokens.")
            done = deliver("license.update", {"id": arguments.id, **changes})
            print(f"changed {done['id']} ({done['label']})")
            return 0
        case "license list":
            return _license_list(arguments, deliver)
        case "license revoke":
            done = deliver("license.revoke", {"id": arguments.id})
            print(f"revoked {done['id']} ({done['label']})")
            return 0
        case "key replace":
            deliver("keystore.replace", {})
            print("There is a new data key. Add the tokens marked as sealed again; they keep their names.")
            return 0
        case "session list":
            return _session_list(arguments, deliver)
        case "session forget":
            done = deliver("session.forget", {"id": arguments.id, "all": arguments.all})
            print(f"forgot {done['forgotten']} session(s)")
            return 0
        case "pool reset":
            print(f"forgot {deliver('pool.reset', {})['cooldowns']} cool-down(s)")
            return 0
        case "setup codex":
            return _setup_codex(arguments, deliver)
    raise AssertionError(f"no action {arguments.action}")


def _show(data_dir: Path) -> int:
    lock = InstanceLock(data_dir)
    answer = ask_owner(lock, data_dir, "show", {})
    if answer is NOBODY:
        lock.release()
        raise NotFound("Waystation is not running. `waystation` starts it.")
    if not answer["shown"]:
        raise NotFound("This Waystation has no window: it was started by `waystation serve`.")
    return 0


def _quit(data_dir: Path) -> int:
    lock = InstanceLock(data_dir)
    answer = ask_owner(lock, data_dir, "quit", {})
    if answer is NOBODY:
        lock.release()
        print("Waystation is not running.")
        return 0
    if turns := answer.get("active_turns"):
        print(f"Waiting a few seconds for {turns} running turn(s) to end.", file=sys.stderr)
    if not wait_until_ended(data_dir, _END_S):
        raise InstanceUnreachable("Waystation was asked to end, but is still running.")
    return 0


def _token_add(arguments: argparse.Namespace, deliver: Deliver) -> int:
    kind = "access_token" if arguments.access_token else "api_key"
    secret = _from_standard_input().strip()
    if not secret:
        raise InvalidInput(
            "Nothing came on standard input. Pipe the secret in: waystation token add --api-key - < key.txt"
        )
    return _added(deliver("token.add", {kind: secret, "label": arguments.label}))


def _token_import(arguments: argparse.Namespace, deliver: Deliver) -> int:
    if str(arguments.file) == "-":
        text = _from_standard_input()
    else:
        try:
            raw = expanded(arguments.file).read_bytes()
        except OSError as error:
            raise InvalidInput(f"{arguments.file} cannot be read: {error.strerror}.") from None
        text = _decoded(raw, f"{arguments.file} is not a text file.")
    return _added(deliver("token.import", {"text": text, "label": arguments.label}))


def _added(done: dict[str, Any]) -> int:
    print(f"{'updated' if done['known'] else 'added'} {done['id']} ({done['label']})")
    return 0


def _token_list(arguments: argparse.Namespace, deliver: Deliver) -> int:
    return _listed(
        arguments,
        deliver("token.list", {}),
        "No tokens yet. Add one: waystation token import ~/.codex/auth.json",
        ("ID", "KIND", "LABEL", "E-MAIL", "PLAN", "STATE", "SESSIONS"),
        lambda item: (
            item["id"],
            item["kind"],
            item["label"],
            item["email"],
            item["plan"],
            item["state"],
            item["sessions"],
        ),
    )


def _license_list(arguments: argparse.Namespace, deliver: Deliver) -> int:
    return _listed(
        arguments,
        deliver("license.list", {}),
        "No licenses yet. Make one: waystation license create",
        ("ID", "LABEL", "CREATED", "LAST USED", "EXPIRES", "DAILY TOKENS", "USED TODAY", "STATE"),
        lambda item: (
            item["id"],
            item["label"],
            _time(item["created_at"]),
            _time(item["last_used_at"]),
            _time(item["expires_at"]),
            item["daily_tokens"] and f"{item['daily_tokens']:,}",
            f"{item['used_today']:,}",
            item["state"],
        ),
    )


def _limits(arguments: argparse.Namespace) -> dict[str, Any]:
    """What was said about a license's expiry and budget, as the commands want it."""
    limits: dict[str, Any] = {}
    if arguments.expires is not None:
        limits["expires_at"] = None if arguments.expires == "never" else expiry_from_text(arguments.expires, time())
    if arguments.daily_tokens is not None:
        none = arguments.daily_tokens == "none"
        limits["daily_tokens"] = None if none else daily_tokens_from_text(arguments.daily_tokens)
    return limits


def _session_list(arguments: argparse.Namespace, deliver: Deliver) -> int:
    return _listed(
        arguments,
        deliver("session.list", {}),
        "No sessions in the last 24 hours.",
        ("ID", "NAME", "LICENSE", "TOKEN", "CLIENT", "MODEL", "TURNS", "LAST ACTIVE"),
        lambda item: (
            item["id"],
            item["name"],
            item["license_label"],
            item["token_label"],
            item["client"],
            item["model"],
            item["turns"],
            _time(item["last_active_at"]),
        ),
    )


def _setup_codex(arguments: argparse.Namespace, deliver: Deliver) -> int:
    shell = Shell(arguments.shell) if arguments.shell else default_shell(sys.platform)
    host, port = arguments.host, arguments.port
    if host is None or port is None:
        status = deliver("status", {})
        host = host or status["client_host"]
        port = port or status["port"]
    if ":" in host and not host.startswith("["):
        host = f"[{host}]"
    key = arguments.license or deliver("license.default", {})["key"]
    base_url = f"http://{host}:{port}/codex/v1"
    version = None
    if arguments.codex_version is not None:
        version = parse_codex_version(arguments.codex_version)
        if version is None:
            raise InvalidInput(f"{arguments.codex_version!r} is no version of Codex; it looks like 0.169.0.")
    # The text has the line ends of its shell already; Windows' text streams would add to them.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(newline="")
    sys.stdout.write(setup_text(shell, base_url, key))
    for note in setup_notes(shell, version):
        # Beside the text, so that only the text is sourced.
        print(f"note: {note.text}", file=sys.stderr)
        if note.command:
            print(f"      {note.command}", file=sys.stderr)
    return 0


def _from_standard_input() -> str:
    if sys.stdin is None:
        return ""
    return _decoded(sys.stdin.buffer.read(_MAX_SECRET), "Standard input is not text.")


def _decoded(raw: bytes, complaint: str) -> str:
    # Windows PowerShell writes UTF-16 by `>`; it and editors begin files with a byte order mark.
    wide = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = raw.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInput(complaint) from None
    # Almost any bytes can be read as UTF-16; keys, tokens and Codex's file are plain ASCII.
    if wide and not text.isascii():
        raise InvalidInput(complaint)
    return text


def _listed(
    arguments: argparse.Namespace,
    items: list[dict[str, Any]],
    empty: str,
    titles: Sequence[str],
    cells: Callable[[dict[str, Any]], Sequence[object]],
) -> int:
    if arguments.json:
        # Whoever reads another encoding gets escapes: what it cannot write would become question marks.
        print(json.dumps(items, ensure_ascii=sys.stdout.encoding.lower() != "utf-8", indent=2))
    elif not items:
        print(empty)
    else:
        rows = [titles, *([_cell(value) for value in cells(item)] for item in items)]
        widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            line = "  ".join(text + " " * (width - _width(text)) for text, width in zip(row, widths, strict=True))
            print(line.rstrip())
    return 0


def _cell(value: object) -> str:
    text = "-" if value in (None, "") else str(value)
    # Clients name sessions: a line end or an escape sequence must not reach the terminal.
    text = "".join(character if character.isprintable() else "?" for character in text)
    return text if len(text) <= 40 else text[:39] + "…"


def _width(text: str) -> int:
    # Chinese characters take two columns of a terminal.
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def _time(seconds: float | None) -> str:
    return "-" if seconds is None else datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M")
