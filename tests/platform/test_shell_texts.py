"""The texts in the real bash, zsh and fish, with a `codex` that prints what reaches it."""

import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("bash, zsh and fish", allow_module_level=True)

from app.platform.codex_setup import environment_text, license_text, setup_text
from app.platform.shells import Shell

URL = "http://127.0.0.1:8787/codex/v1"
KEY = "ws-only~for=this.test+0/1_2-3"
SHELLS = (Shell.BASH, Shell.ZSH, Shell.FISH)
FILES = {Shell.BASH: ".bashrc", Shell.ZSH: ".zshrc", Shell.FISH: ".config/fish/conf.d/waystation.fish"}

SETTINGS = [
    "-c",
    "model_provider=waystation",
    "-c",
    "model_providers.waystation.name=Waystation",
    "-c",
    f"model_providers.waystation.base_url={URL}",
    "-c",
    "model_providers.waystation.env_key=WAYSTATION_LICENSE",
    "-c",
    "model_providers.waystation.wire_api=responses",
]


class Person:
    """A home folder, shells of its own, and a `codex` that says what it is given."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.program(
            "codex", 'printf "%s\\0" "$WAYSTATION_LICENSE" "$NO_PROXY" "$OPENAI_BASE_URL" "$OPENAI_API_KEY" "$@"'
        )

    def program(self, name: str, text: str) -> None:
        file = self.home / "bin" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"#!/bin/sh\n{text}\n")
        file.chmod(0o755)

    def run(self, shell: Shell, script: str, *, plain: bool, **environ: str) -> list[str]:
        """What a shell's script prints, cut at the NULs; `plain`: without start-up files, else as in a terminal."""
        program = "bash" if shell is Shell.WSL else shell.value
        without = {"bash": ["--norc"], "zsh": ["-f"], "fish": ["--no-config"]}[program]
        environ = {"PATH": f"{self.home / 'bin'}:/usr/bin:/bin", "HOME": str(self.home), "TERM": "dumb"} | environ
        done = subprocess.run(
            [program, *(without if plain else ["-i"]), "-c", script],
            env=environ,
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        if plain:
            assert done.stderr == ""
        return done.stdout.split("\0")[:-1]


@pytest.fixture
def person(tmp_path: Path) -> Person:
    for shell in SHELLS:
        assert shutil.which(shell), f"{shell} is not installed. Run: python3 build_scripts/dev.py test"
    return Person(tmp_path)


def strict(shell: Shell) -> str:
    return "" if shell is Shell.FISH else "set -eu\n"


def quoted(arguments: list[str]) -> str:
    """As every one of these shells reads them."""
    return " ".join(f"'{argument}'" for argument in arguments)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([], []),
        ([], ["exec", "two words", "", "-", "line\nline"]),
        ([], ["-c", "a=b", "exec", "x"]),
        (["exec", "two words", ""], ["-c", "a=b", "x y"]),
        (["exec", "-c", "a=b"], ["--config", "c=d", "", "x"]),
        (["exec"], ["--config=c=d", "--", "-c"]),
        (["exec"], ["-ca=b"]),
        ([], ["-C", "folder", "--configure", "exec", "x\n-c", "--", "-c", "--config=x"]),
    ],
)
@pytest.mark.parametrize("shell", SHELLS)
def test_our_settings_come_before_the_last_of_the_users(
    shell: Shell, before: list[str], after: list[str], person: Person
) -> None:
    """Codex up to 0.140 forgets those before `exec` where one follows it."""
    text = setup_text(shell, URL, KEY)
    script = f"{strict(shell)}{text}{text}codex {quoted([*before, *after])}\n"
    assert person.run(shell, script, plain=True) == [KEY, "127.0.0.1", "", "", *before, *SETTINGS, *after]


@pytest.mark.parametrize("shell", SHELLS)
def test_the_environment_is_as_it_was_after_a_call(shell: Shell, person: Person) -> None:
    text = setup_text(shell, URL, KEY)
    script = f'{strict(shell)}{text}codex a; codex b; printf \'%s\\0\' "$NO_PROXY" "$no_proxy"; command codex c\n'
    said = person.run(shell, script, plain=True, NO_PROXY="a,b", no_proxy="c")
    call = [KEY, "a,b,c,127.0.0.1", "", "", *SETTINGS]
    assert said == [*call, "a", *call, "b", "a,b", "c", "", "a,b", "", "", "c"]


@pytest.mark.parametrize("shell", SHELLS)
def test_the_pair_is_set(shell: Shell, person: Person) -> None:
    script = f"{strict(shell)}{environment_text(shell, URL, KEY)}codex\n"
    assert person.run(shell, script, plain=True, WAYSTATION_LICENSE="", NO_PROXY="")[2:] == [URL, KEY]


@pytest.mark.parametrize(
    ("environ", "no_proxy"),
    [
        ({}, "127.0.0.1"),
        ({"NO_PROXY": ""}, "127.0.0.1"),
        ({"NO_PROXY": "a,b"}, "a,b,127.0.0.1"),
        ({"no_proxy": "c"}, "c,127.0.0.1"),
        ({"NO_PROXY": "a", "no_proxy": "c"}, "a,127.0.0.1"),
        ({"NO_PROXY": "127.0.0.1,b"}, "127.0.0.1,b"),
        ({"NO_PROXY": "127.0.0.11"}, "127.0.0.11,127.0.0.1"),
    ],
)
@pytest.mark.parametrize("shell", SHELLS)
def test_the_license_alone_comes_with_the_way_past_a_proxy(
    shell: Shell, environ: dict[str, str], no_proxy: str, person: Person
) -> None:
    text = license_text(shell, URL, KEY)
    said = person.run(shell, f"{strict(shell)}{text}{text}codex\n", plain=True, **environ)
    assert said[:2] == [KEY, no_proxy]


