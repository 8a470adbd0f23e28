"""Qt offscreen, the pictures, and a gateway that the test writes itself."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import PySide6
import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QLocale
from PySide6.QtWidgets import QApplication

from app.desktop.icons import Icons
from app.desktop.translation import install_language
from tests.desktop.stage import Desk, Stage

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def nothing_stays_behind() -> Iterator[None]:
    """No language, and no window: what waits for a loop of Qt's, which few tests have, is deleted here."""
    before = QLocale()
    yield
    QLocale.setDefault(before)
    if QCoreApplication.instance() is not None:
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


@pytest.fixture
def icons(qapp: QApplication) -> Icons:
    return Icons(ROOT / "resources/icons")


def linguist(name: str, *arguments: str | Path) -> None:
    """Run a program of Qt Linguist, `lupdate` or `lrelease`, that comes with PySide6."""
    folder = Path(PySide6.__file__).parent
    program = folder / (f"{name}.exe" if sys.platform == "win32" else name)
    # lupdate finds its parser of Python beside itself.
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    subprocess.run([program, "-silent", *arguments], check=True, timeout=60, env=os.environ | {"PATH": path})


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the translations as they are now, compiled."""
    folder = tmp_path_factory.mktemp("build")
    (folder / "translations").mkdir()
    for source in (ROOT / "resources/translations").glob("*.ts"):
        linguist("lrelease", source, "-qm", folder / "translations" / f"{source.stem}.qm")
    return folder


@pytest.fixture
def chinese(qapp: QApplication, build: Path) -> Iterator[None]:
    """Everything that is translated inside the test is Chinese."""
    before = QLocale()
    translators = install_language(qapp, "zh_CN", build)
    assert len(translators) == 2
    yield
    for translator in translators:
        qapp.removeTranslator(translator)
    QLocale.setDefault(before)


@pytest.fixture
def desk(qapp: QApplication) -> Desk:
    return Desk()


@pytest.fixture
def stage(icons: Icons, desk: Desk, tmp_path: Path) -> Iterator[Stage]:
    made = Stage(icons, desk, tmp_path)
    yield made
    made.signing_in.close()
    made.window.leave()
    made.window.deleteLater()
