from PySide6.QtWidgets import QApplication

from app.desktop.selftest import desktop_checks


def test_the_selftest_of_the_desktop_passes_and_names_what_it_found(qapp: QApplication) -> None:
    found = desktop_checks()
    assert found["platform"] == "offscreen"
    assert found["english"] == "2 tokens"
    assert found["chinese"] == "运行中"
    assert found["tray"] is False
    assert isinstance(found["pictures"], int)
    assert found["pictures"] > 10
