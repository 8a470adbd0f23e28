"""Running npm, which brings the JavaScript programs that the tests drive. The user's npm settings hold."""

import shutil
import subprocess
import sys

from machine.report import Stop

QUIET = ("--no-audit", "--no-fund", "--loglevel=error")


def npm(*arguments: str, bringing: str) -> None:
    """Run npm to its end. Raises Stop where it is absent or fails; ``bringing`` says what it was to bring."""
    program = shutil.which("npm")
    if program is None:
        raise Stop(
            f"The tests drive {bringing}, which comes from npm, and there is no npm on this machine.\n"
            "Install Node.js 18 or newer with npm (Debian, Ubuntu: sudo apt-get install npm) and start again."
        )
    # npm's ordinary words ("added 2 packages") go where ours go.
    command = [program, *arguments, *QUIET]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False)
    if done.returncode:
        raise Stop(f"npm could not install {bringing} (its words are above).")
