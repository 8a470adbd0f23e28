"""The texts in the real cmd and PowerShell of Windows, with a `codex` that prints what reaches it.

For the release workflow on Windows: `pytest tests/platform/test_windows_shells.py`. What is for PowerShell also runs
where there is a `pwsh`. Nothing of the user's is changed: what is to last is only looked at, or goes into a profile of
the test's own.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.platform.codex_setup import environment_text, license_text, setup_text
from app.platform.shells import Shell

URL = "http://127.0.0.1:8787/codex/v1"
KEY = "ws-only~for=this.test+0/1_2-3"
WINDOWS = sys.platform == "win32"
POWERSHELLS = [name for name in ("powershell", "pwsh") if shutil.which(name)]

SAID = """import json, os, sys
names = ("WAYSTATION_LICENSE", "NO_PROXY", "OPENAI_BASE_URL", "OPENAI_API_KEY")
piped = "" if sys.stdin is None or sys.stdin.isatty() else sys.stdin.read().strip()
print("CODEX " + json.dumps([[os.environ.get(name, "") for name in names], sys.argv[1:], piped]))
"""
SETTINGS = [
    part
    for setting in (
        "model_provider=waystation",
        "model_providers.waystation.name=Waystation",
        f"model_providers.waystation.base_url={URL}",
        "model_providers.waystation.env_key=WAYSTATION_LICENSE",
        "model_providers.waystation.wire_api=responses",
    )
    for part in ("-c", setting)
]

windows_only = pytest.mark.skipif(not WINDOWS, reason="cmd; as wine has it, it is in test_cmd_texts")
powershells = pytest.mark.parametrize(
    "program", POWERSHELLS or [pytest.param("", marks=pytest.mark.skip("no PowerShell is here"))]
)


class Computer:
    """A `codex` as npm installs it: `codex.cmd` and `codex.ps1`, or a script of POSIX."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        script = folder / "said.py"
        script.write_text(SAID)
        python = sys.executable
        if WINDOWS:
            (folder / "codex.cmd").write_text(f'@"{python}" "{script}" %*\n')
            inside = f"& '{python}' '{script}' @args"
            piped = f"if ($MyInvocation.ExpectingInput) {{ $input | {inside} }} else {{ {inside} }}"
            (folder / "codex.ps1").write_text(f"{piped}\nexit $LASTEXITCODE\n")
        else:
            (folder / "codex").write_text(f'#!/bin/sh\nexec "{python}" "{script}" "$@"\n')
            (folder / "codex").chmod(0o755)
        self.environ = {name: value for name, value in os.environ.items() if "PROXY" not in name.upper()}
        self.environ["PATH"] = f"{folder}{os.pathsep}{os.environ['PATH']}"

    def said(self, command: list[str], pasted: str = "", **environ: str) -> list[list[object]]:
        """What each call of `codex` printed: variables, arguments, input."""
        done = subprocess.run(
            command,
            env=self.environ | environ,
            cwd=self.folder,
            # Python ends the lines for Windows.
            input=pasted.replace("\r\n", "\n"),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        calls = [json.loads(line.partition("CODEX ")[2]) for line in done.stdout.splitlines() if "CODEX [" in line]
        assert calls, done.stdout + done.stderr
        return calls

    def powershell(
        self, program: str, text: str, *, policy: str = "RemoteSigned", **environ: str
    ) -> list[list[object]]:
        file = self.folder / "text.ps1"
        file.write_text(text)
        # Read as text, as when it is pasted: where scripts are forbidden, a file could not be run.
        read = f"Invoke-Expression (Get-Content -Raw '{file}')"
        flags = ["-NoLogo", "-NoProfile", *(["-ExecutionPolicy", policy] if WINDOWS else []), "-Command", read]
        return self.said([program, *flags], **environ)


@pytest.fixture
def computer(tmp_path: Path) -> Computer:
    return Computer(tmp_path)


@windows_only
def test_the_macro_of_cmd_leads_here(computer: Computer) -> None:
    text = setup_text(Shell.CMD, URL, KEY)
    macro = text.splitlines()[-1].removeprefix("doskey codex=")
    # doskey itself works on a console only, so its line is checked to be taken, and then typed out.
    call = macro.replace("$*", 'exec "two words"')
    pasted = f"{text}{text}{call}\n"
    ((variables, arguments, _),) = computer.said(["cmd", "/q"], pasted, NO_PROXY="a,b")
    assert variables == [KEY, "a,b,127.0.0.1", "", ""]
    assert arguments == [*SETTINGS, "exec", "two words"]


@windows_only
@pytest.mark.parametrize("text", [license_text(Shell.CMD, URL, KEY), environment_text(Shell.CMD, URL, KEY)])
def test_the_variables_of_cmd_are_set(text: str, computer: Computer) -> None:
    ((variables, arguments, _),) = computer.said(["cmd", "/q"], f"{text}codex x\n")
    assert KEY in variables  # type: ignore[operator] # a list
    assert arguments == ["x"]


@powershells
@pytest.mark.parametrize("policy", ["RemoteSigned", "Restricted"] if WINDOWS else ["RemoteSigned"])
def test_the_function_of_powershell_leads_here_and_leaves_nothing(
    policy: str, program: str, computer: Computer
) -> None:
    text = setup_text(Shell.POWERSHELL, URL, KEY)
    calls = "codex exec 'two words'\n'piped' | codex exec -\nRemove-Item Function:codex\ncodex plain\n"
    said = computer.powershell(program, text + text + calls, policy=policy, NO_PROXY="a,b")
    inside = [KEY, "a,b,127.0.0.1", "", ""]
    assert said[0][:2] == [inside, [*SETTINGS, "exec", "two words"]]
    assert said[1] == [inside, [*SETTINGS, "exec", "-"], "piped"]
    assert said[2][:2] == [["", "a,b", "", ""], ["plain"]]


@powershells
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([], ["-c", "a=b", "exec", "x"]),
        (["exec", "-c", "a=b"], ["--config", "c=d", "x y"]),
        (["exec", "two words"], ["--config=c=d", "-"]),
        ([], ["-C", "folder", "exec", "x"]),
    ],
)
def test_our_settings_come_before_the_last_of_the_users_in_powershell(
    before: list[str], after: list[str], program: str, computer: Computer
) -> None:
    call = "codex " + " ".join(part if part.startswith("-") else f"'{part}'" for part in (*before, *after))
    ((_, arguments, _),) = computer.powershell(program, setup_text(Shell.POWERSHELL, URL, KEY) + call + "\n")
    assert arguments == [*before, *SETTINGS, *after]


