"""What the user's shell would have for Codex: its environment, and what `codex` means there.

A program with a window knows nothing of what the user's shell sets up; asking that shell is the only way to learn it.
"""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import shlex
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from app.platform.program_output import text_of
from app.platform.shells import powershell_quoted

#: How long the user's shell may take to read its files, in seconds. Managers of Node's versions take a second or two.
SHELL_TIMEOUT_S = 15.0
#: An environment has at most 128 KiB on Linux as a rule; the rest is what the user's files print.
_MOST_OUTPUT = 1 << 20

#: Shells that take `-l -i -c`, with what prints the meaning of `codex` there where it is no file.
_MEANING = {
    "bash": "alias codex 2>/dev/null; declare -f codex",
    "zsh": "alias codex 2>/dev/null; functions codex",
    "fish": "functions codex",
    "ksh": "alias codex 2>/dev/null; typeset -f codex",
}
_VARIABLE = re.compile(r"%([^%]+)%")
#: Get-ExecutionPolicy, of Windows PowerShell 5.1 and PowerShell 7: npm's script is not signed.
_FORBIDS_SCRIPTS = ("Restricted", "AllSigned")
_NO_WINDOW = 0x08000000
_POWERSHELL = "powershell.exe"
#: Of the environment in the registry: these are of this process, or of the system.
_NOT_FROM_REGISTRY = ("TEMP", "TMP", "USERNAME")


@dataclass(frozen=True, slots=True)
class UserShell:
    """The shell in which the user types `codex`.

    Attributes:
        environ: what a program that is started there gets; may hold secrets.
        start: the command before which a command line of that shell goes, such as `("/bin/zsh", "-l", "-i", "-c")`;
            empty: `codex` is a program, and started without a shell.
        meaning: what `codex` is there, where it is no program: the text of the function; may hold the license.
        answered: whether the shell could be asked; otherwise `environ` is our own.
        forbidden_script: npm's `codex.ps1`, where PowerShell does not run it.
    """

    environ: Mapping[str, str] = field(repr=False)
    start: tuple[str, ...] = ()
    meaning: str = field(default="", repr=False)
    answered: bool = True
    forbidden_script: str = ""

    @property
    def has_function(self) -> bool:
        """Whether `codex` is a function or an alias there."""
        return bool(self.meaning)


async def user_shell(
    environ: Mapping[str, str], *, fresh: bool, system: str = sys.platform, timeout_s: float = SHELL_TIMEOUT_S
) -> UserShell:
    """The user's shell.

    Args:
        environ: of this process.
        fresh: as a new terminal window would have it, for a program that was not started from one. False: this
            process was started from a terminal, and has its environment already.
        system: as `sys.platform` names it.
        timeout_s: how long the shell may take, in seconds.
    """
    if system == "win32":
        return await _powershell(_windows_environment(environ) if fresh else environ, timeout_s)
    shell = environ.get("SHELL") or _login_shell()
    asks = _MEANING.get(Path(shell).name)
    if asks is None:
        return UserShell(environ, answered=False)
    flags = ("-l", "-i", "-c") if fresh else ("-i", "-c")
    mark = f"waystation-{secrets.token_hex(8)}"
    # The files of the user may print what they like before, and between.
    script = f"printf '%s\\n' {mark}; env -0 2>/dev/null || env; printf '%s\\n' {mark}; {asks}; printf '%s\\n' {mark}"
    with tempfile.TemporaryDirectory(prefix="waystation-check-", ignore_cleanup_errors=True) as folder:
        said = (await output_of((shell, *flags, script), environ, timeout_s, cwd=Path(folder))).out
    parts = said.split(f"{mark}\n".encode())
    if len(parts) < 4:
        return UserShell(environ, answered=False)
    found = parsed_environment(parts[1]) if fresh else environ
    meaning = parts[2].decode("utf-8", "replace").strip()
    return UserShell(found, (shell, *flags) if meaning else (), meaning)


async def terminal_environment(
    environ: Mapping[str, str], *, system: str = sys.platform, timeout_s: float = SHELL_TIMEOUT_S
) -> Mapping[str, str]:
    """What a program gets that is started in a new terminal window; our own environment if the shell gives no answer.

    Args:
        environ: of this process, which was not started from a terminal.
        system: as `sys.platform` names it.
        timeout_s: how long the shell may take, in seconds.
    """
    if system == "win32":
        return _windows_environment(environ)
    return (await user_shell(environ, fresh=True, system=system, timeout_s=timeout_s)).environ


async def _powershell(environ: Mapping[str, str], timeout_s: float) -> UserShell:
    """What `codex` is in PowerShell, with the user's profile; that also says whether it runs npm's script."""
    mark = f"waystation-{secrets.token_hex(8)}"
    script = (
        # Else it writes in the console's code page, in which a path may not even be.
        "try { [Console]::OutputEncoding = New-Object Text.UTF8Encoding $false } catch { }; "
        f"'{mark}'; Get-ExecutionPolicy; '{mark}'; $c = Get-Command codex -ErrorAction SilentlyContinue; "
        f"$c.CommandType; '{mark}'; $c.Source; '{mark}'; if ($c.CommandType -eq 'Function') {{ $c.Definition }}; "
        f"'{mark}'"
    )
    start = (_POWERSHELL, "-NoLogo", "-NonInteractive", "-Command")
    said = text_of((await output_of((*start, script), environ, timeout_s)).out)
    parts = [part.strip() for part in said.split(mark)]
    if len(parts) < 6:
        return UserShell(environ, answered=False)
    policy, kind, source, meaning = parts[1:5]
    if kind == "Function":
        return UserShell(environ, start, meaning)
    forbidden = kind == "ExternalScript" and policy in _FORBIDS_SCRIPTS
    return UserShell(environ, forbidden_script=source if forbidden else "")


