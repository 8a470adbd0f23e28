"""Adding tokens that are there already as a text: files of Codex's, what is on the clipboard, what is typed."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from app.core.errors import WaystationError
from app.desktop import dialogs
from app.desktop.credential_text import LoginText, read_login_file, recognised
from app.desktop.imported import told_of
from app.desktop.operations import Operations


class Adding(QObject):
    """Adds tokens from files and from the clipboard; asks where a login would be shared with the local Codex.

    Args:
        operations: carry it out.
        parent: the window over which questions stand, if it is visible.
        clipboard_text: what is on the clipboard.
        sign_in: begins a sign-in with the browser.
        shared_with: the file in which the local Codex keeps a login of this text, if it does.
        codex_folder: where files are looked for at first.
    """

    def __init__(
        self,
        operations: Operations,
        parent: Callable[[], QWidget | None],
        clipboard_text: Callable[[], str],
        sign_in: Callable[[], None],
        shared_with: Callable[[str], Path | None],
        codex_folder: Path,
    ) -> None:
        super().__init__()
        self._operations = operations
        self._parent = parent
        self._clipboard_text = clipboard_text
        self._sign_in = sign_in
        self._shared_with = shared_with
        self._codex_folder = codex_folder

    def from_clipboard(self) -> None:
        """Add what is on the clipboard: access tokens, refresh tokens, API keys, or the text of an auth.json."""
        text = self._clipboard_text()
        self._begin("add_token", self._add([lambda: recognised(text)]))

    async def add_text(self, text: str) -> str | None:
        """Add the logins in this text; returns the sentence that tells what became of them.

        Raises:
            WaystationError: none, or not all, could be added.
        """
        return await self._add([lambda: recognised(text)])

    def from_files(self, paths: Sequence[Path]) -> None:
        """Add the logins in these files."""
        if paths:
            self._begin("add_token", self._add([partial(read_login_file, path) for path in paths]))

    def choose_files(self) -> None:
        """Let the user choose files, and add the logins in them."""
        self._begin("ask", self._choose_files())

    def _begin(self, group: str, work: Coroutine[Any, Any, str | None]) -> None:
        # A question of this kind may stand already, behind other windows.
        if self._operations.is_busy(group):
            dialogs.bring_up_open_one()
        self._operations.run(group, work)

    async def _choose_files(self) -> None:
        paths = await dialogs.chosen_files(
            self._parent(),
            self.tr("Choose Codex's auth.json"),
            self._codex_folder if self._codex_folder.is_dir() else Path.home(),
            [self.tr("Codex login (auth.json)") + " (*.json)", self.tr("All files") + " (*)"],
        )
        self.from_files(paths)

    async def _add(self, sources: Sequence[Callable[[], LoginText]]) -> str | None:
        """Import what can be read; one that is bad does not keep the others out."""
        wanted: list[LoginText] = []
        followed: list[tuple[LoginText, Path]] = []
        outcomes: list[tuple[str, Any]] = []
        for source in sources:
            try:
                text = source()
            except WaystationError as error:
                outcomes.append(("", error))
                continue
            shared = self._shared_with(text.text)
            match await self._ask_about_sharing(shared) if shared is not None else "import":
                case "import":
                    wanted.append(text)
                case "follow" if shared is not None:
                    followed.append((text, shared))
                case "sign_in":
                    self._sign_in()
        for text, path in followed:
            try:
                outcomes.append((text.name, await self._import(text=text.text, follow=str(path))))
            except WaystationError as error:
                outcomes.append((text.name, error))
        if wanted:
            try:
                imported = await self._import(texts=[text.text for text in wanted])
            except WaystationError as error:
                # One failure for them all; what is followed was added all the same.
                outcomes.append(("", error))
            else:
                outcomes += [(wanted[item["source"]].name, item) for item in imported]
        return told_of(outcomes)

    async def _import(self, **params: Any) -> Any:
        return await self._operations.call("token.import", **params)

    async def _ask_about_sharing(self, shared: Path) -> str | None:
        chosen = await dialogs.chosen(
            self._parent(),
            self.tr("Login shared with Codex"),
            self.tr("The Codex CLI on this computer uses this very login."),
            [
                self.tr("Sign in separately"),
                self.tr("Follow Codex's file"),
                self.tr("Import anyway"),
            ],
            explanation=self.tr(
                "Its refresh token can be used only once: whoever renews the login first, Waystation or Codex, signs "
                "the other out. With separate logins both go on; if Waystation follows {path}, only Codex renews it."
            ).format(path=shared),
        )
        return None if chosen is None else ("sign_in", "follow", "import")[chosen]
