"""On every page all can be read: in both languages, on the smallest window and the usual one, empty and full."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QSize
from PySide6.QtWidgets import QApplication, QHBoxLayout, QLabel, QPushButton, QWidget

from app.desktop.icons import Icons
from app.desktop.place import Place
from app.desktop.widgets.table import Table
from app.gateway.snapshot import GatewaySnapshot
from tests.desktop.fitting import misfits
from tests.desktop.program import scene
from tests.desktop.scripted import license_view, quota, turn
from tests.desktop.stage import Desk, Stage

SIZES = {"smallest": QSize(800, 560), "usual": QSize(1180, 740)}
SCENES = ("empty", "full", "limited", "busy_port", "no_keyring")


def shown(name: str) -> GatewaySnapshot:
    """The scene, with what the pages of licenses and requests show."""
    snapshot = scene(name)
    if name == "empty":
        return snapshot
    licenses = (license_view(1, label="This computer"), license_view(2, label="Ann's laptop", daily_tokens=2_000_000))
    tokens = tuple(replace(item, quota=item.quota or quota(8.0, 13.0)) for item in snapshot.tokens)
    return replace(snapshot, licenses=licenses, tokens=tokens)


@pytest.fixture(params=["en", "zh_CN"])
def language(request: pytest.FixtureRequest) -> str:
    if request.param == "zh_CN":
        request.getfixturevalue("chinese")
    name: str = request.param
    return name


@pytest.fixture
def make_stage(icons: Icons, tmp_path: Path) -> Iterator[Callable[[], Stage]]:
    made: list[Stage] = []

    def make() -> Stage:
        desk = Desk()
        desk.gateway.turns = [turn(number) for number in range(1, 30)]
        stage = Stage(icons, desk, tmp_path, practice=True)
        made.append(stage)
        return stage

    yield make
    for stage in made:
        stage.signing_in.close()
        stage.window.leave()
        stage.window.deleteLater()


async def settled(stage: Stage) -> None:
    """Let what was asked for arrive, and what changed be laid out."""
    await stage.desk.settle()
    for _ in range(3):
        await asyncio.sleep(0.01)
        QApplication.processEvents()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("place", Place)
async def test_every_page_can_be_read_whole(
    place: Place, size: str, language: str, make_stage: Callable[[], Stage], qtbot: Any
) -> None:
    stage = make_stage()
    found = []
    for name in SCENES:
        snapshot = shown(name)
        stage.desk.gateway.become(**{field: getattr(snapshot, field) for field in ("tokens", "sessions", "turns")})
        stage.show(snapshot, place)
        stage.window.resize(SIZES[size])
        await settled(stage)
        found += [f"{name}: {problem}" for problem in misfits(stage.window)]
        for table in stage.window.pages[place][0].findChildren(Table):
            if table.isVisible() and table.model().rowCount():
                table.select_row(0)
        await settled(stage)
        found += [f"{name}, selected: {problem}" for problem in misfits(stage.window)]
    await stage.desk.operations.close()
    assert not found, "\n".join(found)


def test_what_does_not_fit_is_found(qtbot: Any) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    parent.resize(200, 100)
    narrow = QPushButton("A button with many words on it", parent)
    narrow.setGeometry(0, 0, 60, 30)
    outside = QLabel("Here", parent)
    outside.setGeometry(180, 50, 60, 30)
    row = QWidget(parent)
    row.setGeometry(0, 40, 200, 40)
    layout = QHBoxLayout(row)
    one, other = QLabel("one"), QLabel("other")
    layout.addWidget(one)
    layout.addWidget(other)
    parent.show()
    assert len(misfits(parent)) == 2
    other.setGeometry(one.geometry())
    problems = misfits(parent)
    assert [problem for problem in problems if "covers" in problem]
    assert [problem for problem in problems if "wide" in problem and "many words" in problem]
    assert [problem for problem in problems if "outside" in problem]
