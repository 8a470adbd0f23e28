"""`setup codex`: what was found and what is advised beside the text, which alone is on standard output."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("a codex that is a script of POSIX", allow_module_level=True)

from app.platform.codex_setup import environment_text, license_text, login_text, setup_text
from app.platform.shells import Shell

ROOT = Path(__file__).resolve().parents[2]
KEY = "ws-license-of-this-test"
URL = "http://127.0.0.1:8787/codex/v1"


class User:
    """Somebody with a Codex; the gateway of his data folder listens nowhere yet."""

    def __init__(self, home: Path) -> None:
        self.home = home
        (home / ".codex").mkdir()
        self.env = {
            "PATH": f"{home / 'bin'}:/usr/bin:/bin",
            "HOME": str(home),
            "PYTHONPATH": str(ROOT),
            "WAYSTATION_DATA_DIR": str(home / "data"),
            "WAYSTATION_KEY_STORE": "file",
        }

    def has_codex(self, version: str) -> None:
        file = self.home / "bin" / "codex"
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"#!/bin/sh\necho codex-cli {version}\n")
        file.chmod(0o755)

    def setup(self, *arguments: str, code: int = 0, **env: str) -> tuple[str, str]:
        done = subprocess.run(
            [sys.executable, "-m", "app", "setup", "codex", "--license", KEY, *arguments],
            cwd=ROOT,
            env=self.env | env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=30,
            check=False,
        )
        out, err = done.stdout.decode(), done.stderr.decode()
        assert done.returncode == code, err
        assert "Traceback" not in err
        return out, err


@pytest.fixture
def user(tmp_path: Path) -> User:
    return User(tmp_path)


@pytest.mark.parametrize("shell", [Shell.BASH, Shell.CMD])
def test_the_text_alone_is_on_standard_output_as_it_always_was(user: User, shell: Shell) -> None:
    user.has_codex("0.169.0")
    out, err = user.setup("--shell", shell)
    assert out == setup_text(shell, URL, KEY)
    assert KEY not in err


@pytest.mark.parametrize(
    ("route", "expected"),
    [
        ("own_provider", license_text(Shell.FISH, URL, KEY, lasting=True)),
        ("openai_address", login_text(Shell.FISH, KEY)),
        ("shell_function", setup_text(Shell.FISH, URL, KEY, lasting=True)),
        ("environment", environment_text(Shell.FISH, URL, KEY, lasting=True)),
    ],
)
def test_every_way_has_its_text_for_good_too(user: User, route: str, expected: str) -> None:
    out, err = user.setup("--route", route, "--lasting", SHELL="/usr/bin/fish")
    assert out == expected
    assert KEY not in err


def test_what_was_found_is_said_with_the_way_that_fits_and_why(user: User) -> None:
    user.has_codex("0.100.0")
    (user.home / ".codex" / "config.toml").write_text('model_provider = "azure"\n')
    _, err = user.setup(http_proxy="http://me:secret@10.0.0.1:3128", NO_PROXY="*")
    assert f"found: Codex 0.100.0: {user.home / 'bin' / 'codex'}\n" in err
    assert "provider azure, goes to its usual address\n" in err
    assert "found: http_proxy=http://…@10.0.0.1:3128\n" in err
    assert "advice: shell_function. " in err
    assert "names another model provider" in err
    assert "also possible: own_provider, environment\n" in err


def test_a_broken_file_is_named_with_its_line(user: User) -> None:
    user.has_codex("0.169.0")
    (user.home / ".codex" / "config.toml").write_text('a = 1\nmodel = "x\n')
    _, err = user.setup()
    assert "config.toml is broken at line 2" in err
    assert "advice: Correct config.toml first" in err
    assert "--write" not in err


def test_what_is_set_up_is_to_be_checked_and_not_written_again(user: User) -> None:
    user.has_codex("0.169.0")
    (user.home / ".codex" / "config.toml").write_text(
        'model_provider = "waystation"\n[model_providers.waystation]\nbase_url = "http://127.0.0.1:8787/codex/v1"\n'
    )
    _, err = user.setup("--port", "8787")
    assert "Codex is set up this way already.\n      waystation doctor\n" in err
    assert "--write" not in err


def test_the_variables_are_refused_in_words_where_they_must_not_be_used(user: User) -> None:
    user.has_codex("0.120.0")
    out, err = user.setup("--route", "environment", "--shell", "bash")
    assert out == environment_text(Shell.BASH, URL, KEY)
    assert "note: From 0.120 on Codex ignores OPENAI_BASE_URL" in err
    assert "step 4: No sign-in screen comes." in err


@pytest.mark.parametrize(("version", "step"), [("0.45.0", "Press 2, then Enter"), ("0.100.0", "Press 3, then Enter")])
def test_the_guides_last_step_is_that_of_the_version(user: User, version: str, step: str) -> None:
    user.has_codex(version)
    assert f"step 4: {step}" in user.setup("--route", "environment", "--shell", "bash")[1]


def test_our_provider_comes_with_the_lines_for_config_toml(user: User) -> None:
    _, err = user.setup("--route", "own_provider")
    assert f'base_url = "{URL}"\n' in err
    assert 'env_key = "WAYSTATION_LICENSE"\n' in err


def test_as_json_there_is_all_but_secrets(user: User) -> None:
    user.has_codex("0.169.0")
    (user.home / ".codex" / "auth.json").write_text('{"OPENAI_API_KEY": "sk-of-somebody-else"}')
    out, _ = user.setup("--json", WAYSTATION_LICENSE=KEY)
    told = json.loads(out)
    assert told["install"]["version"] == "0.169.0"
    assert (told["login"], told["license_in_environment"]) == ("api_key", True)
    assert (told["route"], told["why"]) == ("own_provider", "everywhere")
    assert {name: way["possible"] for name, way in told["routes"].items()} == {
        "own_provider": True,
        "openai_address": True,
        "shell_function": True,
        "environment": False,
    }
    assert KEY not in out
    assert "sk-of" not in out


def test_for_another_computer_this_one_is_not_looked_at(user: User) -> None:
    user.has_codex("0.169.0")
    out, err = user.setup("--host", "192.168.1.20", "--shell", "bash")
    assert out == setup_text(Shell.BASH, "http://192.168.1.20:8787/codex/v1", KEY)
    assert "found:" not in err
    assert "Leave --host out" in user.setup("--host", "192.168.1.20", "--json", code=2)[1]


def test_cmd_cannot_keep_a_macro_and_says_what_can(user: User) -> None:
    out, err = user.setup("--shell", "cmd", "--lasting", code=2)
    assert out == ""
    assert "take PowerShell, or let Waystation write" in err


def test_nothing_is_made_in_the_folders_of_codex(user: User) -> None:
    before = sorted(os.listdir(user.home / ".codex"))
    user.setup()
    assert sorted(os.listdir(user.home / ".codex")) == before
