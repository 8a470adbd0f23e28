"""A private file is the user's alone, whole, and overwrites nothing unasked."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from app.core.errors import InvalidInput
from app.platform.private_file import FileUnwritable, refuse_existing, write_private


@pytest.mark.parametrize("replace", [False, True])
def test_it_is_for_the_user_alone(tmp_path: Path, replace: bool) -> None:
    file = tmp_path / "驿站"
    if replace:
        file.write_text("old")
        file.chmod(0o644)
    write_private(file, "a\nb\n", replace=replace)
    assert file.read_bytes() == b"a\nb\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_nothing_is_overwritten_not_even_a_link_to_nowhere(tmp_path: Path) -> None:
    file, link = tmp_path / "file", tmp_path / "link"
    file.write_text("precious")
    link.symlink_to(tmp_path / "nowhere")
    for path in (file, link, tmp_path):
        with pytest.raises(InvalidInput, match="--force"):
            refuse_existing(path)
        with pytest.raises(InvalidInput, match="--force"):
            write_private(path, "new")
    assert file.read_text() == "precious"
    assert not (tmp_path / "nowhere").exists()
    refuse_existing(tmp_path / "new")


@pytest.mark.parametrize("replace", [False, True])
def test_what_cannot_be_written_leaves_nothing_behind(
    tmp_path: Path, replace: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    if replace:
        file.write_text("precious")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(FileUnwritable, match="No space left"):
            write_private(file, "new", replace=replace)
    assert [path.read_text() for path in tmp_path.iterdir()] == (["precious"] if replace else [])
    with pytest.raises(FileUnwritable):
        write_private(tmp_path / "missing" / "file", "new", replace=replace)
