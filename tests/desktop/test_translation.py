"""The languages: chosen by the system, complete, and in step with the source."""

import ast
import logging
import shutil
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QApplication

from app.desktop.translation import choose_language, install_language
from tests.desktop.conftest import linguist

ROOT = Path(__file__).resolve().parents[2]
TRANSLATIONS = ROOT / "resources/translations"
SOURCES = sorted((ROOT / "app/desktop").rglob("*.py"))


@pytest.mark.parametrize(
    ("wanted", "preferred", "language"),
    [
        (None, ["zh-Hans-CN", "zh-CN", "zh"], "zh_CN"),
        (None, ["zh_TW"], "zh_CN"),
        (None, ["de-DE", "zh-CN"], "zh_CN"),
        (None, ["en-GB", "zh-CN"], "en"),
        (None, ["C"], "en"),
        (None, ["fr-FR"], "en"),
        (None, [], "en"),
        ("zh_CN", ["en-US"], "zh_CN"),
        ("en", ["zh-CN"], "en"),
    ],
)
def test_the_language_is_the_first_that_we_speak(wanted: str | None, preferred: list[str], language: str) -> None:
    assert choose_language(wanted, preferred) == language


@pytest.mark.parametrize(("name", "plural_only"), [("waystation_zh_CN", False), ("waystation_en", True)])
def test_the_translations_know_every_string_of_the_source(name: str, plural_only: bool, tmp_path: Path) -> None:
    language = name.partition("_")[2]
    copy = tmp_path / f"{name}.ts"
    shutil.copy(TRANSLATIONS / copy.name, copy)
    options = ["-source-language", "en", "-target-language", language, "-no-obsolete", "-locations", "none"]
    options += ["-pluralonly"] if plural_only else []
    linguist("lupdate", *SOURCES, "-ts", copy, *options)
    assert copy.read_text("utf-8") == (TRANSLATIONS / copy.name).read_text("utf-8"), "run lupdate, then translate"


@pytest.mark.parametrize("path", sorted(TRANSLATIONS.glob("*.ts")), ids=lambda path: path.stem)
def test_no_translation_is_unfinished_or_loses_a_value(path: Path) -> None:
    messages = list(ElementTree.parse(path).getroot().iter("message"))
    assert messages
    for message in messages:
        source = message.findtext("source") or ""
        translation = message.find("translation")
        assert translation is not None
        assert translation.get("type") is None, source
        texts = [form.text or "" for form in translation.iter("numerusform")] or [translation.text or ""]
        for text in texts:
            assert text.strip(), source
            assert values(text) == values(source), source
            assert text.count("&") == source.count("&"), source
            assert ("…" in text) == ("…" in source), source


def values(text: str) -> list[str]:
    names = [part.split("}")[0] for part in text.split("{")[1:] if part[0] != "_"]
    return sorted(names + ["%n"] * text.count("%n"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT / "app/desktop")))
def test_what_is_translated_is_a_literal(path: Path) -> None:
    """lupdate takes an f-string as it is written, and then it never matches."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in ("tr", "translate", "QT_TRANSLATE_NOOP"):
            in_lookup = path.name == "translation.py" and name == "translate"
            for argument in node.args[: 1 if name == "tr" else 2]:
                literal = isinstance(argument, ast.Constant) and isinstance(argument.value, str)
                assert literal or in_lookup, f"{path}:{node.lineno}"


def test_without_its_translation_it_goes_on_in_english_and_says_so(
    qapp: QApplication, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        translators = install_language(qapp, "zh_CN", tmp_path)
    for translator in translators:
        qapp.removeTranslator(translator)
    assert "waystation_zh_CN.qm cannot be loaded" in caplog.text
    assert QCoreApplication.translate("Overview", "Running") == "Running"


def test_qts_own_buttons_are_chinese_too(chinese: None) -> None:
    assert QCoreApplication.translate("QPlatformTheme", "Cancel") == "取消"
