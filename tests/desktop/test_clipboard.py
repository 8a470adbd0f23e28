import pytest
from PySide6.QtWidgets import QApplication

from app.desktop.clipboard import put_text


@pytest.mark.parametrize(
    ("platform", "mark"),
    [
        ("win32", 'application/x-qt-windows-mime;value="ExcludeClipboardContentFromMonitorProcessing"'),
        ("linux", "x-kde-passwordManagerHint"),
    ],
)
def test_a_secret_is_marked_for_clipboard_histories(qapp: QApplication, platform: str, mark: str) -> None:
    put_text(qapp.clipboard(), "export OPENAI_API_KEY=…", secret=True, platform=platform)
    assert qapp.clipboard().text() == "export OPENAI_API_KEY=…"
    assert mark in qapp.clipboard().mimeData().formats()

    put_text(qapp.clipboard(), "http://127.0.0.1:8787/codex/v1", secret=False, platform=platform)
    assert qapp.clipboard().mimeData().formats() == ["text/plain"]
