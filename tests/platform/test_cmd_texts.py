"""The texts in cmd, as wine has it, with a `codex` that prints what reaches it.

wine's cmd knows no doskey. A stand-in takes the macro down, which is then typed out as cmd would expand it; Windows'
own is in `test_windows_shells`.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("wine", allow_module_level=True)

from app.platform.codex_setup import environment_text, license_text, setup_text
from app.platform.shells import Shell

URL = "http://127.0.0.1:8787/codex/v1"
KEY = "ws-only~for=this.test+0/1_2-3"


class Cmd:
    """A cmd, in an empty Windows."""

    def __init__(self, folder: Path) -> None:
        self.bin = folder / "bin"
        self.bin.mkdir()
        self.environ = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(folder),
            "WINEPREFIX": str(folder / "prefix"),
            "WINEDEBUG": "-all",
            "WINEDLLOVERRIDES": "mscoree,mshtml=",
            "LANG": "C.UTF-8",
        }
        # As a program that npm has installed: a batch file that passes its arguments on.
        said = "@echo CODEX [%WAYSTATION_LICENSE%] [%NO_PROXY%] [%OPENAI_BASE_URL%] [%OPENAI_API_KEY%] [%*]\r\n"
        (self.bin / "codex.cmd").write_bytes(said.encode())
        (self.bin / "doskey.cmd").write_bytes(b"@echo MACRO [%*]\r\n")
        (self.bin / "setx.cmd").write_bytes(b"@echo SETX [%*]\r\n")

    def run(self, text: str) -> list[str]:
        """What the stand-ins say when cmd reads these lines: from a batch file, since wine's reads no pipe."""
        lines = ["@echo off", f"set PATH=Z:{str(self.bin).replace('/', chr(92))};%PATH%"]
        # From a batch file, another one is called: else there is no coming back.
        lines += [re.sub(r"^(?=(codex|doskey|setx) )", "call ", line) for line in text.split("\r\n")]
        (self.bin / "pasted.bat").write_bytes("\r\n".join(lines).encode())
        done = subprocess.run(
            ["wine", "cmd", "/c", str(self.bin / "pasted.bat")],
            env=self.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=120,
            check=False,
        )
        assert b"recognize" not in done.stdout + done.stderr, done.stdout
        return [
            line.strip() for line in done.stdout.decode().splitlines() if line.startswith(("CODEX", "MACRO", "SETX"))
        ]

    def end(self) -> None:
        """End what runs in this Windows, and nothing else."""
        subprocess.run(["wineserver", "-k"], env=self.environ, timeout=30, check=False)


@pytest.fixture(scope="module")
def cmd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cmd]:
    assert shutil.which("wine"), "wine is not installed. Run: python3 build_scripts/dev.py test"
    running = Cmd(tmp_path_factory.mktemp("windows"))
    yield running
    running.end()


def test_the_macro_reaches_codex_with_the_license_and_the_way_past_a_proxy(cmd: Cmd) -> None:
    text = setup_text(Shell.CMD, URL, KEY)
    (macro,) = set(cmd.run(text + text))
    settings = macro.removeprefix("MACRO [codex=codex ").removesuffix(" $*]")
    assert settings.count("-c ") == 5
    call = f'codex {settings} exec "two words"\r\n'
    assert cmd.run(text + call)[1:] == [f'CODEX [{KEY}] [127.0.0.1] [] [] [{settings} exec "two words"]']


@pytest.mark.parametrize(
    ("before", "after"),
    [("a,b", "a,b,127.0.0.1"), ("127.0.0.1", "127.0.0.1"), ("a,127.0.0.1,b", "a,127.0.0.1,b"),
     ("127.0.0.11", "127.0.0.11,127.0.0.1"), ("*", "*,127.0.0.1")],
)  # fmt: skip
def test_exceptions_from_the_proxy_are_kept_and_do_not_grow(before: str, after: str, cmd: Cmd) -> None:
    text = license_text(Shell.CMD, URL, KEY)
    (said,) = cmd.run(f"set NO_PROXY={before}\r\n{text}{text}codex x\r\n")
    assert said == f"CODEX [{KEY}] [{after}] [] [] [x]"


def test_the_pair_is_set_and_for_good_too(cmd: Cmd) -> None:
    assert cmd.run(environment_text(Shell.CMD, URL, KEY) + "codex x\r\n") == [f"CODEX [] [] [{URL}] [{KEY}] [x]"]
    said = cmd.run(environment_text(Shell.CMD, URL, KEY, lasting=True) + "codex x\r\n")
    assert said == [
        f'SETX [OPENAI_BASE_URL "{URL}"]',
        f'SETX [OPENAI_API_KEY "{KEY}"]',
        f"CODEX [] [] [{URL}] [{KEY}] [x]",
    ]


def test_the_way_back_from_a_lasting_license_is_a_command_that_works(cmd: Cmd) -> None:
    text = license_text(Shell.CMD, URL, KEY, lasting=True)
    (back,) = [line.removeprefix("rem   ") for line in text.split("\r\n") if "reg delete" in line]
    look = "reg query HKCU\\Environment /v WAYSTATION_LICENSE\r\n"
    there = f"{look}if errorlevel 1 call codex gone\r\n{look}if not errorlevel 1 call codex there\r\n"
    added = f'reg add HKCU\\Environment /v WAYSTATION_LICENSE /d "{KEY}" /f\r\n'
    said = cmd.run(added + there + back + "\r\n" + there)
    assert [line.rpartition(" ")[2] for line in said] == ["[there]", "[gone]"]
