"""The envelope: what must be known of a request to route it, read from a *copy* of its body."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from typing import Any

import orjson

from app.core.errors import Refusal
from app.core.record import record
from app.core.session import bounded_name

#: Headers in which clients name a conversation, the most telling first: Codex 0.140 and later send the first two,
#: 0.42 to 0.120 the next two, other clients the last.
SESSION_HEADERS = ("thread-id", "session-id", "session_id", "conversation_id", "x-session-id")
#: Keys under which a session may be named where it is no turn, in the body (of a search it is the `id`) and in JSON in
#: this header: Codex 0.169 has images made and searches without any of the headers above.
_BESIDE_NAMES = ("prompt_cache_key", "thread_id", "threadId", "session_id", "id")
_METADATA_HEADER = "x-codex-turn-metadata"


@record
class Envelope:
    """What a body and its headers say about the turn.

    Attributes:
        data: the parsed object; its repr stays out of logs.
        model: as asked for.
        effort: `reasoning.effort` or `reasoning_effort`.
        stream: whether a stream was asked for.
        names: the session's names, bounded, the most telling first; empty when it has none.
    """

    data: Mapping[str, Any] = field(repr=False)
    model: str | None
    effort: str | None
    stream: bool
    names: tuple[str, ...]


def read_envelope(body: bytes, headers: Mapping[str, str], *, rewritten: bool = False) -> Envelope:
    """Read the envelope of a decoded body.

    Args:
        body: JSON text, after any content encoding was undone.
        headers: case-insensitive.
        rewritten: upstream gets another body made of it, so what JSON cannot write (NaN, infinities) is refused here.

    Raises:
        Refusal: 400, when the body is no JSON object in UTF-8, or its `session_id` is not a string.
    """
    data = _parsed(body, rewritten)
    alias = data.get("session_id")
    if alias is not None and not isinstance(alias, str):
        raise Refusal(400, "Invalid type for 'session_id': expected a string.", param="session_id", code="invalid_type")
    names = _names([data.get("prompt_cache_key"), alias], headers)
    reasoning = data.get("reasoning")
    effort = reasoning.get("effort") if isinstance(reasoning, dict) else data.get("reasoning_effort")
    model = data.get("model")
    return Envelope(
        data=data,
        model=model if isinstance(model, str) else None,
        effort=effort if isinstance(effort, str) else None,
        stream=data.get("stream") is True,
        names=names,
    )


def read_beside(body: bytes, headers: Mapping[str, str]) -> Envelope:
    """What can be known of a request that is no turn; its body may be anything, and is never refused.

    Args:
        body: after any content encoding was undone.
        headers: case-insensitive.

    Returns:
        An envelope without data: nothing in such a body is looked at but names of its session and of a model.
    """
    found = _object(body)
    metadata = _object(headers.get(_METADATA_HEADER, "").encode("utf-8", "surrogateescape"))
    model = found.get("model")
    return Envelope(
        data={},
        model=model if isinstance(model, str) else None,
        effort=None,
        stream=False,
        names=_names([data.get(key) for data in (found, metadata) for key in _BESIDE_NAMES], headers),
    )


def _object(text: bytes) -> dict[str, Any]:
    """The JSON object that this is; an empty one if it is something else."""
    data: Any = None
    if text.lstrip()[:1] == b"{":
        with contextlib.suppress(orjson.JSONDecodeError):
            data = orjson.loads(text)
    return data if isinstance(data, dict) else {}


def names_in_headers(headers: Mapping[str, str]) -> tuple[str, ...]:
    """The session's names in a request that has no body."""
    return _names((), headers)


def _names(candidates: Iterable[object], headers: Mapping[str, str]) -> tuple[str, ...]:
    every = (*candidates, *map(headers.get, SESSION_HEADERS))
    return tuple(dict.fromkeys([bounded_name(name) for name in every if isinstance(name, str) and name.strip()]))


def _parsed(body: bytes, rewritten: bool) -> dict[str, Any]:
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        data = _parsed_leniently(body, _finite if rewritten else float)
    if not isinstance(data, dict):
        raise Refusal(400, "The body of your request must be a JSON object.", code="invalid_type")
    return data


def _parsed_leniently(body: bytes, number: Callable[[str], float]) -> Any:
    # orjson refuses what other parsers take: lone surrogates, a byte order mark, NaN. Upstream shall judge those.
    try:
        return json.loads(body.decode("utf-8-sig"), parse_float=number, parse_constant=number)
    except UnicodeDecodeError:
        raise Refusal(
            400,
            "The body of your request is not UTF-8. In Windows' cmd, save it to a UTF-8 file and send it with "
            "--data-binary @file, or run chcp 65001 first.",
        ) from None
    except _NotFinite:
        # Python's json.dumps writes them unless it is told not to; made anew, the body would say null instead.
        raise Refusal(
            400,
            "We could not parse the JSON body of your request. It holds a number that JSON does not know: NaN, "
            "Infinity, or one too large.",
        ) from None
    except (ValueError, RecursionError):
        raise Refusal(
            400,
            "We could not parse the JSON body of your request. Check its quotes, commas and braces.",
        ) from None


class _NotFinite(ValueError):
    """A number that JSON cannot write."""


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise _NotFinite
    return number
