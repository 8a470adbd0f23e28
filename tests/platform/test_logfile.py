"""Secrets never reach the log."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.core.license import new_license_key
from app.platform.logfile import log_to_file
from app.platform.redaction import without_secrets
from app.practice.accounts import sample_accounts, sample_api_keys


@pytest.fixture(autouse=True)
def root_logger_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, raises = list(root.handlers), root.level, logging.raiseExceptions
    yield
    logging.raiseExceptions = raises
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
