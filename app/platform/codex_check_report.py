"""What a check of the user's Codex says, as data: steps, each with a code, a text and a fix in English."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any


class Stage(StrEnum):
    """The way of a request, in the order in which it is looked at."""

    CODEX = "codex"
    SETTINGS = "settings"
    GATEWAY = "gateway"
    DOOR = "door"
    TOKEN = "token"  # noqa: S105 - a name
    UPSTREAM = "upstream"
    ANSWER = "answer"


class StepState(StrEnum):
    """How far a step has come."""

    WAITING = "waiting"
    RUNNING = "running"
    OK = "ok"
    FAILED = "failed"
    #: Something before it is wrong, or it was not asked for.
    SKIPPED = "skipped"


_MARKS = {
    StepState.WAITING: "....",
    StepState.RUNNING: "....",
    StepState.OK: " ok ",
    StepState.FAILED: "FAIL",
    StepState.SKIPPED: "  - ",
}
# As the window names them.
_NAMES = {
    Stage.CODEX: "Codex",
    Stage.SETTINGS: "Its settings",
    Stage.GATEWAY: "Gateway",
    Stage.DOOR: "License",
    Stage.TOKEN: "Token",
    Stage.UPSTREAM: "OpenAI",
    Stage.ANSWER: "Answer",
}


class CheckCode(StrEnum):
    """Names what was found, for the translations; see `codex_check_words`."""

    # codex
    CODEX_FOUND = "codex_found"
    CODEX_NEWER = "codex_newer"
    CODEX_MISSING = "codex_missing"
    CODEX_IN_WSL = "codex_in_wsl"
    CODEX_TOO_OLD = "codex_too_old"
    CODEX_DAMAGED = "codex_damaged"
    SCRIPTS_FORBIDDEN = "scripts_forbidden"
    # settings
    SETTINGS_LEAD_HERE = "settings_lead_here"
    CONFIG_BROKEN = "config_broken"
    CONFIG_REFUSED = "config_refused"
    CONFIG_UNREADABLE = "config_unreadable"
    NOT_SET_UP = "not_set_up"
    OTHER_PROVIDER = "other_provider"
    OTHER_PROFILE = "other_profile"
    OTHER_ADDRESS = "other_address"
    ENVIRONMENT_IGNORED = "environment_ignored"
    VARIABLE_MISSING = "variable_missing"
    VARIABLE_NOT_HERE = "variable_not_here"
    KEY_NOT_SAVED = "key_not_saved"
    LOGIN_NOT_LICENSE = "login_not_license"
    FORCED_LOGIN = "forced_login"
    PROJECT_FILE = "project_file"
    PROXY_SWALLOWS = "proxy_swallows"
    # gateway
    GATEWAY_LISTENS = "gateway_listens"
    NOT_RUNNING = "not_running"
    NOT_ANSWERING = "not_answering"
    GATEWAY_STOPPED = "gateway_stopped"
    PORT_TAKEN = "port_taken"
    PORT_RESERVED = "port_reserved"
    GATEWAY_FAILED = "gateway_failed"
    GATEWAY_UNREACHABLE = "gateway_unreachable"
    OTHER_PROGRAM = "other_program"
    # door
    LET_IN = "let_in"
    LICENSE_MISSING = "license_missing"
    LICENSE_UNKNOWN = "license_unknown"
    LICENSE_OLD = "license_old"
    SERVER_OLD = "server_old"
    LICENSE_REVOKED = "license_revoked"
    LICENSE_EXPIRED = "license_expired"
    BUDGET_SPENT = "budget_spent"
    HOST_REFUSED = "host_refused"
    PATH_UNKNOWN = "path_unknown"
    NOTHING_ARRIVED = "nothing_arrived"
    DOOR_REFUSED = "door_refused"
    # token
    TOKEN_SERVES = "token_serves"  # noqa: S105 - names, here and below
    TOKENS_READY = "tokens_ready"
    NO_TOKENS = "no_tokens"
    TOKENS_SEALED = "tokens_sealed"
    TOKENS_AT_LIMIT = "tokens_at_limit"
    TOKENS_NEED_SIGN_IN = "tokens_need_sign_in"
    TOKENS_DISABLED = "tokens_disabled"
    TOKENS_REST = "tokens_rest"
    # upstream
    UPSTREAM_ANSWERS = "upstream_answers"
    UPSTREAM_UNREACHABLE = "upstream_unreachable"
    UPSTREAM_IS_A_PAGE = "upstream_is_a_page"
    UPSTREAM_REFUSED = "upstream_refused"
    UPSTREAM_FAILED = "upstream_failed"
    MODEL_UNKNOWN = "model_unknown"
    # answer
    ANSWERED = "answered"
    ANSWERED_SLOWLY = "answered_slowly"
    ANSWER_UNKNOWN = "answer_unknown"
    ANSWER_BROKEN = "answer_broken"
    CODEX_FAILED = "codex_failed"
    TOO_SLOW = "too_slow"


@dataclass(frozen=True, slots=True)
class CheckStep:
    """One step of the check.

    Attributes:
        stage: which one.
        state: how far it has come.
        code: what was found; None as long as nothing is. A step that is OK has one, too, and may remark on something.
        text: what was found, in English; empty as long as nothing is.
        fix: what to do about it, in English; empty where nothing is to be done.
        command: what to type for that, or empty.
        values: what `text` and `fix` name, by the placeholders in the words of `code`.
    """

    stage: Stage
    state: StepState = StepState.WAITING
    code: CheckCode | None = None
    text: str = ""
    fix: str = ""
    command: str = ""
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What a check has found; nothing in it is secret or says who the user is.

    Attributes:
        steps: all of them, in order.
        at: when it began, in Unix seconds.
        took_s: how long it took, in seconds.
        facts: versions, paths and settings, by English names.
    """

    steps: tuple[CheckStep, ...]
    at: float
    took_s: float
    facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def problem(self) -> CheckStep | None:
        """The first thing that is wrong; None when all is well."""
        return next((step for step in self.steps if step.state is StepState.FAILED), None)

    def as_data(self) -> dict[str, Any]:
        """The report as JSON can carry it."""
        return {
            "ok": self.problem is None,
            "problem": self.problem.code.value if self.problem and self.problem.code else None,
            "at": self.at,
            "took_s": round(self.took_s, 1),
            "steps": [
                {
                    "stage": step.stage.value,
                    "state": step.state.value,
                    "code": step.code.value if step.code else None,
                    "text": step.text,
                    "fix": step.fix,
                    "command": step.command,
                    "values": dict(step.values),
                }
                for step in self.steps
            ],
            "facts": dict(self.facts),
        }

    def text(self) -> str:
        """The report in English, to be pasted where strangers read it."""
        lines = [f"Waystation's check of Codex, {datetime.fromtimestamp(self.at, UTC):%Y-%m-%d %H:%M} UTC", ""]
        for step in self.steps:
            lines += step_lines(step)
        lines.append("")
        lines += [f"{name}: {value}" for name, value in self.facts.items()]
        lines.append(f"Took: {self.took_s:.1f} s")
        return "\n".join(lines) + "\n"


def step_lines(step: CheckStep) -> list[str]:
    """A step as a terminal shows it: `[ ok ] Its settings: ...`, and below it what to do."""
    lines = [f"[{_MARKS[step.state]}] {_NAMES[step.stage]}" + (f": {step.text}" if step.text else "")]
    if step.fix:
        lines.append(f"       {step.fix}")
    if step.command:
        lines.append(f"       {step.command}")
    return lines
