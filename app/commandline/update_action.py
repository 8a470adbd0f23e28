"""`waystation update`: ask the release feed once, and say what it found."""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from typing import Any

from app.commandline.delivery import Deliver
from app.commandline.listing import plain, time_text

#: The exit code where a newer version is out; 1 and 2 are failures.
NEWER = 3
_WIDTH = 78


def run_update_action(arguments: argparse.Namespace, deliver: Deliver) -> int:
    """Ask, and print what is known then; returns the exit code: 0 for the newest version, else `NEWER`.

    Raises:
        WaystationError: the feed told nothing.
    """
    found = deliver("update.check", {})
    if arguments.json:
        print(json.dumps(found, ensure_ascii=sys.stdout.encoding.lower() != "utf-8", indent=2))
    else:
        _print(found)
    return NEWER if found["news"] is not None else 0


def _print(found: dict[str, Any]) -> None:
    news = found["news"]
    if news is None:
        print(f"Waystation {plain(found['version'])} is the newest version.")
        return
    day = f", of {time_text(news['published_at']).partition(' ')[0]}" if news["published_at"] is not None else ""
    print(f"Waystation {plain(news['version'])} is out{day}. This is {plain(found['version'])}.")
    for line in news["news"].splitlines():
        print(textwrap.fill(plain(line), _WIDTH, initial_indent="  ", subsequent_indent="  "))
    if news["page"] is not None:
        print(f"The page: {plain(news['page'])}")
