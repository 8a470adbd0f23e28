"""The bundle that `dev.py test` makes beside its other work, to try it with everything else."""

import os
import signal
import subprocess
import sys
from types import TracebackType
from typing import Self

from bundle.layout import Bundle, bundle_in
from machine.checkout import Checkout
from machine.report import Stop, say

#: In the folder `build`: what lies in `dist` is somebody's release.
FOLDER = "tested"
#: Seconds. It takes a minute or two; its packages come over any line.
PATIENCE = 1800.0


class Making:
    """`build.py bundle` as a process of its own, which works while npm and the linters do.

    What it says goes to a file, and on the screen only where it fails. Left before its end, it is ended.
    """

    def __init__(self, checkout: Checkout) -> None:
        self._folder = checkout.build / FOLDER
        self._folder.mkdir(parents=True, exist_ok=True)
        self._said = self._folder / "said.txt"
        script = checkout.root / "build_scripts" / "build.py"
        command = [sys.executable, str(script), "bundle", "--into", str(self._folder)]
        say(f"making a bundle in {self._folder.relative_to(checkout.root)} meanwhile")
        with self._said.open("wb") as said:
            self._process = subprocess.Popen(
                command,
                cwd=checkout.root,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                # So that those whom it started end with it.
                start_new_session=sys.platform != "win32",
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            if sys.platform == "win32":
                self._process.terminate()
            else:
                os.killpg(self._process.pid, signal.SIGTERM)
            self._process.wait()

    def bundle(self) -> Bundle:
        """Wait for it. Raises Stop with its words where it fails."""
        try:
            code = self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            code = None
        if code != 0:
            why = "took half an hour" if code is None else f"ended with {code}"
            said = self._said.read_text(encoding="utf-8", errors="replace").rstrip()
            raise Stop(f"{said}\n`build.py bundle` {why} (its words are above).")
        return bundle_in(self._folder)
