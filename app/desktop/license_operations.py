"""What the user can do with licenses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from PySide6.QtCore import QCoreApplication

from app.core.license import LicenseUsage
from app.desktop import formats, words
from app.desktop.commanding import Commanding
from app.platform.codex_setup import setup_text
from app.platform.shells import Shell


class LicenseOperations:
    """The user's operations on licenses.

    Args:
        commanding: carries them out.
        copy_secret: puts a text that holds a license on the clipboard.
    """

    def __init__(self, commanding: Commanding, copy_secret: Callable[[str], None]) -> None:
        self._commanding = commanding
        self._copy_secret = copy_secret

    def copy_key(self, license_id: str) -> None:
        """Copy a license's key."""
        self._commanding.begin("licenses", self._copy_key(license_id))

    def rotate(self, license_id: str) -> None:
        """Give a license a new key, and copy that."""
        self._commanding.begin("licenses", self._rotate(license_id))

    def revoke(self, license_id: str) -> None:
        """Let it in no more."""
        self._commanding.begin("licenses", self._commanding.do("license.revoke", id=license_id))

    async def create(self, label: str, changes: Mapping[str, Any]) -> str:
        """Make a license and copy its key; returns its id.

        Raises:
            WaystationError: as the command says.
        """
        issued = await self._commanding.call("license.create", label=label, **changes)
        self._copy_secret(issued["key"])
        return str(issued["id"])

    async def change(self, license_id: str, changes: Mapping[str, Any]) -> None:
        """Change label, expiry, budget.

        Raises:
            WaystationError: as the command says.
        """
        await self._commanding.do("license.update", id=license_id, **changes)

    async def copy_for_colleague(self, license_id: str | None, label: str, shell: Shell, base_url: str) -> str:
        """Copy the full set-up for somebody else's computer; returns the sentence that says so.

        Args:
            license_id: theirs; None: a new one is made.
            label: of the license.
            shell: theirs.
            base_url: under which their computer reaches the gateway.

        Raises:
            WaystationError: as the commands say.
        """
        # A text that cannot be made must not cost a license.
        setup_text(shell, base_url, "ws-only-to-try")
        if license_id is None:
            issued = await self._commanding.call("license.create", label=label)
        else:
            issued = await self._commanding.call("license.key", id=license_id)
        self._copy_secret(setup_text(shell, base_url, issued["key"]))
        said = QCoreApplication.translate(
            "LicenseOperations",
            "The full set-up for {shell} with the license “{label}” is copied. Send it in a way that only your "
            "colleague can read.",
        )
        return said.format(shell=words.shell(shell), label=_name(issued["label"]))

    async def usage(self) -> dict[str, LicenseUsage]:
        """What each license has used in the last 30 days, by id.

        Raises:
            WaystationError: as the command says.
        """
        used = await self._commanding.call("license.usage", days=30)
        return {str(license_id): LicenseUsage(**counts) for license_id, counts in used.items()}

    async def _copy_key(self, license_id: str) -> str:
        issued = await self._commanding.call("license.key", id=license_id)
        self._copy_secret(issued["key"])
        said = QCoreApplication.translate("LicenseOperations", "The key of “{label}” is copied.")
        return said.format(label=_name(issued["label"]))

    async def _rotate(self, license_id: str) -> str:
        issued = await self._commanding.call("license.rotate", id=license_id)
        self._copy_secret(issued["key"])
        said = QCoreApplication.translate(
            "LicenseOperations", "“{label}” has a new key, and it is copied. The old one lets nobody in any more."
        )
        return said.format(label=_name(issued["label"]))


def _name(label: str) -> str:
    return formats.shortened(words.license_label(label), 60)
