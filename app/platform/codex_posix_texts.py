"""What bash, zsh and the bash of WSL are told, so that Codex answers through the gateway. Lines of text; no I/O.

The leading spaces keep the lines out of the history of a shell that is set up for that. A comment is a command because
an interactive zsh knows no comments.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from app.platform.client_address import ClientAddress
from app.platform.shells import Shell

FILE = "~/.config/waystation/codex.sh"
"""Ours, for what is to last. Each way of setting Codex up puts its own into it, so that one takes the other's place."""

_PATH = FILE.replace("~", '"$HOME"', 1)
_END = "WAYSTATION_END"
#: Fills `host`: inside WSL, Windows is at the address of the router, unless both share one network.
_WSL_HOST = (
    'case "$(uname -r)$(wslinfo --networking-mode 2>/dev/null)" in *-Microsoft|*mirrored) ;; '
    "*) read -r _ _ host _ < <(ip -4 route show default) || : ;; esac"
)


def function_lines(shell: Shell, address: ClientAddress, settings: Sequence[str], variable: str, key: str) -> list[str]:
    """A function named codex.

    The environment is set for the one call alone: nothing is lost from NO_PROXY and nothing grows. The host
    is added even to `*`, in spite of which Codex goes to an IP address through the proxy. `function` is written
    because `codex ()` would expand an alias of that name where the text is read as one block.

    Our settings go before the last `-c` of the user's: up to 0.140 Codex forgets those before a command such as
    `exec` as soon as one follows it. `${after[@]+…}`: an empty array is unset to the bash of macOS.
    """
    url, host, lookup = _placed(shell, address)
    return [
        " : 'Waystation: codex in this shell goes through the gateway. To go back: unset -f codex'",
        " unalias codex 2>/dev/null || :",
        " function codex {",
        "   local argument open=yes",
        *(f"   {line}" for line in lookup),
        '   local direct="${NO_PROXY:+$NO_PROXY,}${no_proxy:+$no_proxy,}' + host + '"',
        "   local settings=(",
        *(f"     -c {_setting(setting, address, url)}" for setting in settings),
        "   ) before=() after=()",
        '   for argument in "$@"; do',
        '     case "$open$argument" in',
        '       yes-c*|yes--config|yes--config=*) before+=(${after[@]+"${after[@]}"}); after=() ;;',
        "       yes--) open=no ;;",
        "     esac",
        '     after+=("$argument")',
        "   done",
        '   local -x NO_PROXY="$direct" no_proxy="$direct" ' + f"{variable}='{key}'",
        '   command codex ${before[@]+"${before[@]}"} "${settings[@]}" ${after[@]+"${after[@]}"}',
        " }",
    ]


def pair_lines(shell: Shell, address: ClientAddress, key: str) -> list[str]:
    """OPENAI_BASE_URL and OPENAI_API_KEY; for bash and zsh word for word the two lines of the users' guide."""
    url, _, lookup = _placed(shell, address)
    return [
        *(line.removeprefix("local ") for line in lookup),
        f'export OPENAI_BASE_URL="{url}"',
        f'export OPENAI_API_KEY="{key}"',
    ]


def license_lines(address: ClientAddress, variable: str, key: str) -> list[str]:
    """The license alone, and the way past a proxy. Codex reads no_proxy only where NO_PROXY is not set."""
    host = address.host
    return [
        f" export {variable}='{key}' " + 'NO_PROXY="${NO_PROXY-${no_proxy-}}"',
        f' case ",$NO_PROXY," in *,{host},*) ;; *) NO_PROXY="${{NO_PROXY:+$NO_PROXY,}}{host}" ;; esac',
    ]


def lasting_lines(shell: Shell, lines: Sequence[str]) -> list[str]:
    """What puts these lines into a file of ours for every new shell, and into this one. As often as one likes."""
    line = f"if [ -r {_PATH} ]; then . {_PATH}; fi"
    return [
        f" : 'Waystation: for this and every new shell. To go back: rm {FILE}'",
        f" command mkdir -p ~/.config/waystation && command rm -f {FILE}",
        f" (umask 077; command cat > {FILE}) <<'{_END}'",
        *lines,
        _END,
        *_start_file(shell),
        f" command grep -qsF '{line}' \"$rc\" || printf '\\n%s\\n' '{line}' >> \"$rc\"",
        " unset rc",
        " . " + FILE,
    ]


def _start_file(shell: Shell) -> list[str]:
    """Where a new shell looks. Terminals on macOS start login shells; a new .bash_profile would hide a .profile."""
    if shell is Shell.ZSH:
        return [' rc="${ZDOTDIR:-$HOME}/.zshrc"']
    return [
        ' rc="$HOME/.bashrc"',
        ' case "$(uname)" in Darwin)',
        "   for rc in ~/.bash_profile ~/.bash_login ~/.profile ~/.bash_profile; do",
        '     if [ -e "$rc" ]; then break; fi',
        "   done",
        " esac",
    ]


def _placed(shell: Shell, address: ClientAddress) -> tuple[str, str, list[str]]:
    """The address, its host, and what finds the host when the shell runs."""
    if shell is Shell.WSL and _is_loopback(address.host):
        return _with_host(address), "$host", ["local host=127.0.0.1", _WSL_HOST]
    return address.url, address.host, []


def _with_host(address: ClientAddress) -> str:
    shown = f"[{address.host}]" if ":" in address.host else address.host
    scheme, _, rest = address.url.partition("://")
    return f"{scheme}://$host{rest[len(shown) :]}"


def _setting(setting: str, address: ClientAddress, url: str) -> str:
    return f"'{setting}'" if url == address.url else f'"{setting.replace(address.url, url)}"'


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
