"""What README and the user guides point at is there, in both languages."""

import re
from pathlib import Path

import pytest

from build_scripts.pictures.documents import LANGUAGES, LARGEST, SHOWN

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "README.zh-CN.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
LINK = re.compile(r"\]\(([^)\s]+)\)")


def anchors(document: Path) -> set[str]:
    """The names of the headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_of_a_document_leads_somewhere(document: Path) -> None:
    broken = []
    for link in LINK.findall(document.read_text(encoding="utf-8")):
        if link.startswith(("https://", "http://")):
            continue
        name, _, anchor = link.partition("#")
        target = (document.parent / name).resolve() if name else document
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


def test_the_guides_have_the_same_chapters_pictures_and_tables() -> None:
    english, chinese = ((ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("guide.md", "guide.zh-CN.md"))
    for part in (r"^#+ ", r"^\|", r"^\d\. ", r"^\* "):
        assert len(re.findall(part, english, re.MULTILINE)) == len(re.findall(part, chinese, re.MULTILINE)), part
    assert re.findall(r"images/([\w-]+)-en", english) == re.findall(r"images/([\w-]+)-zh", chinese)


def test_pictures_are_small_and_none_is_forgotten() -> None:
    folder = ROOT / "docs" / "images"
    made = {f"{name}-{ending}.png" for name in SHOWN.values() for ending in LANGUAGES.values()}
    assert {path.name for path in folder.iterdir()} == made
    assert [path.name for path in folder.iterdir() if path.stat().st_size > LARGEST] == []
    said = "\n".join(document.read_text(encoding="utf-8") for document in DOCUMENTS)
    assert [name for name in sorted(made) if name not in said] == []
