"""Upstream's failures, over HTTP and within a stream, as one type in OpenAI's shape.

Upstream speaks several dialects: `{"error": {...}}` (OpenAI), `{"detail": "..."}` and `{"detail": [...]}` (the ChatGPT
backend's framework), pages of HTML (whatever stands in front of it), and two shapes of `error` events.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from typing import Any

from app.core.verdict import Fault
from app.translate.events import count, member, text
from app.translate.sse import parsed_object

INVALID_REQUEST = "invalid_request_error"
_SERVER = "server_error"
_RATE_LIMIT = "rate_limit_error"

#: Clients of OpenAI sleep for shorter waits; some older ones retry at once on longer ones unless told not to.
_LONGEST_RETRY_S = 60
#: A `Retry-After` may name any date, years ahead; nobody is told to wait longer for it. In seconds.
_LONGEST_WAIT_S = 24 * 3600
_MAX_MESSAGE = 2000

_LIMIT_CODES = frozenset(("usage_limit_reached", "usage_not_included", "insufficient_quota", "rate_limit_exceeded"))
_OVERLOAD_CODES = frozenset(("server_is_overloaded", "slow_down", "overloaded_error"))
_REQUEST_CODES = frozenset(("context_length_exceeded", "cyber_policy", "unsupported_value"))
_UNSUPPORTED_MODEL = re.compile(r"'([^']+)' model is not supported|model [`'][^`']+[`'] does not exist", re.IGNORECASE)
_AT_CAPACITY = re.compile(r"model is at capacity", re.IGNORECASE)
_KEY = re.compile(r"\bsk-[\w*\-]{4,}")
_WAIT = re.compile(r"try again in ((?:\d+(?:\.\d+)?\s*(?:ms|[a-z]+)[\s,]*)+)", re.IGNORECASE)
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)", re.IGNORECASE)
_MARKUP = re.compile(rb"(?:\xef\xbb\xbf)?\s*<")
_CLOUDFLARE = re.compile(rb"cloudflare|cf-ray|challenge-platform|just a moment", re.IGNORECASE)
_CLOUDFLARE_ADVICE = (
    "Upstream answered with a Cloudflare page instead of the API (HTTP {}). "
    "Try again later, or use another network or proxy."
)


@dataclass(frozen=True, slots=True)
class UpstreamFailure:
    """Why upstream gave no answer, and what to tell a Chat Completions client.

    Attributes:
        status: HTTP status for the client, as long as one can still be sent.
        type, code, message, param: of OpenAI's error object.
        upstream_code: upstream's own word, for the turn's row; `code` where it had none.
        retry_after: seconds to wait, when upstream said so.
        resets_at: Unix seconds at which a limit ends, when upstream said so.
        plan_type: of the ChatGPT account that is at its limit.
        fault: what the pool judges it by.
    """

    status: int
    type: str
    code: str | None
    message: str = field(repr=False)
    param: str | None = None
    upstream_code: str | None = None
    retry_after: float | None = None
    resets_at: float | None = None
    plan_type: str | None = None
    fault: Fault = field(repr=False, default=Fault(None))

    def wait(self, now: float) -> int | None:
        """Whole seconds until another try makes sense, at least 1; None when upstream did not say.

        At most a day, unless upstream names the end of a limit: that may be a week away.
        """
        if self.retry_after is None and self.resets_at is None:
            return None
        end = _LONGEST_WAIT_S if self.resets_at is None else self.resets_at - now
        return max(1, math.ceil(end if self.retry_after is None else min(self.retry_after, end)))

    def body(self, now: float) -> dict[str, Any]:
        """The JSON body, also of the one error event within a stream: all four keys are always there."""
        error: dict[str, Any] = {
            "message": self.message,
            "type": self.type,
            "param": self.param,
            "code": self.code,
        }
        wait = self.wait(now)
        if self.status == 429:
            resets_at = None if self.resets_at is None else int(self.resets_at)
            more = {"plan_type": self.plan_type, "resets_at": resets_at, "resets_in_seconds": wait}
            error |= {key: value for key, value in more.items() if value is not None}
        return {"error": error}

    def headers(self, now: float) -> dict[str, str]:
        """`Retry-After`, and `x-should-retry: false` where waiting is not for a program."""
        wait = self.wait(now) if self.status in (429, 503) else None
        if wait is None:
            return {}
        headers = {"Retry-After": str(wait)}
        if wait > _LONGEST_RETRY_S:
            headers["x-should-retry"] = "false"
        return headers


def truncated() -> UpstreamFailure:
    """The stream ended without its terminal event."""
    return _server(502, "upstream_stream_truncated", "Upstream's answer broke off before its end.")


def unreadable() -> UpstreamFailure:
    """The stream holds an event larger than we read."""
    return _server(502, "upstream_error", "Upstream sent an event that is too large to read.")


def failure_from_event(event: Mapping[str, Any]) -> UpstreamFailure:
    """The failure that a `response.failed`, `error` (flat or nested) or cancelled event tells of."""
    error = _error_of(event)
    # Programs that imitate OpenAI put a number where its codes are words.
    status = count(event.get("status")) or count(event.get("status_code")) or count(error.get("code"))
    headers = {key.lower(): value for key, value in member(event, "headers").items() if isinstance(value, str)}
    return _judged(status if status and 400 <= status < 600 else None, error, headers, now=None)


def failure_from_http(status: int, body: bytes, headers: Mapping[str, str], *, now: float) -> UpstreamFailure:
    """The failure that an HTTP answer of upstream tells of.

    Args:
        status: upstream's; one below 400 means that the answer is not what was asked for (an HTML page, say).
        body: decoded; it may be cut off. HTML is recognised and never quoted.
        headers: case-insensitive, or with lower-case names.
        now: Unix seconds, for a `Retry-After` that names a date.
    """
    failure = _failure_from_http(status, body, headers, now)
    # What stands here is upstream's own status, not the one that the client is told.
    return replace(failure, fault=replace(failure.fault, status=status if status >= 400 else None))


def _failure_from_http(status: int, body: bytes, headers: Mapping[str, str], now: float) -> UpstreamFailure:
    parsed = parsed_object(body)
    if status == 413:
        return UpstreamFailure(413, INVALID_REQUEST, "request_too_large", "Upstream refused the request as too large.")
    if status < 400 and parsed is not None and _error_of(parsed):
        return _judged(None, _error_of(parsed), headers, now=now)
    if status < 400 or (parsed is None and status in (403, 404, 405)):
        return _page_instead(status, parsed, body, headers)
    if parsed is None and status >= 500 and _CLOUDFLARE.search(body[:65536]):
        return _page(_CLOUDFLARE_ADVICE.format(status), "cloudflare")
    failure = _judged(status, _error_of(parsed or {}), headers, now=now)
    failure = replace(failure, fault=replace(failure.fault, readable=parsed is not None))
    if (failure.type == INVALID_REQUEST or status == 401) and _MARKUP.match(body):
        # Whoever wrote it knows neither the request nor the token, so neither can be said to be wrong.
        return replace(_page_instead(status, parsed, body, headers), fault=failure.fault)
    return failure


def _page_instead(
    status: int, parsed: Mapping[str, Any] | None, body: bytes, headers: Mapping[str, str]
) -> UpstreamFailure:
    if headers.get("cf-mitigated") or (parsed is None and _CLOUDFLARE.search(body[:65536])):
        return _page(_CLOUDFLARE_ADVICE.format(status), "cloudflare")
    return _page(f"Upstream answered with something that is not the API (HTTP {status}). Check its address.")


def _error_of(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The error object of any dialect, as OpenAI's: `code`, `type`, `message`, `param` and more."""
    error = body.get("error")
    if not isinstance(error, Mapping | str):
        error = member(body, "response").get("error")
    if isinstance(error, Mapping):
        return error
    if isinstance(error, str):
        return {"message": error}
    detail = body.get("detail")
    if isinstance(detail, Mapping):
        return detail
    if isinstance(detail, str):
        return {"message": detail}
    if isinstance(detail, list):
        return {"message": "; ".join(_located(entry) for entry in detail)}
    if body.get("type") == "error":
        # The flat event: its own `type` is the event's, not the error's.
        return {key: value for key, value in body.items() if key != "type"}
    message = text(body, "message")
    return {"message": message, "code": body.get("code")} if message else {}


