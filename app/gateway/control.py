"""The control channel: the instance's commands on loopback, under a secret of its own."""

from __future__ import annotations

import hmac
import logging

import orjson
from aiohttp import web

from app.core.errors import InvalidInput, WaystationError
from app.core.json_text import readable_json_bytes
from app.gateway.commands import Commands

#: A backup of thousands of tokens fits.
_MAX_BODY = 33 * 1024 * 1024
_SHUTDOWN_S = 1.0

_log = logging.getLogger(__name__)


class ControlServer:
    """`POST /command` with `{"name": …, "params": {…}}`; answers `{"result": …}` or `{"error": {…}}`.

    Args:
        commands: that can be given.
        secret: must come as `Authorization: Bearer <secret>`; it lies in a file that only the user can read.
    """

    def __init__(self, commands: Commands, secret: str) -> None:
        self._commands = commands
        self._secret = secret.encode()
        self._runner: web.AppRunner | None = None

    async def start(self) -> int:
        """Listen on a free port of 127.0.0.1; returns the port."""
        application = web.Application(client_max_size=_MAX_BODY)
        application.router.add_post("/command", self._command)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=_SHUTDOWN_S)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        return int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Listen no more."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _command(self, request: web.Request) -> web.Response:
        shown = request.headers.get("Authorization", "").removeprefix("Bearer ").encode("utf-8", "surrogateescape")
        host = request.host.partition(":")[0]
        if not hmac.compare_digest(shown, self._secret) or host != "127.0.0.1" or "Origin" in request.headers:
            return web.Response(status=403)
        try:
            asked = orjson.loads(await request.read())
            if not (isinstance(asked, dict) and isinstance(asked.get("params", {}), dict)):
                raise InvalidInput("The control channel takes an object with a name and parameters.")
            result = await self._commands.execute(str(asked.get("name")), asked.get("params", {}))
        except orjson.JSONDecodeError:
            return _error(InvalidInput("The control channel takes JSON."))
        except WaystationError as error:
            return _error(error)
        except Exception as error:
            _log.exception("a command failed")
            return _error(WaystationError(f"Something unexpected went wrong ({type(error).__name__}); see the log."))
        return _json({"result": result})


def _error(error: WaystationError) -> web.Response:
    return _json(
        {
            "error": {
                "code": error.code,
                "message": error.message,
                "details": error.details,
                "exit_code": error.exit_code,
            }
        }
    )


def _json(data: object) -> web.Response:
    return web.Response(body=readable_json_bytes(data), content_type="application/json")
