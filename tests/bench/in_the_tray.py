"""The desktop in a tray that is nowhere: without a screen there is none, and then the window would be opened.

Says `tray SECONDS` (of the monotonic clock) when the icon is shown. With BENCH_STALL_S see `window_timer`.

usage: python -m tests.bench.in_the_tray ARGUMENTS OF waystation
"""

import os
import sys
import time
from typing import Any

from app.__main__ import main
from app.commandline.importing import modules_read

# As the program itself reads them.
with modules_read():
    from app.commandline import desktop

_run = desktop.run


def _run_with_a_tray(*arguments: Any, **options: Any) -> int:
    # Not before the program itself would load Qt.
    with modules_read():
        from PySide6.QtWidgets import QSystemTrayIcon

        from app.desktop import tray

    class Icon(QSystemTrayIcon):
        @staticmethod
        def isSystemTrayAvailable() -> bool:
            return True

        def show(self) -> None:
            super().show()
            print(f"tray {time.monotonic()}", flush=True)
            if "BENCH_STALL_S" in os.environ:
                from tests.bench.window_timer import WindowTimer

                WindowTimer(self, float(os.environ["BENCH_STALL_S"]))

    vars(tray)["QSystemTrayIcon"] = Icon
    return _run(*arguments, **options)


if __name__ == "__main__":
    desktop.run = _run_with_a_tray
    sys.exit(main())
