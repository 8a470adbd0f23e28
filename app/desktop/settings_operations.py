"""What the user can change about the gateway and its data, on the settings page."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from PySide6.QtCore import QCoreApplication

from app.desktop import formats, words
from app.desktop.commanding import Commanding
from app.desktop.messages import Told
from app.desktop.opening import open_folder
from app.platform.private_file import write_private

#: Listens on every address of the computer.
ANYWHERE = "0.0.0.0"  # noqa: S104 - chosen by the user, after a warning
HERE = "127.0.0.1"


class SettingsOperations:
    """The user's operations on settings."""

    def __init__(self, commanding: Commanding) -> None:
        self._commanding = commanding

    def change(self, **changes: Any) -> None:
        """Change settings of the gateway; see `app.core.settings`."""
        self._commanding.begin("settings", self._commanding.do("settings.change", **changes))

    def listen_on(self, *, port: int | None = None, lan: bool | None = None) -> None:
        """Listen on another port, or for the local network too, or no more for it."""
        params: dict[str, Any] = {}
        if port is not None:
            params["port"] = port
        if lan is not None:
            params["host"] = ANYWHERE if lan else HERE
        self._commanding.begin("gateway", self._commanding.do("gateway.start", **params))

    def set_turns_per_token(self, turns: int) -> None:
        """How many requests one token serves at a time."""
        self._commanding.begin("pool", self._commanding.do("pool.policy", turns_per_token=turns))

    async def shown(self) -> dict[str, Any]:
        """What `settings.show` says."""
        found: dict[str, Any] = await self._commanding.call("settings.show")
        return found

    def open_data_folder(self) -> None:
        """Show the data folder in the system's own program for folders."""
        self._commanding.begin("folder", self._open_data_folder())

    async def export_to(self, path: Path, passphrase: str) -> str:
        """Write everything, sealed by a passphrase; returns what to tell.

        Raises:
            WaystationError: the file cannot be written, or as the command says.
        """
        made = await self._commanding.call("backup.export", passphrase=passphrase)
        # The system has asked before one that is there is replaced.
        await asyncio.to_thread(write_private, path, made["text"], replace=True)
        said = QCoreApplication.translate(
            "SettingsOperations", "Everything is in {path}, sealed by your passphrase. Nobody can open it without."
        )
        text = said.format(path=path)
        if made["left_out"]:
            but = QCoreApplication.translate("SettingsOperations", "Left out, since they cannot be opened: {labels}.")
            text += " " + but.format(labels=", ".join(map(words.token_label, made["left_out"])))
        return text

    async def import_from(self, path: Path, passphrase: str) -> str:
        """Add what an exported file holds and is missing here; returns what to tell.

        Raises:
            Told: the file cannot be read.
            WaystationError: as the command says.
        """
        try:
            text = await asyncio.to_thread(path.read_text, "utf-8")
        except (OSError, UnicodeDecodeError) as error:
            said = QCoreApplication.translate("SettingsOperations", "{path} cannot be read: {problem}")
            raise Told(said.format(path=path, problem=getattr(error, "strerror", None) or "UTF-8")) from None
        done = await self._commanding.call("backup.import", text=text, passphrase=passphrase)
        said = QCoreApplication.translate(
            "SettingsOperations",
            "Added: {tokens} tokens, {licenses} licenses. Already here: {tokens_known} tokens, "
            "{licenses_known} licenses.",
        )
        names = ("tokens", "licenses", "tokens_known", "licenses_known")
        text = said.format(**{name: formats.count(done[name]) for name in names})
        shared = [words.token_label(login["label"]) for login in done["shared_logins"]]
        if shared:
            but = QCoreApplication.translate(
                "SettingsOperations",
                "A ChatGPT login works on one computer at a time. Where the other one goes on using these, sign in "
                "anew here: {labels}.",
            )
            text += " " + but.format(labels=", ".join(shared))
        if done["address"]:
            but = QCoreApplication.translate("SettingsOperations", "There the gateway listened on {address}.")
            text += " " + but.format(address=done["address"])
        return text

    async def _open_data_folder(self) -> None:
        folder = (await self.shown())["data_dir"]
        if not open_folder(Path(folder)):
            said = QCoreApplication.translate("SettingsOperations", "No program opened the folder. It is {folder}")
            raise Told(said.format(folder=folder))
