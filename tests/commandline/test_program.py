"""The program as the system starts it: its texts in any encoding, its files, its exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.practice.accounts import sample_accounts, sample_api_keys

ROOT = Path(__file__).resolve().parents[2]
KEY = sample_api_keys()[0].key
LABEL = "钥匙 •"


def waystation(data_dir: Path, *arguments: str, stdin: bytes = b"", **env: str) -> subprocess.CompletedProcess[bytes]:
    """Run one command with a key file; never a traceback."""
    done = subprocess.run(
        [sys.executable, "-m", "app", *arguments],
        cwd=ROOT,
        env={**os.environ, "WAYSTATION_DATA_DIR": str(data_dir), "WAYSTATION_KEY_STORE": "file", **env},
        input=stdin,
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert b"Traceback" not in done.stderr
    return done


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "of another" / "数据"


@pytest.mark.parametrize("encoding", ["cp1252", "gbk", "ascii", "utf-8"])
def test_a_listing_is_written_in_whatever_the_reader_takes(data_dir: Path, encoding: str) -> None:
    added = waystation(data_dir, "token", "add", "--api-key", "-", "--label", LABEL, stdin=KEY.encode())
    assert added.returncode == 0
    table = waystation(data_dir, "token", "list", PYTHONIOENCODING=encoding)
    assert (table.returncode, len(table.stdout.splitlines())) == (0, 2)
    listed = waystation(data_dir, "token", "list", "--json", PYTHONIOENCODING=encoding)
    assert json.loads(listed.stdout.decode(encoding))[0]["label"] == LABEL


def test_what_clients_choose_does_not_steer_the_terminal(data_dir: Path) -> None:
    assert waystation(data_dir, "license", "create", "--label", "a\x1b[2J\nb").returncode == 0
    table = waystation(data_dir, "license", "list").stdout
    assert b"a?[2J?b" in table
    assert (b"\x1b" in table, len(table.splitlines())) == (False, 2)


def test_a_license_gets_limits_in_words_that_people_write(data_dir: Path) -> None:
    def listed() -> dict[str, object]:
        (item,) = json.loads(waystation(data_dir, "license", "list", "--json").stdout)
        return dict(item)

    limits = ("--expires", "2099-01-31", "--daily-tokens", "1.5M")
    assert waystation(data_dir, "license", "create", "--label", "Ann", *limits).returncode == 0
    table = waystation(data_dir, "license", "list").stdout.decode()
    assert "2099-01-31 23:59" in table
    assert "1,500,000" in table
    license_id = str(listed()["id"])
    assert (
        waystation(data_dir, "license", "change", license_id, "--label", "Anna", "--expires", "never").returncode == 0
    )
    assert (listed()["label"], listed()["expires_at"], listed()["daily_tokens"]) == ("Anna", None, 1_500_000)
    assert waystation(data_dir, "license", "change", license_id, "--daily-tokens", "none").returncode == 0
    assert listed()["daily_tokens"] is None
    for nonsense in ((), ("--expires", "soon"), ("--expires", "0d"), ("--daily-tokens", "0"), ("--label", "")):
        refused = waystation(data_dir, "license", "change", license_id, *nonsense)
        assert (refused.returncode, refused.stdout) == (2, b""), nonsense
        assert refused.stderr


def test_a_license_gets_a_new_key_and_both_commands_print_only_the_key(data_dir: Path) -> None:
    made = waystation(data_dir, "license", "create", "--label", "Ann")
    (item,) = json.loads(waystation(data_dir, "license", "list", "--json").stdout)
    shown = waystation(data_dir, "license", "show", item["id"])
    assert (shown.returncode, shown.stdout) == (0, made.stdout)
    assert item["id"].encode() in shown.stderr
    rotated = waystation(data_dir, "license", "rotate", item["id"])
    assert rotated.returncode == 0
    assert rotated.stdout.startswith(b"ws-")
    assert rotated.stdout != made.stdout
    assert waystation(data_dir, "license", "show", item["id"]).stdout == rotated.stdout
    assert waystation(data_dir, "license", "revoke", item["id"]).returncode == 0
    refused = waystation(data_dir, "license", "rotate", item["id"])
    assert (refused.returncode, refused.stdout) == (2, b"")
    assert b"revoked" in refused.stderr
    assert waystation(data_dir, "license", "show", "l-unknown").returncode == 1
    logs = b"".join(path.read_bytes() for path in (data_dir / "logs").iterdir())
    assert made.stdout.strip() not in logs
    assert rotated.stdout.strip() not in logs


def test_a_removed_token_is_listed_and_restored(data_dir: Path) -> None:
    assert b"No tokens" in waystation(data_dir, "token", "restore").stdout
    waystation(data_dir, "token", "add", "--api-key", "-", "--label", LABEL, stdin=KEY.encode())
    (item,) = json.loads(waystation(data_dir, "token", "list", "--json").stdout)
    removed = waystation(data_dir, "token", "remove", item["id"])
    assert removed.returncode == 0
    assert f"token restore {item['id']}".encode() in removed.stderr
    assert json.loads(waystation(data_dir, "token", "list", "--json").stdout) == []
    (kept,) = json.loads(waystation(data_dir, "token", "restore", "--json").stdout)
    assert (kept["id"], kept["label"], kept["kind"]) == (item["id"], LABEL, "api_key")
    assert item["id"] in waystation(data_dir, "token", "restore").stdout.decode()
    assert waystation(data_dir, "token", "restore", item["id"]).returncode == 0
    (again,) = json.loads(waystation(data_dir, "token", "list", "--json").stdout)
    assert (again["id"], again["label"], again["state"]) == (item["id"], LABEL, "ready")
    assert waystation(data_dir, "token", "restore", item["id"]).returncode == 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_secrets_are_read_as_windows_writes_them(data_dir: Path, tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "auth.json"
    file.write_bytes(sample_accounts()[0].auth_json().encode(encoding))
    assert waystation(data_dir, "token", "import", str(file)).returncode == 0
    piped = (KEY + "\r\n").encode(encoding)
    assert waystation(data_dir, "token", "add", "--api-key", "-", stdin=piped).returncode == 0


def test_what_is_no_text_is_said_in_a_sentence(data_dir: Path) -> None:
    for secret in (b"sk-\xff", b"\xff\xfe\x00\x80", b"\xff\xfes"):
        done = waystation(data_dir, "token", "add", "--api-key", "-", stdin=secret)
        assert (done.returncode, done.stderr.strip()) == (2, b"waystation: Standard input is not text.")


def test_a_token_that_nobody_would_remember_is_not_taken(data_dir: Path) -> None:
    done = waystation(data_dir, "token", "add", "--api-key", "-", stdin=KEY.encode(), WAYSTATION_KEY_STORE="memory")
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"waystation serve" in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="POSIX modes")
def test_a_new_data_folder_is_for_the_user_alone(data_dir: Path) -> None:
    assert waystation(data_dir, "license", "create").returncode == 0
    assert (data_dir.stat().st_mode & 0o777, (data_dir / "logs").stat().st_mode & 0o777) == (0o700, 0o700)
    assert data_dir.parent.stat().st_mode & 0o077 == 0


def test_a_home_folder_of_nobody_is_said_in_a_sentence(data_dir: Path) -> None:
    for arguments in (["token", "list", "--data-dir", "~no-such-user/x"], ["token", "import", "~no-such-user/x"]):
        done = waystation(data_dir, *arguments)
        assert (done.returncode, b"no such user" in done.stderr) == (2, True)


def test_an_unknown_shell_is_told_which_there_are(data_dir: Path) -> None:
    done = waystation(data_dir, "setup", "codex", "--shell", "tcsh")
    assert done.returncode == 2
    assert b"powershell" in done.stderr.splitlines()[-1]


def test_a_self_test_that_cannot_be_written_is_said_in_a_sentence(data_dir: Path, tmp_path: Path) -> None:
    done = waystation(data_dir, "selftest", str(tmp_path / "nowhere" / "out.json"))
    assert done.returncode == 2
    assert b"out.json cannot be written" in done.stderr
