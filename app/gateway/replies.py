"""Answers of our own, always in OpenAI's shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from app import __version__
from app.core.errors import Refusal
from app.core.json_text import readable_json_bytes

#: Instead of aiohttp's name and version.
SERVER = f"Waystation/{__version__}"


def json_reply(status: int, body: Any, headers: Mapping[str, str] | None = None) -> web.Response:
    """A JSON answer."""
    return web.Response(
        status=status,
        body=readable_json_bytes(body),
        headers={"Content-Type": "application/json", "Server": SERVER, **(headers or {})},
    )


def error_reply(refusal: Refusal) -> web.Response:
    """A refusal as the client gets it."""
    return json_reply(refusal.status, refusal.body(), refusal.headers)


def no_such_url(method: str, path: str) -> Refusal:
    """404 for a path that we do not serve."""
    return Refusal(
        404,
        f"Invalid URL ({method} {path[:200]}). The base URL of Waystation ends in /codex/v1.",
        code="unknown_url",
    )


def not_allowed(method: str, allowed: str) -> Refusal:
    """405; `allowed` is the Allow header."""
    return Refusal(
        405,
        f"Not allowed to {method[:20]} here; allowed: {allowed}.",
        code="method_not_allowed",
        headers={"Allow": allowed},
    )


def too_large(limit: int, *, decoded: bool = False) -> Refusal:
    """413; `limit` in bytes."""
    what = "Your request, once decompressed," if decoded else "Your request"
    return Refusal(413, f"{what} is larger than {limit >> 20} MiB.", code="request_too_large")


def body_stalled() -> Refusal:
    """408, for a body that never came to its end."""
    return Refusal(408, "The rest of your request's body did not arrive.", code="request_timeout")


def broken_body() -> Refusal:
    """400, for a body whose chunks are no proper HTTP."""
    return Refusal(400, "The body of your request is not valid HTTP: its chunks are broken.", code="bad_request")


def internal_error() -> Refusal:
    """500, without a word of what it was."""
    return Refusal(
        500,
        "Something went wrong inside Waystation; its log file says what.",
        type="server_error",
        code="internal_error",
    )


def stopping() -> Refusal:
    """503, for turns that the end of the gateway ends."""
    return Refusal(
        503,
        "Waystation is being stopped. Try again in a moment.",
        type="server_error",
        code="gateway_stopped",
        headers={"Retry-After": "2"},
    )


def bad_request() -> Refusal:
    """400 for what is no proper HTTP."""
    return Refusal(400, "Your request is not valid HTTP, or its headers are too large.", code="bad_request")
