"""All can be read on screens that are scaled by a fraction, where Qt rounds every size anew."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("scale", ["1.25", "1.5", "1.75"])
def test_every_page_can_be_read_whole_on_a_screen_that_is_scaled_by(scale: str) -> None:
    # Another process: Qt reads the factor when the application is made.
    run = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/desktop/test_fits.py"]
    ended = subprocess.run(
        [*run, "-k", "smallest"],
        cwd=ROOT,
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen", "QT_SCALE_FACTOR": scale},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert ended.returncode == 0, ended.stdout[-4000:]
    assert " passed" in ended.stdout
