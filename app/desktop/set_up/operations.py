"""What the user can do on the set-up page. Files are read and written off the window's thread."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from PySide6.QtCore import QCoreApplication

from app.core.errors import WaystationError
from app.core.license import license_sha256
from app.desktop.machine import Machine
from app.desktop.messages import Told
from app.desktop.operations import Operations
from app.platform.codex_check import CheckReport, CheckStep
from app.platform.codex_facts import CodexFacts, SavedLogin
from app.platform.codex_notes import CodexVersion
from app.platform.codex_server import codex_server
from app.platform.codex_ways import Route
from app.platform.codex_writer import CodexWriter, UndoPlan, WritePlan, WrittenState


@dataclass(frozen=True, slots=True)
class Left:
    """What the user still has to run.

    Attributes:
        command: may hold the license; empty: none.
        license_key: that is masked on the screen; empty: none is in it.
        saves_license: whether it does, or takes the license away.
        restart: to be run after that, for Codex's background server; empty: nothing.
        undone_at: when it was taken back, in Unix seconds; 0: it was not.
    """

    command: str = field(repr=False)
    license_key: str = field(repr=False)
    saves_license: bool
    restart: str = ""
    undone_at: float = 0.0

    @staticmethod
    def after_undo(plan: UndoPlan, now: float) -> Left | None:
        """What is still to be run once it is taken back, `now`; None: nothing."""
        return Left(plan.command, "", False, plan.restart, now) if plan.command or plan.restart else None

    def still(self, seen: Seen) -> Left | None:
        """What of that is left by now; None: nothing."""
        command = self.command if seen.facts.login in (SavedLogin.API_KEY, SavedLogin.KEYRING) else ""
        restart = self.restart if (seen.server_since or math.inf) < self.undone_at else ""
        return replace(self, command=command, restart=restart) if command or restart else None


@dataclass(frozen=True, slots=True)
class Seen:
    """What there is of Codex.

    Attributes:
        facts: what was found.
        written: what stands in its files by our doing; None: nothing.
        problem: why that is not known; None: it is.
        license_changed: whether this computer has got another license since.
        left: what is still to be run for what was written; None: nothing.
        server_since: when Codex's background server was started, in Unix seconds; None: none runs.
    """

    facts: CodexFacts
    written: WrittenState | None
    problem: WaystationError | None = None
    license_changed: bool = False
    left: Left | None = None
    server_since: float | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """What would be written, with the license that goes into it."""

    plan: WritePlan
    license_key: str = field(repr=False)

    @property
    def left(self) -> Left | None:
        """What is still to be run after writing; None: nothing."""
        command, restart = self.plan.command, self.plan.restart
        saves = self.plan.route is Route.OPENAI_ADDRESS and bool(command)
        return Left(command, self.license_key if saves else "", saves, restart) if command or restart else None


class SetUpOperations:
    """The user's operations on Codex's own files.

    Args:
        operations: ask the gateway.
        machine: looks, writes and checks.
    """

    def __init__(self, operations: Operations, machine: Machine) -> None:
        self._operations = operations
        self._machine = machine
        #: As they were last seen: of the terminal, whose environment may not be this program's.
        self._facts: CodexFacts | None = None
        self._checking: asyncio.Task[Any] | None = None
        self._stopped = False

    @property
    def can_write(self) -> bool:
        """Whether Codex's files may be written here at all."""
        return self._machine.codex_writer is not None

    @property
    def can_check(self) -> bool:
        """Whether there is something to be checked here."""
        return self._machine.codex_check is not None

    async def look(self, base_url: str) -> Seen:
        """Look at Codex, for a gateway with this address.

        Raises:
            OSError: the system refuses.
        """
        facts = self._facts = await self._machine.look_at_codex(base_url)
        if not self.can_write:
            return Seen(facts, None)
        try:
            written = await asyncio.to_thread(self._writer().state)
        except WaystationError as error:
            return Seen(facts, None, error)
        if written is None:
            server = await asyncio.to_thread(codex_server, facts.codex_home, facts.version)
            return Seen(facts, None, server_since=server.started_at if server is not None else None)
        changed = await self._has_other_license(written)
        return Seen(facts, written, license_changed=changed, left=await self._left(facts, written))

    async def draft(
        self, route: Route, base_url: str, version: CodexVersion | None, followed: Collection[str]
    ) -> Draft:
        """What writing would change; `followed` are the login files that tokens follow.

        Raises:
            WaystationError: it cannot be written.
        """
        issued = await self._operations.call("license.default")
        key = str(issued["key"])
        terminal = self._facts.terminal if self._facts is not None else None
        plan = await asyncio.to_thread(
            self._writer().plan, route, base_url, key, version, followed=tuple(followed), terminal=terminal
        )
        return Draft(plan, key)

    async def write(self, draft: Draft) -> WrittenState:
        """Write it.

        Raises:
            WaystationError: a file has changed meanwhile, or cannot be written.
        """
        return await asyncio.to_thread(self._writer().write, draft.plan, time.time())

    async def undo_draft(self) -> UndoPlan:
        """What taking it back would change.

        Raises:
            WaystationError: nothing is written, or a file cannot be read.
        """
        return await asyncio.to_thread(self._writer().plan_undo)

    async def undo(self, plan: UndoPlan) -> None:
        """Take it back.

        Raises:
            WaystationError: a file has changed meanwhile, or cannot be written.
        """
        await asyncio.to_thread(self._writer().undo, plan)

    async def check(self, told: Callable[[tuple[CheckStep, ...]], None]) -> CheckReport | None:
        """Run the user's Codex through the gateway; None: it was stopped, or cannot be done here."""
        task = asyncio.current_task()
        if self._machine.codex_check is None or task is None:
            return None
        check = self._machine.codex_check(self._call)
        self._checking, self._stopped = task, False
        try:
            return await check.run(told)
        except asyncio.CancelledError:
            # By the user, and not since the application closes as well.
            if not self._stopped or task.uncancel() > 0:
                raise
            return None
        finally:
            self._checking = None

    def stop_check(self) -> None:
        """End it; it takes its Codex with it."""
        if self._checking is not None and not self._stopped:
            self._stopped = True
            self._checking.cancel()

    async def _has_other_license(self, written: WrittenState) -> bool:
        """Whether Codex shows one that may not be let in any more."""
        if not written.license_sha256:
            return False
        with suppress(WaystationError):
            # Without it, such as while the key store is locked, nothing can be said.
            issued = await self._operations.call("license.default")
            return license_sha256(str(issued["key"])) != written.license_sha256
        return False

    async def _left(self, facts: CodexFacts, written: WrittenState) -> Left | None:
        """What is still to be run: a terminal may have been closed before, or this program."""
        if not written.stands:
            return None
        with suppress(WaystationError):
            # Writing says why it cannot be done.
            draft = await self.draft(written.mode, written.base_url, facts.version, ())
            left = draft.left
            if left is not None and draft.plan.files:
                # Writing it again comes before a restart.
                left = replace(left, restart="") if left.command else None
            return left
        return None

    async def _call(self, command: str, params: dict[str, Any]) -> Any:
        return await self._operations.call(command, **params)

    def _writer(self) -> CodexWriter:
        if self._machine.codex_writer is None:
            raise Told(QCoreApplication.translate("SetUp", "Here Codex's own files are not written."))
        writer, facts = self._machine.codex_writer(), self._facts
        return writer.at(facts.codex_home) if facts is not None and facts.home_from_variable else writer
