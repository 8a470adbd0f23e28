"""The release feed that a bundle brings: what its builder named, or none."""

import sys
from pathlib import Path

import pytest

from app.platform.paths import RELEASE_FEED_FILE, bundled_release_feed
from bundle.release_feed import FILE, VARIABLE, feed_datas, write_release_feed
from machine.report import Stop

FEED = "https://api.github.com/repos/owner/waystation/releases/latest"


def test_the_program_reads_what_its_builder_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert write_release_feed(tmp_path / "build", {VARIABLE: f" {FEED}\n"}) == FEED
    ((name, source, kind),) = feed_datas(tmp_path / "build")
    assert (name, kind) == (RELEASE_FEED_FILE, "DATA")
    assert bundled_release_feed() == ""
    # As PyInstaller says where the bundle is.
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "_MEIPASS", str(Path(source).parent), raising=False)
    assert bundled_release_feed() == FEED


def test_a_bundle_without_a_feed_has_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Of an earlier bundle.
    write_release_feed(tmp_path, {VARIABLE: FEED})
    assert write_release_feed(tmp_path, {}) == ""
    assert feed_datas(tmp_path) == []
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path / "elsewhere"), raising=False)
    assert bundled_release_feed() == ""


@pytest.mark.parametrize(
    "named", ["github.com/owner", "http://x.org/feed", "https://", "https://u:p@x.org/", "https://x.org/a b"]
)
def test_what_is_no_safe_address_stops_the_build(tmp_path: Path, named: str) -> None:
    with pytest.raises(Stop, match=VARIABLE):
        write_release_feed(tmp_path, {VARIABLE: named})
    assert not (tmp_path / FILE).exists()
