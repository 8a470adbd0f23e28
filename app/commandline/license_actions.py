"""The commands about licenses."""

from __future__ import annotations

import argparse
import sys
from time import time
from typing import Any

from app.commandline.delivery import Deliver
from app.commandline.listing import listed, plain, time_text
from app.core.errors import InvalidInput
from app.core.license import daily_tokens_from_text, expiry_from_text


def run_license_action(arguments: argparse.Namespace, deliver: Deliver) -> int:
    """Carry out one action of `license`; returns the exit code.

    Raises:
        WaystationError: it failed.
    """
    match arguments.action:
        case "license create":
            made = deliver("license.create", {"label": arguments.label, "key": arguments.key, **_limits(arguments)})
            return _print_key("created", made)
        case "license show":
            return _print_key("license", deliver("license.key", {"id": arguments.id}))
        case "license rotate":
            return _print_key("rotated", deliver("license.rotate", {"id": arguments.id}))
        case "license change":
            changes = _limits(arguments) | ({} if arguments.label is None else {"label": arguments.label})
            if not changes:
                raise InvalidInput("Say what to change: --label, --expires or --daily-tokens.")
            done = deliver("license.update", {"id": arguments.id, **changes})
            print(f"changed {done['id']} ({plain(done['label'])})")
            return 0
        case "license list":
            return _list(arguments, deliver)
        case "license revoke":
            done = deliver("license.revoke", {"id": arguments.id})
            print(f"revoked {done['id']} ({plain(done['label'])})")
            return 0
    raise AssertionError(f"no action {arguments.action}")


def _print_key(what: str, issued: dict[str, Any]) -> int:
    """The key alone on standard output, so that it can be piped; beside it, whose it is."""
    print(f"{what} {issued['id']} ({plain(issued['label'])})", file=sys.stderr)
    print(issued["key"])
    return 0


def _list(arguments: argparse.Namespace, deliver: Deliver) -> int:
    return listed(
        arguments,
        deliver("license.list", {}),
        "No licenses yet. Make one: waystation license create",
        ("ID", "LABEL", "CREATED", "LAST USED", "FROM", "EXPIRES", "DAILY TOKENS", "USED TODAY", "STATE"),
        lambda item: (
            item["id"],
            item["label"],
            time_text(item["created_at"]),
            time_text(item["last_used_at"]),
            item["last_peer"],
            time_text(item["expires_at"]),
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
