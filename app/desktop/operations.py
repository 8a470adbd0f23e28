"""What the user can do, from the tray and from the window alike.

Each operation is a task of its own; its end is told in one sentence, and while it runs its group is busy.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.core.errors import WaystationError
from app.desktop import words
from app.desktop.license_operations import LicenseOperations
from app.desktop.messages import Told, error_text
from app.desktop.model_operations import ModelOperations
from app.desktop.pool_operations import PoolOperations
from app.desktop.session_operations import SessionOperations
from app.desktop.settings_operations import SettingsOperations
from app.desktop.token_operations import TokenOperations
from app.desktop.update_operations import UpdateOperations
from app.gateway.handle import GatewayHandle
from app.gateway.tasks import TaskSet
from app.platform.codex_setup import environment_text, setup_text
from app.platform.curl_texts import CurlExample, curl_text
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

    Attributes:
        tokens: those about one token.
        pool: those about all tokens, and about requests that wait for one.
        sessions: those about one session.
        settings: those on the settings page.
        licenses: those about licenses.
        models: those about names of models.
        updates: those about new versions.
    """

    done = Signal(str)
    failed = Signal(str)
    busy_changed = Signal(str, bool)

    def __init__(self, copy_secret: Callable[[str], None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._copy_secret = copy_secret
        self._handle: GatewayHandle | None = None
        self._tasks = TaskSet()
        self._running: Counter[str] = Counter()
        self.tokens = TokenOperations(self)
        self.pool = PoolOperations(self)
        self.sessions = SessionOperations(self)
        self.settings = SettingsOperations(self)
        self.licenses = LicenseOperations(self, copy_secret)
        self.models = ModelOperations(self)
        self.updates = UpdateOperations(self)

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
        self.begin("gateway", self.do("gateway.start", **params))

    def stop_gateway(self) -> None:
        """Listen no more."""
        self.begin("gateway", self.do("gateway.stop"))

    def choose_key_store(self, kind: str) -> None:
        """Keep the data key in `file` or `memory`, since the keyring cannot be had."""
        self.begin("key_store", self.do("keystore.choose", kind=kind))

    def retry_key_store(self) -> None:
        """Try the keyring once more."""
        self.begin("key_store", self.do("keystore.retry"))

    def replace_lost_key(self) -> None:
        """Go on with a new data key."""
        self.begin("key_store", self.do("keystore.replace"))

    def copy_secret(self, text: str) -> None:
        """Copy a text with the license in it that is known already."""
        self._copy_secret(text)
        self.done.emit(self.tr("It is copied, with your license."))

    def copy_environment(self, shell: Shell, base_url: str, *, lasting: bool = False) -> None:
        """Copy the two lines that set the environment variables, with the license of this computer."""
        said = self.tr(
            "The environment variables for {shell} are copied, with your license. "
            "From Codex 0.120 on they are not enough, and other programs may send the license to api.openai.com: "
            "use the full set-up."
        )
        sentence = said.format(shell=words.shell(shell))
        self.begin("copy", self._copy(lambda key: environment_text(shell, base_url, key, lasting=lasting), sentence))

    def copy_setup(self, shell: Shell, base_url: str, *, lasting: bool = False) -> None:
        """Copy the full set-up, with the license of this computer."""
        said = self.tr("The full set-up for {shell} is copied, with your license. Paste it and run codex.")
        sentence = said.format(shell=words.shell(shell))
        self.begin("copy", self._copy(lambda key: setup_text(shell, base_url, key, lasting=lasting), sentence))

    def copy_curl(self, shell: Shell, example: CurlExample, base_url: str) -> None:
        """Copy one of the guide's examples, with the license of this computer."""
        said = self.tr("The curl command for {shell} is copied, with your license. Paste it into your terminal.")
        sentence = said.format(shell=words.shell(shell))
        self.begin("copy", self._copy(lambda key: curl_text(shell, example, base_url, key), sentence))

    def run(self, group: str, work: Coroutine[Any, Any, str | None]) -> None:
        """Do something that the user asked for, unless its group is busy; tell the sentence that it returns."""
        if self.is_busy(group):
            work.close()
        else:
            self.begin(group, work)

    def begin(self, group: str, work: Coroutine[Any, Any, str | None]) -> None:
        """Do something that the user asked for, also beside others of its group; tell the sentence that it returns."""
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
        except Exception as error:
            if _of_a_replaced_window(error):
                return
            _log.exception("an operation of the desktop failed")
            self.failed.emit(self.tr("Something unexpected went wrong. The log file says more."))
        else:
            if sentence:
                self.done.emit(sentence)

    async def call(self, command: str, **params: Any) -> Any:
        """Carry out a command and return its result.

        Raises:
            Told: the gateway is not there.
            WaystationError: as the command says.
        """
        if self._handle is None:
            raise Told(self.tr("Waystation is still starting, or is closing. Try again in a moment."))
        return await self._handle.call(command, **params)

    async def do(self, command: str, **params: Any) -> None:
        """Carry out a command whose success can be seen without words."""
        await self.call(command, **params)

    async def _copy(self, text: Callable[[str], str], sentence: str) -> str:
        issued = await self.call("license.default")
        self._copy_secret(text(issued["key"]))
        return sentence


def _of_a_replaced_window(error: Exception) -> bool:
    """Whether the page that asked was deleted meanwhile, as when the language changes; nobody waits for the answer."""
    return isinstance(error, RuntimeError) and "already deleted" in str(error)
