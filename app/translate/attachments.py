"""Images and files within messages, checked before upstream is asked.

Upstream's own words about a damaged attachment name a place in a body that the client has never seen, or it answers as
if there were none. Addresses of the web go up untouched: the gateway fetches nothing.
"""

from __future__ import annotations

import re
from binascii import a2b_base64
from dataclasses import dataclass
from typing import Any

from app.core.errors import Refusal
from app.translate import fields, invalid
from app.translate.fields import Fields

_IMAGES = {
    "image/png": "image/png",
    "image/jpeg": "image/jpeg",
    "image/jpg": "image/jpeg",
    "image/gif": "image/gif",
    "image/webp": "image/webp",
}
_PDF = "application/pdf"
_DETAILS = ("auto", "low", "high", "original")
_SUPPORTED = "Only images (PNG, JPEG, GIF, WebP) and PDF files are supported."
_WEB = re.compile(r"https?://[^\s/]", re.IGNORECASE)
#: How the bytes of a PNG, JPEG, GIF and WebP image begin.
_IMAGE_START = re.compile(rb"\x89PNG\r\n\x1a\n|\xff\xd8\xff|GIF8[79]a|RIFF....WEBP", re.DOTALL)
#: Readers of PDF look for its mark in so many bytes.
_PDF_HEAD = 1024
_HEAD_SYMBOLS = 1368  # decodes to the 1026 bytes that hold them

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_BLANK = b" \t\r\n\f\v"
#: Looked at in pieces: other threads get their turn in between, and no copy of the whole is made.
_PIECE = 1 << 18
#: What stands before the comma of a data URL: a type and a few parameters.
_LONGEST_HEADER = 1024
_DEFAULT_FILENAME = "document.pdf"


def input_image(part: Fields, where: str) -> dict[str, Any]:
    """An `image_url` part as an `input_image`.

    Data that no supported image begins with is refused: that costs a look at 12 bytes, and an HTML page or a HEIC photo
    under another name is what users do send. A JPEG that is called a PNG goes up as it is: upstream goes by the bytes.

    Args:
        part: the part; its `image_url` is an object, or just the URL as some clients send it.
        where: its place.

    Raises:
        Refusal: 400.
    """
    place = f"{where}.image_url"
    given = part.get("image_url")
    image = {"url": given} if isinstance(given, str) else fields.mapping(part, "image_url", where)
    url = fields.name(image, "url", place)
    detail = fields.word(image, "detail", _DETAILS, place) or "auto"
    if not _WEB.match(url):
        url = _image_data(url, place)
    return {"type": "input_image", "image_url": url, "detail": detail}


def input_file(part: Fields, where: str) -> dict[str, Any]:
    """A `file` part as an `input_file`: a PDF within the request, or the id of a file uploaded before.

    Raises:
        Refusal: 400.
    """
    place = f"{where}.file"
    given = fields.mapping(part, "file", where)
    file_id = fields.optional_string(given, "file_id", place)
    data = fields.optional_string(given, "file_data", place)
    filename = fields.optional_string(given, "filename", place)
    if file_id and data:
        raise invalid.unusable(place, "Give either 'file_data' or 'file_id' of a file, not both.")
    if file_id:
        return {"type": "input_file", "file_id": file_id}
    if not data:
        raise invalid.missing(f"{place}.file_data")
    # Upstream refuses data without a name.
    return {"type": "input_file", "filename": filename or _DEFAULT_FILENAME, "file_data": _pdf_data(data, place)}


def _image_data(url: str, place: str) -> str:
    data = _DataUrl.read(url)
    if data is None:
        why = "Expected an http(s) URL, or a data URL such as 'data:image/png;base64,…'."
        raise invalid.unusable(place, f"Invalid image URL. {why}", "invalid_image_url")
    mime = _IMAGES.get(data.mime)
    if mime is None:
        raise _unsupported(data.mime, place, "Send it as a 'file' part." if data.mime == _PDF else "")
    payload = _Base64.read(url, data.at, place)
    if not _IMAGE_START.match(payload.head):
        why = "The data of this image is no PNG, JPEG, GIF or WebP image."
        raise invalid.unusable(place, f"{why} {_SUPPORTED}", "unsupported_file")
    return payload.url(url, data, mime)


