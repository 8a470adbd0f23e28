"""What the user can do with one token."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QCoreApplication

from app.desktop import formats, words
from app.desktop.commanding import Commanding
from app.desktop.messages import Told, error_text
from app.gateway.snapshot import Problem


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

    def remove(self, token_id: str) -> None:
        """Forget a token and its secrets."""
        self._do("token.remove", id=token_id)

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

    async def _test(self, token_id: str, label: str) -> str:
        tried = await self._commanding.call("token.test", id=token_id)
        error = tried["error"]
        if error is not None:
            raise Told(f"{_name(label)}: {error_text(Problem(error['code'], error['message']))}")
        return QCoreApplication.translate("TokenOperations", "Upstream accepts “{label}”.").format(label=_name(label))


def _name(label: str) -> str:
    return formats.shortened(words.token_label(label), 60)
