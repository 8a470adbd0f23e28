"""The chapter of one version in CHANGELOG.md, which becomes the notes of its release."""

import re

from machine.report import Stop


def chapter(text: str, version: str) -> str:
    """What stands under a version's heading, such as `## [0.1.0] - 2026-12-01`. Raises Stop where nothing does."""
    heading = rf"^## \[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d$"
    found = re.search(rf"{heading}\n(.*?)(?=^## |^\[[^\]]+\]: |\Z)", text, re.MULTILINE | re.DOTALL)
    if found is None:
        raise Stop(f"CHANGELOG.md has no chapter “## [{version}] - <year>-<month>-<day>”. Rename “Unreleased” to that.")
    words = found[1].strip()
    if not words:
        raise Stop(f"The chapter {version} of CHANGELOG.md is empty.")
    return words + "\n"
