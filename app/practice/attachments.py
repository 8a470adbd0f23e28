"""What is attached to a question: kinds, sizes and names, so that an answer can say that it all arrived."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_NAMES = {"image/png": "PNG", "image/jpeg": "JPEG", "image/gif": "GIF", "image/webp": "WebP", "application/pdf": "PDF"}


@dataclass(frozen=True)
class Attachment:
    """An image or a file. ``size`` is the bytes that came with it; 0 when it is only named."""

    image: bool
    kind: str
    size: int
    name: str

    def __str__(self) -> str:
        """Return for example ``a.pdf, PDF, 24 bytes``."""
        size = f"{self.size} bytes" if self.size else ""
        return ", ".join(filter(None, (self.name, self.kind, size)))


def attached(parts: Iterable[Mapping[str, Any]]) -> tuple[Attachment, ...]:
    """Return the images and files among the parts of a message, in their order."""
    return tuple(_read(part) for part in parts if part.get("type") in ("input_image", "input_file"))


def _read(part: Mapping[str, Any]) -> Attachment:
    image = part["type"] == "input_image"
    data = str(part.get("image_url" if image else "file_data") or "")
    named = str(part.get("filename") or part.get("file_id") or part.get("file_url") or ("" if image else "file"))
    if not data.startswith("data:"):
        return Attachment(image, "", 0, named or data)
    head, _, encoded = data.partition(",")
    media = head[len("data:") :].partition(";")[0].lower()
    padding = len(encoded) - len(encoded.rstrip("="))
    return Attachment(image, _NAMES.get(media, media), len(encoded) * 3 // 4 - padding, named)
