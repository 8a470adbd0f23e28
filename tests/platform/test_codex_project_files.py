"""Which files of a project count; each line was seen with the real Codex."""

from pathlib import Path

import pytest

from app.platform.codex_project_files import files_above


@pytest.mark.parametrize(
    ("version", "trusted", "git", "start", "counts"),
    [
        ((0, 45, 0), True, True, "work", False),
        ((0, 80, 0), False, False, "work", True),
        ((0, 80, 0), True, False, "work/sub", False),
        ((0, 80, 0), False, True, "work/sub", True),
        ((0, 100, 0), False, True, "work", False),
        ((0, 100, 0), True, False, "work", True),
        ((0, 120, 0), True, True, "work/sub", True),
        ((0, 120, 0), True, False, "work/sub", False),
        ((0, 140, 0), True, True, "work", False),
        ((0, 169, 0), True, True, "work", False),
        (None, True, True, "work", True),
    ],
)
def test_a_project_counts_by_version_trust_and_git(
    tmp_path: Path, version: tuple[int, int, int] | None, trusted: bool, git: bool, start: str, counts: bool
) -> None:
    work = tmp_path / "work"
    (work / "sub").mkdir(parents=True)
    (work / ".codex").mkdir()
    file = work / ".codex" / "config.toml"
    file.write_text("")
    if git:
        (work / ".git").mkdir()
    values = {"projects": {str(work): {"trust_level": "trusted" if trusted else "untrusted"}}}
    found = files_above(tmp_path / start, tmp_path / "home" / ".codex", values, version)
    assert found == ((file,) if counts else ())
    # The user's own file is none of a project.
    assert files_above(tmp_path / start, work / ".codex", values, version) == ()
