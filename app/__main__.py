"""The program `waystation`: reads the command line and hands over to `app.commandline`."""

from __future__ import annotations

import io
import os
import sys


def main(arguments: list[str] | None = None) -> int:
    """Run the program; returns its exit code."""
    if getattr(sys, "frozen", False):
        # It would start the bundled program as a worker of itself; elsewhere there is nothing to support.
        import multiprocessing

        multiprocessing.freeze_support()
    for name in ("stdout", "stderr"):
        # A windowed program on Windows has neither; whatever prints must not end it.
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - for the process's life
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A pipe on Windows takes its code page only; a label in another language must not end a listing.
        sys.stdout.reconfigure(errors="replace")
    from app.commandline.program import run

    return run(sys.argv[1:] if arguments is None else arguments)


if __name__ == "__main__":
    sys.exit(main())
