"""Paint pictures of the whole desktop, as `python -m build_scripts.pictures` does."""

import os
import subprocess

from machine.checkout import Checkout


def paint(checkout: Checkout, arguments: list[str]) -> int:
    """Paint into build/pictures, or where the argument says, and renew docs/images; the exit code."""
    command = [str(checkout.program("python")), "-m", "build_scripts.pictures", *arguments]
    environment = os.environ | {"VIRTUAL_ENV": str(checkout.venv), "PYTHONPATH": str(checkout.root)}
    return subprocess.run(command, cwd=checkout.root, env=environment, check=False).returncode