def _located(entry: object) -> str:
    if not isinstance(entry, Mapping):
        return entry if isinstance(entry, str) else ""
    where = entry.get("loc")
    steps = where if isinstance(where, list) else []
    place = ".".join(str(step) for step in steps if isinstance(step, str | int))
    return f"{place}: {text(entry, 'msg')}" if place else text(entry, "msg")


def _judged(
    status: int | None, error: Mapping[str, Any], headers: Mapping[str, str], *, now: float | None
) -> UpstreamFailure:
    said = _KEY.sub("sk-…", text(error, "message"))[:_MAX_MESSAGE]
    own = text(error, "code") or _telling_type(error)
    if not own and "usage_limit_reached" in said:
        own = "usage_limit_reached"
    param = text(error, "param") or None
    meant = _meant_status(status, own, said)
    wait_s = _number(error.get("resets_in_seconds"))
    retry_after = _retry_after(error, headers, said, now)
    fault = Fault(
        status,
        own or text(error, "type"),
        said,
        wait_s=retry_after if wait_s is None else wait_s,
        resets_at=_number(error.get("resets_at")),
    )

    def failure(as_status: int, kind: str, code: str | None, fallback: str) -> UpstreamFailure:
        return UpstreamFailure(
            as_status,
            kind,
            code,
            said or fallback,
            param if kind == INVALID_REQUEST else None,
            own or code,
            retry_after,
            fault.resets_at,
            text(error, "plan_type") or None,
            fault,
        )

    if meant == 401:
        # A client would tell its user that the license is wrong; and upstream's text shows part of a key.
        advice = "Upstream refused the token: sign in again, or add a new API key in Waystation."
        return replace(_server(503, "no_available_token", advice, own), fault=fault)
    if meant in (402, 403):
        return failure(403, "permission_error", own or None, f"Upstream does not allow this: {own or 'forbidden'}.")
    if meant == 404:
        unsupported = _UNSUPPORTED_MODEL.search(said)
        if own == "model_not_found" or unsupported is not None:
            if unsupported is not None and unsupported[1]:
                said = f"The model `{unsupported[1]}` does not exist or you do not have access to it. {said}"
            fallback = "The model does not exist or you do not have access to it."
            return failure(404, INVALID_REQUEST, "model_not_found", fallback)
        return failure(404, INVALID_REQUEST, own or None, "Upstream does not know what was asked for.")
    if meant == 429:
        return failure(429, _RATE_LIMIT, own or "rate_limit_exceeded", "Upstream's limit is reached.")
    if meant in (408, 504):
        return failure(504, _SERVER, "upstream_timeout", "Upstream did not answer in time.")
    if meant in (503, 529):
        return failure(503, _SERVER, "upstream_overloaded", "Upstream is overloaded. Try again in a moment.")
    if 400 <= meant < 500 and meant != 405:
        return failure(meant, INVALID_REQUEST, own or None, "Upstream refused the request.")
    return failure(502, _SERVER, "upstream_error", "Upstream could not answer.")


