"""What a check looks at before it runs Codex: Codex itself, its settings, the gateway, the tokens, the way upstream."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from app.core.errors import InvalidInput, WaystationError
from app.platform.codex_advice import what_follows
from app.platform.codex_check_gateway import Call, Knock, knock, whose, why_not_listening
from app.platform.codex_check_judge import Verdict, of_the_door
from app.platform.codex_check_progress import Progress
from app.platform.codex_check_report import CheckCode, Stage
from app.platform.codex_check_settings import Lead, codex_environment, is_same_address, lead
from app.platform.codex_check_shell import UserShell, is_from_powershell, output_of, user_shell
from app.platform.codex_check_tokens import why_no_token
from app.platform.codex_facts import CodexFacts, look_at_codex
from app.platform.codex_proxies import in_effect, is_bypassed
from app.platform.codex_server import RESTART, CodexServer, codex_server
from app.platform.codex_write_checks import outweighing_in
from app.platform.program_output import text_of

#: Of Codex: the oldest that was tried.
_OLDEST = (0, 42, 0)
_VERSION_S = 10.0
_INSTALL = "npm install -g @openai/codex@latest"
#: Puts in what leads here, with the present license, whatever led elsewhere; it shows the changes before.
SET_UP = "waystation setup codex --write"
#: What this prints saves the license.
_SAVE_LICENSE = "waystation setup codex --route openai_address"
_SET_UP_WSL = "waystation setup codex --shell wsl"
_ALLOW_SCRIPTS = "Set-ExecutionPolicy -Scope CurrentUser RemoteSigned"
#: What may be otherwise after all: the shell's function `codex` may lead here.
_NOT_HERE = frozenset({CheckCode.NOT_SET_UP, CheckCode.ENVIRONMENT_IGNORED})
_COMMANDS = {
    CheckCode.NOT_SET_UP: SET_UP,
    CheckCode.ENVIRONMENT_IGNORED: SET_UP,
    CheckCode.VARIABLE_MISSING: SET_UP,
    CheckCode.KEY_NOT_SAVED: _SAVE_LICENSE,
    CheckCode.LOGIN_NOT_LICENSE: _SAVE_LICENSE,
}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Whose Codex is checked, and how; see `CodexCheck`."""

    environ: Mapping[str, str] = field(repr=False)
    home: Path
    fresh: bool
    system: str
    folder: Path | None = None


@dataclass(frozen=True, slots=True)
class Ready:
    """What a run needs, once everything before it is well."""

    shell: UserShell
    seen: CodexFacts
    lead: Lead
    base_url: str


def clock_time(seconds: float) -> str:
    """Unix seconds as the user's clock shows them."""
    return f"{datetime.fromtimestamp(seconds):%Y-%m-%d %H:%M}"


