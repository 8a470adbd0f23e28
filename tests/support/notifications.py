"""A notification service that keeps what programs say, for a session's bus. Source: the Desktop Notifications spec."""

import threading
from types import TracebackType
from typing import Any

from jeepney import DBusAddress, new_error, new_method_return
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import DBusConnection, open_dbus_connection
from jeepney.low_level import Message, MessageType

NAME = "org.freedesktop.Notifications"
SERVICE = DBusAddress("/org/freedesktop/Notifications", NAME, NAME)
_ANSWERS: dict[str, tuple[str, tuple[Any, ...]]] = {
    "GetCapabilities": ("as", (["body"],)),
    "GetServerInformation": ("ssss", ("tests", "tests", "1", "1.2")),
    "CloseNotification": ("", ()),
}


class Notifications:
    """A context manager; inside it, ``texts`` holds the body of every notification, the oldest first."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._over = threading.Event()
        self.texts: list[str] = []

    def __enter__(self) -> "Notifications":
        self._connection: DBusConnection = open_dbus_connection(bus=self._address, auth_timeout=10.0)
        self._connection.send_and_get_reply(message_bus.RequestName(NAME), timeout=10.0)
        self._thread = threading.Thread(target=self._serve, name="notifications")
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join(10.0)
        self._connection.close()

    def _serve(self) -> None:
        while not self._over.is_set():
            try:
                message = self._connection.receive(timeout=0.1)
            except TimeoutError:
                continue
            if message.header.message_type is MessageType.method_call:
                self._connection.send(self._answer(message))

    def _answer(self, message: Message) -> Message:
        fields = message.header.fields
        method = next((value for key, value in fields.items() if key.name == "member"), "")
        if method == "Notify":
            self.texts.append(message.body[4])
            return new_method_return(message, "u", (len(self.texts),))
        if method not in _ANSWERS:
            return new_error(message, "org.freedesktop.DBus.Error.UnknownMethod")
        signature, body = _ANSWERS[method]
        return new_method_return(message, signature or None, body)
