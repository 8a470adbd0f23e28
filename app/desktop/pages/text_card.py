"""The texts to be copied into a terminal, for each shell, and what to know beside them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from enum import StrEnum

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton

from app.core.errors import InvalidInput
from app.desktop import words
from app.desktop.design import space
from app.desktop.icons import Icons
from app.desktop.messages import error_text
from app.desktop.operations import Operations
from app.desktop.pages.set_up_notes import SetUpNotes
from app.desktop.set_up.guide_words import guide_text
from app.desktop.widgets.card import Card
from app.desktop.widgets.folding_row import FoldingRow
from app.desktop.widgets.masked_text import MaskedText
from app.desktop.widgets.quiet_label import QuietLabel
from app.desktop.widgets.segmented import Segmented
from app.desktop.widgets.selectable import make_selectable
from app.desktop.widgets.symbol import Symbol
from app.platform.codex_notes import CodexVersion, SetupNote, curl_notes, environment_notes, setup_notes
from app.platform.codex_setup import CannotLast, environment_text, setup_text
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


class Lasting(StrEnum):
    """For how long a text sets something."""

    TERMINAL = "terminal"
    GOOD = "good"


_EXAMPLES = {What.CURL_CHAT: CurlExample.CHAT, What.CURL_RESPONSES: CurlExample.RESPONSES}
_SHELLS = (Shell.BASH, Shell.ZSH, Shell.FISH, Shell.POWERSHELL, Shell.CMD, Shell.WSL)


class TextCard(Card):
    """One text at a time. The license is masked on the screen and complete on the clipboard.

    Args:
        icons: for symbols.
        operations: what the buttons do.
        shell: chosen at first.
        copy_text: puts a text without secrets on the clipboard, and says so.
        copied: called when a text is copied.
        chosen: called when a text for something else is chosen.
    """

    def __init__(
        self,
        icons: Icons,
        operations: Operations,
        shell: Shell,
        copy_text: Callable[[str], None],
        copied: Callable[[], None],
        chosen: Callable[[], None],
    ) -> None:
        super().__init__()
        self._operations = operations
        self._copied = copied
        self._chosen = chosen
        self._base_url: str | None = None
        self._version: CodexVersion | None = None
        self._license_in_file = False
        self._has_text = False
        self._shells = Segmented(self.tr("Your shell"))
        for value in _SHELLS:
            self._shells.add(value.value, words.shell(value), words.shell_with_system(value))
        self._whats = Segmented(self.tr("What for"))
        self._whats.add(What.CODEX, self.tr("Codex"))
        self._whats.add(What.ENVIRONMENT, self.tr("Environment"), self.tr("Environment variables"))
        self._whats.add(What.CURL_CHAT, self.tr("curl: chat"), CurlExample.CHAT.value)
        self._whats.add(What.CURL_RESPONSES, self.tr("curl: responses"), CurlExample.RESPONSES.value)
        self._lasting = Segmented(self.tr("For how long"))
        self._lasting.add(Lasting.TERMINAL, self.tr("This terminal"), self.tr("Until its window is closed"))
        self._lasting.add(Lasting.GOOD, self.tr("For good"), self.tr("In every terminal that is opened from then on"))
        self._about = _quiet()
        self._advice = _quiet()
        self._advice.setAccessibleName(self.tr("What to do"))
        make_selectable(self._advice)
        self._text = MaskedText("", _MASK, self._on_copy, lines=_LEAST_LINES)
        self._copy = QPushButton()
        Symbol(icons, self._copy, "copy")
        self._copy.clicked.connect(self._on_copy)
        self._notes = SetUpNotes(icons, copy_text)
        self.choose(shell)
        self._lay_out()
        self._shells.chosen.connect(self._show_text)
        self._lasting.chosen.connect(self._show_text)
        self._whats.chosen.connect(self._on_what)
        operations.busy_changed.connect(self._update_buttons)
        self._show_text()

    @property
    def shell(self) -> Shell:
        """The chosen shell."""
        return Shell(self._shells.value)

    @property
    def what(self) -> What:
        """What the text is for."""
        return What(self._whats.value)

    @property
    def lasting(self) -> bool:
        """Whether it is to hold in later terminals, too."""
        return self._lasting.value == Lasting.GOOD

    @property
    def for_curl(self) -> bool:
        """Whether the text is one of the examples for curl."""
        return self.what in _EXAMPLES

    def choose(self, shell: Shell, what: What | None = None, *, lasting: bool | None = None) -> None:
        """Choose, as the user does."""
        self._shells.choose(shell.value)
        if what is not None:
            self._whats.choose(what.value)
        if lasting is not None:
            self._lasting.choose(Lasting.GOOD if lasting else Lasting.TERMINAL)

    def show_address(self, base_url: str) -> None:
        """Show the texts for this gateway."""
        if base_url != self._base_url:
            self._base_url = base_url
            self._show_text()

    def show_version(self, version: CodexVersion | None, *, license_in_file: bool = False) -> None:
        """Show what fits this version of Codex."""
        self._version = version
        self._license_in_file = license_in_file
        self._show_text()

    def text(self) -> str:
        """What the screen shows."""
        return self._text.toPlainText()

    def _lay_out(self) -> None:
        last = FoldingRow(space.S)
        last.line.addWidget(self._lasting, 0, Qt.AlignmentFlag.AlignLeft)
        last.line.addStretch()
        last.line.addWidget(self._copy, 0, Qt.AlignmentFlag.AlignLeft)
        self.body.addWidget(self._whats)
        self.body.addWidget(self._about)
        self.body.addWidget(self._advice)
        self.body.addWidget(self._shells)
        self.body.addWidget(last)
        self.body.addWidget(self._text)
        self.body.addSpacing(space.XS)
        self.body.addWidget(self._notes)

    def _show_text(self) -> None:
        name, about, copy = self._words()
        self._about.setText(about)
        self._advice.hide()
        self._lasting.setVisible(not self.for_curl)
        self._copy.setText(copy)
        self._text.setAccessibleName(name)
        self._notes.show_notes(self._found_notes())
        if self._base_url is None:
            self._update_buttons()
            return
        text = ""
        try:
            text = self._made(self._base_url)
            if self.what is What.ENVIRONMENT:
                self._advise(guide_text(self.shell, self._base_url, _STAND_IN, self._version))
        except CannotLast as error:
            self._advise(error_text(error))
        except InvalidInput:
            _log.warning("no set-up text can be made for the address %s", self._base_url)
        self._has_text = bool(text)
        self._text.setVisible(self._has_text)
        self._text.setPlainText(_masked(text))
        self._text.show_lines(max(_LEAST_LINES, min(text.count("\n") + 1, _MOST_LINES)))
        self._update_buttons()

    def _advise(self, text: str) -> None:
        self._advice.setText(text)
        self._advice.show()

    def _made(self, base_url: str) -> str:
        match self.what:
            case What.CODEX:
                return setup_text(self.shell, base_url, _STAND_IN, lasting=self.lasting)
            case What.ENVIRONMENT:
                return environment_text(self.shell, base_url, _STAND_IN, lasting=self.lasting)
            case other:
                return curl_text(self.shell, _EXAMPLES[other], base_url, _STAND_IN)

    def _words(self) -> tuple[str, str, str]:
        """The text's name, what it is for, and what the button says."""
        match self.what:
            case What.CODEX:
                return (
                    self.tr("Full set-up"),
                    self.tr("The full set-up: for every Codex version, changes none of Codex's files."),
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
                return setup_notes(
                    self.shell, self._version, lasting=self.lasting, license_in_file=self._license_in_file
                )
            case What.ENVIRONMENT:
                return environment_notes(self.shell, self._version, lasting=self.lasting)
            case _:
                return curl_notes(self.shell)

    def _update_buttons(self) -> None:
        self._copy.setEnabled(self._has_text and not self._operations.is_busy("copy"))

    def _on_what(self) -> None:
        self._chosen()
        self._show_text()

    def _on_copy(self) -> None:
        if self._base_url is None:
            return
        self._copied()
        match self.what:
            case What.CODEX:
                self._operations.copy_setup(self.shell, self._base_url, lasting=self.lasting)
            case What.ENVIRONMENT:
                self._operations.copy_environment(self.shell, self._base_url, lasting=self.lasting)
            case other:
                self._operations.copy_curl(self.shell, _EXAMPLES[other], self._base_url)


def _masked(text: str) -> str:
    return text.replace(_STAND_IN, _MASK).replace("\r\n", "\n").rstrip("\n")


def _quiet() -> QuietLabel:
    label = QuietLabel()
    label.setWordWrap(True)
    label.setMinimumWidth(1)
    return label
