"""What a release is made of: the notes, the files and their sums, and the draft, by a stand-in for gh."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from machine.checkout import Checkout
from machine.report import Stop
from release.changelog import chapter
from release.files import newest_of, write_sums
from release.steps import notes_for, release

CHANGELOG = """# Changelog

## [Unreleased]

- Not yet.

## [1.10.0] - 2026-12-01

First words.

### Added

- A thing with ## in it.

## [1.1.0] - 2026-11-30

## [1.0.0] - 2026-11-01

- The first.

[1.0.0]: https://example.invalid/1.0.0
"""
NAMES = (
    "Waystation-1.10.0-linux-x86_64.tar.xz",
    "Waystation-1.10.0-macos-arm64-unsigned.dmg",
    "Waystation-1.10.0-macos-x86_64.dmg",
    "Waystation-1.10.0-windows-x64-setup-unsigned.exe",
    "waystation_1.10.0_amd64.deb",
)


@pytest.fixture
def clone(tmp_path: Path) -> Checkout:
    """One with the installers of all systems."""
    checkout = Checkout(tmp_path / "clone 驿站")
    checkout.dist.mkdir(parents=True)
    checkout.pyproject.write_text('[project]\nname = "sample"\nversion = "1.10.0"\n')
    (checkout.root / "CHANGELOG.md").write_text(CHANGELOG, encoding="utf-8")
    for name in NAMES:
        (checkout.dist / name).write_text(name)
    (checkout.dist / "Waystation-1.9.0-macos-x86_64.dmg").touch()
    (checkout.dist / "Waystation").mkdir()
    return checkout


def test_the_notes_are_the_chapter_of_the_version() -> None:
    assert chapter(CHANGELOG, "1.10.0") == "First words.\n\n### Added\n\n- A thing with ## in it.\n"
    assert chapter(CHANGELOG, "1.0.0") == "- The first.\n"


@pytest.mark.parametrize(
    ("version", "words"), [("1.1.0", "empty"), ("1x10.0", "no chapter"), ("Unreleased", "no chapter"), ("1.1", "no ch")]
)
def test_a_version_without_words_is_refused(version: str, words: str) -> None:
    with pytest.raises(Stop, match=words):
        chapter(CHANGELOG, version)


def test_a_tag_must_name_the_version_of_the_source(clone: Checkout, capsys: pytest.CaptureFixture[str]) -> None:
    assert release(clone, ["check", "v1.10.0"]) == 0
    assert "v1.10.0 names the version" in capsys.readouterr().err
    for tag in ("v1.0.0", "1.10.0", "v1.10.0-rc1", ""):
        with pytest.raises(Stop, match=r"the tag must be v1\.10\.0"):
            notes_for(clone, tag)


@pytest.mark.parametrize("version", ["1.10", "1.10.0rc1"])
def test_a_version_of_which_windows_would_take_no_installer_is_refused_first(version: str, clone: Checkout) -> None:
    clone.pyproject.write_text(f'[project]\nname = "sample"\nversion = "{version}"\n')
    with pytest.raises(Stop, match=f"{version} is not three numbers"):
        notes_for(clone, f"v{version}")


def test_the_sums_are_those_of_one_installer_of_each_system(clone: Checkout) -> None:
    assert release(clone, ["sums"]) == 0
    lines = (clone.dist / "SHA256SUMS").read_bytes().decode().splitlines()
    assert lines == [f"{hashlib.sha256(name.encode()).hexdigest()}  {name}" for name in NAMES]
    if sys.platform == "linux":
        subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=clone.dist, check=True)


@pytest.mark.parametrize("name", NAMES)
def test_a_system_that_is_missing_stops_the_release(name: str, clone: Checkout) -> None:
    (clone.dist / name).unlink()
    with pytest.raises(Stop, match="there is: none"):
        write_sums(clone.dist, "1.10.0")
    assert not (clone.dist / "SHA256SUMS").exists()


def test_two_files_of_one_system_stop_the_release(clone: Checkout) -> None:
    (clone.dist / "Waystation-1.10.0-windows-x64-setup.exe").touch()
    with pytest.raises(Stop, match=r"setup-unsigned\.exe, .*setup\.exe|setup\.exe, .*setup-unsigned\.exe"):
        write_sums(clone.dist, "1.10.0")


def test_the_newest_installer_is_tried(clone: Checkout) -> None:
    signed, unsigned = (clone.dist / f"Waystation-1.10.0-windows-x64-setup{end}.exe" for end in ("", "-unsigned"))
    signed.touch()
    os.utime(unsigned, (1, 1))
    assert newest_of(clone.dist, "windows", "1.10.0") == signed
    with pytest.raises(Stop, match=r"build\.py installer"):
        newest_of(clone.dist, "deb", "2.0.0")


@pytest.fixture
def gh(clone: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a stand-in for gh: it finds the file `release`, notes what is to be made, and ends with `code`."""
    if sys.platform == "win32":
        pytest.skip("the stand-in for gh is a shell script")
    folder = tmp_path / "gh"
    folder.mkdir()
    program = folder / "gh"
    # The ninth word of those that make one is the file of the notes.
    program.write_text(
        f"""#!/bin/sh
        cd "{folder}"
        [ "$2" = view ] && {{ echo "$3" >> viewed; cat release; exit $?; }}
        printf "%s\\n" "$@" > asked
        cat "$9" > notes
        exit $(cat code)
        """
    )
    program.chmod(0o755)
    (folder / "code").write_text("0")
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


def test_the_draft_holds_the_files_the_sums_and_the_notes(clone: Checkout, gh: Path) -> None:
    assert release(clone, ["draft", "v1.10.0"]) == 0
    asked = (gh / "asked").read_text().splitlines()
    assert asked[:7] == ["release", "create", "v1.10.0", "--draft", "--verify-tag", "--title", "Waystation 1.10.0"]
    assert asked[9:] == [str(clone.dist / name) for name in (*NAMES, "SHA256SUMS")]
    assert (gh / "notes").read_text() == chapter(CHANGELOG, "1.10.0")


def test_a_draft_that_gh_cannot_make_stops_the_release(clone: Checkout, gh: Path) -> None:
    (gh / "code").write_text("1")
    with pytest.raises(Stop, match="gh could not make the draft"):
        release(clone, ["draft", "v1.10.0"])


def test_no_second_draft_is_made_of_a_tag(clone: Checkout, gh: Path) -> None:
    (gh / "release").touch()
    with pytest.raises(Stop, match=r"a release or a draft of v1\.10\.0 already"):
        release(clone, ["draft", "v1.10.0"])
    assert (gh / "viewed").read_text() == "v1.10.0\n"
    assert not (gh / "asked").exists()


def test_a_draft_of_another_tag_is_not_made(clone: Checkout) -> None:
    with pytest.raises(Stop, match="the tag must be"):
        release(clone, ["draft", "v1.0.0"])
    assert not (clone.dist / "SHA256SUMS").exists()
