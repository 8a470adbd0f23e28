"""The commands about the pool as a whole: policy, proxy, and the requests that wait at the station."""

from __future__ import annotations

import argparse
import re
from time import time
from typing import Any

from app.commandline.delivery import Deliver
from app.commandline.listing import listed, plain, soon_text
from app.commandline.secret_input import proxy_from
from app.core.errors import InvalidInput
from app.core.policy import OVERNIGHT_WAIT_S

_WAIT = re.compile(r"(\d+(?:\.\d+)?)\s*([smh])")
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}


def run_pool_action(arguments: argparse.Namespace, deliver: Deliver) -> int:
    """Carry out one action of `pool`, `proxy` or `turn`; returns the exit code.

    Raises:
        WaystationError: it failed.
    """
    match arguments.action:
        case "pool show":
            _print_policy(deliver("pool.policy", {}))
        case "pool set":
            _print_policy(deliver("pool.policy", _policy(arguments)))
        case "pool reset":
            print(f"forgot {deliver('pool.reset', {})['cooldowns']} cool-down(s)")
        case "proxy show":
            _print_proxy(deliver("proxy.show", {}))
        case "proxy set":
            system = arguments.address == "system"
            _print_proxy(deliver("proxy.set", {"proxy": None if system else proxy_from(arguments.address)}))
        case "proxy test":
            _print_tested(deliver("proxy.test", {}))
        case "proxy detect":
            _print_detected(deliver("proxy.detect", {}))
        case "turn list":
            return _held(arguments, deliver)
        case "turn move":
            done = deliver("turn.move", {"id": arguments.id, "token_id": arguments.token})
            print(f"{done['id']} is tried on {done['token_id']} ({plain(done['label'])})")
        case "turn give-up":
            print(f"{deliver('turn.give_up', {'id': arguments.id})['id']} waits no more")
        case _:
            raise AssertionError(f"no action {arguments.action}")
    return 0


def wait_from_text(text: str) -> float:
    """A waiting time in seconds: `off`, `overnight`, `90s`, `10m` or `2h`.

    Raises:
        InvalidInput: it is none.
    """
    match text.strip().lower():
        case "off" | "0":
            return 0.0
        case "overnight":
            return OVERNIGHT_WAIT_S
        case other:
            found = _WAIT.fullmatch(other)
            if found is None:
                raise InvalidInput("The waiting time is such as 10m or 2h, or overnight, or off.")
            return float(found[1]) * _SECONDS[found[2]]


def _policy(arguments: argparse.Namespace) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if arguments.strategy is not None:
        changes["strategy"] = arguments.strategy.replace("-", "_")
    if arguments.wait is not None:
        changes["wait_s"] = wait_from_text(arguments.wait)
    if arguments.turns_per_token is not None:
        changes["turns_per_token"] = arguments.turns_per_token
    if not changes:
        raise InvalidInput("Say what to set: --strategy, --wait or --turns-per-token.")
    return changes


def _print_policy(policy: dict[str, Any]) -> None:
    wait_s = policy["wait_s"]
    whole = f"{wait_s / 3600:g} h" if wait_s >= 3600 else f"{wait_s / 60:g} min"
    print(f"strategy          {policy['strategy'].replace('_', '-')}")
    print(f"wait at a limit   {whole if wait_s else 'off'}")
    print(f"turns per token   {policy['turns_per_token']}")


def _print_tested(seen: dict[str, Any]) -> None:
    way = f"through {seen['in_use']}" if seen["in_use"] else "without a proxy"
    if seen["ok"]:
        print(f"OpenAI answers, {way}, after {seen['ms']} ms")
    else:
        print(f"a web page came in place of OpenAI's answer ({seen['status']}), {way}: try another proxy or network")


def _print_proxy(seen: dict[str, Any]) -> None:
    print(f"chosen   {seen['chosen'] or 'system'}")
    print(f"in use   {seen['in_use'] or 'none'}")
    if seen["offered"]:
        print(f"offered  {', '.join(seen['offered'])}")


def _print_detected(found: list[str]) -> None:
    for address in found:
        print(address)
    if not found:
        print("Nothing listens on the usual ports of local proxies (7890, 7897, 10808, 1080).")


def _held(arguments: argparse.Namespace, deliver: Deliver) -> int:
    now = time()
    return listed(
        arguments,
        deliver("turn.held", {}),
        "No request is waiting.",
        ("ID", "SESSION", "SINCE", "UNTIL"),
        lambda item: (
            item["turn_id"],
            item["session_id"],
            soon_text(item["since"], now),
            soon_text(item["until"], now),
        ),
    )
