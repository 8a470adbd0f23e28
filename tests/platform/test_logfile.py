"""Secrets never reach the log."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.license import new_license_key
from app.platform.logfile import LogFile, log_to_file
from app.platform.redaction import _SECRETS, without_secrets
from app.practice.accounts import sample_accounts, sample_api_keys


@pytest.fixture(autouse=True)
def root_logger_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, raises = list(root.handlers), root.level, logging.raiseExceptions
    told = logging.logThreads, logging.logProcesses, logging.logMultiprocessing, logging._srcfile
    yield
    logging.raiseExceptions = raises
    logging.logThreads, logging.logProcesses, logging.logMultiprocessing, logging._srcfile = told
    for handler in [item for item in root.handlers if item not in handlers]:
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)


SECRETS = [
    sample_accounts()[0].access_token,
    sample_accounts()[0].id_token,
    sample_accounts()[0].refresh_token,
    sample_api_keys()[0].key,
    new_license_key(b"x" * 25),
]


@pytest.mark.parametrize("secret", SECRETS, ids=["access", "id", "refresh", "api key", "license"])
@pytest.mark.parametrize("form", ["{}", "Authorization: Bearer {}", '{{"key": "{}"}}', "?token={}&x=1"])
def test_whatever_looks_like_a_secret_is_left_out(secret: str, form: str) -> None:
    assert secret not in without_secrets(form.format(secret))


def test_a_traceback_with_a_secret_is_written_without_it(tmp_path: Path) -> None:
    log_to_file(tmp_path)
    key = sample_api_keys()[0].key
    try:
        raise ValueError(f"bad key {key}")
    except ValueError:
        logging.getLogger("app.test").warning("it failed with %s", key, exc_info=True)
    text = (tmp_path / "waystation.log").read_text(encoding="utf-8")
    assert "Traceback" in text
    assert key not in text


def test_a_folder_that_cannot_be_written_does_not_hinder_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    log_to_file(tmp_path / "file" / "logs")


def test_the_log_is_rotated_and_no_line_is_lost_or_cut(tmp_path: Path) -> None:
    log_to_file(tmp_path)
    log = logging.getLogger("app.test")
    for number in range(5000):
        log.info("%05d 你好 %s", number, "x" * 1000)
    files = sorted(tmp_path.iterdir(), key=lambda file: file.stat().st_mtime_ns)
    assert len(files) == 3
    lines = "".join(file.read_text(encoding="utf-8") for file in files).splitlines()
    assert [line.split(" ", 4)[4][:8] for line in lines] == [f"{number:05d} 你好" for number in range(5000)]
    assert all(line.endswith("x" * 1000) for line in lines)
    assert max(file.stat().st_size for file in files) <= 2 * 1024 * 1024


def test_what_is_logged_is_in_the_file_at_once_and_goes_on_behind_the_last_run(tmp_path: Path) -> None:
    (tmp_path / "waystation.log").write_text("the last run\n")
    log_to_file(tmp_path)
    record = logging.LogRecord("app.test", logging.INFO, "", 0, "half an emoji: %s", ("\ud83d",), None)
    # Past pytest, which could not tell its other processes of it.
    (log,) = (
        handler
        for handler in logging.getLogger().handlers
        if isinstance(handler, LogFile) and handler.baseFilename == str(tmp_path / "waystation.log")
    )
    log.handle(record)
    text = (tmp_path / "waystation.log").read_text(encoding="utf-8")
    assert text.startswith("the last run\n")
    assert text.endswith("half an emoji: \\ud83d\n")


@given(st.text(alphabet="eyJskw-rt._Bbear codvifpsn:/@=\"'x2", max_size=60))
def test_what_is_looked_through_quickly_is_looked_through_completely(text: str) -> None:
    assert without_secrets(text) == _SECRETS.sub("…", text)


@pytest.mark.parametrize("secret", [*SECRETS, "http://user:pass@host", "code=abc", "code_verifier=x", '_token": "x"'])
def test_no_secret_is_overlooked(secret: str) -> None:
    assert without_secrets(f"a {secret} b") == _SECRETS.sub("…", f"a {secret} b") != f"a {secret} b"
