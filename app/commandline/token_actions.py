"""The commands about tokens."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from time import time
from typing import Any

from app.commandline.delivery import Deliver
from app.commandline.listing import listed, plain, time_text
from app.commandline.options import expanded
from app.commandline.secret_input import from_file, from_standard_input, proxy_from
from app.commandline.token_words import notes_words, quota_words, state_words
from app.core.errors import InvalidInput, WaystationError
from app.platform.codex_login import local_codex_login, refuse_shared

#: Characters of all files together: what the control channel takes at once, with room for their escapes.
_MAX_IMPORT = 2 * 1024 * 1024
_TAKEN_OVER = (
    "note: Codex must not go on with this login: sign it in anew by `codex login` (not `codex logout`, which ends the "
    "login for Waystation too)."
)
_REMOVED = (
    "for 7 days it can be restored: waystation token restore {}. To end the login itself, sign out at OpenAI or take "
    "the key back there."
)


class _NotImported(WaystationError):
    """The one login that was to be imported could not be."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.exit_code = InvalidInput.exit_code if code == InvalidInput.code else WaystationError.exit_code


def run_token_action(arguments: argparse.Namespace, deliver: Deliver, environ: Mapping[str, str]) -> int:
    """Carry out one action of `token`; returns the exit code.

    Raises:
        WaystationError: it failed.
    """
    match arguments.action:
        case "token add":
            return _add(arguments, deliver, environ)
        case "token import":
            return _import(arguments, deliver, environ)
        case "token list":
            return _list(arguments, deliver)
        case "token order":
            deliver("token.reorder", {"ids": arguments.ids})
            return _list(arguments, deliver)
        case "token change":
            return _change(arguments, deliver)
        case "token test":
            return _test(arguments, deliver)
        case "token retry":
            count = deliver("token.retry", {"id": arguments.id})["cooldowns"]
            print(f"{count} resting token(s) will be tried at once")
            return 0
        case "token restore":
            return _restore(arguments, deliver)
        case "token enable" | "token disable" | "token remove" as action:
            done = deliver(action.replace(" ", "."), {"id": arguments.id})
            print(f"{action.split()[1]}d {done['id']} ({plain(done['label'])})")
            if action == "token remove":
                print(f"note: {_REMOVED.format(done['id'])}", file=sys.stderr)
            return 0
    raise AssertionError(f"no action {arguments.action}")


def _add(arguments: argparse.Namespace, deliver: Deliver, environ: Mapping[str, str]) -> int:
    kind = next(kind for kind in ("access_token", "refresh_token", "api_key") if getattr(arguments, kind))
    if arguments.proxy == "-":
        raise InvalidInput("Standard input brings the secret here. Give the proxy afterwards: waystation token change")
    proxy = proxy_from(arguments.proxy)
    secret = from_standard_input().strip()
    if not secret:
        raise InvalidInput(
            "Nothing came on standard input. Pipe the secret in: waystation token add --api-key - < key.txt"
        )
    if kind == "refresh_token" and not arguments.take_over:
        refuse_shared(secret, local_codex_login(environ, _home()))
    done = deliver("token.add", {kind: secret, "label": arguments.label, "proxy": proxy})
    _print_added(done)
    return 0


