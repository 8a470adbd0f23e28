"""What can be said on the command line."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from app import __version__
from app.core.models import EFFORTS
from app.platform.codex_ways import Route
from app.platform.shells import Shell

#: Beside the real gateway's port, so that both can run.
PRACTICE_PORT = 8797

_Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
#: Adds a command to a group: its path, such as `token add`, and what it does.
_Add: TypeAlias = "Callable[[_Commands, str, str], argparse.ArgumentParser]"

_TAKE_OVER = "also when Codex on this computer uses that login: it must sign in again then"


def parsed_arguments(arguments: list[str]) -> argparse.Namespace:
    """What the command line says; `action` names the action, in the form `token add`. Wrong ones end the process."""
    # To describe fifty commands takes longer than anything else before a start at sign-in, which names none.
    without = argparse.ArgumentParser(parents=[_common()], add_help=False, exit_on_error=False)
    _add_start(without)
    try:
        found, rest = without.parse_known_args(arguments)
    except argparse.ArgumentError:
        return parser().parse_args(arguments)
    return parser().parse_args(arguments) if rest else found


def parser() -> argparse.ArgumentParser:
    """The whole parser, see `parsed_arguments`."""
    common = _common()
    top = argparse.ArgumentParser(
        prog="waystation",
        description="A local gateway for Codex tokens. Without a command: the desktop application.",
        parents=[common],
    )
    top.add_argument("--version", action="version", version=f"waystation {__version__}")
    _add_start(top)
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

    _tokens(group("token", "the credentials that the gateway uses upstream"), add)

    licenses = group("license", "the keys with which clients enter")
    made = add(licenses, "license create", "make a license, and print its key")
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
    for verb, text in (
        ("show", "print a license's key again"),
        ("rotate", "give a license a new key, and print it; the old one stops at once"),
        ("revoke", "let a license in no more"),
    ):
        add(licenses, f"license {verb}", text).add_argument("id", metavar="ID")

    key = group("key", "the data key that seals the secrets")
    add(key, "key replace", "when the data key is lost: go on with a new one; what it sealed must be added again")

    sessions = group("session", "the conversations, and the tokens they belong to")
    _listing(add(sessions, "session list", "list the live sessions"))
    made = add(sessions, "session move", "give a session another token, from its next request on")
    made.add_argument("id", metavar="ID")
    made.add_argument("token", metavar="TOKEN")
    for verb, text in (
        ("pin", "keep a session on its token, and let it wait for that rather than move"),
        ("unpin", "let a session move again"),
    ):
        add(sessions, f"session {verb}", text).add_argument("id", metavar="ID")
    made = add(sessions, "session forget", "let a session's next turn choose its token anew")
    which = made.add_mutually_exclusive_group(required=True)
    which.add_argument("id", nargs="?", metavar="ID")
    which.add_argument("--all", action="store_true", help="all sessions")

    _pool(group("pool", "the tokens as a whole"), add)
    _models(group("model", "the names that chat clients may ask for"), add)
    _proxy(group("proxy", "the way to upstream, for all tokens without a proxy of their own"), add)
    _turns(group("turn", "the requests that wait at the station until a limit ends"), add)

    made = add(commands, "settings", "show the gateway's settings, or set one")
    made.add_argument(
        "key",
        nargs="?",
        choices=["strict", "hold", "start-on-launch", "websockets", "keep-days", "keep-mb"],
        metavar="KEY",
        help="strict (yes: requests go up without any edit), hold (seconds before an answer that says nothing yet is "
        "passed on, or off), start-on-launch (the gateway starts with the application), websockets (no: Codex uses "
        "POST alone), keep-days and keep-mb (of the history)",
    )
    made.add_argument("value", nargs="?", metavar="VALUE")
    _backups(group("backup", "tokens, licenses and settings in one file, sealed by a passphrase"), add)

    made = add(
        group("setup", "texts that set up clients"),
        "setup codex",
        "say how to set up Codex, and print the text for a shell",
    )
    made.add_argument("--shell", choices=[str(shell) for shell in Shell], help="default: this system's usual one")
    made.add_argument("--lasting", action="store_true", help="the text for every new shell, not for this one alone")
    made.add_argument("--json", action="store_true", help="only what was found and what is advised, as JSON")
    made.add_argument("--codex-version", metavar="X", help="say what follows from this version of Codex")
    made.add_argument("--license", metavar="KEY", help="the license to put in (default: this computer's)")
    made.add_argument("--host", help="the gateway's address for that client (default: where it listens)")
    made.add_argument("--port", type=_port, help="the gateway's port (default: where it listens)")
    _codex_files(made)

    made = add(commands, "doctor", "check whether your Codex gets an answer through the gateway; costs one request")
    made.add_argument("--json", action="store_true", help="the whole report as JSON")
    made.add_argument("--no-run", action="store_true", help="look only at what needs no request")
    made = add(commands, "practice", "try everything on a simulated upstream, with three sample tokens")
    made.add_argument("--port", type=_port, default=PRACTICE_PORT, help="the port (default %(default)s)")
    made.add_argument("--quiet", action="store_true", help="without a history, and without clients of its own")
    made = add(
        commands,
        "update",
        "ask the release feed whether there is a newer version; nothing is downloaded. The exit code is 3 if there is",
    )
    made.add_argument("--json", action="store_true", help="as JSON")
    made = add(commands, "selftest", "check this installation")
    made.add_argument("output", nargs="?", type=Path, metavar="OUT.json", help="where to write the result")
    return top


def _common() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--data-dir",
        type=Path,
        metavar="DIR",
        default=argparse.SUPPRESS,
        help="the data folder (default: WAYSTATION_DATA_DIR, else the user's own)",
    )
    return common


def _add_start(top: argparse.ArgumentParser) -> None:
    top.add_argument("--minimized", action="store_true", help="start in the tray, without the window")
    top.set_defaults(action="desktop")


def _codex_files(made: argparse.ArgumentParser) -> None:
    files = made.add_mutually_exclusive_group()
    files.add_argument("--write", action="store_true", help="write Codex's own files, after showing what will change")
    files.add_argument("--undo", action="store_true", help="take back what --write has written, and nothing else")
    made.add_argument(
        "--route",
        choices=[str(route) for route in Route],
        help="the way to set Codex up. The text is for a shell_function (default). --write writes the first two: a "
        "provider of our own (default), or the address of Codex's own provider, which leaves the list of codex resume "
        "as it is and needs Codex 0.120 and its saved login",
    )
    made.add_argument("--yes", action="store_true", help="do not ask")


def _tokens(tokens: _Commands, add: _Add) -> None:
    made = add(tokens, "token sign-in", "sign in with a ChatGPT account; the login becomes a token")
    made.add_argument("--device", action="store_true", help="by a code that you type in any browser")
    made.add_argument("--no-browser", action="store_true", help="only print the page, do not open it")
    made.add_argument("--renew", metavar="ID", help="the token that needs a new sign-in")
    _named(made)
    made = add(tokens, "token add", "add a token; its secret is read from standard input")
    secret = made.add_mutually_exclusive_group(required=True)
    secret.add_argument("--access-token", choices=["-"], metavar="-", help="a ChatGPT access token")
    secret.add_argument("--refresh-token", choices=["-"], metavar="-", help="a ChatGPT refresh token; this uses it up")
    secret.add_argument("--api-key", choices=["-"], metavar="-", help="an OpenAI API key")
    made.add_argument("--take-over", action="store_true", help=_TAKE_OVER)
    _named(made)
    made = add(tokens, "token import", "import logins from files: Codex's auth.json, or what other tools export")
    made.add_argument("files", type=Path, nargs="+", metavar="FILE", help="an auth.json; - reads standard input")
    shared = made.add_mutually_exclusive_group()
    shared.add_argument(
        "--follow", action="store_true", help="go on reading the file, and leave it to Codex to refresh its login"
    )
    shared.add_argument("--take-over", action="store_true", help=_TAKE_OVER)
    _named(made)
    _listing(add(tokens, "token list", "list the tokens, never their secrets"))
    for verb, text in (
        ("enable", "let a token serve"),
        ("disable", "let a token rest until it is enabled again"),
        ("remove", "take a token out of use; for a week it can be restored"),
    ):
        add(tokens, f"token {verb}", text).add_argument("id", metavar="ID")
    made = add(tokens, "token restore", "bring a removed token back; without ID: list those that can be restored")
    made.add_argument("id", nargs="?", metavar="ID")
    _listing(made)
    made = add(tokens, "token change", "change a token's name, proxy, or whether it is a spare")
    made.add_argument("id", metavar="ID")
    made.add_argument("--spare", choices=["yes", "no"], help="a spare serves only when the others cannot")
    _named(made, "its own proxy: as for `proxy set`, or none for the application's")
    made = add(tokens, "token order", "set the order of the tokens; those that are not named come last")
    made.add_argument("ids", nargs="+", metavar="ID")
    _listing(made)
    made = add(tokens, "token test", "ask upstream whether it takes a token; costs no request of your quota")
    made.add_argument("ids", nargs="*", metavar="ID", help="default: all")
    made = add(tokens, "token retry", "forget that a token had reached its limit or failed, and try it at once")
    made.add_argument("id", nargs="?", metavar="ID", help="default: all")


def _pool(pool: _Commands, add: _Add) -> None:
    add(pool, "pool show", "show how tokens are chosen")
    made = add(pool, "pool set", "set how tokens are chosen")
    made.add_argument(
        "--strategy",
        choices=["balanced", "in-order"],
        help="a new conversation goes to the token with the most quota left (balanced), or to the first in your order",
    )
    made.add_argument("--wait", metavar="TIME", help="how long requests wait at a limit: 10m, 2h, overnight or off")
    made.add_argument("--turns-per-token", type=int, metavar="N", help="requests that one token serves at a time")
    add(pool, "pool reset", "forget the tokens' cool-downs")


def _models(models: _Commands, add: _Add) -> None:
    made = add(models, "model list", "list the names, and what is asked of upstream for each")
    made.add_argument("--refresh", action="store_true", help="ask upstream now, also where its list is fresh")
    _listing(made)
    made = add(
        models,
        "model set",
        "let a name stand for a model, on chat/completions. It then holds for NAME-low and so on too. Codex asks for "
        "models by their own names",
    )
    made.add_argument("name", metavar="NAME", help="what clients ask for")
    made.add_argument("model", metavar="MODEL", help="what is asked of upstream")
    made.add_argument("--effort", choices=EFFORTS, help="the reasoning effort (default: what the request says)")
    add(models, "model remove", "forget a name of your own").add_argument("name", metavar="NAME")


def _proxy(proxy: _Commands, add: _Add) -> None:
    add(proxy, "proxy show", "show which proxy is used")
    add(proxy, "proxy set", "choose the proxy").add_argument(
        "address",
        metavar="ADDRESS",
        help="such as http://127.0.0.1:7890 or socks5://127.0.0.1:1080; system; direct for none; - reads standard "
        "input, for one with a password",
    )
    add(proxy, "proxy test", "try whether OpenAI answers; no token is used for it")
    add(proxy, "proxy detect", "look for proxies on this computer")


def _turns(turns: _Commands, add: _Add) -> None:
    _listing(add(turns, "turn list", "list the requests that wait"))
    made = add(turns, "turn move", "try a request that waits on this token now")
    made.add_argument("id", metavar="ID")
    made.add_argument("token", metavar="TOKEN")
    add(turns, "turn give-up", "answer a request that waits with the limit now").add_argument("id", metavar="ID")


def _backups(backups: _Commands, add: _Add) -> None:
    made = add(backups, "backup export", "write everything to a file")
    made.add_argument("file", type=Path, metavar="FILE")
    made.add_argument("--force", action="store_true", help="overwrite the file if there is one")
    _passphrase(made)
    made = add(
        backups,
        "backup import",
        "add what a backup holds and is missing here. A ChatGPT login works in one place only: renewed on one "
        "computer, it is signed out on the other",
    )
    made.add_argument("file", type=Path, metavar="FILE")
    _passphrase(made)


def _passphrase(made: argparse.ArgumentParser) -> None:
    made.add_argument(
        "--passphrase", choices=["-"], metavar="-", help="read it from standard input (default: ask for it)"
    )


def _named(
    made: argparse.ArgumentParser, proxy: str = "its own proxy: an address, direct for none, or - to read it"
) -> None:
    made.add_argument("--label", help="your name for it")
    made.add_argument("--proxy", metavar="ADDRESS", help=proxy)


def _listing(made: argparse.ArgumentParser) -> None:
    made.add_argument("--json", action="store_true", help="as JSON")


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise ValueError
    return port


_port.__name__ = "port"
