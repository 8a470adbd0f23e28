"""The pictures that README and user guide show: both languages, light, at the first scale, and small as files."""

from collections import Counter
from pathlib import Path

from PySide6.QtGui import QImage

#: The name in docs/images, without language, by the picture.
SHOWN = {
    "overview-full": "overview",
    "overview-empty": "first-steps",
    "tokens-limit": "tokens",
    "sessions-full": "sessions",
    "set-up-full": "set-up",
    "requests-full": "requests",
    "licenses-full": "licenses",
    "tray": "tray",
}
LANGUAGES = {"en": "en", "zh_CN": "zh"}
#: Bytes that no picture in the repository may exceed.
LARGEST = 150_000
_COLOURS = 256
# Colours that are nearer than this look alike: the sum of the differences of red, green and blue.
_ALIKE = 9


def renew_documents(pictures: Path, target: Path) -> list[tuple[Path, int]]:
    """Write them all; returns each with its size in bytes.

    Raises:
        FileNotFoundError: a picture was not taken.
        ValueError: a picture stays too large.
    """
    target.mkdir(parents=True, exist_ok=True)
    written = []
    for language, ending in LANGUAGES.items():
        for picture, name in SHOWN.items():
            source = pictures / f"{language}-light-1" / f"{picture}.png"
            if not source.exists():
                raise FileNotFoundError(source)
            path = target / f"{name}-{ending}.png"
            few_colours(QImage(str(source))).save(str(path), "PNG", 0)
            size = path.stat().st_size
            if size > LARGEST:
                raise ValueError(f"{path} has {size} bytes")
            written.append((path, size))
    return written


def few_colours(image: QImage) -> QImage:
    """The picture with its 256 most frequent colours, leaving out those that look like a more frequent one."""
    plain = image.convertToFormat(QImage.Format.Format_RGB32)
    counted = Counter(memoryview(plain.constBits()).cast("I"))
    table: list[int] = []
    for colour, _ in counted.most_common():
        if all(_distance(colour, other) >= _ALIKE for other in table):
            table.append(colour)
            if len(table) == _COLOURS:
                break
    return plain.convertToFormat(QImage.Format.Format_Indexed8, table)


def _distance(one: int, other: int) -> int:
    return sum(abs((one >> shift & 255) - (other >> shift & 255)) for shift in (0, 8, 16))
