"""How the scripts talk: a line per step on standard error. Standard output stays the program's own."""

import sys
from pathlib import Path

_SCRIPT = "build" if Path(sys.argv[0]).stem == "build" else "dev"


class Stop(Exception):
    """The work cannot go on. The text tells the user what to do; ``exit_code`` is the process's own."""

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def say(text: str) -> None:
    """Tell the user of one step, in the name of the script that was started."""
    print(f"{_SCRIPT}: {text}", file=sys.stderr, flush=True)
