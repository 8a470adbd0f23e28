"""What PowerShell and cmd are told, so that Codex answers through the gateway. Lines of text; no I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.platform.client_address import ClientAddress

FILE = "~/.config/waystation/codex.ps1"
"""Ours, for what is to last; the profile of PowerShell reads it."""

_PATH = FILE.replace("~", "$HOME", 1)


def powershell_function(address: ClientAddress, settings: Sequence[str], variable: str, key: str) -> list[str]:
    """A function named codex, for Windows PowerShell 5.1 and PowerShell 7.

    npm installs `codex.ps1` and `codex.cmd`. The first passes every argument on unharmed, but does not start
    where scripts are forbidden, as on a new Windows; there the second is called. The environment is put back
    after each call. Our settings go before the last `-c` of the user's: see `codex_posix_texts.function_lines`.
    The empty line at the end closes the block in a console without PSReadLine.
    """
    variables = f"$env:NO_PROXY, $env:no_proxy, $env:{variable}"
    return [
        "# Waystation: codex in this window goes through the gateway.",
        "# To go back: Remove-Item Function:codex",
        "if (Test-Path Alias:codex) { Remove-Item Alias:codex -Force }",
        "function codex {",
        "    $types = @('Application')",
        "    if ((Get-ExecutionPolicy) -notin 'Restricted', 'AllSigned') { $types += 'ExternalScript' }",
        "    $cli = Get-Command codex -CommandType $types -ErrorAction Stop | Select-Object -First 1",
        "    $settings = @(",
        *(f"        '-c', '{setting}'" for setting in settings),
        "    )",
        "    $at = 0",
        "    for ($i = 0; $i -lt $args.Count -and $args[$i] -cne '--'; $i++) {",
        "        if ($args[$i] -cmatch '^(-c|--config(=|$))') { $at = $i }",
        "    }",
        "    $first = @()",
        "    $last = $args",
        "    if ($at) {",
        "        $first = @($args[0..($at - 1)])",
        "        $last = @($args[$at..($args.Count - 1)])",
        "    }",
        f"    $before = {variables}",
        f"    $direct = @($env:NO_PROXY, $env:no_proxy, '{address.host}') -ne $null | Select-Object -Unique",
        "    try {",
        "        $env:NO_PROXY = $direct -join ','",
        "        $env:no_proxy = $direct -join ','",
        f"        $env:{variable} = '{key}'",
        "        if ($MyInvocation.ExpectingInput) { $input | & $cli @first @settings @last }",
        "        else { & $cli @first @settings @last }",
        "    } finally {",
        f"        {variables} = $before",
        "    }",
        "}",
        "",
    ]


def powershell_profile(lines: Sequence[str]) -> list[str]:
    """What puts these lines into a file of ours for every new PowerShell, and into this one.

    A profile is a script, which a new Windows forbids: nothing is written there.
    """
    line = f"if (Test-Path {_PATH}) {{ . {_PATH} }}"
    return [
        "# Waystation: for this and every new window.",
        f"# To go back: Remove-Item {FILE}",
        "if ((Get-ExecutionPolicy) -in 'Restricted', 'AllSigned') {",
        "    Write-Warning 'Scripts are forbidden here, and a profile is one. Nothing was written. This allows yours:'",
        "    Write-Warning 'Set-ExecutionPolicy -Scope CurrentUser RemoteSigned'",
        "} else {",
        "    New-Item -ItemType Directory -Force -Path $HOME/.config/waystation, (Split-Path $PROFILE) | Out-Null",
        f"    if (Test-Path {_PATH}) {{ Remove-Item -Force {_PATH} }}",
        f"    New-Item -ItemType File -Path {_PATH} | Out-Null",
        f"    if ($IsLinux -or $IsMacOS) {{ chmod 600 {_PATH} }}",
        f"    Set-Content -Encoding Ascii -Path {_PATH} -Value @'",
        *lines,
        "'@",
        f"    $line = '{line}'",
        "    $known = (Test-Path $PROFILE) -and (Select-String -Quiet -SimpleMatch -Path $PROFILE -Pattern $line)",
        "    if (-not $known) { Add-Content -Path $PROFILE -Value '', $line }",
        f"    . {_PATH}",
        "}",
        "",
    ]


def powershell_pair(address: ClientAddress, key: str) -> list[str]:
    """OPENAI_BASE_URL and OPENAI_API_KEY, word for word as in the users' guide."""
    return [f'$env:OPENAI_BASE_URL="{address.url}"', f'$env:OPENAI_API_KEY="{key}"']


def powershell_license(address: ClientAddress, variable: str, key: str) -> list[str]:
    """The license alone, and the way past a proxy."""
    exceptions = f"@($env:NO_PROXY -split ',') + '{address.host}'"
    return [
        f"$env:{variable} = '{key}'",
        f"$env:NO_PROXY = ({exceptions} | Where-Object {{ $_ }} | Select-Object -Unique) -join ','",
    ]


def powershell_user_variables(variables: Mapping[str, str]) -> list[str]:
    """What sets variables for every new program of the user."""
    lines = ["# Waystation: also for every new window. To go back:"]
    lines += [f"#   [Environment]::SetEnvironmentVariable('{name}', $null, 'User')" for name in variables]
    lines += [
        f"[Environment]::SetEnvironmentVariable('{name}', '{value}', 'User')" for name, value in variables.items()
    ]
    return lines


def cmd_macro(address: ClientAddress, settings: Sequence[str], variable: str, key: str) -> list[str]:
    """For an interactive cmd: doskey macros do not work in batch files.

    A macro cannot set variables for one call, so they stay set in this window. In the macro, `codex` is the program
    (`codex.cmd` or `codex.exe`): doskey does not expand a macro twice.
    """
    flags = " ".join(f"-c {setting}" for setting in settings)
    return [
        "rem Waystation: codex in this window goes through the gateway.",
        "rem To go back: doskey codex=",
        *cmd_license(address, variable, key),
        f"doskey codex=codex {flags} $*",
    ]


def cmd_pair(address: ClientAddress, key: str) -> list[str]:
    """OPENAI_BASE_URL and OPENAI_API_KEY, word for word as in the users' guide."""
    return [f"set OPENAI_BASE_URL={address.url}", f"set OPENAI_API_KEY={key}"]


def cmd_license(address: ClientAddress, variable: str, key: str) -> list[str]:
    """The license alone, and the way past a proxy.

    The second `if` keeps NO_PROXY from growing. Each line stands by itself: cmd expands `%...%` when it reads one.
    """
    host = address.host
    return [
        f'set "{variable}={key}"',
        f'if not defined NO_PROXY set "NO_PROXY={host}"',
        'set "WAYSTATION_DIRECT=,%NO_PROXY%,"',
        f'if "%WAYSTATION_DIRECT:,{host},=%"=="%WAYSTATION_DIRECT%" set "NO_PROXY=%NO_PROXY%,{host}"',
        'set "WAYSTATION_DIRECT="',
    ]


def cmd_user_variables(variables: Mapping[str, str]) -> list[str]:
    """What sets variables for every new program of the user."""
    lines = ["rem Waystation: also for every new window. To go back:"]
    lines += [f"rem   reg delete HKCU\\Environment /v {name} /f" for name in variables]
    return lines + [f'setx {name} "{value}"' for name, value in variables.items()]
