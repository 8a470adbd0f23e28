"""Texts that a user pastes into a shell so that Codex answers through the gateway. No I/O.

There are three. The environment pair is two lines, and enough for the Codex versions that still read
OPENAI_BASE_URL (`codex_notes` says which, and what is to be watched). The full set-up makes a shell function
named `codex` (a doskey macro in cmd) that hands the real Codex five settings on its command line. It works
with every Codex from 0.42 to 0.169, writes no file, and adds the gateway's host to what goes past a proxy.
The license alone is for a config.toml that names our provider.

Each can be had for good: then bash, zsh, fish and PowerShell keep it in a file of ours that only the user can read,
and the two variables become the user's own on Windows.
"""

from __future__ import annotations

from collections.abc import Mapping

from app.core.errors import WaystationError
from app.core.license import checked_license_key
from app.platform import codex_fish_texts, codex_posix_texts, codex_windows_texts
from app.platform.client_address import ClientAddress, checked_address
from app.platform.shells import Shell, inert, joined

PROVIDER = "waystation"
"""Our id among Codex's model providers. Codex keeps it with each conversation, and `codex resume` lists only
the conversations of the provider in use: it must be the same in every set-up."""

LICENSE_VARIABLE = "WAYSTATION_LICENSE"
"""Read by nobody but the Codex that we start: programs that find OPENAI_API_KEY send it to api.openai.com."""


class CannotLast(WaystationError):
    """A text that works in one window only was to be had for good."""

    code = "cannot_last"
    exit_code = 2


def environment_text(shell: Shell, base_url: str, license_key: str, *, lasting: bool = False) -> str:
    """The two lines that set OPENAI_BASE_URL and OPENAI_API_KEY in this shell; `lasting`: and in every new one.

    `base_url` is such as `http://192.168.1.20:8787/codex/v1`.

    Raises:
        InvalidInput: the address or the license cannot be used, or not be pasted safely.
    """
    address = checked_address(base_url)
    key = _checked_key(license_key)
    variables = {"OPENAI_BASE_URL": address.url, "OPENAI_API_KEY": key}
    match shell:
        case Shell.BASH | Shell.ZSH | Shell.WSL:
            lines = codex_posix_texts.pair_lines(shell, address, key)
        case Shell.FISH:
            lines = codex_fish_texts.pair_lines(address, key)
        case Shell.CMD:
            lines = codex_windows_texts.cmd_pair(address, key)
        case Shell.POWERSHELL:
            lines = codex_windows_texts.powershell_pair(address, key)
    return joined(shell, _lasting_variables(shell, lines, variables) if lasting else lines)


def license_text(shell: Shell, base_url: str, license_key: str, *, lasting: bool = False) -> str:
    """What sets WAYSTATION_LICENSE in this shell, and the way past a proxy; `lasting`: and in every new one.

    On Windows the way past a proxy does not last: other programs read NO_PROXY too.

    Raises:
        InvalidInput: the address or the license cannot be used, or not be pasted safely.
    """
    address = checked_address(base_url)
    key = _checked_key(license_key)
    match shell:
        case Shell.BASH | Shell.ZSH | Shell.WSL:
            lines = codex_posix_texts.license_lines(address, LICENSE_VARIABLE, key)
        case Shell.FISH:
            lines = codex_fish_texts.license_lines(address, LICENSE_VARIABLE, key)
        case Shell.CMD:
            lines = codex_windows_texts.cmd_license(address, LICENSE_VARIABLE, key)
        case Shell.POWERSHELL:
            lines = codex_windows_texts.powershell_license(address, LICENSE_VARIABLE, key)
    return joined(shell, _lasting_variables(shell, lines, {LICENSE_VARIABLE: key}) if lasting else lines)


def login_text(shell: Shell, license_key: str) -> str:
    """What saves the license as Codex's login, in the place of what is saved there; Codex reads it from 0.45 on.

    Raises:
        InvalidInput: the license cannot be used, or not be pasted safely.
    """
    key = _checked_key(license_key)
    match shell:
        case Shell.CMD:
            line = f"echo {key}| codex login --with-api-key"
        case Shell.POWERSHELL:
            line = f"'{key}' | codex login --with-api-key"
        case _:
            line = f" echo '{key}' | codex login --with-api-key"
    return joined(shell, [line])


def setup_text(shell: Shell, base_url: str, license_key: str, *, lasting: bool = False) -> str:
    """The full set-up for this shell, to be pasted or sourced, as often as one likes. ASCII only.

    `base_url` is such as `http://192.168.1.20:8787/codex/v1`; `lasting`: for every new shell as well.

    Raises:
        InvalidInput: the address or the license cannot be used, or not be pasted safely.
        CannotLast: cmd reads no file when it starts.
    """
    address = checked_address(base_url)
    key = _checked_key(license_key)
    given = (address, _settings(address), LICENSE_VARIABLE, key)
    match shell:
        case Shell.BASH | Shell.ZSH | Shell.WSL:
            lines = codex_posix_texts.function_lines(shell, *given)
            lines = codex_posix_texts.lasting_lines(shell, lines) if lasting else lines
        case Shell.FISH:
            lines = codex_fish_texts.function_lines(*given)
            lines = codex_fish_texts.lasting_lines(lines) if lasting else lines
        case Shell.CMD if lasting:
            raise CannotLast(
                "cmd reads no file of yours when it starts, so this can only be set up for one window. For good, take "
                "PowerShell, or let Waystation write Codex's config.toml."
            )
        case Shell.CMD:
            lines = codex_windows_texts.cmd_macro(*given)
        case Shell.POWERSHELL:
            lines = codex_windows_texts.powershell_function(*given)
            lines = codex_windows_texts.powershell_profile(lines) if lasting else lines
    return joined(shell, lines)


def _lasting_variables(shell: Shell, lines: list[str], variables: Mapping[str, str]) -> list[str]:
    match shell:
        case Shell.BASH | Shell.ZSH | Shell.WSL:
            return codex_posix_texts.lasting_lines(shell, lines)
        case Shell.FISH:
            return codex_fish_texts.lasting_lines(lines)
        case Shell.CMD:
            return [*codex_windows_texts.cmd_user_variables(variables), *lines]
        case Shell.POWERSHELL:
            return [*codex_windows_texts.powershell_user_variables(variables), *lines]


def _settings(address: ClientAddress) -> list[str]:
    """What follows each `-c`.

    Dotted keys, not one table: Codex from 0.45 to 0.169 takes a value that is no TOML as a string. So no
    double quote is needed; Windows PowerShell, PowerShell 7.3 and cmd would each pass one on differently.
    """
    own = f"model_providers.{PROVIDER}"
    return [
        f"model_provider={PROVIDER}",
        f"{own}.name=Waystation",
        f"{own}.base_url={address.url}",
        f"{own}.env_key={LICENSE_VARIABLE}",
        f"{own}.wire_api=responses",
    ]


def _checked_key(license_key: str) -> str:
    return inert(checked_license_key(license_key))
