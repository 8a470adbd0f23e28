"""config.toml on a real disk, and as the real Codex reads it."""

from __future__ import annotations

import errno
import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("modes and links of POSIX", allow_module_level=True)

from app.platform.codex_config import Memory, edited, undone
from app.platform.codex_config_file import (
    BACKUP,
    CodexConfigChanged,
    CodexConfigUnreadable,
    codex_config_file,
    read_config,
    read_profile_files,
    write_config,
)
from app.platform.codex_config_findings import OpenAIAddress, OwnProvider, Wanted
from app.platform.private_file import FileUnwritable
from tests.platform.codex_gateway import CODEX_EXEC, LICENSE, Gateway, dead_port, hostile_environment, running_gateway

OLD, NEW = b"# mine\n", b"# mine\na = 1\n"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / ".codex" / "config.toml"
    path.parent.mkdir()
    path.write_bytes(OLD)
    path.chmod(0o640)
    return path


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_it_is_in_codex_home_or_in_the_home_folder(tmp_path: Path) -> None:
    assert codex_config_file({}, tmp_path) == tmp_path / ".codex" / "config.toml"
    assert codex_config_file({"CODEX_HOME": "/x"}, tmp_path) == Path("/x/config.toml")


def test_the_mode_stays_and_the_file_is_kept_once_for_the_user_alone(config: Path) -> None:
    write_config(config, OLD, NEW, private=False)
    assert (config.read_bytes(), mode(config)) == (NEW, 0o640)
    backup = config.with_name(BACKUP)
    assert (backup.read_bytes(), mode(backup)) == (OLD, 0o600)

    write_config(config, NEW, b"", private=False)
    assert config.read_bytes() == b""
    assert backup.read_bytes() == OLD
    assert names(config.parent) == ["config.toml", BACKUP]


def test_a_file_with_a_secret_becomes_the_users_alone(config: Path) -> None:
    config.chmod(0o644)
    had = write_config(config, OLD, NEW, private=True)
    assert (had, mode(config)) == (0o644, 0o600)
    write_config(config, NEW, NEW, private=False)
    assert mode(config) == 0o600
    write_config(config, NEW, NEW, private=True, mode=had)
    assert mode(config) == 0o600
    write_config(config, NEW, OLD, private=False, mode=had)
    assert mode(config) == 0o644


def test_a_new_file_and_its_folder_are_the_users_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "config.toml"
    assert read_config(path) is None
    write_config(path, None, NEW, private=False)
    assert (path.read_bytes(), mode(path), mode(path.parent)) == (NEW, 0o600, 0o700)
    assert names(path.parent) == ["config.toml"]
    write_config(path, NEW, None, private=False)
    assert names(path.parent) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_the_owner_stays(config: Path) -> None:
    os.chown(config, 65534, 65534)
    write_config(config, OLD, NEW, private=True)
    assert (config.stat().st_uid, config.stat().st_gid, mode(config)) == (65534, 65534, 0o600)


def test_links_are_followed_and_stay(config: Path, tmp_path: Path) -> None:
    (tmp_path / "dotfiles").mkdir()
    target = tmp_path / "dotfiles" / "codex.toml"
    config.rename(target)
    config.symlink_to("../dotfiles/between")
    (tmp_path / "dotfiles" / "between").symlink_to("codex.toml")

    write_config(config, OLD, NEW, private=False)

    assert config.is_symlink()
    assert (target.read_bytes(), mode(target)) == (NEW, 0o640)
    assert names(target.parent) == ["between", "codex.toml"]
    assert names(config.parent) == ["config.toml", BACKUP]


def test_a_link_into_nothing_gets_its_file_and_one_in_a_circle_is_refused(tmp_path: Path) -> None:
    link, circle = tmp_path / "config.toml", tmp_path / "circle.toml"
    link.symlink_to("elsewhere.toml")
    write_config(link, read_config(link), NEW, private=False)
    assert link.is_symlink()
    assert (tmp_path / "elsewhere.toml").read_bytes() == NEW
    circle.symlink_to("circle.toml")
    with pytest.raises(CodexConfigUnreadable):
        read_config(circle)
    with pytest.raises(FileUnwritable, match="circle"):
        write_config(circle, None, NEW, private=False)


