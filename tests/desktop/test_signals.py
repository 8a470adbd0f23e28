"""PySide6 6.12.0 on Python 3.11 loses a reference to True with each signal, and then aborts the process."""

from PySide6.QtWidgets import QApplication

from app.desktop.selftest import SIGNALS, true_references_lost


def test_thousands_of_signals_leave_the_references_to_true_as_they_were(qapp: QApplication) -> None:
    assert SIGNALS >= 5000
    assert true_references_lost(SIGNALS) < 50