class BeforeTheRun:
    """Looks at one thing after the other, until something is wrong.

    Args:
        around: what is checked.
        call: gives the instance a command.
        progress: is told.
        facts: gets what a report says besides the steps.
    """

    def __init__(self, around: Surroundings, call: Call, progress: Progress, facts: dict[str, str]) -> None:
        self._around = around
        self._call = call
        self._progress = progress
        self._facts = facts
        self._shell = UserShell(around.environ)

    async def look(self) -> Ready:
        """All of it.

        Raises:
            CheckEnds: something is wrong; it has been told.
        """
        status = await self._instance()
        seen = await self._codex(status["base_url"])
        where = await self._settings(seen, status)
        await self._gateway(status, where)
        self._server(seen, where)
        await self._tokens()
        await self._upstream()
        return Ready(self._shell, seen, where, str(status["base_url"]))

    async def _instance(self) -> Mapping[str, Any]:
        status: Mapping[str, Any] = await self._call("status", {})
        self._facts["Gateway"] = f"{status['state']}, {status['base_url']}"
        return status

    async def _codex(self, base_url: str) -> CodexFacts:
        progress = self._progress
        progress.begin(Stage.CODEX)
        if self._around.fresh or self._around.system == "win32":
            self._shell = await user_shell(self._around.environ, fresh=self._around.fresh, system=self._around.system)
            if not self._shell.answered:
                self._facts["Shell"] = "gives no answer; the environment is this program's own"
        seen = await look_at_codex(self._shell.environ, self._around.home, base_url, system=self._around.system)
        install = seen.install
        if install is None and (inside := next((found for found in seen.wsl if found.path), None)) is not None:
            values = {"distribution": inside.distribution}
            raise progress.wrong(Stage.CODEX, CheckCode.CODEX_IN_WSL, values, _SET_UP_WSL)
        if install is None:
            raise progress.wrong(Stage.CODEX, CheckCode.CODEX_MISSING, command=_INSTALL)
        path = str(install.path)
        if install.version is None:
            said = await output_of((path, "--version"), self._shell.environ, _VERSION_S)
            lines = text_of(said.err + said.out).strip().splitlines()
            what = said.problem or next((line for line in lines if "rror" in line), lines[0] if lines else "-")
            values = {"path": path, "said": what[:200]}
            raise progress.wrong(Stage.CODEX, CheckCode.CODEX_DAMAGED, values, _INSTALL)
        version = ".".join(map(str, install.version))
        self._facts["Codex"] = f"{version}, {path}"
        values = {"version": version, "path": path}
        if install.version < _OLDEST:
            needed = ".".join(map(str, _OLDEST))
            raise progress.wrong(Stage.CODEX, CheckCode.CODEX_TOO_OLD, values | {"needed": needed}, _INSTALL)
        if script := self._shell.forbidden_script:
            values = {"path": script}
            if not self._around.fresh and is_from_powershell():
                raise progress.wrong(Stage.CODEX, CheckCode.SCRIPTS_FORBIDDEN, values, _ALLOW_SCRIPTS)
            # Whoever types it in cmd does not meet this.
            progress.good(Stage.CODEX, CheckCode.SCRIPTS_FORBIDDEN, values, _ALLOW_SCRIPTS)
        else:
            newer = what_follows(install.version).newer_than_tried
            progress.good(Stage.CODEX, CheckCode.CODEX_NEWER if newer else CheckCode.CODEX_FOUND, values)
        return seen

    async def _settings(self, seen: CodexFacts, status: Mapping[str, Any]) -> Lead:
        progress = self._progress
        progress.begin(Stage.SETTINGS)
        where = self._lead(seen)
        if (
            where.code in _NOT_HERE
            and not self._shell.start
            and not self._around.fresh
            and self._around.system != "win32"
        ):
            # The terminal's own functions cannot be seen from here, but those of the shell's files can.
            asked = await user_shell(self._around.environ, fresh=False, system=self._around.system)
            if asked.has_function:
                self._shell = asked
                where = self._lead(seen)
        config = str(seen.config.path)
        base_url = str(status["base_url"])
        there = {"path": config, "expected": base_url, "address": where.address or "OpenAI"}
        there |= {"provider": where.provider, "profile": where.profile}
        values = there | dict(where.values or {})
        self._facts["Settings"] = f"{where.provider or '-'}, {where.address or '-'}"
        if where.code is not None and (not where.address or where.code in _NOT_HERE):
            raise progress.wrong(Stage.SETTINGS, where.code, values, _COMMANDS.get(where.code, ""))
        if not await self._is_ours(where.address, base_url, status):
            raise progress.wrong(Stage.SETTINGS, _elsewhere(where, base_url), there, SET_UP)
        if where.code is not None:
            raise progress.wrong(Stage.SETTINGS, where.code, values, _COMMANDS.get(where.code, ""))
        if elsewhere := self._in_project(seen, where):
            raise progress.wrong(Stage.SETTINGS, CheckCode.PROJECT_FILE, elsewhere)
        if proxy := self._swallowing(seen, where):
            raise progress.wrong(Stage.SETTINGS, CheckCode.PROXY_SWALLOWS, proxy, where.write_command)
        progress.good(Stage.SETTINGS, CheckCode.SETTINGS_LEAD_HERE, {"address": where.address})
        return where

    def _lead(self, seen: CodexFacts) -> Lead:
        environ = codex_environment(self._shell.environ, seen.codex_home)
        return lead(seen, environ, self._around.home, meaning=self._shell.meaning)

    async def _is_ours(self, address: str, base_url: str, status: Mapping[str, Any]) -> bool:
        """Whether an address is the gateway's, by name or by proof."""
        if is_same_address(address, base_url):
            return True
        if not address or status["state"] != "running":
            return False
        return (await knock(address, self._call)).row is not None

    def _in_project(self, seen: CodexFacts, where: Lead) -> dict[str, str] | None:
        """The file of a project that leads Codex elsewhere in the user's folder, as the words name it."""
        if self._around.folder is None or where.by_function:
            return None
        found = outweighing_in(self._around.folder, seen.config.path, where.address, where.provider, seen.version)
        return {"path": found.where, "value": found.value} if found is not None else None

    def _swallowing(self, seen: CodexFacts, where: Lead) -> dict[str, str] | None:
        """The proxy to which Codex would go instead, as the words name it."""
        parts = urlsplit(where.address)
        environ = dict(seen.terminal)
        if where.by_function:
            # It exempts the gateway itself, but what stands in the .env wins.
            environ |= {
                name: ",".join((environ.get(name, ""), parts.hostname or "")) for name in ("NO_PROXY", "no_proxy")
            }
        system = self._around.system
        environ = in_effect(codex_environment(environ, seen.codex_home), {}, system=system)
        with contextlib.suppress(InvalidInput):
            if is_bypassed(environ, where.address):
                return None
        names = (f"{parts.scheme.upper()}_PROXY", f"{parts.scheme}_proxy", "ALL_PROXY", "all_proxy")
        name = next((name for name in names if environ.get(name)), "")
        return {"variable": name, "proxy": environ.get(name, ""), "host": parts.hostname or ""} if name else None

    async def _gateway(self, status: Mapping[str, Any], where: Lead) -> None:
        progress = self._progress
        progress.begin(Stage.GATEWAY)
        if (why := await why_not_listening(status)) is not None:
            raise progress.wrong(Stage.GATEWAY, why.code, why.values)
        address = where.address
        first = await knock(address, self._call)
        if first.problem:
            values = {"address": address, "problem": first.problem}
            raise progress.wrong(Stage.GATEWAY, CheckCode.GATEWAY_UNREACHABLE, values)
        if first.row is None:
            values = {"address": address, "program": await whose(address, first.server)}
            raise progress.wrong(Stage.GATEWAY, CheckCode.OTHER_PROGRAM, values)
        progress.good(Stage.GATEWAY, CheckCode.GATEWAY_LISTENS, {"address": address})
        await self._door(first, where, str(status["base_url"]))

    async def _door(self, first: Knock, where: Lead, base_url: str) -> None:
        """What can be known of the door without a turn."""
        progress = self._progress
        row = first.row or {}
        if row["code"] == "host_not_allowed":
            raise progress.wrong(Stage.DOOR, CheckCode.HOST_REFUSED, {"expected": base_url})
        if not urlsplit(where.address).path.rstrip("/").endswith("/v1"):
            values = {"path": urlsplit(where.address).path or "/", "expected": base_url}
            raise progress.wrong(Stage.DOOR, CheckCode.PATH_UNKNOWN, values)
        if where.key is None:
            return
        progress.begin(Stage.DOOR)
        shown = await knock(where.address, self._call, where.key)
        if shown.row is not None and not shown.let_in:
            found = old_license(of_the_door(shown.row), where)
            command = where.write_command if found.code is CheckCode.LICENSE_OLD else SET_UP
            raise progress.wrong(found.stage, found.code, found.values, command)

    def _server(self, seen: CodexFacts, where: Lead) -> None:
        """What the terminal interface would show, where its background server remembers another start."""
        server = None if where.by_function else codex_server(seen.codex_home, seen.version)
        if server is not None and self._is_old(server, seen, where):
            raise self._progress.wrong(Stage.DOOR, CheckCode.SERVER_OLD, command=RESTART)

    def _is_old(self, server: CodexServer, seen: CodexFacts, where: Lead) -> bool:
        if where.provider == "openai":
            # It asks for no variable, but it has the login of then.
            return server.is_older_than(seen.codex_home / "auth.json")
        if server.environ is None:
            return server.is_older_than(seen.codex_home / ".env")
        then = in_effect(server.environ, {}, system=self._around.system)
        with contextlib.suppress(InvalidInput):
            if not is_bypassed(then, where.address):
                return True
        return lead(seen, server.environ, self._around.home).key != where.key

    async def _tokens(self) -> None:
        self._progress.begin(Stage.TOKEN)
        tokens = await self._call("token.list", {})
        if (why := why_no_token(tokens, clock_time)) is not None:
            raise self._progress.wrong(Stage.TOKEN, why.code, why.values, why.command)
        ready = sum(token["state"] == "ready" for token in tokens)
        self._facts["Tokens"] = f"{ready} of {len(tokens)} ready"
        values = {"ready": str(ready), "all": str(len(tokens))}
        self._progress.good(Stage.TOKEN, CheckCode.TOKENS_READY, values)

    async def _upstream(self) -> None:
        self._progress.begin(Stage.UPSTREAM)
        try:
            answer = await self._call("proxy.test", {})
        except WaystationError as error:
            values = {"problem": error.message}
            command = "waystation proxy test"
            raise self._progress.wrong(Stage.UPSTREAM, CheckCode.UPSTREAM_UNREACHABLE, values, command) from None
        self._facts["Proxy"] = answer["in_use"] or "none"
        if not answer["ok"]:
            values = {"status": str(answer["status"])}
            raise self._progress.wrong(Stage.UPSTREAM, CheckCode.UPSTREAM_IS_A_PAGE, values)
        self._progress.good(Stage.UPSTREAM, CheckCode.UPSTREAM_ANSWERS)


def old_license(found: Verdict, where: Lead) -> Verdict:
    """What was found of a license; in its own words where it stands in a file that can be written again."""
    if found.code is not CheckCode.LICENSE_UNKNOWN or where.key_file is None:
        return found
    return Verdict(found.stage, CheckCode.LICENSE_OLD, {**found.values, "path": str(where.key_file)})


def _elsewhere(where: Lead, base_url: str) -> CheckCode:
    """How to call it that Codex goes to another address than the gateway's."""
    if where.profile:
        return CheckCode.OTHER_PROFILE
    wanted = urlsplit(base_url)
    meant = urlsplit(where.address)
    ours = where.provider == "waystation" or meant.path.rstrip("/") == wanted.path
    return CheckCode.OTHER_ADDRESS if where.address and ours else CheckCode.OTHER_PROVIDER
