"""`build.py release`: what the release workflow does between the systems and the user who looks at the draft."""

import argparse
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from bundle.layout import NAME, version_of
from machine.checkout import Checkout
from machine.report import Stop, say
from release.changelog import chapter
from release.files import write_sums


def release(checkout: Checkout, arguments: list[str]) -> int:
    """Carry out one step; the exit code. Raises Stop.

    check TAG: the tag names the version of the source, and the changelog has a chapter for it.
    sums: SHA256SUMS over the installers of all systems in `dist`.
    draft TAG: a draft of a release on GitHub, by `gh`, with these files and that chapter. GH_TOKEN and GH_REPO say
    who asks, and where.
    """
    parser = argparse.ArgumentParser(prog="build.py release")
    steps = parser.add_subparsers(dest="step", required=True)
    for name in ("check", "draft"):
        steps.add_parser(name).add_argument("tag", metavar="TAG", help="such as v0.1.0")
    steps.add_parser("sums")
    asked = parser.parse_args(arguments)
    version = version_of(checkout)
    if asked.step == "sums":
        for path in write_sums(checkout.dist, version):
            say(f"{path.name}: {path.stat().st_size / 2**20:.1f} MiB")
        return 0
    notes = notes_for(checkout, asked.tag)
    if asked.step == "draft":
        return _draft(asked.tag, version, notes, write_sums(checkout.dist, version))
    say(f"{asked.tag} names the version of pyproject.toml, and CHANGELOG.md has a chapter for it")
    return 0


def notes_for(checkout: Checkout, tag: str) -> str:
    """What the release says. Raises Stop where the tag is not that of the source, or nothing is written for it."""
    version = version_of(checkout)
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        raise Stop(f"The version {version} is not three numbers, which Windows asks of it.")
    if tag != f"v{version}":
        raise Stop(f"The tag is {tag}, and the version in pyproject.toml is {version}: the tag must be v{version}.")
    return chapter((checkout.root / "CHANGELOG.md").read_text(encoding="utf-8"), version)


def _draft(tag: str, version: str, notes: str, files: list[Path]) -> int:
    gh = shutil.which("gh")
    if gh is None:
        raise Stop("The draft is made by GitHub's command line, gh, which is not installed here.")
    # GitHub takes any number of drafts for one tag, such as another of each run. This finds drafts, too.
    view = subprocess.run([gh, "release", "view", tag], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if view.returncode == 0:
        raise Stop(f"There is a release or a draft of {tag} already. If it is an old draft, delete it, and try again.")
    with tempfile.TemporaryDirectory(prefix="waystation-release-") as name:
        text = Path(name) / "notes.md"
        text.write_text(notes, encoding="utf-8", newline="\n")
        # The tag is never made here: it would be that of another commit.
        options = ["--draft", "--verify-tag", "--title", f"{NAME} {version}", "--notes-file", str(text)]
        command = [gh, "release", "create", tag, *options, *map(str, files)]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        raise Stop("gh could not make the draft (its words are above). If it left half a draft, delete that first.")
    return 0
