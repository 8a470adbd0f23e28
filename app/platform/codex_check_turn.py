"""The run of a check: Codex is started once, and its request is followed through the gateway."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from app.platform.codex_advice import what_follows
from app.platform.codex_check_before import SET_UP, Ready, clock_time, old_license
from app.platform.codex_check_gateway import Call
from app.platform.codex_check_judge import Seen, Verdict, good_turn, is_decided, seen_of, verdict
from app.platform.codex_check_progress import CheckEnds, Progress
from app.platform.codex_check_report import CheckCode, Stage
from app.platform.codex_check_run import CodexRun, run_codex
from app.platform.codex_check_tokens import NoToken, why_no_token

_MOST_TURNS = 50
#: A Codex that cannot reach its address tries for a long time. WebSockets that are refused keep it for 6.5 s at first.
_NOTHING_S = 12.0
#: How long the gateway may take to write down a turn that has ended, in seconds.
_WRITTEN_S = 3.0
_PAUSE_S = 0.2


class TheRun:
    """Runs Codex, and says what became of its request.

    Args:
        ready: what is run.
        call: gives the instance a command.
        progress: is told.
        facts: gets what a report says besides the steps.
    """

    def __init__(self, ready: Ready, call: Call, progress: Progress, facts: dict[str, str]) -> None:
        self._ready = ready
        self._call = call
        self._progress = progress
        self._facts = facts
        self._version = ready.seen.version

    async def go(self, limit_s: float) -> None:
        """Run Codex, for `limit_s` seconds at most.

        Raises:
            CheckEnds: something is wrong; it has been told.
        """
        ready, progress = self._ready, self._progress
        if ready.seen.install is None:
            return
        progress.begin(Stage.DOOR)
        program, environ = ready.seen.install.path, ready.shell.environ
        with tempfile.TemporaryDirectory(prefix="waystation-check-", ignore_cleanup_errors=True) as folder:
            run = await run_codex(
                ready.shell, program, self._version, environ, Path(folder), self._is_over, limit_s=limit_s
            )
        found = await self._after(run)
        self._facts["Model"] = run.named("model") or "-"
        names = self._names(run)
        newer = what_follows(self._version).newer_than_tried
        if good_turn(found) is None and not found.refused and (why := await self._exhausted()) is not None:
            raise progress.wrong(Stage.TOKEN, why.code, why.values, why.command)
        wrong = verdict(run, found, newer=newer)
        if wrong is not None:
            raise await self._wrong(wrong, found, names)
        await self._well(found, run, names)

    async def _is_over(self, run: CodexRun) -> bool:
        found = await self._look(run)
        if found.nothing:
            if run.begun and await self._exhausted() is not None:
                # Its turn may wait for a token; nobody shall wait for that here.
                return True
            return run.retries and time.time() - run.started_at > _NOTHING_S
        return is_decided(found)

    async def _exhausted(self) -> NoToken | None:
        """Why no token can serve for a long time, as the run may have shown; None: one can, or soon will."""
        why = why_no_token(await self._call("token.list", {}), clock_time)
        return why if why is not None and why.code is not CheckCode.TOKENS_REST else None

    async def _after(self, run: CodexRun) -> Seen:
        """What the gateway has seen by now; Codex may have left before the end of its turn was written down."""
        until = time.monotonic() + _WRITTEN_S
        while True:
            found = await self._look(run)
            if run.code != 0 or good_turn(found) is not None or time.monotonic() > until:
                return found
            await asyncio.sleep(_PAUSE_S)

    async def _look(self, run: CodexRun) -> Seen:
        door = await self._call("door.log", {})
        turns = await self._call("turn.list", {"limit": _MOST_TURNS})
        sessions = await self._call("session.list", {})
        return seen_of(run, self._version, door, turns, sessions)

    def _names(self, run: CodexRun) -> dict[str, str]:
        """What any of the words may name."""
        seen, where = self._ready.seen, self._ready.lead
        parts = urlsplit(where.address)
        return {
            "path": str(seen.config.path),
            "address": where.address,
            "expected": self._ready.base_url,
            "host": parts.hostname or "",
            "version": ".".join(map(str, self._version or ())),
            "seconds": f"{run.took_s:.1f}",
            "license": "",
            "until": "",
        }

    async def _wrong(self, wrong: Verdict, found: Seen, names: dict[str, str]) -> CheckEnds:
        """Say what is wrong, and what went well before it."""
        wrong = old_license(wrong, self._ready.lead)
        values = {**names, **wrong.values}
        command = ""
        if found.turns:
            await self._let_in(found.turns[0])
        if wrong.code in (CheckCode.TOKENS_AT_LIMIT, CheckCode.TOKENS_REST):
            why = why_no_token(await self._call("token.list", {}), clock_time)
            if why is not None:
                return self._progress.wrong(Stage.TOKEN, why.code, why.values, why.command)
        if wrong.code is CheckCode.BUDGET_SPENT:
            values["license"] = await self._label(found.turns[0])
        if wrong.stage is Stage.DOOR:
            command = self._ready.lead.write_command if wrong.code is CheckCode.LICENSE_OLD else SET_UP
        return self._progress.wrong(wrong.stage, wrong.code, values, command)

    async def _well(self, found: Seen, run: CodexRun, names: dict[str, str]) -> None:
        row = good_turn(found)
        if row is None:
            return
        await self._let_in(row)
        tokens = await self._call("token.list", {})
        label = next((token["label"] for token in tokens if token["id"] == row["token_id"]), "?")
        self._progress.good(Stage.TOKEN, CheckCode.TOKEN_SERVES, {"token": str(label)})
        code = CheckCode.ANSWERED_SLOWLY if run.fell_back else CheckCode.ANSWERED
        self._progress.good(Stage.ANSWER, code, names)

    async def _let_in(self, row: Mapping[str, Any]) -> None:
        self._progress.good(Stage.DOOR, CheckCode.LET_IN, {"license": await self._label(row)})

    async def _label(self, row: Mapping[str, Any]) -> str:
        licenses = await self._call("license.list", {})
        return next((str(item["label"]) for item in licenses if item["id"] == row["license_id"]), "?")
