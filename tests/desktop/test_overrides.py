"""An error in what Qt calls ends neither the program nor its loop, and is told in the log."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import app.desktop.desktop
from app.desktop.overrides import guard_overrides, overrides
from app.desktop.window import MainWindow

ROOT = Path(__file__).resolve().parents[2]

# Runs the desktop with one broken override, and does what a user does.
DRIVEN = """
import logging, sys
from pathlib import Path
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
import importlib
from tests.desktop import program
from app.desktop.place import Place
module, kind, method = sys.argv[1:4]
logging.basicConfig(level=logging.ERROR, stream=sys.stderr)
owner = getattr(importlib.import_module(module), kind)
def broken(self, *args):
    raise ValueError("broken on purpose")
broken.__name__ = method
setattr(owner, method, broken)

def drive():
    window = next(item for item in QApplication.topLevelWidgets() if type(item).__name__ == "MainWindow")
    def wait():
        if window.tokens.table.rows.rowCount():
            steps[:] = [step for step in steps if step is not wait]

    steps = [lambda place=place: window.go(place) for place in Place]
    # The tokens stay until they are there, if they come at all, and then until they are drawn.
    steps += [lambda: window.go(Place.TOKENS), *[wait] * 40, *[lambda: None] * 2]
    steps += [lambda: window.resize(820, 570), lambda: window.sessions.table.select_row(0)]
    steps += [window.close, window.bring_up, lambda: print("alive", flush=True)]
    steps += [QApplication.instance().quit_asked.emit]

    def do_next():
        # The next one counts from here, so that what this one shows is drawn however busy the machine is.
        if steps:
            QTimer.singleShot(60, do_next)
            steps.pop(0)()
    do_next()


from app.desktop import desktop
live = desktop.Desktop.live
def living(self, *args, **named):
    QTimer.singleShot(500, drive)
    return live(self, *args, **named)
desktop.Desktop.live = living
sys.exit(program.run("idle", Path(sys.argv[4]) / "desktop.ini"))
"""


def test_every_override_is_guarded() -> None:
    assert app.desktop.desktop
    found = list(overrides())
    assert (MainWindow, "showEvent") in found
    assert len(found) > 60
    guard_overrides()
    assert [entry for entry in overrides() if not hasattr(vars(entry[0])[entry[1]], "__wrapped__")] == []


@pytest.mark.parametrize(
    ("module", "kind", "method"),
    [
        ("app.desktop.window", "MainWindow", "showEvent"),
        ("app.desktop.window", "MainWindow", "closeEvent"),
        ("app.desktop.widgets.card", "Card", "paintEvent"),
        ("app.desktop.models.rows_model", "RowsModel", "data"),
        ("app.desktop.widgets.segmented", "_Segment", "sizeHint"),
        ("app.desktop.widgets.two_lines", "TwoLineDelegate", "paint"),
    ],
)
def test_a_broken_override_ends_nothing(module: str, kind: str, method: str, tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", DRIVEN, module, kind, method, str(tmp_path)],
        cwd=ROOT,
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (ended.returncode, ended.stdout.strip()) == (0, "alive"), ended.stderr[-3000:]
    assert f"{kind}.{method} failed" in ended.stderr
    assert "broken on purpose" in ended.stderr
