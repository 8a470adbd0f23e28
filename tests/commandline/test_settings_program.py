"""Settings and backups by the program as the system starts it, with an instance running and without."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.core.backup import Backup, backup_to_json
from app.practice.accounts import sample_accounts, sample_api_keys
from app.store.backup_file import seal_backup

ROOT = Path(__file__).resolve().parents[2]
PLUS, KEY = sample_accounts()[0], sample_api_keys()[0].key
PASSPHRASE = "eight 驿站 8"


def environ(data_dir: Path) -> dict[str, str]:
    return {
        **os.environ,
        "HOME": str(data_dir.parent),
        "WAYSTATION_DATA_DIR": str(data_dir),
        "WAYSTATION_KEY_STORE": "file",
        "WAYSTATION_CHATGPT_BASE_URL": "http://127.0.0.1:9/backend-api",
        "WAYSTATION_OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
        "WAYSTATION_AUTH_ISSUER": "http://127.0.0.1:9",
    }


def waystation(data_dir: Path, *arguments: object, stdin: str = "") -> tuple[int, str, str]:
    """Exit code, output and errors of one command."""
    done = subprocess.run(
        [sys.executable, "-m", "app", *map(str, arguments)],
        cwd=ROOT,
        env=environ(data_dir),
        input=stdin.encode(),
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert b"Traceback" not in done.stderr
    assert PASSPHRASE.encode() not in done.stdout + done.stderr
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@contextmanager
def serving(data_dir: Path) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-m", "app", "serve", "--port", "0"],
        cwd=ROOT,
        env=environ(data_dir),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert "listening on" in process.stdout.readline()
        yield
        assert waystation(data_dir, "quit")[0] == 0
    finally:
        process.kill()
        process.wait(10)
        assert process.stdout is not None
        process.stdout.close()


def shown(text: str) -> dict[str, str]:
    return {line[:18].strip(): line[18:] for line in text.splitlines()}


def test_settings_are_shown_set_and_kept(tmp_path: Path) -> None:
    code, text, _ = waystation(tmp_path / "data", "settings")
    assert code == 0
    first = shown(text)
    assert float(first.pop("size now").removesuffix(" MB")) > 0
    assert first == {
        "strict": "no",
        "hold": "2 s",
        "start-on-launch": "yes",
        "websockets": "yes",
        "keep-days": "30",
        "keep-mb": "200",
        "data folder": str(tmp_path / "data"),
    }
    for key, value, shown_as in (
        ("strict", "yes", "yes"),
        ("hold", "0.5", "0.5 s"),
        ("hold", "off", "off"),
        ("start-on-launch", "no", "no"),
        ("keep-days", "7", "7"),
        ("keep-mb", "50", "50"),
    ):
        code, text, _ = waystation(tmp_path / "data", "settings", key, value)
        assert (code, shown(text)[key]) == (0, shown_as)
    assert shown(waystation(tmp_path / "data", "settings")[1])["keep-days"] == "7"


@pytest.mark.parametrize(
    "arguments",
    [("strict",), ("strict", "perhaps"), ("hold", "11"), ("hold", "long"), ("keep-days", "1.5"), ("other", "1")],
)
def test_nonsense_is_refused_with_a_sentence(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    code, _, errors = waystation(tmp_path / "data", "settings", *arguments)
    assert (code, bool(errors)) == (2, True)


def test_a_hold_time_that_is_no_number_is_told_so(tmp_path: Path) -> None:
    for text in ("long", "nan", "inf"):
        assert "is a number of seconds" in waystation(tmp_path / "data", "settings", "hold", text)[2]


@pytest.mark.parametrize("running", [False, True])
def test_a_backup_goes_to_another_computer_and_says_what_that_means(tmp_path: Path, running: bool) -> None:
    here, there, file = tmp_path / "here", tmp_path / "there", tmp_path / "all.waystation"
    auth = tmp_path / "auth.json"
    auth.write_text(PLUS.auth_json())
    assert waystation(here, "token", "import", auth, "--label", "mine")[0] == 0
    assert waystation(here, "token", "add", "--api-key", "-", stdin=KEY)[0] == 0
    key = waystation(here, "license", "create", "--label", "Ann")[1].strip()
    assert waystation(here, "settings", "keep-days", "7")[0] == 0
    code, text, errors = waystation(here, "backup", "export", file, "--passphrase", "-", stdin=f"{PASSPHRASE}\n")
    assert (code, "2 token(s), 1 license(s)" in text, "anybody can use" in errors) == (0, True, True)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert all(secret not in file.read_text() for secret in (key, KEY, PLUS.access_token))

    def bring_in() -> tuple[int, str, str]:
        return waystation(there, "backup", "import", file, "--passphrase", "-", stdin=PASSPHRASE)

    if running:
        with serving(there):
            code, text, errors = bring_in()
            again = bring_in()
    else:
        code, text, errors = bring_in()
        again = bring_in()
    assert (code, "added 2 token(s), 1 license(s) and 1 setting(s)" in text) == (0, True)
    assert "signed out" in errors
    assert errors.endswith("here: mine\n")
    assert again[0] == 0
    assert "left as they were: 2 token(s), 1 license(s)" in again[1]
    assert again[2] == ""
    listed = json.loads(waystation(there, "token", "list", "--json")[1])
    assert [token["label"] for token in listed] == ["mine", "API key 2"]
    licenses = json.loads(waystation(there, "license", "list", "--json")[1])
    assert waystation(there, "license", "show", licenses[0]["id"])[1].strip() == key


def test_a_backup_of_many_tokens_comes_in_whole(tmp_path: Path) -> None:
    file = tmp_path / "all.waystation"
    # As large as one of some seven hundred tokens.
    content = Backup((), (), {"pool.unknown": "x" * 4_000_000})
    file.write_text(seal_backup(backup_to_json(content), PASSPHRASE))
    with serving(tmp_path / "there"):
        code, text, _ = waystation(tmp_path / "there", "backup", "import", file, "--passphrase", "-", stdin=PASSPHRASE)
    assert (code, "added 0 token(s)" in text) == (0, True)


def test_a_file_is_overwritten_only_when_that_is_said(tmp_path: Path) -> None:
    file = tmp_path / "all.waystation"
    file.write_text("precious")
    code, _, errors = waystation(tmp_path / "data", "backup", "export", file, "--passphrase", "-", stdin=PASSPHRASE)
    assert (code, "--force" in errors, file.read_text()) == (2, True, "precious")
    code, _, _ = waystation(
        tmp_path / "data", "backup", "export", file, "--force", "--passphrase", "-", stdin=PASSPHRASE
    )
    assert (code, json.loads(file.read_text())["waystation"]) == (0, 1)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir() if "waystation" in path.name) == ["all.waystation"]
    missing = tmp_path / "nowhere" / "all.waystation"
    code, _, errors = waystation(tmp_path / "data", "backup", "export", missing, "--passphrase", "-", stdin=PASSPHRASE)
    assert (code, "cannot be written" in errors) == (1, True)


def test_what_cannot_be_imported_is_told_apart(tmp_path: Path) -> None:
    file, other = tmp_path / "all.waystation", tmp_path / "other.json"
    other.write_text("{}")
    data = tmp_path / "data"
    assert waystation(data, "backup", "export", file, "--passphrase", "-", stdin=PASSPHRASE)[0] == 0
    tries = [
        (file, "another one", "does not open"),
        (file, "", "No passphrase"),
        (other, PASSPHRASE, "no backup"),
        (tmp_path / "missing", PASSPHRASE, "cannot be read"),
    ]
    for path, passphrase, words in tries:
        code, _, errors = waystation(data, "backup", "import", path, "--passphrase", "-", stdin=passphrase)
        assert (code, words in errors) == (2, True), errors
    code, _, errors = waystation(data, "backup", "import", file)
    assert (code, "--passphrase -" in errors) == (2, True)
    file.write_text(file.read_text()[:-30])
    code, _, errors = waystation(data, "backup", "import", file, "--passphrase", "-", stdin=PASSPHRASE)
    assert (code, "damaged" in errors) == (2, True)


@pytest.mark.skipif(os.name == "nt", reason="a terminal of this kind")
def test_a_person_types_the_passphrase_twice_and_unseen(tmp_path: Path) -> None:
    from tests.platform.terminal import Terminal

    file = tmp_path / "all.waystation"
    command = [sys.executable, "-m", "app", "backup", "export", str(file)]
    for typed, second, written in (("eight888", "eight889", False), ("eight888", "eight888", True)):
        with Terminal(command, environ(tmp_path / "data"), ROOT) as terminal:
            terminal.wait_for(lambda: "Passphrase of the backup:" in terminal.text, "the question")
            terminal.write(f"{typed}\n")
            terminal.wait_for(lambda: "once more:" in terminal.text, "the second question")
            terminal.write(f"{second}\n")
            terminal.wait_end()
            assert "eight" not in terminal.text
        assert file.exists() == written
