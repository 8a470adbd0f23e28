"""The files that are given to every system as they are, but for the version and the like."""

from datetime import UTC, datetime
from pathlib import Path

FILES = Path(__file__).with_name("files")


def filled(name: str, version: str, moment: int, **others: str) -> str:
    """One of them, with `@VERSION@`, the day of `moment` (Unix seconds) as `@DATE@`, and others by their names."""
    values = {"VERSION": version, "DATE": datetime.fromtimestamp(moment, UTC).date().isoformat()} | others
    text = (FILES / name).read_text(encoding="utf-8")
    for key, value in values.items():
        text = text.replace(f"@{key}@", value)
    return text