@powershells
@pytest.mark.parametrize(
    "text", [license_text(Shell.POWERSHELL, URL, KEY), environment_text(Shell.POWERSHELL, URL, KEY)]
)
def test_the_variables_of_powershell_are_set(text: str, program: str, computer: Computer) -> None:
    ((variables, arguments, _),) = computer.powershell(program, f"{text}codex x\n")
    assert KEY in variables  # type: ignore[operator] # a list
    assert arguments == ["x"]


@powershells
def test_what_is_to_last_goes_into_the_profile_once(program: str, computer: Computer) -> None:
    home = computer.folder / "home"
    home.mkdir()
    profile = home / "documents" / "profile.ps1"
    # Both are set anew, so that nothing of the user's is touched.
    placed = f"Set-Variable HOME '{home}' -Force -Scope Global\n$PROFILE = '{profile}'\n"
    text = setup_text(Shell.POWERSHELL, URL, KEY, lasting=True)
    said = computer.powershell(program, placed + text + text + "codex x\n")
    assert said[0][:2] == [[KEY, "127.0.0.1", "", ""], [*SETTINGS, "x"]]
    assert profile.read_text().count(".config/waystation/codex.ps1 }") == 1
    assert KEY in (home / ".config" / "waystation" / "codex.ps1").read_text()
    again = computer.powershell(program, f"{placed}. $PROFILE\ncodex y\n")
    assert again[0][:2] == [[KEY, "127.0.0.1", "", ""], [*SETTINGS, "y"]]


@pytest.mark.skipif(not WINDOWS, reason="policies of Windows")
@powershells
def test_where_scripts_are_forbidden_nothing_is_written(program: str, computer: Computer) -> None:
    home = computer.folder / "home"
    home.mkdir()
    placed = f"Set-Variable HOME '{home}' -Force -Scope Global\n$PROFILE = '{home / 'profile.ps1'}'\n"
    text = setup_text(Shell.POWERSHELL, URL, KEY, lasting=True)
    computer.powershell(program, f"{placed}{text}codex x\n", policy="Restricted")
    assert list(home.iterdir()) == []
