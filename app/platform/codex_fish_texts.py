"""What fish is told, so that Codex answers through the gateway. Lines of text; no I/O.

fish keeps what begins with a space out of its history.
"""

from __future__ import annotations

from collections.abc import Sequence

from app.platform.client_address import ClientAddress

FILE = "~/.config/fish/conf.d/waystation.fish"
"""Ours, for what is to last; every new fish reads it."""

_PATH = "$__fish_config_dir/conf.d/waystation.fish"


def function_lines(address: ClientAddress, settings: Sequence[str], variable: str, key: str) -> list[str]:
    """A function named codex; see `codex_posix_texts.function_lines`."""
    return [
        " # Waystation: codex in this shell goes through the gateway. To go back: functions -e codex",
        " function codex",
        f"   set -l direct (string join , -- $NO_PROXY $no_proxy {address.host})",
        "   set -l settings",
        *(f"   set settings $settings -c '{setting}'" for setting in settings),
        "   set -l before",
        "   set -l after",
        "   set -l open yes",
        "   for argument in $argv",
        "     if string match -qr -- '^yes(-c|--config(=|$))' $open$argument",
        "       set before $before $after",
        "       set after",
        "     else if test $open$argument = yes--",
        "       set open no",
        "     end",
        "     set after $after $argument",
        "   end",
        "   set -lx NO_PROXY $direct",
        "   set -lx no_proxy $direct",
        f"   set -lx {variable} '{key}'",
        "   command codex $before $settings $after",
        " end",
    ]


def pair_lines(address: ClientAddress, key: str) -> list[str]:
    """OPENAI_BASE_URL and OPENAI_API_KEY."""
    return [f' set -gx OPENAI_BASE_URL "{address.url}"', f' set -gx OPENAI_API_KEY "{key}"']


def license_lines(address: ClientAddress, variable: str, key: str) -> list[str]:
    """The license alone, and the way past a proxy."""
    host = address.host
    return [
        f" set -gx {variable} '{key}'",
        " set -q NO_PROXY; or set -gx NO_PROXY $no_proxy",
        f" contains -- {host} (string split , -- $NO_PROXY)"
        f"; or set -gx NO_PROXY (string join , -- (string match -v '' -- $NO_PROXY) {host})",
    ]


def lasting_lines(lines: Sequence[str]) -> list[str]:
    """What puts these lines into a file of ours for every new shell, and into this one. As often as one likes."""
    quoted = [line.replace("\\", "\\\\").replace("'", "\\'") for line in lines]
    return [
        f" # Waystation: for this and every new shell. To go back: rm {FILE}",
        f" mkdir -p $__fish_config_dir/conf.d; and rm -f {_PATH}; and touch {_PATH}; and chmod 600 {_PATH}",
        " printf '%s\\n' \\",
        *(f"   '{line}' \\" for line in quoted),
        f"   >> {_PATH}",
        f" source {_PATH}",
    ]
