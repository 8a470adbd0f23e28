"""The commands that are carried out once and print their result."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.commandline.codex_config import undo_codex_config, write_codex_config
from app.commandline.codex_setup import setup_codex
from app.commandline.delivery import NOBODY, Deliver, ask_owner, carry_out, wait_until_ended
from app.commandline.doctor import doctor
from app.commandline.license_actions import run_license_action
from app.commandline.listing import listed, plain, time_text
from app.commandline.model_actions import run_model_action
from app.commandline.pool_actions import run_pool_action
from app.commandline.settings_actions import run_settings_action
from app.commandline.sign_in import sign_in
from app.commandline.token_actions import run_token_action
from app.commandline.update_action import run_update_action
from app.core.errors import InstanceUnreachable, NotFound
from app.platform.instance import InstanceLock

_END_S = 30.0


def run_action(arguments: argparse.Namespace, data_dir: Path, environ: Mapping[str, str]) -> int:
    """Carry out one action; returns the exit code.

    Raises:
        WaystationError: it failed.
    """

    def deliver(name: str, params: dict[str, Any]) -> Any:
        return carry_out(data_dir, environ, name, params)

    match arguments.action.partition(" ")[0]:
        case "doctor":
            return doctor(arguments, data_dir, environ)
        case "token" if arguments.action == "token sign-in":
            return sign_in(arguments, data_dir, environ)
        case "token":
            return run_token_action(arguments, deliver, environ)
        case "license":
            return run_license_action(arguments, deliver)
        case "pool" | "proxy" | "turn":
            return run_pool_action(arguments, deliver)
        case "model":
            return run_model_action(arguments, deliver)
        case "settings" | "backup":
            return run_settings_action(arguments, deliver)
        case "update":
            return run_update_action(arguments, deliver)
    match arguments.action:
        case "show":
            return _show(data_dir)
        case "quit":
            return _quit(data_dir)
        case "key replace":
            deliver("keystore.replace", {})
            print("There is a new data key. Add the tokens marked as sealed again; they keep their names.")
            return 0
        case "session list":
            return _session_list(arguments, deliver)
        case "session move":
            done = deliver("session.move", {"id": arguments.id, "token_id": arguments.token})
            print(f"{done['id']} goes to {done['token_id']} ({plain(done['label'])})")
            return 0
        case "session pin" | "session unpin":
            done = deliver("session.pin", {"id": arguments.id, "pinned": arguments.action == "session pin"})
            print(f"{done['id']} {'stays on its token' if done['pinned'] else 'may move again'}")
            return 0
        case "session forget":
            done = deliver("session.forget", {"id": arguments.id, "all": arguments.all})
            print(f"forgot {done['forgotten']} session(s)")
            return 0
        case "setup codex" if arguments.write:
            return write_codex_config(arguments, deliver, environ, data_dir)
        case "setup codex" if arguments.undo:
            return undo_codex_config(arguments, environ, data_dir)
        case "setup codex":
            return setup_codex(arguments, deliver, environ)
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


def _session_list(arguments: argparse.Namespace, deliver: Deliver) -> int:
    return listed(
        arguments,
        deliver("session.list", {}),
        "No sessions in the last 24 hours.",
        ("ID", "NAME", "LICENSE", "TOKEN", "PINNED", "CLIENT", "MODEL", "TURNS", "LAST ACTIVE"),
        lambda item: (
            item["id"],
            item["name"],
            item["license_label"],
            item["token_label"],
            "yes" if item["pinned"] else None,
            item["client"],
            item["model"],
            item["turns"],
            time_text(item["last_active_at"]),
        ),
    )
