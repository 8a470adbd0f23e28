"""The set-up texts pasted into real shells, with the real Codex CLI of each version; see also `test_shell_texts`."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("bash, zsh and pseudo-terminals", allow_module_level=True)

from app.platform.codex_setup import environment_text, setup_text
from app.platform.shells import Shell
from tests.platform.codex_gateway import (
    CODEX_EXEC,
    LICENSE,
    VERSIONS,
    Gateway,
    dead_port,
    files_with,
    hostile_environment,
    running_gateway,
)
from tests.platform.terminal import Terminal
from tests.support.children import Children
from tests.support.left_behind import end_all_of
from tests.support.waiting import wait_for

OLDEST, NEWEST = VERSIONS[0], VERSIONS[-1]

# Before its first turn the TUI proposes a newer model in place of each one that it knows to be old.
CONFIG = 'model = "gpt-of-nobody"\nmodel_provider = "elsewhere"\n[model_providers.elsewhere]\nname = "Elsewhere"\n'


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with running_gateway() as running:
        yield running


@pytest.fixture
def refusing_proxy() -> Iterator[int]:
    with dead_port() as port:
        yield port


class Home:
    """A user's home: the set-up text in a file, a config.toml of his own, a folder to work in."""

    def __init__(self, folder: Path, gateway: Gateway) -> None:
        self.folder = folder
        self.work = folder / "work"
        self.work.mkdir()
        self.config = folder / ".codex" / "config.toml"
        self.config.parent.mkdir()
        self.config.write_text(CONFIG + f'[projects."{self.work}"]\ntrust_level = "trusted"\n', encoding="utf-8")
        self.text = setup_text(Shell.BASH, gateway.url, LICENSE)


@pytest.fixture(autouse=True)
def shells_are_here() -> None:
    for shell in ("bash", "zsh", "fish"):
        assert shutil.which(shell), f"{shell} is not installed. Run: python3 build_scripts/dev.py test"


@pytest.fixture
def home(tmp_path: Path, gateway: Gateway) -> Iterator[Home]:
    yield Home(tmp_path, gateway)
    end_all_of(tmp_path)