def parsed_environment(data: bytes) -> dict[str, str]:
    """What `env -0` prints, or `env` where that knows no `-0`, as a mapping."""
    found = {}
    for item in data.split(b"\0" if b"\0" in data else b"\n"):
        name, sign, value = item.decode("utf-8", "surrogateescape").partition("=")
        if sign and re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            found[name] = value
    # These are of the shell that was asked.
    for name in ("SHLVL", "_", "PWD", "OLDPWD"):
        found.pop(name, None)
    return found


@dataclass(frozen=True, slots=True)
class Said:
    """What a program has printed; `code` is None when it did not start or did not end in time."""

    code: int | None
    out: bytes = field(repr=False)
    err: bytes = field(repr=False)
    problem: str = ""


async def output_of(
    command: tuple[str, ...], environ: Mapping[str, str], timeout_s: float, *, cwd: Path | None = None
) -> Said:
    """Run a program to its end, or end it; never raises for what it does."""
    try:
        process = await start(command, environ, cwd)
    except OSError as error:
        return Said(None, b"", b"", error.strerror or type(error).__name__)
    out, err = bytearray(), bytearray()
    readers = asyncio.gather(_collect(process.stdout, out), _collect(process.stderr, err), process.wait())
    try:
        async with asyncio.timeout(timeout_s):
            await readers
    except TimeoutError:
        return Said(None, bytes(out), bytes(err), f"no end after {timeout_s:g} s")
    finally:
        await end(process)
    return Said(process.returncode, bytes(out), bytes(err))


async def start(command: tuple[str, ...], environ: Mapping[str, str], cwd: Path | None) -> asyncio.subprocess.Process:
    """Start a program that can neither read from a terminal nor flash a window up.

    Raises:
        OSError: it cannot be started.
    """
    flags = {"creationflags": _NO_WINDOW} if sys.platform == "win32" else {"start_new_session": True}
    return await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=dict(environ),
        cwd=cwd,
        **flags,
    )


async def end(process: asyncio.subprocess.Process) -> None:
    """Leave nothing of it behind: a shell or npm's script starts programs of its own."""
    if process.returncode is None:
        # An interactive shell may have put them into process groups of their own.
        children = []
        with suppress(psutil.Error):
            children = psutil.Process(process.pid).children(recursive=True)
        for one in (*children, process):
            with suppress(psutil.Error, ProcessLookupError, PermissionError):
                one.kill()
    await process.wait()


async def _collect(stream: asyncio.StreamReader | None, into: bytearray) -> None:
    while stream is not None and (piece := await stream.read(65536)):
        # Read to its end, or the program would wait for us.
        into += piece[: max(0, _MOST_OUTPUT - len(into))]


def command_line(shell: UserShell, program: Path, arguments: tuple[str, ...]) -> tuple[str, ...]:
    """How Codex is started: by the shell where the shell knows it as a function, else by itself."""
    if shell.start:
        quoted = powershell_quoted if shell.start[0] == _POWERSHELL else shlex.quote
        return (*shell.start, " ".join(("codex", *map(quoted, arguments))))
    return (str(program), *arguments)


def is_from_powershell() -> bool:
    """Whether PowerShell has started us, directly or by npm's or pip's launcher."""
    with suppress(psutil.Error):
        return any(
            parent.name().lower().split(".")[0] in ("powershell", "pwsh") for parent in psutil.Process().parents()[:3]
        )
    return False


def _login_shell() -> str:
    if sys.platform == "win32":
        return ""
    import pwd

    with suppress(KeyError):
        return pwd.getpwuid(os.getuid()).pw_shell
    return ""


def _windows_environment(environ: Mapping[str, str]) -> Mapping[str, str]:
    """What a new terminal window gets."""
    if sys.platform != "win32":
        return environ
    import winreg

    layers: list[list[tuple[str, str, bool]]] = []
    for root, key in (
        (winreg.HKEY_LOCAL_MACHINE, r"SYSTEM\CurrentControlSet\Control\Session Manager\Environment"),
        (winreg.HKEY_CURRENT_USER, "Environment"),
    ):
        with suppress(OSError), winreg.OpenKey(root, key) as opened:
            rows = [winreg.EnumValue(opened, index) for index in range(winreg.QueryInfoKey(opened)[1])]
            layers.append(
                [(name, value, kind == winreg.REG_EXPAND_SZ) for name, value, kind in rows if isinstance(value, str)]
            )
    return registry_environment(environ, layers)


def registry_environment(
    environ: Mapping[str, str], layers: Sequence[Sequence[tuple[str, str, bool]]]
) -> dict[str, str]:
    """An environment of Windows, with what the registry says now.

    Args:
        environ: of this process.
        layers: the machine's variables, then the user's: name, value, and whether other variables are put into it.

    Returns:
        Names in capital letters, from which Windows does not tell small ones. PATH is the machine's and the user's.
    """
    found = {name.upper(): value for name, value in environ.items()}
    paths: list[str] = []
    for layer in layers:
        # As Windows does it: what names others comes after them.
        for name, value, expands in sorted(layer, key=lambda row: row[2]):
            text = _VARIABLE.sub(lambda seen: found.get(seen[1].upper(), seen[0]), value) if expands else value
            if name.upper() == "PATH":
                paths.append(text)
            elif name.upper() not in _NOT_FROM_REGISTRY:
                found[name.upper()] = text
    if paths:
        found["PATH"] = ";".join(paths)
    return found
