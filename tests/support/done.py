"""What is left of a command when it has ended."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Done:
    """A command that has ended: its exit code, what it said, and how many seconds it ran."""

    code: int
    out: str
    err: str
    seconds: float
