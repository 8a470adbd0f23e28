"""Speaking to the running instance. Standard library only, so that a command answers at once."""

from __future__ import annotations

import http.client
import json
from typing import Any

from app.core.errors import InstanceUnreachable, WaystationError
from app.platform.instance import InstanceInfo

_TIMEOUT_S = 30.0
#: Of commands that ask upstream, several times where there are several logins. In seconds.
_UPSTREAM_TIMEOUT_S = 300.0
_ASK_UPSTREAM = ("token.add", "token.import", "token.test", "models.list", "signin.browser", "signin.device")


class RemoteError(WaystationError):
    """An error of the running instance, with its own code and exit code."""

    def __init__(self, code: str, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.code = code
        self.exit_code = exit_code


def ask(info: InstanceInfo, name: str, params: dict[str, Any]) -> Any:
    """Give the instance a command; returns its result.

    Raises:
        InstanceUnreachable: it does not answer.
        RemoteError: it answered with an error.
    """
    timeout_s = _UPSTREAM_TIMEOUT_S if name in _ASK_UPSTREAM else _TIMEOUT_S
    connection = http.client.HTTPConnection("127.0.0.1", info.port, timeout=timeout_s)
    try:
        connection.request(
            "POST",
            "/command",
            json.dumps({"name": name, "params": params}),
            {"Authorization": f"Bearer {info.secret}", "Content-Type": "application/json"},
        )
        response = connection.getresponse()
        body = response.read()
        if response.status != http.client.OK:
            raise _unreachable(info)
        answer = json.loads(body)
    except (OSError, http.client.HTTPException, ValueError):
        raise _unreachable(info) from None
    finally:
        connection.close()
    if "error" in answer:
        error = answer["error"]
        raise RemoteError(error["code"], error["message"], error["exit_code"])
    return answer["result"]


def _unreachable(info: InstanceInfo) -> InstanceUnreachable:
    return InstanceUnreachable(
        f"The Waystation that is running (process {info.pid}) does not answer. End that process, then start it again."
    )
