"""What the user can do with one token."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QCoreApplication

from app.desktop import formats, words
from app.desktop.commanding import Commanding
from app.desktop.messages import Told, error_text
from app.gateway.snapshot import Problem


@dataclass(frozen=True, slots=True)
class RemovedToken:
    """A token that can be restored.

    Attributes:
        id, label: of it.
        email: masked, or None.
        removed_at, kept_until: Unix seconds.
    """

    id: str
    label: str
    email: str | None
    removed_at: float
    kept_until: float


class TokenOperations:
    """The user's operations on tokens that are there already."""

    def __init__(self, commanding: Commanding) -> None:
        self._commanding = commanding

    def set_enabled(self, token_id: str, enabled: bool) -> None:
        """Let a token serve, or not."""
        self._do("token.enable" if enabled else "token.disable", id=token_id)

    def rename(self, token_id: str, label: str) -> None:
        """Give it another name."""
        self._do("token.change", id=token_id, label=label)

    def set_spare(self, token_id: str, spare: bool) -> None:
        """Let it serve only when the others cannot, or always."""
        self._do("token.change", id=token_id, spare=spare)

    def order(self, ids: Sequence[str]) -> None:
        """Put all tokens into this order."""
        self._do("token.reorder", ids=list(ids))

    def retry(self, token_id: str, label: str) -> None:
        """End its rest, so that it is tried again at once."""
        self._commanding.begin("tokens", self._retry(token_id, label))

    def test(self, token_id: str, label: str) -> None:
        """Ask upstream whether it accepts the token, without spending a turn."""
        self._commanding.begin("tokens", self._test(token_id, label))

    def remove(self, token_id: str, then: Callable[[], None]) -> None:
        """Take a token out of use; for a week it can be restored. `then` is called when that is done."""
        self._commanding.begin("tokens", self._remove(token_id, then))

    def restore(self, token_id: str, label: str) -> None:
        """Undo a removal."""
        self._commanding.begin("tokens", self._restore(token_id, label))

    async def removed(self) -> list[RemovedToken]:
        """The tokens that can be restored, the last removed first.

        Raises:
            WaystationError: as the command says.
        """
        return [
            RemovedToken(item["id"], item["label"], item["email"], item["removed_at"], item["kept_until"])
            for item in await self._commanding.call("token.removed")
        ]

    async def set_proxy(self, token_id: str, proxy: str) -> None:
        """Give it a way upstream of its own: an address, `direct`, or nothing for Waystation's.

        Raises:
            WaystationError: as the command says.
        """
        await self._commanding.do("token.change", id=token_id, proxy=proxy)

    def _do(self, command: str, **params: Any) -> None:
        self._commanding.begin("tokens", self._commanding.do(command, **params))

    async def _retry(self, token_id: str, label: str) -> str:
        await self._commanding.call("token.retry", id=token_id)
        return QCoreApplication.translate("TokenOperations", "“{label}” is tried again.").format(label=_name(label))

    async def _remove(self, token_id: str, then: Callable[[], None]) -> None:
        await self._commanding.do("token.remove", id=token_id)
        then()

    async def _restore(self, token_id: str, label: str) -> str:
        await self._commanding.do("token.restore", id=token_id)
        return QCoreApplication.translate("TokenOperations", "“{label}” is back.").format(label=_name(label))

    async def _test(self, token_id: str, label: str) -> str:
        tried = await self._commanding.call("token.test", id=token_id)
        error = tried["error"]
        if error is not None:
            raise Told(f"{_name(label)}: {error_text(Problem(error['code'], error['message']))}")
        return QCoreApplication.translate("TokenOperations", "Upstream accepts “{label}”.").format(label=_name(label))


def _name(label: str) -> str:
    return formats.shortened(words.token_label(label), 60)
