"""Rules for the parts of a message or of a tool's output: their keys, and what is attached in them."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from app.practice import refusals
from app.practice.refusals import Refusal

_BREAKPOINT = "prompt_cache_breakpoint"
_KEYS = {
    "input_text": frozenset({"type", "text", _BREAKPOINT}),
    "input_image": frozenset({"type", "image_url", "file_id", "detail", _BREAKPOINT}),
    "input_file": frozenset({"type", "file_data", "filename", "file_id", "file_url", "detail", _BREAKPOINT}),
    "output_text": frozenset({"type", "text", "annotations", "logprobs"}),
    "refusal": frozenset({"type", "refusal"}),
}
ANSWER_PARTS = ("output_text", "refusal")
ASK_PARTS = ("input_text", "input_image", "input_file", "input_audio")
OUTPUT_PARTS = (*ASK_PARTS, "encrypted_content")
IMAGE_TYPES = ("image/png", "image/jpeg", "image/gif", "image/webp")

_DETAILS = ("auto", "low", "high", "original")


def check_parts(content: list[Any], allowed: tuple[str, ...], where: str, *, codex: bool) -> Refusal | None:
    """Return why one of the parts in ``content`` is refused, or None."""
    for number, part in enumerate(content):
        place = f"{where}[{number}]"
        if not isinstance(part, dict):
            return refusals.wrong_type(place, "an object", part)
        kind = part.get("type")
        if kind not in allowed:
            return refusals.bad_value(place, kind, allowed)
        found = _check_part(part, str(kind), place, codex=codex)
        if found:
            return found
    return None


def media_type(data_url: str) -> str | None:
    """Return the media type of a data URL in base64 whose data can be read; None for anything else."""
    head, comma, data = data_url.partition(",")
    if not comma or not head.lower().startswith("data:") or not head.lower().endswith(";base64"):
        return None
    try:
        if not base64.b64decode(data, validate=True):
            return None
    except (binascii.Error, ValueError):
        return None
    return head[len("data:") : -len(";base64")].partition(";")[0].lower()


def _check_part(part: Mapping[str, Any], kind: str, place: str, *, codex: bool) -> Refusal | None:
    unknown = next((key for key in part if key not in _KEYS.get(kind, part)), None)
    # A subscription has no such breakpoints.
    unknown = _BREAKPOINT if codex and _BREAKPOINT in part else unknown
    if unknown is not None:
        return refusals.unknown_parameter(f"{place}.{unknown}")
    if kind in ("input_text", "output_text", "refusal"):
        key = "refusal" if kind == "refusal" else "text"
        if key not in part:
            return refusals.missing(f"{place}.{key}")
        return None if isinstance(part[key], str) else refusals.wrong_type(f"{place}.{key}", "a string", part[key])
    if kind == "input_image":
        return _check_image(part, place)
    return _check_file(part, place) if kind == "input_file" else None


def _check_image(part: Mapping[str, Any], place: str) -> Refusal | None:
    if part.get("detail") not in (None, *_DETAILS):
        return refusals.bad_value(f"{place}.detail", part["detail"], _DETAILS)
    url = part.get("image_url")
    if url is None:
        return None if part.get("file_id") else refusals.missing(f"{place}.image_url")
    where = f"{place}.image_url"
    if not isinstance(url, str):
        return refusals.wrong_type(where, "an image URL", url)
    if url.lower().startswith(("http://", "https://")) or media_type(url) in IMAGE_TYPES:
        return None
    if not url.lower().startswith("data:"):
        return refusals.error(
            f"Invalid '{where}'. Expected a valid URL, but got a value with an invalid format.",
            param=where,
            code="invalid_value",
        )
    return refusals.error(
        f"Invalid '{where}'. Expected a base64-encoded data URL with an image MIME type "
        "(e.g. 'data:image/png;base64,aW1nIGJ5dGVzIGhlcmU='), but got unsupported MIME type or broken data.",
        param=where,
        code="invalid_value",
    )


def _check_file(part: Mapping[str, Any], place: str) -> Refusal | None:
    data = part.get("file_data")
    if data is None:
        named = part.get("file_id") or part.get("file_url")
        return None if named else refusals.missing(place)
    if not isinstance(data, str):
        return refusals.wrong_type(f"{place}.file_data", "a string", data)
    if not part.get("filename"):
        # Upstream names the part here, not its missing key.
        return refusals.missing(place)
    if media_type(data) == "application/pdf":
        return None
    return refusals.error(
        f"Invalid '{place}.file_data'. Expected a base64-encoded data URL with a supported MIME type "
        "(e.g. 'data:application/pdf;base64,…').",
        param=f"{place}.file_data",
        code="invalid_value",
    )
