"""Which Codex this computer has, and what follows from its version."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from PySide6.QtWidgets import QPushButton

from app.desktop.codex_words import advice_text, dotted
from app.desktop.design.colours import Tone
from app.desktop.icons import Icons
from app.desktop.operations import Operations
from app.desktop.widgets.card import Card
from app.desktop.widgets.command_line import CommandLine
from app.desktop.widgets.quiet_label import QuietLabel
from app.desktop.widgets.selectable import make_selectable
from app.desktop.widgets.state_line import StateLine
from app.desktop.widgets.symbol import Symbol
from app.platform.codex_advice import EnvironmentPair, what_follows
from app.platform.codex_install import CodexInstall
from app.platform.codex_notes import CodexVersion

_log = logging.getLogger(__name__)

#: How Codex is installed where Node is; from OpenAI's own page about Codex.
INSTALL_COMMAND = "npm install -g @openai/codex"


class CodexCard(Card):
    """Looks for Codex when it is first asked to, and again when the user wants.

    Args:
        icons: for symbols.
        operations: looking runs there.
        find: finds the installed Codex.
        copy_text: puts a text without secrets on the clipboard, and says so.
        found: called with its version whenever it has been looked for; None: none is known.
    """

    def __init__(
        self,
        icons: Icons,
        operations: Operations,
        find: Callable[[], Awaitable[CodexInstall | None]],
        copy_text: Callable[[str], None],
        found: Callable[[CodexVersion | None], None],
    ) -> None:
        super().__init__()
        self._operations = operations
        self._find = find
        self._found = found
        self._asked = False
        self._line = StateLine(icons, self.tr("Codex on this computer"))
        self._again = QPushButton(self.tr("Look again"))
        Symbol(icons, self._again, "search")
        self._again.clicked.connect(self._on_again)
        self._advice = QuietLabel()
        self._advice.setAccessibleName(self.tr("What follows from the version"))
        self._advice.setWordWrap(True)
        make_selectable(self._advice)
        self._install = CommandLine(icons, INSTALL_COMMAND, copy_text)
        self.head.addWidget(self._line, 1)
        self.head.addWidget(self._again)
        self.body.addLayout(self.head)
        self.body.addWidget(self._advice)
        self.body.addWidget(self._install)
        self._show("waiting", Tone.NEUTRAL, self.tr("Looking for Codex on this computer…"))

    @property
    def text(self) -> str:
        """What it says of the Codex, and what follows."""
        return f"{self._line.text}\n{self._advice.text()}".rstrip()

    def look_once(self) -> None:
        """Look, unless that was done already."""
        if not self._asked:
            self._asked = True
            self._on_again()

    def _on_again(self) -> None:
        self._operations.run("look for codex", self._look())

    async def _look(self) -> None:
        self._again.setEnabled(False)
        self._show("waiting", Tone.NEUTRAL, self.tr("Looking for Codex on this computer…"))
        try:
            install = await self._find()
        except OSError as error:
            _log.warning("codex cannot be looked for: %s", error)
            self._show("warning", Tone.ERROR, self.tr("Codex could not be looked for. The log file says more."))
            return
        finally:
            self._again.setEnabled(True)
        self._show_install(install)

    def _show_install(self, install: CodexInstall | None) -> None:
        if install is None:
            self._show(
                "info",
                Tone.WARNING,
                self.tr("Codex was not found on this computer."),
                self.tr(
                    "Install it with this command, or with “brew install codex”, then look again. If it is installed "
                    "in a place of its own, or on another computer, the full set-up works all the same."
                ),
                install=True,
            )
        elif install.version is None:
            said = self.tr("Codex was found at {path}, but does not tell its version.")
            self._show("info", Tone.WARNING, said.format(path=install.path), advice_text(what_follows(None)))
        else:
            advice = what_follows(install.version)
            said = self.tr("Codex {version} was found at {path}.").format(
                version=dotted(install.version), path=install.path
            )
            old = advice.pair is EnvironmentPair.TOO_OLD
            symbol, tone = ("warning", Tone.WARNING) if old else ("state-ready", Tone.POSITIVE)
            self._show(symbol, tone, said, advice_text(advice), install=old)
        self._found(install.version if install else None)

    def _show(self, symbol: str, tone: Tone, text: str, advice: str = "", *, install: bool = False) -> None:
        self._line.show_state(symbol, tone, text)
        self._advice.setText(advice)
        self._advice.setVisible(bool(advice))
        self._install.setVisible(install)
