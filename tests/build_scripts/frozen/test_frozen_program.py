"""The frozen program on any system, from a terminal.

Collected with ``--bundle FOLDER`` alone, which `build.py smoke` gives: the folder of the program.
"""

import re
import shutil
from pathlib import Path

import pytest

from bundle.layout import Bundle, version_of
from machine.checkout import Checkout
from tests.build_scripts.frozen.selftests import selftest, system_environment
from tests.e2e.program import Waystation

pytestmark = [pytest.mark.bundle, pytest.mark.timeout(120), pytest.mark.fixed_ports]

ROOT = Path(__file__).resolve().parents[3]


def test_the_selftest_passes_without_a_screen(bundle: Bundle, tmp_path: Path) -> None:
    result = selftest(bundle, tmp_path, {**system_environment(), "QT_QPA_PLATFORM": "offscreen"})
    assert result["version"] == version_of(Checkout(ROOT))
    assert result["modules"] > 400  # type: ignore[operator]


def test_all_that_is_in_it_has_its_license(bundle: Bundle) -> None:
    text = bundle.licenses.read_text(encoding="utf-8")
    parts = [path.name.removesuffix(".dist-info") for path in bundle.internal.glob("*.dist-info")]
    assert len(parts) > 30
    listed = {_canonical(line.partition(": ")[0]) for line in text.split("====", 1)[0].splitlines()}
    assert {_canonical(part.replace("-", " ")) for part in parts} <= listed
    for words in ("MIT License", "GNU LESSER GENERAL PUBLIC LICENSE", "PYTHON SOFTWARE FOUNDATION LICENSE"):
        assert words in text


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


async def test_the_command_line_answers(waystation: Waystation) -> None:
    version = version_of(Checkout(ROOT))
    # Windows ends its lines in its own way.
    assert (await waystation.ok("--version")).splitlines() == [f"waystation {version}"]
    assert await waystation.json("token", "list") == []
    assert "usage: waystation" in await waystation.ok("--help")
    assert (await waystation.ok("quit")).splitlines() == ["Waystation is not running."]
    done = await waystation.run("license", "show", "nobody")
    assert (done.code != 0, done.err.startswith("waystation: ")) == (True, True)


def test_it_runs_from_another_folder(bundle: Bundle, tmp_path: Path) -> None:
    moved = tmp_path / f"moved to 驿站{bundle.folder.suffix}"
    shutil.copytree(bundle.folder, moved, symlinks=True)
    result = selftest(Bundle(moved), tmp_path, {**system_environment(), "QT_QPA_PLATFORM": "offscreen"})
    assert result["failed"] == []