def run(shell: str, script: str, env: dict[str, str], home: Home) -> subprocess.CompletedProcess[str]:
    """Run a script whose `$TEXT` is the set-up text, without any start-up file."""
    return subprocess.run(
        [shell, {"zsh": "-f", "fish": "--no-config"}.get(shell, "--norc"), "-c", script],
        env=env | {"TEXT": home.text},
        cwd=home.work,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_codex_exec_answers_through_the_gateway_past_a_dead_proxy(
    shell: str, version: str, gateway: Gateway, refusing_proxy: int, home: Home
) -> None:
    env = hostile_environment(home.folder, version, refusing_proxy)
    config = home.config.read_bytes()
    prompt = """say 'pong' "twice" & $HOME %PATH% !!"""
    script = f'set -eu; eval "$TEXT"; eval "$TEXT"; {CODEX_EXEC} -m gpt-5 "$PROMPT"'

    done = run(shell, script, env | {"PROMPT": prompt}, home)

    assert done.returncode == 0, done.stderr[-2000:]
    assert "pong" in done.stdout
    (turn,) = gateway.seen
    assert turn.request == "POST /codex/v1/responses"
    assert turn.authorization == f"Bearer {LICENSE}"
    assert turn.body["model"] == "gpt-5"
    assert turn.has_text(prompt)
    assert home.config.read_bytes() == config
    assert files_with(LICENSE, home.folder) == []


@pytest.mark.parametrize("version", [OLDEST, "0.120.0", NEWEST])
def test_codex_exec_answers_from_fish_past_a_dead_proxy(
    version: str, gateway: Gateway, refusing_proxy: int, home: Home
) -> None:
    env = hostile_environment(home.folder, version, refusing_proxy)
    prompt = """say 'pong' "twice" & $HOME %PATH% !!"""
    home.text = setup_text(Shell.FISH, gateway.url, LICENSE)
    script = f"echo $TEXT | source; {CODEX_EXEC} -m gpt-5 $PROMPT"

    done = run("fish", script, env | {"PROMPT": prompt}, home)

    assert done.returncode == 0, done.stderr[-2000:]
    (turn,) = gateway.seen
    assert turn.authorization == f"Bearer {LICENSE}"
    assert turn.has_text(prompt)
    assert files_with(LICENSE, home.folder) == []


OWN_SETTING = f'{CODEX_EXEC} -c model_reasoning_effort=low "$PROMPT"'


@pytest.mark.parametrize("version", VERSIONS)
def test_a_setting_of_the_users_own_does_not_take_ours_away(
    version: str, gateway: Gateway, refusing_proxy: int, home: Home
) -> None:
    """Codex up to 0.140 forgets what stands before `exec` as soon as a `-c` stands after it."""
    env = hostile_environment(home.folder, version, refusing_proxy) | {"PROMPT": "hello"}

    done = run("bash", f'set -eu; eval "$TEXT"; {OWN_SETTING}', env, home)

    assert done.returncode == 0, done.stderr[-2000:]
    (turn,) = gateway.seen
    assert turn.authorization == f"Bearer {LICENSE}"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_what_was_set_up_for_good_leads_a_new_shell_here(
    shell: str, gateway: Gateway, refusing_proxy: int, home: Home
) -> None:
    env = hostile_environment(home.folder, NEWEST, refusing_proxy) | {"PROMPT": "hello"}
    home.text = setup_text(Shell(shell), gateway.url, LICENSE, lasting=True)
    read = "echo $TEXT | source" if shell == "fish" else 'eval "$TEXT"'
    assert run(shell, read, env, home).returncode == 0

    done = subprocess.run(
        [shell, "-i", "-c", OWN_SETTING], env=env, cwd=home.work, stdin=subprocess.DEVNULL, timeout=50, check=False
    )

    assert done.returncode == 0
    assert [turn.authorization for turn in gateway.seen] == [f"Bearer {LICENSE}"]


@pytest.mark.parametrize("version", VERSIONS)
def test_the_terminal_interface_starts_its_turn_without_a_sign_in_screen(
    version: str, gateway: Gateway, refusing_proxy: int, home: Home
) -> None:
    env = hostile_environment(home.folder, version, refusing_proxy) | {"TEXT": home.text}
    prompt = "say 'pong' twice"
    script = 'eval "$TEXT"; codex "$PROMPT"'

    with Terminal(["bash", "--norc", "-c", script], env | {"PROMPT": prompt}, home.work) as terminal:
        terminal.wait_for(lambda: any(turn.has_text(prompt) for turn in gateway.seen), "the turn")
        terminal.wait_for(lambda: "• pong" in terminal.text, "the answer")
        # Not every version leaves each time: 0.120 now and then locks itself up on Ctrl-C.
        if version == NEWEST:
            terminal.interrupt()

    assert {turn.request for turn in gateway.seen} == {"POST /codex/v1/responses"}
    assert {turn.authorization for turn in gateway.seen} == {f"Bearer {LICENSE}"}
    assert "Sign in" not in terminal.text
    if version == NEWEST:
        # While it runs, Codex keeps a snapshot of its shell's variables, and removes it when it leaves.
        assert files_with(LICENSE, home.folder) == []


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_a_conversation_is_resumed_by_the_same_function(
    version: str, gateway: Gateway, refusing_proxy: int, home: Home
) -> None:
    env = hostile_environment(home.folder, version, refusing_proxy)
    begun = run("bash", f'set -eu; eval "$TEXT"; {CODEX_EXEC} first', env, home)
    session = re.search(r"session id: (\S+)", begun.stderr)
    assert session

    script = f'set -eu; eval "$TEXT"; {CODEX_EXEC} resume "$SESSION" second'
    done = run("bash", script, env | {"SESSION": session[1]}, home)

    assert done.returncode == 0, done.stderr[-2000:]
    first, second = gateway.seen
    assert second.has_text("second")
    assert second.body["prompt_cache_key"] == first.body["prompt_cache_key"]


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
@pytest.mark.parametrize("host", ["::1", "127.0.0.1"])
def test_a_proxy_that_is_bypassed_for_everything_but_addresses_is_bypassed_for_ours(
    host: str, version: str, refusing_proxy: int, tmp_path: Path
) -> None:
    """Codex goes to an IP address through the proxy in spite of `NO_PROXY=*`."""
    with running_gateway(host) as gateway:
        home = Home(tmp_path, gateway)
        env = hostile_environment(tmp_path, version, refusing_proxy) | {"NO_PROXY": "*"}

        done = run("bash", f'set -eu; eval "$TEXT"; {CODEX_EXEC} hello', env, home)

        assert done.returncode == 0, done.stderr[-2000:]
        assert [turn.request for turn in gateway.seen] == ["POST /codex/v1/responses"]


def fake_codex(home: Home) -> dict[str, str]:
    """An environment whose `codex` prints what reaches it, one argument a line."""
    program = home.folder / "bin" / "codex"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$NO_PROXY" "$no_proxy" "$WAYSTATION_LICENSE" "$@"\n')
    program.chmod(0o755)
    return {"PATH": f"{program.parent}:/usr/bin:/bin", "HOME": str(home.folder), "TERM": "xterm"}


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_proxy_exceptions_are_kept_and_do_not_grow_and_nothing_stays_in_the_shell(shell: str, home: Home) -> None:
    env = fake_codex(home) | {"no_proxy": "intranet.example, 10.0.0.0/8"}
    script = (
        'set -eu; eval "$TEXT"; codex; eval "$TEXT"; codex; '
        'echo "${NO_PROXY-unset} $no_proxy ${WAYSTATION_LICENSE-unset}"; unset -f codex; codex plain'
    )

    done = run(shell, script, env, home)

    lines = done.stdout.splitlines()
    call = ["intranet.example, 10.0.0.0/8,127.0.0.1"] * 2 + [LICENSE]
    settings = lines[3:13]
    assert settings[0::2] == ["-c"] * 5
    assert lines[:26] == [*call, *settings, *call, *settings]
    assert lines[26] == "unset intranet.example, 10.0.0.0/8 unset"
    assert lines[27:] == ["", "intranet.example, 10.0.0.0/8", "", "plain"]


@pytest.mark.parametrize("block", ["%s", "{\n%s}\n"], ids=["lines", "block"])
@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_an_alias_of_the_same_name_neither_breaks_the_text_nor_gets_past_it(shell: str, block: str, home: Home) -> None:
    aliases_on = "shopt -s expand_aliases\n" if shell == "bash" else ""
    script = f"{aliases_on}alias codex='/nowhere/codex --yolo'\n{block % home.text}codex hello\n"

    done = run(shell, script, fake_codex(home), home)

    assert (done.returncode, done.stderr) == (0, "")
    assert LICENSE in done.stdout.splitlines()


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_a_text_that_is_pasted_at_the_prompt_works_and_stays_out_of_the_history(shell: str, home: Home) -> None:
    history = home.folder / "history"
    keep = f"HISTFILE={history} SAVEHIST=9 HISTSIZE=9 PS1='$ '"
    # For bash as Debian and Ubuntu set every user up; for zsh as many do themselves.
    (home.folder / ".bashrc").write_text(f"HISTCONTROL=ignoreboth {keep}\n")
    (home.folder / ".zshrc").write_text(f"setopt HIST_IGNORE_SPACE; {keep}\n")

    with Terminal([shell, "-i"], fake_codex(home), home.work) as terminal:
        terminal.wait_for(lambda: "$" in terminal.text, "the prompt")
        terminal.write(home.text.replace("\n", "\r"))
        terminal.write("codex -m x exec 'one argument' && echo all' 'done\r")
        terminal.wait_for(lambda: "one argument all done" in terminal.text, "the call")
        terminal.write("exit\r")
        terminal.wait_end()

    assert "not found" not in terminal.text
    kept = history.read_text(encoding="utf-8")
    assert "one argument" in kept
    assert LICENSE not in kept


@pytest.mark.parametrize("version", ["0.45.0", "0.100.0"])
def test_the_environment_pair_is_enough_for_old_versions_once_the_key_is_saved(
    version: str, gateway: Gateway, home: Home
) -> None:
    env = hostile_environment(home.folder, version, 9)
    env = {name: value for name, value in env.items() if "proxy" not in name.lower()}
    home.config.unlink()
    home.text = environment_text(Shell.BASH, gateway.url, LICENSE)
    script = f'set -eu; eval "$TEXT"; echo "$OPENAI_API_KEY" | codex login --with-api-key; {CODEX_EXEC} hello'

    done = run("bash", script, env, home)

    assert done.returncode == 0, done.stderr[-2000:]
    assert [turn.authorization for turn in gateway.seen] == [f"Bearer {LICENSE}"]


@pytest.mark.parametrize("version", ["0.120.0", "0.140.0", "0.169.0"])
def test_from_0_120_on_the_environment_pair_goes_to_openai(version: str, gateway: Gateway, home: Home) -> None:
    """That is what the note says. The gateway is the proxy as well, and lets nobody out."""
    env = hostile_environment(home.folder, version, gateway.server_port) | {"NO_PROXY": "127.0.0.1"}
    home.config.unlink()
    script = environment_text(Shell.BASH, gateway.url, LICENSE) + f"exec {CODEX_EXEC} hello"
    children = Children(home.folder / "log")

    children.start(["bash", "--norc", "-c", script], env=env, cwd=home.work)
    try:
        wait_for(lambda: "CONNECT api.openai.com:443" in [seen.request for seen in gateway.seen], "Codex at OpenAI")
    finally:
        children.end_all()

    assert not [seen for seen in gateway.seen if "/codex/v1" in seen.request]