def test_a_read_only_file_is_left_alone(config: Path) -> None:
    config.chmod(0o444)
    for after in (NEW, None):
        with pytest.raises(FileUnwritable, match="read-only") as refused:
            write_config(config, OLD, after, private=False)
        assert str(config) in refused.value.message
    assert (config.read_bytes(), names(config.parent)) == (OLD, ["config.toml"])


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody can reach."""
    folder = Path(tempfile.mkdtemp(prefix="ws-config-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def test_a_read_only_folder_and_a_file_of_somebody_else_are_refused(open_folder: Path) -> None:
    path = open_folder / "config.toml"
    path.write_bytes(OLD)
    path.chmod(0o666)
    open_folder.chmod(0o555)
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        with pytest.raises(FileUnwritable, match=r"cannot be written: Permission denied\. Nothing was changed\."):
            write_config(path, OLD, NEW, private=False)
    finally:
        if root:
            os.seteuid(0)
        open_folder.chmod(0o755)
    assert (path.read_bytes(), names(open_folder)) == (OLD, ["config.toml"])


def test_a_file_that_was_changed_since_it_was_read_is_not_overwritten(config: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    for path, before, after in ((config, b"older", NEW), (config, None, NEW), (config, b"older", None)):
        with pytest.raises(CodexConfigChanged, match="changed meanwhile"):
            write_config(path, before, after, private=False)
    with pytest.raises(CodexConfigChanged):
        write_config(other, OLD, NEW, private=False)
    assert names(config.parent) == ["config.toml"]
    assert config.read_bytes() == OLD
    assert not other.exists()


def test_a_change_while_we_write_wins(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config.with_name(BACKUP).write_bytes(b"")
    monkeypatch.setattr(os, "fsync", lambda _: config.write_bytes(b"# of Codex\n"))
    with pytest.raises(CodexConfigChanged):
        write_config(config, OLD, NEW, private=False)
    assert config.read_bytes() == b"# of Codex\n"
    assert names(config.parent) == ["config.toml", BACKUP]


def test_a_full_disk_leaves_the_file_as_it_was(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FileUnwritable, match="No space left on device"):
        write_config(config, OLD, NEW, private=False)
    assert (config.read_bytes(), names(config.parent)) == (OLD, ["config.toml"])


def test_a_folder_or_a_huge_file_is_not_read(tmp_path: Path) -> None:
    huge = tmp_path / "huge.toml"
    huge.write_bytes(b"#" * ((1 << 20) + 1))
    for path in (tmp_path, huge):
        with pytest.raises(CodexConfigUnreadable, match="cannot be read"):
            read_config(path)


def test_what_a_crash_left_behind_is_no_obstacle(config: Path) -> None:
    config.with_name(f".config.toml.{os.getpid()}").write_bytes(b"half")
    write_config(config, OLD, NEW, private=False)
    assert names(config.parent) == ["config.toml", BACKUP]


def test_profile_files_are_read(config: Path) -> None:
    config.with_name("work.config.toml").write_bytes(b"a = 1")
    config.with_name("x.config.toml").mkdir()
    assert read_profile_files(config) == {"work.config.toml": b"a = 1"}
    assert read_profile_files(config / "nowhere") == {}


class NoWebSocket(BaseHTTPRequestHandler):
    """Put before the gateway's own answers: Codex falls back at once on a 426."""

    def do_GET(self) -> None:
        # To an answer in HTTP/1.0 it comes back six times.
        self.protocol_version = "HTTP/1.1"
        self.send_error(426)


CONFIG = '\ufeff# 我的\r\nmodel = "gpt-5" # mine\r\n\r\n[model_providers.other]\r\nname = "Other"\r\n'


def turn(
    version: str,
    wanted: Wanted,
    home: Path,
    gateway: Gateway,
    *,
    script: str = "",
    env: dict[str, str] | None = None,
    sent: str | None = f"Bearer {LICENSE}",
) -> None:
    """Codex of this version takes one turn with our keys in its file; then they are taken out again."""
    path = home / ".codex" / "config.toml"
    path.parent.mkdir()
    path.write_bytes(CONFIG.encode())
    edit = edited(read_config(path), wanted)
    write_config(path, edit.before, edit.after, private=edit.holds_secret)
    with dead_port() as port:
        environment = hostile_environment(home, version, port) | {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
        done = subprocess.run(
            ["bash", "--norc", "-c", f"{script} {CODEX_EXEC} hello"],
            env=environment | (env or {}),
            cwd=home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "pong" in done.stdout
    turns = [seen for seen in gateway.seen if seen.request == "POST /codex/v1/responses"]
    assert [seen.authorization for seen in turns] == [sent]
    assert turns[0].body["model"] == "gpt-5"
    # Codex itself may have added to the file.
    undo = undone(read_config(path), Memory.from_data(json.loads(json.dumps(edit.memory.as_data()))))
    assert undo.left == ()
    assert undo.after is not None
    write_config(path, undo.before, undo.after, private=False)
    assert path.read_bytes().startswith(CONFIG.encode())
    assert b"waystation" not in path.read_bytes()


@pytest.mark.parametrize("version", ["0.45.0", "0.100.0", "0.169.0"])
def test_codex_takes_a_turn_with_our_provider_and_the_key_of_the_environment(version: str, tmp_path: Path) -> None:
    with running_gateway() as gateway:
        turn(version, OwnProvider(gateway.url), tmp_path, gateway, env={"WAYSTATION_LICENSE": LICENSE})


@pytest.mark.parametrize("version", ["0.45.0", "0.100.0", "0.169.0"])
def test_codex_takes_a_turn_with_our_provider_and_the_key_of_the_file(version: str, tmp_path: Path) -> None:
    # 0.45 reads the file, and sends no key of it.
    sent = None if version == "0.45.0" else f"Bearer {LICENSE}"
    with running_gateway() as gateway:
        turn(version, OwnProvider(gateway.url, LICENSE), tmp_path, gateway, sent=sent)


@pytest.mark.parametrize("version", ["0.120.0", "0.169.0"])
def test_codex_takes_a_turn_at_our_address_with_its_saved_key(version: str, tmp_path: Path) -> None:
    with running_gateway() as gateway:
        answers = gateway.RequestHandlerClass
        gateway.RequestHandlerClass = type("Answers", (NoWebSocket, answers), {})
        login = f"echo '{LICENSE}' | codex login --with-api-key && "
        turn(version, OpenAIAddress(gateway.url), tmp_path, gateway, script=login)


def test_codex_0_100_reads_no_address_from_the_file(tmp_path: Path) -> None:
    """So that only the provider of our own is for it."""
    with running_gateway() as gateway:
        path = tmp_path / ".codex" / "config.toml"
        write_config(path, None, edited(None, OpenAIAddress(gateway.url)).after, private=False)
        env = hostile_environment(tmp_path, "0.100.0", gateway.server_port) | {"NO_PROXY": "127.0.0.1"}
        with subprocess.Popen(
            ["codex", "exec", "--skip-git-repo-check", "hello"],
            env=env,
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as process:
            try:
                with pytest.raises(subprocess.TimeoutExpired):
                    process.wait(4)
            finally:
                os.killpg(process.pid, 9)
        assert not [seen for seen in gateway.seen if "/codex/v1" in seen.request]