def _pdf_data(text: str, place: str) -> str:
    data = _DataUrl.read(text)
    if data is None and text[:5].lower() == "data:":
        why = "Expected a data URL such as 'data:application/pdf;base64,…'."
        raise invalid.unusable(f"{place}.file_data", f"Invalid file data. {why}", "invalid_base64")
    if data is not None and data.mime != _PDF:
        raise _unsupported(data.mime, place, "Send it as an 'image_url' part." if data.mime in _IMAGES else "")
    # Without a data URL around it, it is the bare Base64.
    payload = _Base64.read(text, data.at if data else 0, f"{place}.file_data")
    if b"%PDF" not in payload.head[:_PDF_HEAD]:
        raise invalid.unusable(place, f"The data of this file is no PDF. {_SUPPORTED}", "unsupported_file")
    return payload.url(text, data or _DataUrl("", 0), _PDF)


def _unsupported(mime: str, place: str, advice: str) -> Refusal:
    why = f"Unsupported file type '{invalid.shortened(mime)}'{' here' if advice else ''}. {advice or _SUPPORTED}"
    return invalid.unusable(place, why, "unsupported_file")


@dataclass(frozen=True, slots=True)
class _DataUrl:
    """What stands before the data: its type in lower case, without parameters, and where the data begins."""

    mime: str
    at: int

    @classmethod
    def read(cls, url: str) -> _DataUrl | None:
        comma = url.find(",", 0, _LONGEST_HEADER)
        if comma < 0 or url[:5].lower() != "data:":
            return None
        mime, *parameters = [word.strip().lower() for word in url[5:comma].split(";")]
        return cls(mime, comma + 1) if parameters and parameters[-1] == "base64" else None


@dataclass(frozen=True, slots=True)
class _Base64:
    """Checked data: how it begins, and its text without blanks and with its padding where it had to be mended."""

    head: bytes
    mended: str | None

    @classmethod
    def read(cls, text: str, at: int, place: str) -> _Base64:
        """Check the data of `text` from `at` on; blanks and missing padding are tolerated, nothing else is."""
        symbols, head, blanks, padding = 0, b"", False, 0
        for start in range(at, len(text), _PIECE):
            piece = text[start : start + _PIECE].encode("ascii", "replace")
            left = piece.translate(None, _ALPHABET)
            if left or padding:
                packed = piece.translate(None, _BLANK)
                blanks |= len(packed) < len(piece)
                piece = packed.rstrip(b"=")
                if piece.translate(None, _ALPHABET) or (padding and piece):
                    raise _not_base64(place)
                padding += len(packed) - len(piece)
            symbols += len(piece)
            if len(head) < _HEAD_SYMBOLS:
                head += piece[: _HEAD_SYMBOLS - len(head)]
        needed = -symbols % 4
        if symbols < 2 or needed == 3 or padding > needed:
            raise _not_base64(place)
        mended = None
        if blanks or padding < needed:
            mended = "".join(text[at:].split()).rstrip("=") + "=" * needed
        return cls(a2b_base64(head + b"=" * (-len(head) % 4)), mended)

    def url(self, text: str, data: _DataUrl, mime: str) -> str:
        """The data URL for upstream; the client's own string where that is right already."""
        start = f"data:{mime};base64,"
        if self.mended is not None:
            return start + self.mended
        return text if text[: data.at] == start else start + text[data.at :]


def _not_base64(place: str) -> Refusal:
    why = "Invalid base64 data: it is empty, cut off, or holds characters that Base64 does not have."
    return invalid.unusable(place, why, "invalid_base64")
