"""The set-up of Codex and other clients: the texts to paste, what to know beside them, and whether it worked."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QPushButton

from app.core.errors import InvalidInput
from app.desktop import words
from app.desktop.design import space
from app.desktop.icons import Icons
from app.desktop.operations import Operations
from app.desktop.pages.check_card import CheckCard
from app.desktop.pages.codex_card import CodexCard
from app.desktop.pages.set_up_notes import SetUpNotes
from app.desktop.widgets.card import Card
from app.desktop.widgets.masked_text import MaskedText
from app.desktop.widgets.page_frame import PageFrame
from app.desktop.widgets.quiet_label import QuietLabel
from app.desktop.widgets.segmented import Segmented
from app.desktop.widgets.symbol import Symbol
from app.gateway.snapshot import GatewaySnapshot, RunState
from app.platform.codex_install import CodexInstall
from app.platform.codex_notes import CodexVersion, SetupNote, curl_notes, environment_notes, setup_notes
from app.platform.codex_setup import environment_text, setup_text
from app.platform.curl_texts import CurlExample, curl_text
from app.platform.shells import Shell

_log = logging.getLogger(__name__)

# Takes the license's place in the texts on the screen, which others may see.
_STAND_IN = "ws-stand-in-for-the-screen"
_MASK = "ws-••••••••••••••••"
# Of a text, that are shown without scrolling.
_LEAST_LINES, _MOST_LINES = 3, 14


class What(StrEnum):
    """What is set up."""

    CODEX = "codex"
    ENVIRONMENT = "environment"
    CURL_CHAT = "curl_chat"
    CURL_RESPONSES = "curl_responses"


_EXAMPLES = {What.CURL_CHAT: CurlExample.CHAT, What.CURL_RESPONSES: CurlExample.RESPONSES}


class SetUpPage(PageFrame):
    """One text at a time. The license is masked on the screen and complete on the clipboard.

    Args:
        icons: for symbols.
        operations: what the buttons do.
        shell: chosen at first.
        find_codex: finds the installed Codex.
        copy_text: puts a text without secrets on the clipboard, and says so.
    """

    def __init__(
        self,
        icons: Icons,
        operations: Operations,
        shell: Shell,
        find_codex: Callable[[], Awaitable[CodexInstall | None]],
        copy_text: Callable[[str], None],
    ) -> None:
        super().__init__(
            self.tr("Set up Codex"),
            self.tr("Copy a text, paste it into your terminal, and run codex there."),
            scrolls=True,
        )
        self._operations = operations
        self._base_url: str | None = None
        self._snapshot: GatewaySnapshot | None = None
        self._now = 0.0
        self._version: CodexVersion | None = None
        self.codex = CodexCard(icons, operations, find_codex, copy_text, self._on_found)
        self.check = CheckCard(icons)
        self._shells = Segmented(self.tr("Your shell"))
        for value in (Shell.BASH, Shell.POWERSHELL, Shell.CMD):
            name = words.shell_with_system(value)
            self._shells.add(value.value, self.tr("bash or zsh") if value is Shell.BASH else words.shell(value), name)
        self._whats = Segmented(self.tr("What for"))
        self._whats.add(What.CODEX, self.tr("Codex"))
        self._whats.add(What.ENVIRONMENT, self.tr("Environment variables"))
        self._whats.add(What.CURL_CHAT, self.tr("curl: chat"), CurlExample.CHAT.value)
        self._whats.add(What.CURL_RESPONSES, self.tr("curl: responses"), CurlExample.RESPONSES.value)
        self._about = QuietLabel()
        self._about.setWordWrap(True)
        self._text = MaskedText("", _MASK, self._on_copy, lines=_LEAST_LINES)
        self._copy = QPushButton()
        Symbol(icons, self._copy, "copy")
        self._copy.clicked.connect(self._on_copy)
        self._notes = SetUpNotes(icons, copy_text)
        self.choose(shell)
        self._shells.chosen.connect(self._show_text)
        self._whats.chosen.connect(self._on_what)
        operations.busy_changed.connect(self._update_buttons)
        self.body.addWidget(self.codex)
        self.body.addWidget(self._text_card())
        self.body.addWidget(self.check)
        self.body.addStretch(1)
        self._show_text()

    @property
    def shell(self) -> Shell:
        """The chosen shell."""
        return Shell(self._shells.value)

    @property
    def what(self) -> What:
        """What the text is for."""
        return What(self._whats.value)

    def choose(self, shell: Shell, what: What | None = None) -> None:
        """Choose, as the user does."""
        self._shells.choose(shell.value)
        if what is not None:
            self._whats.choose(what.value)

    def show_snapshot(self, snapshot: GatewaySnapshot, now: float) -> None:
        """Show the text for this gateway's address, and whether a request came."""
        self.codex.look_once()
        self._snapshot, self._now = snapshot, now
        if snapshot.base_url != self._base_url:
            self._base_url = snapshot.base_url
            self._show_text()
        self._show_check(snapshot)

    def _show_check(self, snapshot: GatewaySnapshot) -> None:
        self.check.show_turns(snapshot.turns, running=snapshot.state is RunState.RUNNING, now=self._now)

    def sight(self) -> Any:
        """See `Page`: also what is chosen."""
        return self.shell, self.what, super().sight()

    def show_sight(self, sight: Any) -> None:
        """See `Page`."""
        shell, what, seen = sight
        self.choose(shell, what)
        super().show_sight(seen)

    def text(self) -> str:
        """What the screen shows."""
        return self._text.toPlainText()

    def _text_card(self) -> Card:
        card = Card()
        choices = QHBoxLayout()
        space.bare(choices, space.M)
        choices.addWidget(self._whats)
        choices.addStretch()
        shells = QHBoxLayout()
        space.bare(shells, space.M)
        shells.addWidget(self._shells)
        shells.addStretch()
        shells.addWidget(self._copy)
        card.body.addLayout(choices)
        card.body.addWidget(self._about)
        card.body.addLayout(shells)
        card.body.addWidget(self._text)
        card.body.addSpacing(space.XS)
        card.body.addWidget(self._notes)
        return card

    def _show_text(self) -> None:
        name, about, copy = self._words()
        self._about.setText(about)
        self._copy.setText(copy)
        self._text.setAccessibleName(name)
        self._notes.show_notes(self._found_notes())
        if self._base_url is None:
            self._update_buttons()
            return
        try:
            text = self._made(self._base_url)
        except InvalidInput:
            _log.warning("no set-up text can be made for the address %s", self._base_url)
            text = ""
        self._text.setPlainText(_masked(text))
        self._text.show_lines(max(_LEAST_LINES, min(text.count("\n") + 1, _MOST_LINES)))
        self._update_buttons()

    def _made(self, base_url: str) -> str:
        match self.what:
            case What.CODEX:
                return setup_text(self.shell, base_url, _STAND_IN)
            case What.ENVIRONMENT:
                return environment_text(self.shell, base_url, _STAND_IN)
            case other:
                return curl_text(self.shell, _EXAMPLES[other], base_url, _STAND_IN)

    def _words(self) -> tuple[str, str, str]:
        """The text's name, what it is for, and what the button says."""
        match self.what:
            case What.CODEX:
                return (
                    self.tr("Full set-up"),
                    self.tr("The full set-up: for every Codex version, changes no file. Recommended."),
                    self.tr("Copy full set-&up"),
                )
            case What.ENVIRONMENT:
                return (
                    self.tr("Environment variables"),
                    self.tr("For Codex up to 0.118, and for other clients that read these two names."),
                    self.tr("Copy &environment variables"),
                )
            case What.CURL_CHAT:
                about = self.tr(
                    "One request to chat/completions, to try the gateway out. The answer comes as a stream."
                )
            case What.CURL_RESPONSES:
                about = self.tr("One request to responses, the way Codex asks. The answer comes as a whole.")
        return self.tr("curl command"), about, self.tr("Copy c&url command")

    def _found_notes(self) -> tuple[SetupNote, ...]:
        match self.what:
            case What.CODEX:
                return setup_notes(self.shell, self._version)
            case What.ENVIRONMENT:
                return environment_notes(self.shell, self._version)
            case _:
                return curl_notes(self.shell)

    def _update_buttons(self) -> None:
        self._copy.setEnabled(self._base_url is not None and not self._operations.is_busy("copy"))

    def _on_found(self, version: CodexVersion | None) -> None:
        self._version = version
        self._notes.show_notes(self._found_notes())

    def _on_what(self) -> None:
        self._wait_anew()
        self._show_text()

    def _wait_anew(self) -> None:
        self.check.wait_from(self._now if self._snapshot else None, curl=self.what in _EXAMPLES)
        if self._snapshot is not None:
            self._show_check(self._snapshot)

    def _on_copy(self) -> None:
        if self._base_url is None:
            return
        self._wait_anew()
        match self.what:
            case What.CODEX:
                self._operations.copy_setup(self.shell, self._base_url)
            case What.ENVIRONMENT:
                self._operations.copy_environment(self.shell, self._base_url)
            case other:
                self._operations.copy_curl(self.shell, _EXAMPLES[other], self._base_url)


def _masked(text: str) -> str:
    return text.replace(_STAND_IN, _MASK).replace("\r\n", "\n").rstrip("\n")
