"""Texts that a user pastes into a shell so that Codex answers through the gateway. No I/O.

There are two. The environment pair is two lines, and enough for the Codex versions that still read
OPENAI_BASE_URL (`codex_notes` says which, and what is to be watched). The full set-up makes a shell function
named `codex` (a doskey macro in cmd) that hands the real Codex five settings on its command line. It works
with every Codex from 0.45 to 0.169, writes no file, and adds the gateway's host to what goes past a proxy.
"""

from __future__ import annotations

from app.core.license import checked_license_key
from app.platform.client_address import ClientAddress, checked_address
from app.platform.shells import Shell, inert, joined

PROVIDER = "waystation"
"""Our id among Codex's model providers. Codex keeps it with each conversation, and `codex resume` lists only
the conversations of the provider in use: it must be the same in every set-up."""

LICENSE_VARIABLE = "WAYSTATION_LICENSE"
"""Read by nobody but the Codex that we start: programs that find OPENAI_API_KEY send it to api.openai.com."""


def environment_text(shell: Shell, base_url: str, license_key: str) -> str:
    """The two lines that set OPENAI_BASE_URL and OPENAI_API_KEY in this shell.

    `base_url` is such as `http://192.168.1.20:8787/codex/v1`.

    Raises:
        InvalidInput: the address or the license cannot be used, or not be pasted safely.
    """
    url = checked_address(base_url).url
    key = _checked_key(license_key)
    match shell:
        case Shell.BASH:
            lines = [f'export OPENAI_BASE_URL="{url}"', f'export OPENAI_API_KEY="{key}"']
        case Shell.CMD:
            lines = [f"set OPENAI_BASE_URL={url}", f"set OPENAI_API_KEY={key}"]
        case Shell.POWERSHELL:
            lines = [f'$env:OPENAI_BASE_URL="{url}"', f'$env:OPENAI_API_KEY="{key}"']
    return joined(shell, lines)


def setup_text(shell: Shell, base_url: str, license_key: str) -> str:
    """The full set-up for this shell, to be pasted or sourced, as often as one likes. ASCII only.

    `base_url` is such as `http://192.168.1.20:8787/codex/v1`.

    Raises:
        InvalidInput: the address or the license cannot be used, or not be pasted safely.
    """
    address = checked_address(base_url)
    key = _checked_key(license_key)
    match shell:
        case Shell.BASH:
            lines = _bash(address, key)
        case Shell.CMD:
            lines = _cmd(address, key)
        case Shell.POWERSHELL:
            lines = _powershell(address, key)
    return joined(shell, lines)


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


def _bash(address: ClientAddress, key: str) -> list[str]:
    """For bash and zsh.

    The environment is set for the one call alone: nothing is lost from NO_PROXY and nothing grows. The host
    is added even to `*`, in spite of which Codex goes to an IP address through the proxy. The comment is a
    command because an interactive zsh knows no comments; `function` is written because `codex ()` would expand
    an alias of that name where the text is read as one block. The leading spaces keep the lines out of the
    history of a shell that is set up for that.
    """
    return [
        " : 'Waystation: codex in this shell goes through the gateway. To go back: unset -f codex'",
        " unalias codex 2>/dev/null || :",
        " function codex {",
        '   local direct="${NO_PROXY:+$NO_PROXY,}${no_proxy:+$no_proxy,}' + address.host + '"',
        "   local settings=(",
        *(f"     -c '{setting}'" for setting in _settings(address)),
        "   )",
        '   local -x NO_PROXY="$direct" no_proxy="$direct" ' + f"{LICENSE_VARIABLE}='{key}'",
        '   command codex "${settings[@]}" "$@"',
        " }",
    ]


def _powershell(address: ClientAddress, key: str) -> list[str]:
    """For Windows PowerShell 5.1 and PowerShell 7.

    npm installs `codex.ps1` and `codex.cmd`. The first passes every argument on unharmed, but does not start
    where scripts are forbidden, as on a new Windows; there the second is called. The environment is put back
    after each call. The empty line at the end closes the block in a console without PSReadLine.
    """
    variables = f"$env:NO_PROXY, $env:no_proxy, $env:{LICENSE_VARIABLE}"
    return [
        "# Waystation: codex in this window goes through the gateway.",
        "# To go back: Remove-Item Function:codex",
        "if (Test-Path Alias:codex) { Remove-Item Alias:codex -Force }",
        "function codex {",
        "    $types = @('Application')",
        "    if ((Get-ExecutionPolicy) -notin 'Restricted', 'AllSigned') { $types += 'ExternalScript' }",
        "    $cli = Get-Command codex -CommandType $types -ErrorAction Stop | Select-Object -First 1",
        "    $settings = @(",
        *(f"        '-c', '{setting}'" for setting in _settings(address)),
        "    )",
        f"    $before = {variables}",
        f"    $direct = @($env:NO_PROXY, $env:no_proxy, '{address.host}') -ne $null | Select-Object -Unique",
        "    try {",
        "        $env:NO_PROXY = $direct -join ','",
        "        $env:no_proxy = $direct -join ','",
        f"        $env:{LICENSE_VARIABLE} = '{key}'",
        "        if ($MyInvocation.ExpectingInput) { $input | & $cli @settings @args }",
        "        else { & $cli @settings @args }",
        "    } finally {",
        f"        {variables} = $before",
        "    }",
        "}",
        "",
    ]


def _cmd(address: ClientAddress, key: str) -> list[str]:
    """For an interactive cmd: doskey macros do not work in batch files.

    A macro cannot set variables for one call, so they stay set in this window, and the second `if` keeps
    NO_PROXY from growing. Each line stands by itself: cmd expands `%...%` when it reads a line. In the
    macro, `codex` is the program (`codex.cmd` or `codex.exe`): doskey does not expand a macro twice.
    """
    flags = " ".join(f"-c {setting}" for setting in _settings(address))
    host = address.host
    return [
        "rem Waystation: codex in this window goes through the gateway.",
        "rem To go back: doskey codex=",
        f'set "{LICENSE_VARIABLE}={key}"',
        f'if not defined NO_PROXY set "NO_PROXY={host}"',
        'set "WAYSTATION_DIRECT=,%NO_PROXY%,"',
        f'if "%WAYSTATION_DIRECT:,{host},=%"=="%WAYSTATION_DIRECT%" set "NO_PROXY=%NO_PROXY%,{host}"',
        'set "WAYSTATION_DIRECT="',
        f"doskey codex=codex {flags} $*",
    ]


def _checked_key(license_key: str) -> str:
    return inert(checked_license_key(license_key))
