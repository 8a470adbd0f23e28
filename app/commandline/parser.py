"""What can be said on the command line."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TypeAlias

from app import __version__
from app.platform.shells import Shell

#: Beside the real gateway's port, so that both can run.
PRACTICE_PORT = 8797

_Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def parser() -> argparse.ArgumentParser:
    """The parser; `arguments.action` names the action, in the form `token add`."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--data-dir",
        type=Path,
        metavar="DIR",
        default=argparse.SUPPRESS,
        help="the data folder (default: WAYSTATION_DATA_DIR, else the user's own)",
    )
    top = argparse.ArgumentParser(
        prog="waystation",
        description="A local gateway for Codex tokens. Without a command: the desktop application.",
        parents=[common],
    )
    top.add_argument("--version", action="version", version=f"waystation {__version__}")
    top.add_argument("--minimized", action="store_true", help="start in the tray, without the window")
    top.set_defaults(action="desktop")
    commands = top.add_subparsers(metavar="command", title="commands")

    def add(parent: _Commands, path: str, text: str) -> argparse.ArgumentParser:
        made = parent.add_parser(path.rpartition(" ")[2], help=text, description=text, parents=[common])
        made.set_defaults(action=path)
        return made

    def group(name: str, text: str) -> _Commands:
        made = commands.add_parser(name, help=text, description=text)
        return made.add_subparsers(metavar="command", required=True)

    serve = add(commands, "serve", "run the gateway without a desktop")
    serve.add_argument(
        "--host", help="where to listen: 127.0.0.1, a LAN address of this computer, or 0.0.0.0; remembered"
    )
    serve.add_argument("--port", type=_port, help="the port, remembered (default 8787); 0 takes a free one")
    add(commands, "show", "show the running application's window")
    add(commands, "quit", "end the running instance, and wait until it has ended")

    tokens = group("token", "the credentials that the gateway uses upstream")
    made = add(tokens, "token add", "add a token; its secret is read from standard input")
    secret = made.add_mutually_exclusive_group(required=True)
    secret.add_argument("--access-token", choices=["-"], metavar="-", help="a ChatGPT access token")
    secret.add_argument("--api-key", choices=["-"], metavar="-", help="an OpenAI API key")
    made.add_argument("--label", help="your name for it")
    made = add(tokens, "token import", "import a Codex auth.json")
    made.add_argument("file", type=Path, metavar="FILE", help="usually ~/.codex/auth.json; - reads standard input")
    made.add_argument("--label", help="your name for it")
    _listing(add(tokens, "token list", "list the tokens, never their secrets"))
    for verb, text in (
        ("enable", "let a token serve"),
        ("disable", "let a token rest until it is enabled again"),
        ("remove", "forget a token and its secret"),
    ):
        add(tokens, f"token {verb}", text).add_argument("id", metavar="ID")

    licenses = group("license", "the keys with which clients enter")
    made = add(licenses, "license create", "make a license, and print its key once")
    made.add_argument("--label", help="whom or what it is for")
    made.add_argument("--key", help="your own key instead of a new one")
    made.add_argument("--expires", metavar="WHEN", help="30d, or its last day: 2027-01-31 (default: never)")
    made.add_argument("--daily-tokens", metavar="N", help="its budget a day: 2000000, 500k or 2M (default: no limit)")
    made = add(licenses, "license change", "change a license's name, expiry or budget")
    made.add_argument("id", metavar="ID")
    made.add_argument("--label", help="whom or what it is for")
    made.add_argument("--expires", metavar="WHEN", help="30d, its last day: 2027-01-31, or never")
    made.add_argument("--daily-tokens", metavar="N", help="its budget a day: 2000000, 500k or 2M, or none")
    _listing(add(licenses, "license list", "list the licenses, never their keys"))
    add(licenses, "license revoke", "let a license in no more").add_argument("id", metavar="ID")

    key = group("key", "the data key that seals the secrets")
    add(key, "key replace", "when the data key is lost: go on with a new one; what it sealed must be added again")

    sessions = group("session", "the conversations, and the tokens they belong to")
    _listing(add(sessions, "session list", "list the live sessions"))
    made = add(sessions, "session forget", "let a session's next turn choose its token anew")
    which = made.add_mutually_exclusive_group(required=True)
    which.add_argument("id", nargs="?", metavar="ID")
    which.add_argument("--all", action="store_true", help="all sessions")

    add(group("pool", "the tokens as a whole"), "pool reset", "forget the tokens' cool-downs")

    made = add(group("setup", "texts that set up clients"), "setup codex", "print the set-up of Codex for a shell")
    made.add_argument("--shell", choices=[str(shell) for shell in Shell], help="default: this system's usual one")
    made.add_argument("--codex-version", metavar="X", help="say what follows from this version of Codex")
    made.add_argument("--license", metavar="KEY", help="the license to put in (default: this computer's)")
    made.add_argument("--host", help="the gateway's address for that client (default: where it listens)")
    made.add_argument("--port", type=_port, help="the gateway's port (default: where it listens)")

    made = add(commands, "practice", "try everything on a simulated upstream, with three sample tokens")
    made.add_argument("--port", type=_port, default=PRACTICE_PORT, help="the port (default %(default)s)")
    made = add(commands, "selftest", "check this installation")
    made.add_argument("output", nargs="?", type=Path, metavar="OUT.json", help="where to write the result")
    return top


def _listing(made: argparse.ArgumentParser) -> None:
    made.add_argument("--json", action="store_true", help="as JSON")


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise ValueError
    return port


_port.__name__ = "port"
