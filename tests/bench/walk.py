"""A user in a hurry: opens every page, sorts by everything, filters, scrolls, opens details, resizes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractItemView, QComboBox, QScrollArea, QTableView, QWidget

from app.desktop.pages.table_page import TablePage
from app.desktop.place import Place
from app.desktop.window import MainWindow

#: Seconds between two things that the user does.
_PAUSE_S = 0.15


class Walk:
    """One way through the whole window.

    Args:
        window: to walk through.
        tell: called with what is about to be done.
    """

    def __init__(self, window: MainWindow, tell: Callable[[str], None]) -> None:
        self._window = window
        self._tell = tell

    async def whole(self) -> None:
        """Go to every page twice, first to do everything there, then only to look."""
        for place in Place:
            await self._do(f"open {place}", lambda place=place: self._window.go(place))
            # What it asks for at first comes meanwhile.
            await asyncio.sleep(0.4)
            await self._use(self._window.pages[place][0], place)
        for place in (*Place, *Place):
            await self._do(f"turn to {place}", lambda place=place: self._window.go(place))
            await asyncio.sleep(0.1)

    async def _use(self, page: QWidget, place: Place) -> None:
        for area in page.findChildren(QScrollArea):
            await self._scroll(area, f"{place}: scroll the page")
        for table in page.findChildren(QTableView):
            if table.isVisible():
                await self._use_table(table, f"{place}: ")
        if isinstance(page, TablePage):
            await self._use_filter(page, f"{place}: ")
        await self._resize(f"{place}: ")

    async def _use_table(self, table: QTableView, where: str) -> None:
        await self._scroll(table, f"{where}scroll")
        await self._to_the_end(table, f"{where}read on")
        header = table.horizontalHeader()
        rows = 0
        for column in range(table.model().columnCount()):
            if table.isColumnHidden(column):
                continue
            title = table.model().headerData(column, Qt.Orientation.Horizontal)
            at = QPoint(header.sectionViewportPosition(column) + header.sectionSize(column) // 2, header.height() // 2)
            for _ in range(2):
                await self._do(
                    f"{where}sort {table.model().rowCount()} rows by {title}",
                    lambda at=at: QTest.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=at),
                )
            rows = max(rows, table.model().rowCount())
        table.setFocus()
        for key in (Qt.Key.Key_Home, *[Qt.Key.Key_Down] * 6, Qt.Key.Key_PageDown, Qt.Key.Key_End, Qt.Key.Key_Home):
            await self._do(f"{where}select ({Qt.Key(key).name})", lambda key=key: QTest.keyClick(table, key))
        await asyncio.sleep(0.4)
        await self._do(f"{where}select nothing", table.clearSelection)

    async def _use_filter(self, page: TablePage, where: str) -> None:
        entry = page.bar.entry
        for letter in "stream-7":
            await self._do(f"{where}type {letter}", lambda letter=letter: QTest.keyClick(entry, letter))
        await self._do(f"{where}empty the search", entry.clear)
        for choice in page.findChildren(QComboBox):
            for index in [*range(1, choice.count()), 0]:
                text = choice.itemText(index)
                await self._do(
                    f"{where}choose {text!r} in {choice.accessibleName()}",
                    lambda choice=choice, index=index: choice.setCurrentIndex(index),
                )
        await self._do(f"{where}clear", page.bar.clear)

    async def _scroll(self, area: QAbstractItemView | QScrollArea, step: str) -> None:
        bar = area.verticalScrollBar()
        for part in (0.1, 0.2, 0.21, 0.22, 0.5, 0.8, 1.0, 0.0):
            await self._do(step, lambda part=part: bar.setValue(round(part * bar.maximum())))

    async def _to_the_end(self, table: QTableView, step: str) -> None:
        """Tables of requests read on at their end."""
        bar = table.verticalScrollBar()
        for _ in range(40):
            before = table.model().rowCount()
            await self._do(step, lambda: bar.setValue(bar.maximum()))
            await asyncio.sleep(0.25)
            if table.model().rowCount() < before + 50:
                break
        await self._do(step, lambda: bar.setValue(0))

    async def _resize(self, where: str) -> None:
        size = self._window.size()
        for wanted in (QSize(800, 560), QSize(1000, 650), size):
            await self._do(f"{where}resize", lambda wanted=wanted: self._window.resize(wanted))
            await asyncio.sleep(0.1)

    async def _do(self, step: str, act: Callable[[], object]) -> None:
        self._tell(step)
        act()
        await asyncio.sleep(_PAUSE_S)