def _meant_status(status: int | None, code: str, message: str) -> int:
    """The status by what upstream says, where that is more telling than the status it chose."""
    if code in _LIMIT_CODES or (_AT_CAPACITY.search(message) and (status or 0) < 500):
        return 429
    if code in _OVERLOAD_CODES:
        return 503
    if status in (None, 400, 404) and (code == "model_not_found" or _UNSUPPORTED_MODEL.search(message)):
        return 404
    if status is not None:
        return status
    if code in _REQUEST_CODES or code.startswith(("invalid_", "image_")):
        return 400
    return 502


def _telling_type(error: Mapping[str, Any]) -> str:
    """The error's type where it is as exact as a code: the ChatGPT backend writes `usage_limit_reached` there."""
    kind = text(error, "type")
    return kind if kind in _LIMIT_CODES or kind in _OVERLOAD_CODES else ""


def _retry_after(error: Mapping[str, Any], headers: Mapping[str, str], message: str, now: float | None) -> float | None:
    header = headers.get("retry-after")
    if header is not None:
        try:
            return _number(float(header))
        except ValueError:
            if now is not None:
                try:
                    return max(0.0, parsedate_to_datetime(header).timestamp() - now)
                except (ValueError, OverflowError):
                    pass
    wait = _number(error.get("resets_in_seconds"))
    if wait is not None:
        return wait
    spoken = _WAIT.search(message)
    if spoken is None:
        return None
    units = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
    spans = [
        float(value) * units.get("ms" if unit.lower() in ("ms", "milliseconds") else unit.lower()[0], 0)
        for value, unit in _SPAN.findall(spoken[1])
    ]
    return _number(sum(spans)) or None


def _number(value: object) -> float | None:
    """A span or point of time in seconds; None for anything that cannot be one."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 2**40:
        return None
    return float(value)


def _page(message: str, own: str = "") -> UpstreamFailure:
    """Somebody's page instead of the API's answer."""
    failure = _server(502, "upstream_error", message, own)
    return replace(failure, fault=replace(failure.fault, readable=False))


def _server(status: int, code: str, message: str, own: str = "") -> UpstreamFailure:
    return UpstreamFailure(status, _SERVER, code, message, upstream_code=own or code, fault=Fault(None, own or code))
