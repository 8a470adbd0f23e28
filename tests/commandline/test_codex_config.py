"""Writing Codex's files from the command line: what is shown, what is asked, and the exit codes."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("asks on a terminal of POSIX", allow_module_level=True)

from tests.platform.terminal import Terminal

ROOT = Path(__file__).resolve().parents[2]
KEY = "ws-license-of-this-test"
GIVEN = ("--host", "127.0.0.1", "--port", "8787", "--license", KEY, "--codex-version", "0.169.0")


@dataclass
class User:
    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / ".codex" / "config.toml"

    @property
    def dotenv(self) -> Path:
        return self.folder / ".codex" / ".env"

    @property
    def env(self) -> dict[str, str]:
        own = {"HOME": str(self.folder), "WAYSTATION_DATA_DIR": str(self.folder / "data")}
        return {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "WAYSTATION_KEY_STORE": "file"} | own

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "app", "setup", "codex", *arguments]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            self.command(*arguments),
            cwd=ROOT,
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert "Traceback" not in done.stderr
        return done

    def answer(self, words: str, *arguments: str) -> str:
        """What is on the terminal of somebody who answers with these words."""
        with Terminal(self.command(*arguments), self.env, ROOT) as terminal:
            terminal.wait_for(lambda: "[y/N]" in terminal.text, "the question")
            terminal.write(words)
            terminal.wait_end()
            return terminal.text


@pytest.fixture
def user(tmp_path: Path) -> User:
    (tmp_path / ".codex").mkdir()
    found = User(tmp_path)
    found.config.write_text("# mine\n")
    return found


def test_what_will_change_is_shown_and_asked_for(user: User) -> None:
    said = user.answer("n\r", "--write", *GIVEN)
    assert '+model_provider = "waystation"' in said
    assert "+WAYSTATION_LICENSE=ws-…st" in said
    assert "Nothing was changed." in said
    assert user.config.read_text() == "# mine\n"
    assert not user.dotenv.exists()

    said = user.answer("y\r", "--write", *GIVEN)

    assert f"wrote {user.config}" in said
    assert KEY not in said
    assert user.dotenv.read_text() == f"WAYSTATION_LICENSE={KEY}\n"
    user.answer("\r", "--undo")
    assert user.dotenv.exists()
    said = user.answer("yes\r", "--undo")
    assert f"restored {user.config}" in said
    assert f"removed {user.dotenv}" in said
    assert user.config.read_text() == "# mine\n"


def test_where_nobody_can_be_asked_yes_must_be_said(user: User) -> None:
    refused = user.run("--write", *GIVEN)
    assert refused.returncode == 2
    assert "--yes" in refused.stderr
    assert not user.dotenv.exists()
    assert user.run("--write", "--yes", *GIVEN).returncode == 0
    again = user.run("--write", *GIVEN)
    assert (again.returncode, again.stdout) == (0, "Codex's files say so already.\n")
    assert user.run("--undo").returncode == 2
    assert user.run("--undo", "--yes").returncode == 0


def test_failures_are_one_sentence_and_an_exit_code(user: User) -> None:
    nothing = user.run("--undo", "--yes")
    assert (nothing.returncode, nothing.stdout) == (1, "")
    assert nothing.stderr == f"waystation: Waystation has written nothing into {user.config}.\n"
    old = user.run("--write", "--yes", "--route", "openai_address", *GIVEN[:-1], "0.100.0")
    assert old.returncode == 2
    user.config.write_text("a = \n")
    broken = user.run("--write", "--yes", *GIVEN)
    assert broken.returncode == 1
    assert "broken at line 1" in broken.stderr
    assert not user.dotenv.exists()
    assert user.run("--write", "--undo").returncode == 2


def test_the_command_that_is_left_to_the_user_is_the_last_line(user: User) -> None:
    done = user.run("--write", "--yes", "--route", "openai_address", *GIVEN)
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == f"echo '{KEY}' | codex login --with-api-key"
    assert KEY not in done.stderr


def test_all_of_it_comes_from_this_computer_when_nothing_is_said(user: User) -> None:
    done = user.run("--write", "--yes")
    assert done.returncode == 0, done.stderr
    assert 'base_url = "http://127.0.0.1:8787/codex/v1"' in user.config.read_text()
    assert user.dotenv.read_text().startswith("WAYSTATION_LICENSE=ws-")
