"""Remake the lock files: exact versions with hashes, good on every system and Python, and no address."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from machine.checkout import Checkout, venv_program
from machine.environment import make_venv, pip
from machine.report import Stop, say

# uv alone can resolve for all systems at once. It stays in an environment of its own: nothing else needs it.
UV = "uv>=0.9"
# Lock file name without ending, and the extras of pyproject.toml that go in.
LOCKS = {"run-and-test": ("test",), "build": ("build",)}
# Whom the benchmark measures us beside: nothing of ours depends on it.
PEERS = {"chatmock": "chatmock==1.40"}
ADDRESS = re.compile(r"\b(https?|file|git\+\w+|ssh)://|^\s*-|^\s*--(index|find)", re.MULTILINE)


def remake_locks(checkout: Checkout, arguments: list[str]) -> None:
    """Write all lock files. Pins that still fit are kept; ``--upgrade`` among the arguments renews all.

    Raises Stop when the dependencies contradict each other or an address got into a file.
    """
    uv = _uv(checkout)
    project = tomllib.loads(checkout.pyproject.read_text(encoding="utf-8"))
    build_system = "\n".join(project["build-system"]["requires"])
    oldest = re.search(r">=\s*([\d.]+)", project["project"]["requires-python"])
    if oldest is None:
        raise Stop("requires-python in pyproject.toml names no oldest Python.")
    checkout.locks.mkdir(parents=True, exist_ok=True)
    for name, extras in LOCKS.items():
        chosen = [word for extra in extras for word in ("--extra", extra)]
        source = f"pyproject.toml with {', '.join(extras)}"
        _remake(
            checkout, uv, name, [*chosen, str(checkout.pyproject)], build_system, source, oldest.group(1), arguments
        )
    for name, requirement in PEERS.items():
        _remake(checkout, uv, name, [], requirement, requirement, oldest.group(1), arguments)


def _remake(
    checkout: Checkout,
    uv: Path,
    name: str,
    wanted: list[str],
    more: str,
    source: str,
    oldest: str,
    arguments: list[str],
) -> None:
    """Write one lock of what is ``wanted`` and of the requirements in ``more``; ``source`` names both in the file."""
    lock = checkout.locks / f"{name}.txt"
    say(f"resolving {lock.name}")
    command = [str(uv), "pip", "compile", "--quiet", "--universal", "--generate-hashes", "--no-emit-index-url"]
    command += ["--no-annotate", "--no-header", "--python-version", oldest]
    command += ["--output-file", str(lock), *wanted, "-", *arguments]
    environment = os.environ | {"UV_CACHE_DIR": str(checkout.cache / "uv")}
    done = subprocess.run(command, input=more, text=True, env=environment, check=False)
    if done.returncode:
        raise Stop("uv could not resolve the dependencies (its words are above).")
    text = lock.read_text(encoding="utf-8")
    check_lock(text, lock.name)
    header = f"# Made by `python3 build_scripts/dev.py lock` from {source}.\n"
    lock.write_text(header + text, encoding="utf-8", newline="\n")


def check_lock(text: str, name: str) -> None:
    """Raises Stop unless every package of a lock has a version and hashes, and no line holds an address."""
    address = ADDRESS.search(re.sub(r"^\s+--hash=sha256:[0-9a-f]{64}( \\)?$", "", text, flags=re.MULTILINE))
    if address:
        raise Stop(f"{name} holds an address or an option: {address.group(0)!r}")
    entries = re.split(r"\n(?=\S)", "\n".join(line for line in text.splitlines() if not line.startswith("#")))
    bare = [entry.split()[0] for entry in entries if "==" not in entry or "--hash=sha256:" not in entry]
    if bare:
        raise Stop(f"{name} pins no version or no hash of: {' '.join(bare)}")


def _uv(checkout: Checkout) -> Path:
    folder = checkout.cache / "uv-environment"
    uv = venv_program(folder, "uv")
    if not uv.exists():
        make_venv(folder)
        pip(folder, "install", UV)
    if not uv.exists():
        raise Stop(f"{UV} installed no program at {uv}; Python is {sys.executable}.")
    return uv
