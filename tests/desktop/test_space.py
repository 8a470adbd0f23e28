"""Distances come from one place."""

import re
from pathlib import Path

import app.desktop as desktop

_CALL = re.compile(r"\.(setContentsMargins|setSpacing|addSpacing|setHorizontalSpacing|setVerticalSpacing)\(([^)]*)\)")


def test_layouts_know_no_distances_of_their_own() -> None:
    found = [
        f"{path.name}: {call[0]}"
        for path in Path(str(desktop.__file__)).parent.rglob("*.py")
        for call in _CALL.finditer(path.read_text("utf-8"))
        if re.search(r"(?<![\w.])[1-9]\d*(?! \*)", call[2]) and "space." not in call[2]
    ]
    assert found == []
