"""Keyring backends that misbehave as real ones do."""

import threading

from keyring.backend import KeyringBackend
from keyring.errors import InitError


class Backend(KeyringBackend):
    """Keeps items in memory."""

    # Below keyring's own "none there": only a test that sets it gets it.
    priority = -1.0

    def __init__(self) -> None:
        super().__init__()
        self.items: dict[tuple[str, str], str] = {}
        self.reads = 0

    def get_password(self, service: str, username: str) -> str | None:
        self.reads += 1
        return self.items.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.items[service, username] = password


class Locked(Backend):
    """GNOME's, whose prompt was dismissed."""

    def get_password(self, service: str, username: str) -> str | None:
        raise InitError("Failed to unlock the collection: Prompt dismissed..")


class Full(Backend):
    """Windows', whose store has no room: CredWrite's error comes through as it is."""

    def set_password(self, service: str, username: str, password: str) -> None:
        raise OSError(8, f"Not enough memory resources are available to process this command: {password}")


class Forgetful(Backend):
    """keyring's own `null` backend."""

    def set_password(self, service: str, username: str, password: str) -> None:
        pass


class Slow(Backend):
    """Asks the user, who is having lunch."""

    def __init__(self) -> None:
        super().__init__()
        self.answer = threading.Event()

    def get_password(self, service: str, username: str) -> str | None:
        found = super().get_password(service, username)
        self.answer.wait(20)
        return found
