"""The set-up of Codex and other clients: what was found, writing it, texts to paste, and whether it works."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.desktop.design import space
from app.desktop.design.text import TextRole, styled
from app.desktop.icons import Icons
from app.desktop.machine import Machine
from app.desktop.operations import Operations
from app.desktop.pages.check_card import CheckCard
from app.desktop.pages.codex_card import CodexCard
from app.desktop.pages.text_card import TextCard, What
from app.desktop.pages.write_card import WriteCard
from app.desktop.place import Place
from app.desktop.set_up.check_remedies import CheckWays
from app.desktop.set_up.facts_words import lacks_license
from app.desktop.set_up.operations import Seen, SetUpOperations
from app.desktop.widgets.disclosure import Disclosure
from app.desktop.widgets.page_frame import PageFrame
from app.gateway.snapshot import GatewaySnapshot, RunState
from app.platform.codex_route import RouteReason, advise
from app.platform.codex_ways import Route
from app.platform.shells import Shell

_OF_FILES = (Route.OWN_PROVIDER, Route.OPENAI_ADDRESS)


class SetUpPage(PageFrame):
    """From top to bottom: what there is, let it be written or copy a text, and check.

    The texts are folded away where writing fits; the user unfolds them, and then they stay so.

    Args:
        icons: for symbols.
        operations: what the buttons do.
        shell: chosen at first.
        machine: looks, writes and checks.
        copy_text: puts a text without secrets on the clipboard, and says so.
        go: turns to another page.
        sign_in: begins a sign-in for a new token.
    """

    def __init__(
        self,
        icons: Icons,
        operations: Operations,
        shell: Shell,
        machine: Machine,
        copy_text: Callable[[str], None],
        go: Callable[[Place], None],
        sign_in: Callable[[], None],
    ) -> None:
        super().__init__(self.tr("Set up Codex"), scrolls=True)
        self._snapshot: GatewaySnapshot | None = None
        self._now = 0.0
        self._user_folds = False
        set_up = SetUpOperations(operations, machine)
        self._can_write = set_up.can_write
        self.codex = CodexCard(icons, operations, set_up, copy_text, self._on_found)
        self.write = WriteCard(icons, operations, set_up, copy_text, operations.copy_secret, self._on_written)
        self.texts = TextCard(icons, operations, shell, copy_text, self._wait_anew, self._on_chosen)
        self._unfold = styled(Disclosure(icons, self.tr("Or copy a &text"), self.texts), TextRole.HEADING)
        self._unfold.clicked.connect(self._on_folded)
        ways = CheckWays(
            start_gateway=operations.start_gateway,
            sign_in=sign_in,
            go=go,
            write=self.write.open if set_up.can_write else None,
            copy_text=self._on_copy_text,
            show_command=self._on_show_command,
        )
        self.check = CheckCard(icons, operations, set_up, ways, copy_text)
        # Its steps need room.
        self.check.grown.connect(lambda: self.reveal(self.check, self.check.problem_line))
        self._text_part = self._with_unfold()
        for part in (self.codex, self.write, self._text_part, self.check):
            self.body.addWidget(part)
        self.body.addStretch(1)

    @property
    def shell(self) -> Shell:
        """The chosen shell."""
        return self.texts.shell

    @property
    def what(self) -> What:
        """What the text is for."""
        return self.texts.what

    def choose(self, shell: Shell, what: What | None = None, *, lasting: bool | None = None) -> None:
        """Choose a text, as the user does."""
        self.unfold(True)
        self.texts.choose(shell, what, lasting=lasting)

    def unfold(self, unfolded: bool) -> None:
        """Show the texts, or fold them away."""
        self._user_folds = True
        self._unfold.setChecked(unfolded)

    def text(self) -> str:
        """What the screen shows of the text."""
        return self.texts.text()

    def show_snapshot(self, snapshot: GatewaySnapshot, now: float) -> None:
        """Show the texts for this gateway's address, and whether a request came."""
        self._snapshot, self._now = snapshot, now
        self.codex.look_once(snapshot.base_url, now)
        self.write.show_snapshot(snapshot, now)
        self.texts.show_address(snapshot.base_url)
        self._show_turns(snapshot)

    def sight(self) -> Any:
        """See `Page`: also what is chosen."""
        chosen = self.texts.shell, self.texts.what, self.texts.lasting
        return chosen, self._user_folds, self._unfold.isChecked(), super().sight()

    def show_sight(self, sight: Any) -> None:
        """See `Page`."""
        (shell, what, lasting), self._user_folds, unfolded, seen = sight
        self.texts.choose(shell, what, lasting=lasting)
        self._unfold.setChecked(unfolded)
        super().show_sight(seen)

    def _with_unfold(self) -> QWidget:
        part = QWidget()
        column = QVBoxLayout(part)
        space.bare(column, space.XS)
        row = QHBoxLayout()
        # Room for the ring around what has the keyboard.
        row.setContentsMargins(space.XS, 0, 0, 0)
        row.addWidget(self._unfold)
        row.addStretch()
        column.addLayout(row)
        column.addWidget(self.texts)
        return part

    def _show_turns(self, snapshot: GatewaySnapshot) -> None:
        running = snapshot.state is RunState.RUNNING
        self.check.show_mended(running=running, has_tokens=bool(snapshot.tokens))
        self.check.show_turns(snapshot.turns, running=running, now=self._now)

    def _on_found(self, seen: Seen) -> None:
        self.write.show_seen(seen)
        ready = advise(seen.facts).why is RouteReason.ALREADY and not lacks_license(seen.facts)
        self.check.recommend(ready and not self.write.wants_writing)
        install = seen.facts.install
        in_file = seen.facts.license_variable.in_file
        self.texts.show_version(install.version if install else None, license_in_file=in_file)
        if not self._user_folds:
            self._unfold.setChecked(not self._can_write or advise(seen.facts).best not in _OF_FILES)

    def _on_written(self) -> None:
        self.codex.look()
        self._wait_anew()

    def _on_folded(self, unfolded: bool) -> None:
        self._user_folds = True
        if unfolded:
            self.reveal(self._text_part)

    def _on_copy_text(self) -> None:
        self.unfold(True)
        self.reveal(self._text_part)

    def _on_show_command(self) -> None:
        if self.write.left is not None:
            self.reveal(self.write)
        else:
            self.write.open()

    def _on_chosen(self) -> None:
        # Looking at a text proves no finding of a check wrong.
        self._wait_anew(forget=False)

    def _wait_anew(self, *, forget: bool = True) -> None:
        self.check.wait_from(self._now if self._snapshot else None, curl=self.texts.for_curl, forget=forget)
        if self._snapshot is not None:
            self._show_turns(self._snapshot)
