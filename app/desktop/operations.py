"""What the user can do, from the tray and from the window alike.

Each operation is a task of its own; its end is told in one sentence, and while it runs its group is busy.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.core.errors import WaystationError
from app.desktop import formats, words
from app.desktop.credential_text import AddToken, read_auth_json, recognised
from app.desktop.messages import Told, error_text
from app.gateway.handle import GatewayHandle
from app.gateway.tasks import TaskSet
from app.platform.codex_setup import environment_text, setup_text
from app.platform.shells import Shell

_log = logging.getLogger(__name__)


class Operations(QObject):
    """The user's operations on the gateway.

    Signals:
        done: an operation ended well; one sentence.
        failed: an operation failed; one or two sentences with what to do.
        busy_changed: a group of operations became busy, or is so no more.

    Args:
        copy_secret: puts a text that holds a license on the clipboard.
        clipboard_text: what is on the clipboard.
    """

    done = Signal(str)
    failed = Signal(str)
    busy_changed = Signal(str, bool)

    def __init__(
        self,
        copy_secret: Callable[[str], None],
        clipboard_text: Callable[[], str],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._copy_secret = copy_secret
        self._clipboard_text = clipboard_text
        self._handle: GatewayHandle | None = None
        self._tasks = TaskSet()
        self._running: Counter[str] = Counter()

    def attach(self, handle: GatewayHandle) -> None:
        """The gateway is there; until then every operation says that it is not."""
        self._handle = handle

    async def close(self) -> None:
        """The gateway is going: cancel what still runs."""
        self._handle = None
        await self._tasks.close()

    def is_busy(self, group: str | None = None) -> bool:
        """Whether an operation of this group runs, or of any."""
        return self._running.total() > 0 if group is None else self._running[group] > 0

    def start_gateway(self, port: int | None = None) -> None:
        """Listen, on another port if one is given."""
        params = {} if port is None else {"port": port}
        self._begin("gateway", self._call_quietly("gateway.start", **params))

    def stop_gateway(self) -> None:
        """Listen no more."""
        self._begin("gateway", self._call_quietly("gateway.stop"))

    def add_token_from_clipboard(self) -> None:
        """Add what is on the clipboard: an access token, an API key, or the text of an auth.json."""
        text = self._clipboard_text()
        self._begin("add_token", self._add(lambda: recognised(text)))

    def add_token_from_file(self, path: Path) -> None:
        """Add the login in an auth.json."""
        self._begin("add_token", self._add(lambda: read_auth_json(path)))

    def set_token_enabled(self, token_id: str, enabled: bool) -> None:
        """Let a token serve, or not."""
        command = "token.enable" if enabled else "token.disable"
        self._begin("tokens", self._call_quietly(command, id=token_id))

    def remove_token(self, token_id: str) -> None:
        """Forget a token and its secrets."""
        self._begin("tokens", self._call_quietly("token.remove", id=token_id))

    def forget_session(self, session_id: str) -> None:
        """Forget which token a session belongs to."""
        self._begin("sessions", self._call_quietly("session.forget", id=session_id))

    def reset_pool(self) -> None:
        """Forget all rests, so that every token is tried again at once."""
        self._begin("tokens", self._reset_pool())

    def choose_key_store(self, kind: str) -> None:
        """Keep the data key in `file` or `memory`, since the keyring cannot be had."""
        self._begin("key_store", self._call_quietly("keystore.choose", kind=kind))

    def retry_key_store(self) -> None:
        """Try the keyring once more."""
        self._begin("key_store", self._call_quietly("keystore.retry"))

    def replace_lost_key(self) -> None:
        """Go on with a new data key."""
        self._begin("key_store", self._call_quietly("keystore.replace"))

    def copy_environment(self, shell: Shell, base_url: str) -> None:
        """Copy the two lines that set the environment variables, with the license of this computer."""
        said = self.tr(
            "The environment variables for {shell} are copied, with your license. "
            "From Codex 0.120 on they are not enough, and other programs may send the license to api.openai.com: "
            "use the full set-up."
        )
        sentence = said.format(shell=words.shell(shell))
        self._begin("copy", self._copy(lambda key: environment_text(shell, base_url, key), sentence))

    def copy_setup(self, shell: Shell, base_url: str) -> None:
        """Copy the full set-up, with the license of this computer."""
        said = self.tr("The full set-up for {shell} is copied, with your license. Paste it and run codex.")
        sentence = said.format(shell=words.shell(shell))
        self._begin("copy", self._copy(lambda key: setup_text(shell, base_url, key), sentence))

    def run(self, group: str, work: Coroutine[Any, Any, str | None]) -> None:
        """Do something that the user asked for, unless its group is busy; tell the sentence that it returns."""
        if self.is_busy(group):
            work.close()
        else:
            self._begin(group, work)

    def _begin(self, group: str, work: Coroutine[Any, Any, str | None]) -> None:
        self._running[group] += 1
        if self._running[group] == 1:
            self.busy_changed.emit(group, True)
        task = self._tasks.start(self._reported(work), f"desktop: {group}")
        task.add_done_callback(lambda _task: self._ended(group, work))

    def _ended(self, group: str, work: Coroutine[Any, Any, str | None]) -> None:
        # A task that is cancelled before it began has not touched its work.
        work.close()
        self._running[group] -= 1
        if not self._running[group]:
            self.busy_changed.emit(group, False)

    async def _reported(self, work: Coroutine[Any, Any, str | None]) -> None:
        try:
            sentence = await work
        except WaystationError as error:
            self.failed.emit(error_text(error))
        except Exception:
            _log.exception("an operation of the desktop failed")
            self.failed.emit(self.tr("Something unexpected went wrong. The log file says more."))
        else:
            if sentence:
                self.done.emit(sentence)

    async def _call(self, command: str, **params: Any) -> Any:
        if self._handle is None:
            raise Told(self.tr("Waystation is still starting, or is closing. Try again in a moment."))
        return await self._handle.call(command, **params)

    async def _call_quietly(self, command: str, **params: Any) -> None:
        await self._call(command, **params)

    async def _add(self, recognise: Callable[[], AddToken]) -> str:
        wanted = recognise()
        added = await self._call(wanted.command, **wanted.params)
        label = formats.shortened(words.token_label(str(added["label"])), 60)
        if added["known"]:
            return self.tr("The token “{label}” was here already; its credentials are renewed.").format(label=label)
        return self.tr("The token “{label}” is added.").format(label=label)

    async def _reset_pool(self) -> str:
        await self._call("pool.reset")
        return self.tr("Every enabled token is tried again.")

    async def _copy(self, text: Callable[[str], str], sentence: str) -> str:
        issued = await self._call("license.default")
        self._copy_secret(text(issued["key"]))
        return sentence
