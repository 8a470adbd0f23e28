"""Make all icon files from the one SVG: python -m bundle.icons SVG FOLDER, in the build environment.

waystation.ico for Windows, waystation.icns for macOS, waystation-<size>.png for Linux and for pages.
"""

import io
import os
import sys
from pathlib import Path

#: Pixels. Windows: the notification area, lists, tiles at scales from 100 to 300 %.
ICO_SIZES = (16, 20, 24, 32, 40, 48, 64, 128, 256)
#: macOS: 16 to 512 points, each plain and doubled.
ICNS_SIZES = (16, 32, 64, 128, 256, 512, 1024)
#: The folders of the hicolor theme that desktops look in.
PNG_SIZES = (16, 22, 24, 32, 48, 64, 128, 256, 512)


def make_icons(svg: Path, folder: Path) -> list[Path]:
    """Draw each size anew, since a scaled small icon is blurred. The files made.

    Raises:
        ValueError: it is no SVG that Qt can draw.
    """
    from PIL import Image
    from PySide6.QtCore import QBuffer, QIODevice, Qt
    from PySide6.QtGui import QGuiApplication, QImage, QPainter
    from PySide6.QtSvg import QSvgRenderer

    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    # Painting needs it, and it must live as long.
    application = QGuiApplication.instance() or QGuiApplication([])
    renderer = QSvgRenderer(str(svg))
    if not renderer.isValid():
        raise ValueError(f"{svg} cannot be drawn")

    def drawn(size: int) -> Image.Image:
        image = QImage(size, size, QImage.Format.Format_ARGB32)
        image.fill(Qt.GlobalColor.transparent)
        painter = QPainter(image)
        renderer.render(painter)
        painter.end()
        buffer = QBuffer()
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        image.save(buffer, "PNG")
        return Image.open(io.BytesIO(bytes(buffer.data().data()))).convert("RGBA")

    pictures = {size: drawn(size) for size in sorted({*ICO_SIZES, *ICNS_SIZES, *PNG_SIZES})}
    del application
    folder.mkdir(parents=True, exist_ok=True)
    ico, icns = folder / "waystation.ico", folder / "waystation.icns"
    largest = pictures[max(ICO_SIZES)]
    others = [pictures[size] for size in ICO_SIZES[:-1]]
    largest.save(ico, sizes=[(size, size) for size in ICO_SIZES], append_images=others)
    largest = pictures[max(ICNS_SIZES)]
    largest.save(icns, append_images=[pictures[size] for size in ICNS_SIZES[:-1]])
    made = [ico, icns]
    for size in PNG_SIZES:
        made.append(folder / f"waystation-{size}.png")
        pictures[size].save(made[-1], optimize=True)
    return made


if __name__ == "__main__":
    make_icons(Path(sys.argv[1]), Path(sys.argv[2]))
