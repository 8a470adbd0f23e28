"""A small tray program, for the tests of the desktop session itself. Argument: a folder for its reports."""

import sys
from pathlib import Path

from PySide6.QtGui import QAction, QIcon, QPixmap
from PySide6.QtWidgets import QApplication, QMenu, QSystemTrayIcon


def main() -> int:
    folder = Path(sys.argv[1])
    application = QApplication(sys.argv)
    application.setQuitOnLastWindowClosed(False)
    (folder / "tray-available").write_text(str(QSystemTrayIcon.isSystemTrayAvailable()), encoding="utf-8")

    picture = QPixmap(22, 22)
    picture.fill("#c01c28")
    menu = QMenu()
    status = menu.addAction("运行中 · 127.0.0.1:8787")
    status.setEnabled(False)
    copy_menu = menu.addMenu("复制环境变量")
    for shell in ("bash", "PowerShell", "cmd"):
        action = copy_menu.addAction(shell)
        action.triggered.connect(lambda _checked, name=shell: application.clipboard().setText(f"变量：{name}"))
    tick = QAction("登录时启动(&S)", menu, checkable=True, checked=True)
    menu.addAction(tick)
    hidden = menu.addAction("隐藏")
    hidden.setVisible(False)
    menu.addSeparator()
    menu.addAction("退出").triggered.connect(application.quit)
    menu.aboutToShow.connect(lambda: status.setText("已打开"))

    icon = QSystemTrayIcon(QIcon(picture))
    icon.activated.connect(lambda reason: (folder / "activated").write_text(reason.name, encoding="utf-8"))
    icon.setContextMenu(menu)
    icon.show()
    return application.exec()


sys.exit(main())
