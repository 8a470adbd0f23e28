"""The real Codex CLI, in the versions that the tests drive, from npm into a cache that git ignores."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from machine.checkout import Checkout
from machine.npm import npm
from machine.report import Stop, say

PACKAGE = "@openai/codex"
# Chosen from what differs: two that greet with the seed's menu, the last of them, the first with another menu, the
# first that reads openai_base_url and not the environment, the first with profile files, today's. About 250 MB each.
CODEX_VERSIONS = ("0.42.0", "0.45.0", "0.80.0", "0.100.0", "0.120.0", "0.140.0", "0.169.0")
STAMP = "complete"


def codex_program(checkout: Checkout, version: str) -> Path:
    """Where the program of one version is, whether or not it is installed."""
    name = "codex.cmd" if sys.platform == "win32" else "codex"
    return checkout.codex_cache / version / "node_modules" / ".bin" / name


def ensure_codex_versions(checkout: Checkout) -> None:
    """Install the versions that are absent or half installed. A version counts once it has told its name.

    Raises Stop where npm is absent or fails.
    """
    for version in CODEX_VERSIONS:
        folder = checkout.codex_cache / version
        if (folder / STAMP).exists() and codex_program(checkout, version).exists():
            continue
        if not _answers(checkout, version):
            if folder.exists():
                shutil.rmtree(folder)
            say(f"installing Codex CLI {version} into {folder.relative_to(checkout.root)}")
            _npm_install(folder, version)
            if not _answers(checkout, version):
                raise Stop(f"Codex CLI {version} was installed in {folder} and does not answer `codex --version`.")
        (folder / STAMP).write_text(f"{version}\n", encoding="utf-8")


def _npm_install(folder: Path, version: str) -> None:
    folder.mkdir(parents=True)
    wanted = f"{PACKAGE}@{version}"
    npm("install", "--prefix", str(folder), "--no-save", "--no-package-lock", wanted, bringing="the real Codex CLI")


def _answers(checkout: Checkout, version: str) -> bool:
    """Whether the program starts and says that it is this version."""
    program = codex_program(checkout, version)
    if not program.exists():
        return False
    with tempfile.TemporaryDirectory(prefix="waystation-codex-") as home:
        environment = os.environ | {"HOME": home, "CODEX_HOME": home}
        try:
            done = subprocess.run(
                [str(program), "--version"],
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return False
    return done.returncode == 0 and version in done.stdout.split()