Text = Callable[..., str]


@pytest.mark.parametrize("make", [setup_text, license_text, environment_text])
@pytest.mark.parametrize("shell", SHELLS)
def test_what_is_to_last_holds_in_every_new_shell_until_its_file_is_removed(
    shell: Shell, make: Text, person: Person
) -> None:
    start = person.home / FILES[shell]
    if shell is not Shell.FISH:
        start.write_text("# mine, without a line end")
    text = make(shell, URL, KEY, lasting=True)
    there = person.run(shell, f"{strict(shell)}{text}codex x\n", plain=True)
    assert KEY in there
    before = start.read_bytes()
    assert person.run(shell, f"{strict(shell)}{text}codex x\n", plain=True) == there
    assert start.read_bytes() == before
    assert person.run(shell, "codex x", plain=False) == there

    (private,) = [file for file in person.home.rglob("*") if file.is_file() and KEY.encode() in file.read_bytes()]
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    if shell is not Shell.FISH:
        assert before.startswith(b"# mine, without a line end\n")
        assert before.count(b"waystation") == 2
    # The way back is what the first line says.
    back = text.partition("To go back: ")[2].partition("\n")[0].rstrip("'")
    person.run(shell, back, plain=True)
    assert person.run(shell, "codex x", plain=False) == ["", "", "", "", "x"]


@pytest.mark.parametrize("shell", SHELLS)
def test_one_way_that_lasts_takes_the_place_of_another(shell: Shell, person: Person) -> None:
    person.run(shell, environment_text(shell, URL, KEY, lasting=True), plain=True)
    person.run(shell, setup_text(shell, URL, KEY, lasting=True), plain=True)
    said = person.run(shell, "codex", plain=False)
    assert said[2:4] == ["", ""]
    assert said[4:] == SETTINGS


@pytest.mark.parametrize("shell", [Shell.BASH, Shell.ZSH])
def test_a_start_file_that_is_a_link_stays_one(shell: Shell, person: Person) -> None:
    kept = person.home / "dotfiles"
    kept.write_text("# mine\n")
    (person.home / FILES[shell]).symlink_to(kept)
    person.run(shell, setup_text(shell, URL, KEY, lasting=True), plain=True)
    assert (person.home / FILES[shell]).is_symlink()
    assert kept.read_text().startswith("# mine\n\nif ")


def test_zsh_is_found_where_its_files_are_kept_elsewhere(person: Person) -> None:
    (person.home / "z").mkdir()
    environ = {"ZDOTDIR": str(person.home / "z")}
    person.run(Shell.ZSH, setup_text(Shell.ZSH, URL, KEY, lasting=True), plain=True, **environ)
    assert person.run(Shell.ZSH, "codex", plain=False, **environ)[0] == KEY
    assert not (person.home / ".zshrc").exists()


@pytest.mark.parametrize(
    ("there", "taken"),
    [
        ([], ".bash_profile"),
        ([".profile"], ".profile"),
        ([".profile", ".bash_profile"], ".bash_profile"),
        ([".bash_login", ".profile", ".bashrc"], ".bash_login"),
    ],
)
def test_on_macos_it_is_the_file_of_a_login_shell(there: list[str], taken: str, person: Person) -> None:
    person.program("uname", "echo Darwin")
    for name in there:
        (person.home / name).write_text("# mine\n")
    person.run(Shell.BASH, "set -eu\n" + setup_text(Shell.BASH, URL, KEY, lasting=True), plain=True)
    changed = [file.name for file in person.home.iterdir() if file.is_file() and "waystation" in file.read_text()]
    assert changed == [taken]


ROUTE = 'echo "default via 172.29.0.1 dev eth0 proto kernel"'


@pytest.mark.parametrize(
    ("kernel", "mode", "url", "host"),
    [
        ("5.15.167.4-microsoft-standard-WSL2", "echo nat", URL, "172.29.0.1"),
        ("5.15.167.4-microsoft-standard-WSL2", "exit 127", URL, "172.29.0.1"),
        ("5.15.167.4-microsoft-standard-WSL2", "echo mirrored", URL, "127.0.0.1"),
        ("4.4.0-22621-Microsoft", "exit 127", URL, "127.0.0.1"),
        ("5.15.167.4-microsoft-standard-WSL2", "echo nat", "http://[::1]:8787/codex/v1", "172.29.0.1"),
        ("5.15.167.4-microsoft-standard-WSL2", "echo nat", "http://192.168.1.9:1/codex/v1", "192.168.1.9"),
    ],
)
@pytest.mark.parametrize("lasting", [False, True])
def test_in_wsl_windows_is_found_where_it_is(
    lasting: bool, kernel: str, mode: str, url: str, host: str, person: Person
) -> None:
    person.program("uname", f"echo {kernel}")
    person.program("wslinfo", mode)
    person.program("ip", ROUTE)
    text = setup_text(Shell.WSL, url, KEY, lasting=lasting)
    said = person.run(Shell.WSL, f"set -eu\n{text}codex hi\n", plain=True)
    port = url.rpartition(":")[2]
    assert said[:2] == [KEY, host]
    assert f"model_providers.waystation.base_url=http://{host}:{port}" in said
    assert len(said) == 4 + len(SETTINGS) + 1


def test_in_wsl_without_a_route_the_call_says_what_codex_says(person: Person) -> None:
    person.program("uname", "echo microsoft-standard-WSL2")
    person.program("ip", "exit 1")
    said = person.run(Shell.WSL, f"set -eu\n{setup_text(Shell.WSL, URL, KEY)}codex hi\n", plain=True)
    assert said[-1] == "hi"
