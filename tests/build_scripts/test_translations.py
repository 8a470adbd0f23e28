import os
import sys
from pathlib import Path

import pytest

from machine.checkout import Checkout
from machine.report import Stop
from machine.translations import compile_translations

TS = """<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="zh_CN"><context><name>Tray</name>
<message><source>Quit</source><translation>退出</translation></message></context></TS>
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A clone whose environment is the one that runs these tests."""
    checkout = Checkout(tmp_path)
    checkout.venv.symlink_to(Path(sys.executable).parents[1])
    return checkout


def test_without_translations_nothing_is_made(checkout: Checkout) -> None:
    compile_translations(checkout)
    assert not checkout.compiled_translations.exists()


def test_a_translation_is_compiled_when_newer_and_removed_with_its_source(checkout: Checkout) -> None:
    from PySide6.QtCore import QTranslator

    checkout.translation_sources.mkdir(parents=True)
    source = checkout.translation_sources / "waystation_zh_CN.ts"
    source.write_text(TS, encoding="utf-8")
    compile_translations(checkout)
    compiled = checkout.compiled_translations / "waystation_zh_CN.qm"
    translator = QTranslator()
    assert translator.load(str(compiled))
    assert translator.translate("Tray", "Quit") == "退出"

    first = compiled.stat().st_mtime_ns
    compile_translations(checkout)
    assert compiled.stat().st_mtime_ns == first

    later = compiled.stat().st_mtime + 10
    os.utime(source, (later, later))
    compile_translations(checkout)
    assert compiled.stat().st_mtime_ns > first

    source.unlink()
    compile_translations(checkout)
    assert not compiled.exists()


def test_a_broken_translation_stops_with_its_name(checkout: Checkout) -> None:
    checkout.translation_sources.mkdir(parents=True)
    (checkout.translation_sources / "broken.ts").write_text("<TS", encoding="utf-8")
    with pytest.raises(Stop, match=r"broken\.ts could not be compiled"):
        compile_translations(checkout)
    assert not list(checkout.compiled_translations.glob("*.qm"))
