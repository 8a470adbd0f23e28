"""What a run of Codex shows together with what the gateway saw of it: which steps went well, and what went wrong. Pure.

The gateway's answers are of `door.log`, `turn.list` and `session.list`. Other programs may use the gateway at the same
time, Codex too: its request is known by the session that it printed, else by its name and the time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from app.platform.codex_check_report import CheckCode, Stage
from app.platform.codex_check_run import CodexRun
from app.platform.codex_notes import CodexVersion

Row: TypeAlias = Mapping[str, Any]

#: How `codex exec` names itself: 0.42 as the TUI does, the others from 0.45 to 0.169 by a name of its own.
_CLIENTS = ("codex_exec/", "codex_cli_rs/0.42.")
#: From here on the head names the session.
_NAMES_SESSION: CodexVersion = (0, 45, 0)
#: Upstream's own troubles, which Codex meets by trying again.
_MOST_FAILED = 2
_LICENSE_STATES = {"revoked": CheckCode.LICENSE_REVOKED, "expired": CheckCode.LICENSE_EXPIRED}
#: What Codex from 0.80 on says before it removes a login; where that is in a keyring, only Codex sees it.
_FORCED = re.compile(r"\b(ChatGPT|API key) login is required")
_MODEL = re.compile(r"\bmodel\b.*(?:not supported|not exist|not found|no access)", re.IGNORECASE)
#: `TurnRow.error` where no answer of upstream came.
_UNREACHABLE = ("upstream_unreachable", "upstream_timeout")


@dataclass(frozen=True, slots=True)
class Seen:
    """What the gateway saw of this run.

    Attributes:
        refused: at the door, the newest first.
        turns: that have ended, the newest first.
    """

    refused: tuple[Row, ...] = ()
    turns: tuple[Row, ...] = ()

    @property
    def nothing(self) -> bool:
        """Whether nothing of it arrived."""
        return not self.refused and not self.turns


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found: `stage` and `code`; what `code` names, as far as the rows tell it."""

    stage: Stage
    code: CheckCode
    values: Mapping[str, str] = field(default_factory=dict)


def seen_of(
    run: CodexRun, version: CodexVersion | None, door: Sequence[Row], turns: Sequence[Row], sessions: Sequence[Row]
) -> Seen:
    """What of the gateway's answers is about this run."""
    session = run.named("session id")
    names = {row["id"]: row["name"] for row in sessions}
    if not session and not run.over and version is not None and version >= _NAMES_SESSION:
        # It has asked nothing yet; what there is may be somebody else's.
        return Seen()

    def is_codex(client: str) -> bool:
        return client.startswith(_CLIENTS) and (not version or ".".join(map(str, version)) in client)

    def is_ours(at: float, name: str | None, client: str) -> bool:
        if at < run.started_at:
            return False
        return name == session if session and name else is_codex(client)

    def is_turn(row: Row) -> bool:
        return is_ours(row["started_at"], names.get(row["session_id"]), row["client"])

    def is_refused(row: Row) -> bool:
        return is_ours(row["at"], row["session"], row["client"])

    # A WebSocket that is refused is followed by a POST; that tells why.
    at_door = tuple(row for row in door if is_refused(row) and row["status"] != 426)
    return Seen(at_door, tuple(row for row in turns if is_turn(row)))


def is_decided(seen: Seen) -> bool:
    """Whether nothing better can come: Codex would only repeat itself."""
    if _completed(seen):
        # Its end is Codex's own.
        return False
    if seen.refused:
        return True
    failed = [row for row in seen.turns if row["outcome"] in ("failed", "refused")]
    return any((row["status"] or 0) in range(400, 500) for row in failed) or len(failed) >= _MOST_FAILED