def _import(arguments: argparse.Namespace, deliver: Deliver, environ: Mapping[str, str]) -> int:
    files: list[Path] = arguments.files
    if files.count(Path("-")) + (arguments.proxy == "-") > 1:
        raise InvalidInput("Standard input can bring one thing only.")
    if arguments.follow and (len(files) != 1 or str(files[0]) == "-"):
        raise InvalidInput("With --follow, name one file: it is read again whenever it changes.")
    proxy = proxy_from(arguments.proxy)
    texts = [from_standard_input() if str(file) == "-" else from_file(file) for file in files]
    if sum(map(len, texts)) > _MAX_IMPORT:
        raise InvalidInput("These files are too large for one import; import them in parts.")
    if not arguments.follow and not arguments.take_over:
        local = local_codex_login(environ, _home())
        for text in texts:
            refuse_shared(text, local)
    follow = str(expanded(files[0]).absolute()) if arguments.follow else None
    params = {"texts": texts, "label": arguments.label, "follow": follow, "proxy": proxy}
    results = deliver("token.import", params)
    failed = 0
    for result in results:
        error = result["error"]
        if error is None:
            _print_added(result)
        elif len(results) == 1:
            raise _NotImported(error["code"], error["message"])
        else:
            failed += 1
            print(f"{files[result['source']]}: {error['message']}", file=sys.stderr)
    if arguments.take_over:
        print(_TAKEN_OVER, file=sys.stderr)
    return 1 if failed else 0


def _print_added(done: dict[str, Any]) -> None:
    print(f"{'updated' if done['known'] else 'added'} {done['id']} ({plain(done['label'])})")
    if done["warning"]:
        print(f"note: {done['warning']['message']}", file=sys.stderr)


def _restore(arguments: argparse.Namespace, deliver: Deliver) -> int:
    if arguments.id is None:
        return listed(
            arguments,
            deliver("token.removed", {}),
            "No tokens were removed in the last 7 days.",
            ("ID", "KIND", "LABEL", "E-MAIL", "PLAN", "REMOVED", "KEPT UNTIL"),
            lambda item: (
                item["id"],
                item["kind"],
                item["label"],
                item["email"],
                item["plan"],
                time_text(item["removed_at"]),
                time_text(item["kept_until"]),
            ),
        )
    done = deliver("token.restore", {"id": arguments.id})
    print(f"restored {done['id']} ({plain(done['label'])})")
    return 0


def _change(arguments: argparse.Namespace, deliver: Deliver) -> int:
    changes: dict[str, Any] = {}
    if arguments.label is not None:
        changes["label"] = arguments.label
    if arguments.spare is not None:
        changes["spare"] = arguments.spare == "yes"
    if arguments.proxy is not None:
        changes["proxy"] = "" if arguments.proxy == "none" else proxy_from(arguments.proxy)
    if not changes:
        raise InvalidInput("Say what to change: --label, --spare or --proxy.")
    done = deliver("token.change", {"id": arguments.id, **changes})
    print(f"changed {done['id']} ({plain(done['label'])})")
    return 0


def _test(arguments: argparse.Namespace, deliver: Deliver) -> int:
    ids = arguments.ids or [item["id"] for item in deliver("token.list", {})]
    if not ids:
        print("No tokens yet.")
    failed = 0
    for token_id in ids:
        found = deliver("token.test", {"id": token_id})
        name = f"{found['id']} ({plain(found['label'])})"
        if found["ok"]:
            told = [plain(found["plan"])] if found["plan"] else []
            told += [words] if (words := quota_words(found["quota"], time())) else []
            print(f"{name}: upstream takes it{': ' if told else ''}{', '.join(told)}")
        else:
            failed += 1
            print(f"{name}: {found['error']['message']}")
    return 1 if failed else 0


def _list(arguments: argparse.Namespace, deliver: Deliver) -> int:
    now = time()
    return listed(
        arguments,
        deliver("token.list", {}),
        "No tokens yet. Add one: waystation token sign-in",
        ("ID", "KIND", "LABEL", "E-MAIL", "PLAN", "STATE", "LEFT", "EXPIRES", "SESSIONS", "NOTES"),
        lambda item: (
            item["id"],
            item["kind"],
            item["label"],
            item["email"],
            item["plan"],
            state_words(item, now),
            quota_words(item["quota"], now),
            time_text(item["expires_at"]),
            item["sessions"],
            notes_words(item),
        ),
    )


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError:
        # A service's user may have none; then there is no Codex of theirs either.
        return Path("/nonexistent")
