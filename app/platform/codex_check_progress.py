"""The steps of a check while it runs: each change is told, in words, without anything that others must not read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from string import Formatter

from app.platform.codex_check_report import CheckCode, CheckStep, Stage, StepState
from app.platform.codex_check_words import WORDS

Steps = tuple[CheckStep, ...]


class CheckEnds(Exception):
    """Something is wrong: what comes after it is not looked at."""


class Progress:
    """The steps.

    Args:
        told: called with all steps whenever one has changed.
        redact: leaves out of a value what others must not read.
    """

    def __init__(self, told: Callable[[Steps], None], redact: Callable[[str], str]) -> None:
        self.steps: Steps = tuple(CheckStep(stage) for stage in Stage)
        self._told = told
        self._redact = redact
        told(self.steps)

    def begin(self, stage: Stage) -> None:
        """A step is looked at now."""
        self._put(CheckStep(stage, StepState.RUNNING))

    def good(self, stage: Stage, code: CheckCode, values: Mapping[str, str] | None = None, command: str = "") -> None:
        """A step went well; its code may be a remark."""
        self._put(self._step(stage, StepState.OK, code, values, command))

    def wrong(
        self, stage: Stage, code: CheckCode, values: Mapping[str, str] | None = None, command: str = ""
    ) -> CheckEnds:
        """A step went wrong; raise what this returns. Later steps that had gone well do not count any more."""
        order = list(Stage)
        later = order[order.index(stage) + 1 :]
        self.steps = tuple(CheckStep(one.stage) if one.stage in later else one for one in self.steps)
        self._put(self._step(stage, StepState.FAILED, code, values, command))
        return CheckEnds(code.value)

    def finish(self) -> Steps:
        """What has not been looked at is skipped."""
        unknown = (StepState.WAITING, StepState.RUNNING)
        self.steps = tuple(
            replace(step, state=StepState.SKIPPED) if step.state in unknown else step for step in self.steps
        )
        self._told(self.steps)
        return self.steps

    def state(self, stage: Stage) -> StepState:
        """How far a step has come."""
        return next(step.state for step in self.steps if step.stage is stage)

    def _step(
        self, stage: Stage, state: StepState, code: CheckCode, values: Mapping[str, str] | None, command: str
    ) -> CheckStep:
        words = WORDS[code]
        named = {field for _, field, _, _ in Formatter().parse(words.text + words.fix) if field}
        shown = {name: self._redact((values or {}).get(name) or "?") for name in sorted(named)}
        return CheckStep(stage, state, code, words.text.format_map(shown), words.fix.format_map(shown), command, shown)

    def _put(self, step: CheckStep) -> None:
        self.steps = tuple(step if one.stage is step.stage else one for one in self.steps)
        self._told(self.steps)