def verdict(run: CodexRun, seen: Seen, *, newer: bool) -> Verdict | None:
    """What is wrong; None: all is well.

    Args:
        run: that has ended.
        seen: of it.
        newer: whether this Codex is newer than what this program was tried with.
    """
    said = {"said": run.said}
    if run.problem:
        return Verdict(Stage.CODEX, CheckCode.CODEX_DAMAGED, {"said": run.problem})
    if _completed(seen):
        if run.code == 0:
            return None
        if run.ended:
            return Verdict(Stage.ANSWER, CheckCode.TOO_SLOW)
        return Verdict(Stage.ANSWER, CheckCode.CODEX_FAILED, said)
    if seen.refused:
        return of_the_door(seen.refused[0], run.said)
    if seen.turns:
        return _of_a_turn(seen.turns[0], run)
    if not run.begun and (forced := _FORCED.search(run.printed)):
        value = "chatgpt" if forced[1] == "ChatGPT" else "api"
        return Verdict(Stage.SETTINGS, CheckCode.FORCED_LOGIN, {"value": value})
    if not run.begun and run.code is not None:
        if run.code == 0:
            return Verdict(Stage.ANSWER, CheckCode.ANSWER_UNKNOWN, said)
        if "unexpected argument" in run.printed:
            return Verdict(Stage.ANSWER, CheckCode.ANSWER_UNKNOWN if newer else CheckCode.CODEX_FAILED, said)
        if "config" in run.printed.lower() or "TOML" in run.printed or " in `" in run.printed.replace("\n", " "):
            return Verdict(Stage.SETTINGS, CheckCode.CONFIG_REFUSED, said)
        return Verdict(Stage.CODEX, CheckCode.CODEX_DAMAGED, said)
    if "Missing environment variable" in run.printed:
        variable = run.said.rpartition("variable: ")[2].strip("`. ")
        return Verdict(Stage.SETTINGS, CheckCode.VARIABLE_MISSING, {"variable": variable})
    if run.ended and not run.retries:
        return Verdict(Stage.ANSWER, CheckCode.TOO_SLOW)
    return Verdict(Stage.DOOR, CheckCode.NOTHING_ARRIVED, said)


def good_turn(seen: Seen) -> Row | None:
    """The turn that was answered."""
    return next((row for row in seen.turns if _is_good(row)), None)


def _completed(seen: Seen) -> bool:
    return good_turn(seen) is not None


def _is_good(row: Row) -> bool:
    # Codex leaves as soon as it has the last event; that may come before the end of the stream.
    done = row["outcome"] == "completed" or (row["outcome"] == "client_left" and row["usage"] is not None)
    return bool(done and (row["status"] or 0) < 400)


def of_the_door(row: Row, said: str = "") -> Verdict:
    """Why the door has refused a request."""
    if row["code"] == "host_not_allowed":
        return Verdict(Stage.DOOR, CheckCode.HOST_REFUSED, {"host": row["host"]})
    if row["code"] in ("unknown_url", "method_not_allowed") or row["status"] in (404, 405):
        return Verdict(Stage.DOOR, CheckCode.PATH_UNKNOWN, {"path": row["path"]})
    if row["license"] is None:
        return Verdict(Stage.DOOR, CheckCode.LICENSE_MISSING)
    if row["status"] == 401:
        code = _LICENSE_STATES.get(row["license_state"] or "", CheckCode.LICENSE_UNKNOWN)
        return Verdict(Stage.DOOR, code, {"license": row["license"]})
    return Verdict(Stage.DOOR, CheckCode.DOOR_REFUSED, {"problem": said})


def _of_a_turn(row: Row, run: CodexRun) -> Verdict:
    error, status = row["error"] or "", row["status"] or 0
    values = {"status": str(status or "-"), "problem": error, "model": row["model"] or run.named("model")}
    if row["outcome"] == "refused":
        if error == "license_budget":
            return Verdict(Stage.DOOR, CheckCode.BUDGET_SPENT)
        if error == "usage_limit_reached":
            return Verdict(Stage.TOKEN, CheckCode.TOKENS_AT_LIMIT, values)
        if error in ("no_available_token", "rate_limit_exceeded", "session_pinned"):
            return Verdict(Stage.TOKEN, CheckCode.TOKENS_REST, values | {"problem": run.said or error})
        return Verdict(Stage.DOOR, CheckCode.DOOR_REFUSED, values | {"problem": run.said or error})
    if row["outcome"] == "client_left":
        return Verdict(Stage.ANSWER, CheckCode.TOO_SLOW if run.ended else CheckCode.CODEX_FAILED, {"said": run.said})
    if "model_not" in error or (status in (400, 404) and _MODEL.search(run.printed)):
        return Verdict(Stage.UPSTREAM, CheckCode.MODEL_UNKNOWN, values)
    if error.startswith(_UNREACHABLE):
        return Verdict(Stage.UPSTREAM, CheckCode.UPSTREAM_UNREACHABLE, values)
    if status == 200:
        return Verdict(Stage.ANSWER, CheckCode.ANSWER_BROKEN, values)
    if status >= 500 or error.startswith(("upstream_", "http_5", "cloudflare")):
        return Verdict(Stage.UPSTREAM, CheckCode.UPSTREAM_FAILED, values)
    return Verdict(Stage.UPSTREAM, CheckCode.UPSTREAM_REFUSED, values)
