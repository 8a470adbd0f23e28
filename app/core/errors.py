"""Errors as types, each with one sentence that the user can act on.

`code` is stable and is what the desktop translates by; `details` holds the values that the sentence names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class WaystationError(Exception):
    """Anything that ends an action of the user; `str(error)` is the sentence to show."""

    code = "error"
    exit_code = 1

    def __init__(self, message: str, **details: str | int | None) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


class InvalidInput(WaystationError):
    """What the user gave cannot be used; nothing was changed."""

    code = "invalid_input"
    exit_code = 2


class NotFound(WaystationError):
    """The named token, license or session does not exist."""

    code = "not_found"


class PortBusy(WaystationError):
    """The gateway's port is taken by another program, or reserved by the system."""

    code = "port_busy"


class InstanceRunning(WaystationError):
    """Another process owns this data folder."""

    code = "instance_running"


class InstanceUnreachable(WaystationError):
    """The process that owns the data folder does not answer on its control channel."""

    code = "instance_unreachable"


class KeyStoreUnavailable(WaystationError):
    """The data key cannot be had: no keyring, a locked one, or one that does not answer.

    Nothing may be sealed until the user has chosen another place for the key.
    """

    code = "key_store_unavailable"


class DataKeyLost(WaystationError):
    """Sealed rows exist, but the key at hand does not open them. The rows are kept."""

    code = "data_key_lost"


class SealDamaged(WaystationError):
    """A sealed row was made with our key, but its bytes do not open."""

    code = "seal_damaged"


class DataTooNew(WaystationError):
    """The database was written by a newer Waystation; it is left untouched."""

    code = "data_too_new"


class DataUnusable(WaystationError):
    """The database cannot be opened or written (damaged, read-only, disk full)."""

    code = "data_unusable"


class Refusal(WaystationError):
    """An answer to a client in OpenAI's error shape, decided before upstream was asked.

    Args:
        status: the HTTP status.
        message: shown by the client as it is.
        type: OpenAI's error type, such as `invalid_request_error`.
        code: OpenAI's error code, or None.
        param: the request field at fault, or None.
        headers: extra response headers, such as `Allow`.
        extra: further keys of the error object, such as `resets_at`.
    """

    code = "refusal"

    def __init__(
        self,
        status: int,
        message: str,
        *,
        type: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        headers: dict[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error_type = type
        self.error_code = code
        self.param = param
        self.headers = headers or {}
        self.extra = dict(extra or {})

    def body(self) -> dict[str, Any]:
        """The JSON body: all four keys are always there, as OpenAI's clients require."""
        return {
            "error": {
                "message": self.message,
                "type": self.error_type,
                "param": self.param,
                "code": self.error_code,
                **self.extra,
            }
        }
