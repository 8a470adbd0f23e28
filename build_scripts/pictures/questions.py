"""Pictures of all that opens from a page or from the tray: found by the ellipsis that such entries end with."""

import asyncio
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from pathlib import Path

from PySide6.QtCore import QPoint
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QAbstractButton, QApplication, QDialog, QMenu, QPushButton, QToolButton, QWidget

from app.desktop.desktop import Desktop
from app.desktop.place import Place
from app.desktop.widgets.table import Table
from build_scripts.pictures.camera import Camera, quiet, select_first

# Seconds until something must have opened, and until it must have closed.
_PATIENCE = 5.0


class Questions:
    """Opens what pages and tray offer, takes its picture, and closes it unanswered.

    Args:
        camera: takes the pictures.
        translations: the folder of the `.ts` files, so that pictures have the same names in all languages.
    """

    def __init__(self, camera: Camera, translations: Path) -> None:
        self._camera = camera
        self._english = dict(_pairs(translations / "waystation_zh_CN.ts"))

    async def take_menu(self, menu: QMenu, name: str) -> None:
        """Take a menu and its submenus."""
        menu.popup(QPoint(40, 40))
        await asyncio.sleep(0.1)
        self._camera.take(menu, name)
        menu.close()
        for action in menu.actions():
            inner = action.menu()
            if isinstance(inner, QMenu) and action.isVisible():
                await self.take_menu(inner, f"{name}-{self._name(action.text())}")

    async def take_page(self, desktop: Desktop, place: Place) -> None:
        """Take everything that the page can open."""
        window = desktop.window
        window.go(place)
        await quiet(desktop)
        if select_first(window.pages[place][0]):
            await quiet(desktop)
        prefix = f"{place.value.replace('_', '-')}-"
        for button, menu in _menus(window.pages[place][0]):
            await self.take_menu(menu, f"{prefix}menu-{self._name(button.text() or button.accessibleName())}")
        triggers = list(_triggers(window.pages[place][0]))
        for menu in await self._context_menus(window.pages[place][0], prefix):
            known = {text for text, _ in triggers}
            triggers += [(text, act) for text, act in _questions(menu) if text not in known]
        for text, act in triggers:
            await self.take_dialog(desktop, act, f"{prefix}dialog-{self._name(text)}")
            # Some lead to another page instead, such as from a token to its sessions.
            window.go(place)

    async def _context_menus(self, page: QWidget, prefix: str) -> list[QMenu]:
        """The menus of the selected lines, which are filled when they open."""
        found = []
        for table in page.findChildren(Table):
            if table.isVisible() and table.selected_id() is not None:
                table.customContextMenuRequested.emit(table.visualRect(table.currentIndex()).center())
                await asyncio.sleep(0.1)
                menu = QApplication.activePopupWidget()
                if isinstance(menu, QMenu):
                    self._camera.take(menu, f"{prefix}menu-line")
                    menu.close()
                    found.append(menu)
        return found

    async def take_dialog(self, desktop: Desktop, act: Callable[[], object], name: str) -> None:
        """Take what this opens."""
        place = desktop.window.place
        act()
        opened = await _seen(lambda: _open_dialog() or (True if desktop.window.place is not place else None))
        if not isinstance(opened, QDialog):
            if opened is None:
                self._camera.missing.append(f"{self._camera.look}/{name}: nothing opened")
            return
        await asyncio.sleep(0.3)
        self._camera.take(opened, name)
        opened.reject()
        await _seen(lambda: _open_dialog() is None or None)
        await quiet(desktop)

    def _name(self, text: str) -> str:
        plain = _plain(text)
        # Some put the ellipsis behind what is chosen.
        english = self._english.get(plain) or self._english.get(plain.rstrip("…"), plain)
        return re.sub(r"[^a-z0-9]+", "-", english.casefold()).strip("-")


def _menus(page: QWidget) -> list[tuple[QAbstractButton, QMenu]]:
    """The page's visible buttons that have a menu, with it."""
    found = []
    for button in page.findChildren(QAbstractButton):
        menu = button.menu() if isinstance(button, QPushButton | QToolButton) else None
        if menu is not None and button.isVisible() and button.isEnabled():
            found.append((button, menu))
    return found


def _triggers(page: QWidget) -> Iterator[tuple[str, Callable[[], object]]]:
    """What opens a dialog: text and act."""
    for _, menu in _menus(page):
        # Some menus decide only now what they offer.
        menu.aboutToShow.emit()
        yield from _questions(menu)
    for button in page.findChildren(QAbstractButton):
        if _asks(button.text()) and button.isVisible() and button.isEnabled():
            yield button.text(), button.click


def _questions(menu: QMenu) -> Iterator[tuple[str, Callable[[], object]]]:
    for action in _actions(menu):
        if _asks(action.text()) and action.isEnabled() and action.isVisible():
            yield action.text(), action.trigger


def _actions(menu: QMenu) -> Iterator[QAction]:
    for action in menu.actions():
        inner = action.menu()
        if isinstance(inner, QMenu):
            yield from _actions(inner)
        else:
            yield action


def _open_dialog() -> QDialog | None:
    for widget in QApplication.topLevelWidgets():
        if isinstance(widget, QDialog) and widget.isVisible():
            return widget
    return None


async def _seen(look: Callable[[], object]) -> object:
    for _ in range(round(_PATIENCE / 0.05)):
        found = look()
        if found is not None:
            return found
        await asyncio.sleep(0.05)
    return None


def _asks(text: str) -> bool:
    return text.endswith("…")


def _plain(text: str) -> str:
    # Chinese puts the access key behind, as in 移除(&R)…
    return re.sub(r"\(&\w\)", "", text).replace("&", "")


def _pairs(translations: Path) -> Iterator[tuple[str, str]]:
    for message in ElementTree.parse(translations).iter("message"):  # noqa: S314 - our own
        source, translated = message.findtext("source"), message.findtext("translation")
        if source and translated:
            yield _plain(translated), _plain(source)
