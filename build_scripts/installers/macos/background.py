"""Draw what lies under the icons of the disk image: python -m installers.macos.background SVG FOLDER, with PySide6."""

import os
import sys
from pathlib import Path

#: Of dmgbuild: file name of the one in points, and of the one for fine screens.
FILES = {"background.png": 1, "background@2x.png": 2}


def draw_background(svg: Path, folder: Path) -> list[Path]:
    """Draw it in each scale anew. The files made.

    Raises:
        ValueError: it is no SVG that Qt can draw.
    """
    from PySide6.QtGui import QImage, QPainter
    from PySide6.QtSvg import QSvgRenderer

    renderer = QSvgRenderer(str(svg))
    if not renderer.isValid():
        raise ValueError(f"{svg} cannot be drawn")
    folder.mkdir(parents=True, exist_ok=True)
    for name, scale in FILES.items():
        image = QImage(renderer.defaultSize() * scale, QImage.Format.Format_RGB32)
        painter = QPainter(image)
        renderer.render(painter)
        painter.end()
        image.save(str(folder / name), "PNG")  # type: ignore[call-overload]
    return [folder / name for name in FILES]


if __name__ == "__main__":
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from PySide6.QtGui import QGuiApplication

    # Painting needs it, for as long.
    application = QGuiApplication(sys.argv[:1])
    draw_background(Path(sys.argv[1]), Path(sys.argv[2]))
