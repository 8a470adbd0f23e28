"""Following Codex's own auth.json."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.core.credential import ChatGPTLogin, TokenSecrets, login_from_access_token
from app.gateway import followed
from app.gateway.followed import IDLE_S, IN_USE_S, STALE
from app.gateway.refresher import RefreshResult
from app.practice.accounts import PracticeAccount, practice_account
from tests.gateway.fresh import DAY, HOUR, Rig, rig, token_of


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Rig]:
    async with rig(tmp_path) as running:
        yield running


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "codex" / "auth.json"


async def follow(here: Rig, file: Path, *, lasts: float = HOUR) -> PracticeAccount:
    """A token that follows the file, which holds its login."""
    account = replace(practice_account("plus", "plus"), expires_at=int(here.clock.now() + lasts))
    here.practice.add(account)
    login = login_from_access_token(account.access_token, id_token=account.id_token)
    token = token_of("t-plus", login, created_at=here.clock.now(), follows=str(file))
    await here.put(token, TokenSecrets(login.credential))
    file.parent.mkdir()
    file.write_text(account.auth_json())
    await here.followed.look()
    return account


def refreshed(here: Rig, account: PracticeAccount, *, lasts: float = 10 * DAY) -> PracticeAccount:
    """What Codex would have after a refresh."""
    new = replace(account, generation=account.generation + 1, expires_at=int(here.clock.now() + lasts))
    here.practice.add(new)
    return new


async def test_what_codex_has_refreshed_is_taken_over(here: Rig, file: Path) -> None:
    account = await follow(here, file)
    new = refreshed(here, account)
    file.write_text(new.auth_json())
    here.clock.pass_by(IDLE_S)
    await here.followed.look()
    assert here.login().access_token == new.access_token
    assert (await here.stored_login()).access_token == new.access_token
    assert here.token().expires_at == new.expires_at


async def test_the_refresh_token_stays_with_codex_and_the_file_as_it_is(here: Rig, file: Path) -> None:
    account = await follow(here, file, lasts=10)
    new = refreshed(here, account, lasts=20)
    file.write_text(new.auth_json())
    before = file.stat()
    here.tasks.start(here.refresher.run(), "refresher")
    assert await here.refresher.refresh("t-plus", "unauthorized_recovery", account.access_token) is (
        RefreshResult.RENEWED
    )
    here.clock.pass_by(DAY)
    here.refresher.poke()
    assert await here.refresher.refresh("t-plus", "unauthorized_recovery", new.access_token) is RefreshResult.SIGN_IN
    assert here.login().refresh_token is None
    assert not here.practice.received
    after = file.stat()
    assert (before.st_ino, before.st_mtime_ns, file.read_text()) == (after.st_ino, after.st_mtime_ns, new.auth_json())


async def test_a_file_is_looked_at_more_often_while_turns_use_it(here: Rig, file: Path) -> None:
    account = await follow(here, file)
    new = refreshed(here, account)
    file.write_text(new.auth_json())
    here.clock.pass_by(IN_USE_S)
    await here.followed.look()
    assert here.login().access_token == account.access_token
    here.state.pool.take("t-plus", here.clock.now())
    await here.followed.look()
    assert here.login().access_token == new.access_token


@pytest.mark.parametrize(
    "text", [None, "", '{"tokens": {"access_tok', "\x00\xff", "{}", "[" * 100_000, "x" * 2_000_000]
)
async def test_what_is_in_use_stays_while_the_file_is_not_whole(here: Rig, file: Path, text: str | None) -> None:
    account = await follow(here, file)
    if text is None:
        file.unlink()
    else:
        file.write_text(text, encoding="latin-1")
    here.clock.pass_by(IDLE_S)
    await here.followed.look()
    assert here.login().access_token == account.access_token
    assert here.token().sign_in_needed is None
    new = refreshed(here, account)
    file.write_text(new.auth_json())
    here.clock.pass_by(IDLE_S)
    await here.followed.look()
    assert here.login().access_token == new.access_token


async def test_another_login_in_the_file_is_not_taken(here: Rig, file: Path) -> None:
    account = await follow(here, file)
    file.write_text(practice_account("somebody-else", "pro").auth_json())
    here.clock.pass_by(IDLE_S)
    await here.followed.look()
    assert here.login().access_token == account.access_token


async def test_an_older_login_than_the_one_in_use_is_not_taken(here: Rig, file: Path) -> None:
    account = await follow(here, file)
    old = replace(account, generation=7, expires_at=int(here.clock.now() - HOUR))
    file.write_text(old.auth_json())
    here.clock.pass_by(IDLE_S)
    await here.followed.look()
    assert here.login().access_token == account.access_token


async def test_an_ended_login_is_stale_until_codex_has_refreshed_it(here: Rig, file: Path) -> None:
    account = await follow(here, file)
    here.clock.pass_by(HOUR)
    await here.followed.look()
    assert here.token().sign_in_needed == STALE
    new = refreshed(here, account)
    file.write_text(new.auth_json())
    here.clock.pass_by(IDLE_S)
    await here.followed.look()
    assert here.token().sign_in_needed is None
    assert here.login().access_token == new.access_token


async def test_a_clock_that_was_wrong_for_a_while_leaves_nothing_behind(here: Rig, file: Path) -> None:
    await follow(here, file)
    here.clock.pass_by(DAY)
    await here.followed.look()
    assert here.token().sign_in_needed == STALE
    here.clock.jump(-DAY)
    here.clock.pass_by(IDLE_S)
    await here.followed.look()
    assert here.token().sign_in_needed is None


async def test_a_refused_login_whose_file_is_unchanged_does_not_serve_until_it_changes(here: Rig, file: Path) -> None:
    account = await follow(here, file)
    here.practice.revoke(account)
    result = await here.refresher.refresh("t-plus", "unauthorized_recovery", account.access_token)
    assert result is RefreshResult.SIGN_IN
    assert here.token().sign_in_needed == STALE
    new = refreshed(here, account)
    file.write_text(new.auth_json())
    here.clock.pass_by(IDLE_S)
    await here.followed.look()
    assert here.token().sign_in_needed is None
    assert here.login().access_token == new.access_token


async def test_a_file_that_is_replaced_by_another_of_the_same_time_and_size_is_read(here: Rig, file: Path) -> None:
    account = await follow(here, file)
    new = refreshed(here, account)
    assert len(new.auth_json()) == len(account.auth_json())
    status = file.stat()
    other = file.with_suffix(".new")
    other.write_text(new.auth_json())
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.replace(file)
    here.clock.pass_by(IDLE_S)
    await here.followed.look()
    assert here.login().access_token == new.access_token


async def test_what_could_not_be_kept_is_read_again(here: Rig, file: Path) -> None:
    account = await follow(here, file)
    new = refreshed(here, account)
    file.write_text(new.auth_json())
    here.desk.broken = True
    here.clock.pass_by(IDLE_S)
    await here.followed.look()
    assert here.login() == ChatGPTLogin(account.access_token, None, account.id_token)
    here.desk.broken = False
    here.clock.pass_by(IDLE_S)
    await here.followed.look()
    assert here.login().access_token == new.access_token


@pytest.mark.skipif(os.name == "nt", reason="there are no such files")
async def test_a_file_that_does_not_answer_keeps_nobody_waiting(
    here: Rig, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = await follow(here, file)
    monkeypatch.setattr(followed, "_READ_S", 0.1)
    file.unlink()
    os.mkfifo(file)
    try:
        result = await here.refresher.refresh("t-plus", "unauthorized_recovery", account.access_token)
        assert result is RefreshResult.SIGN_IN
    finally:
        # Lets the thread that reads it go.
        os.close(os.open(file, os.O_RDWR))
