"""Somebody's Codex with real files, and the dialogs that change them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from PySide6.QtWidgets import QApplication, QLabel, QWidget

from app.desktop.icons import Icons
from app.desktop.pages.set_up import SetUpPage
from app.desktop.set_up.changes_dialog import ChangesDialog
from app.desktop.set_up.write_dialog import WriteDialog
from app.platform.codex_facts import CodexFacts, look_at_codex
from app.platform.codex_install import CodexInstall
from app.platform.codex_writer import CodexWriter
from app.platform.shells import Shell
from tests.desktop.scripted import NOW
from tests.desktop.stage import FULL, Desk, button, machine, until

MINE = 'model = "gpt-5.5"  # mine\n\n[tools]\nweb_search = true\n'


class Computer:
    """Has a Codex of a version of the test's own, and real files of Codex."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.codex = self.home / ".codex"
        self.codex.mkdir(parents=True)
        self.config = self.codex / "config.toml"
        self.config.write_text(MINE)
        self.version: tuple[int, int, int] | None = (0, 169, 0)
        self.terminal: dict[str, str] = {"PATH": "/nowhere"}
        self.writer = CodexWriter({}, self.home, folder / "codex-setup.json", managed=folder / "managed.toml")

    async def look(self, base_url: str) -> CodexFacts:
        found = await look_at_codex(self.terminal, self.home, base_url)
        return replace(found, install=CodexInstall(Path("/opt/node/bin/codex"), self.version), others=())


def set_up_page(icons: Icons, desk: Desk, computer: Computer, folder: Path) -> SetUpPage:
    """The page on this computer; `folder` is for its log files."""
    here = replace(machine(folder), look_at_codex=computer.look, codex_writer=lambda: computer.writer)
    return SetUpPage(icons, desk.operations, Shell.BASH, here, desk.copied.append, lambda place: None, lambda: None)


@asynccontextmanager
async def shown_page(icons: Icons, desk: Desk, computer: Computer, folder: Path) -> AsyncIterator[SetUpPage]:
    """The page, shown and settled, until it is put away."""
    made = set_up_page(icons, desk, computer, folder)
    made.show()
    made.show_snapshot(FULL, NOW)
    await desk.settle()
    yield made
    made.close()
    made.deleteLater()
    await desk.operations.close()


async def opened(kind: type[ChangesDialog]) -> ChangesDialog:
    """The dialog, once it shows what would change."""
    found: list[ChangesDialog] = []

    def look() -> bool:
        found[:] = [item for item in QApplication.topLevelWidgets() if isinstance(item, kind) and item.isVisible()]
        return bool(found) and "Reading" not in said(found[0])

    await until(look)
    return found[0]


async def closed(page: SetUpPage, desk: Desk) -> None:
    await desk.settle()
    assert not [item for item in QApplication.topLevelWidgets() if isinstance(item, ChangesDialog) and item.isVisible()]


def said(widget: QWidget) -> str:
    return "\n".join(label.text() for label in widget.findChildren(QLabel) if label.isVisibleTo(widget))


def changes(dialog: ChangesDialog) -> str:
    return dialog.diff.toPlainText()


async def write(page: SetUpPage, desk: Desk) -> None:
    page.write.write.click()
    dialog = await opened(WriteDialog)
    button(dialog, "Write").click()
    await closed(page, desk)


async def write_address(page: SetUpPage, desk: Desk) -> None:
    page.write.write.click()
    dialog = await opened(WriteDialog)
    assert isinstance(dialog, WriteDialog)
    dialog.address.click()
    await until(lambda: "openai_base_url" in changes(dialog))
    button(dialog, "Write").click()
    await closed(page, desk)
