"""What the two services refuse before a turn starts, in the order in which they look.

The rules are those of the reference (Codex backend: a closed list of keys, ``stream`` true, ``store``
false, a list as input; OpenAI API: its documented keys and items). They see the decoded body and
return a refusal, or None when the turn may start.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.practice import refusals
from app.practice.catalogue import knows
from app.practice.items import check_items
from app.practice.memory import Reader
from app.practice.option_rules import check_options
from app.practice.refusals import Refusal
from app.practice.tool_rules import check_tools

Body = Mapping[str, Any]

CODEX_KEYS = frozenset(
    {
        "model",
        "instructions",
        "input",
        "tools",
        "tool_choice",
        "parallel_tool_calls",
        "reasoning",
        "include",
        "text",
        "prompt_cache_key",
        "service_tier",
        "store",
        "stream",
        "client_metadata",
    }
)
"""The top-level keys that the Codex backend accepts."""

API_KEYS = CODEX_KEYS | frozenset(
    {
        "background",
        "context_management",
        "conversation",
        "max_output_tokens",
        "max_tool_calls",
        "metadata",
        "moderation",
        "previous_response_id",
        "prompt",
        "prompt_cache_options",
        "prompt_cache_retention",
        "safety_identifier",
        "stream_options",
        "temperature",
        "top_logprobs",
        "top_p",
        "truncation",
        "user",
    }
)
"""The top-level keys that the OpenAI Responses API accepts."""

COMPACT_KEYS = frozenset(
    {
        "model",
        "input",
        "instructions",
        "tools",
        "parallel_tool_calls",
        "reasoning",
        "text",
        "prompt_cache_key",
        "service_tier",
        "previous_response_id",
        "client_metadata",
    }
)
"""The top-level keys of ``POST …/responses/compact``."""

MAX_CACHE_KEY = 64
"""Characters that ``prompt_cache_key`` may have."""


@dataclass(frozen=True)
class Service:
    """One of the two services: its name decides the rules and the shapes of its answers."""

    name: str

    @property
    def codex(self) -> bool:
        """Say whether this is the ChatGPT Codex backend."""
        return self.name == "codex"


CODEX = Service("codex")
OPENAI = Service("openai")


def check_turn(service: Service, body: Any, reader: Reader) -> Refusal | None:
    """Return why the body of ``POST …/responses`` is refused, or None; ``reader`` is the caller."""
    if not isinstance(body, dict):
        return _unreadable(service)
    shape = _check_codex(body) if service.codex else _check_api(body)
    return shape or _check_common(service, body, reader)


def check_compact(service: Service, body: Any, reader: Reader) -> Refusal | None:
    """Return why the body of ``POST …/responses/compact`` is refused, or None."""
    if not isinstance(body, dict):
        return _unreadable(service)
    unknown = next((key for key in body if key not in COMPACT_KEYS), None)
    if unknown is not None:
        return _unknown_key(service, unknown)
    return _check_model(service, body) or _check_common(service, body, reader)


def _check_codex(body: Body) -> Refusal | None:
    unknown = next((key for key in body if key not in CODEX_KEYS), None)
    if unknown is not None:
        return _unknown_key(CODEX, unknown)
    if body.get("stream") is not True:
        return refusals.detail("Stream must be set to true")
    if body.get("store") is not False:
        return refusals.detail("Store must be set to false")
    given = body.get("input")
    if not isinstance(given, list):
        return refusals.detail("Input must be a list")
    roles = [item.get("role") for item in given if isinstance(item, dict)]
    if "system" in roles:
        return refusals.detail("System messages are not allowed")
    # Codex 0.169 sends no instructions at all; its developer messages lead the input instead.
    if not isinstance(body.get("instructions"), str) and "developer" not in roles:
        return refusals.detail("Instructions are required")
    return _check_model(CODEX, body)


def _check_api(body: Body) -> Refusal | None:
    unknown = next((key for key in body if key not in API_KEYS), None)
    if unknown is not None:
        return _unknown_key(OPENAI, unknown)
    for key in ("stream", "store"):
        if not isinstance(body.get(key), bool | None):
            return refusals.wrong_type(key, "a boolean", body[key])
    if not isinstance(body.get("input"), list | str):
        return refusals.missing("input")
    limit = body.get("max_output_tokens")
    if isinstance(limit, int) and limit < 16:
        return refusals.error(
            "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16, "
            f"but got {limit} instead.",
            param="max_output_tokens",
            code="integer_below_min_value",
        )
    return _check_model(OPENAI, body)


def _check_model(service: Service, body: Body) -> Refusal | None:
    model = body.get("model")
    if not isinstance(model, str) or not model:
        if service.codex:
            return refusals.detail("Model is required")
        return refusals.missing("model")
    if knows(model, codex=service.codex):
        return None
    return refusals.unsupported_model(model) if service.codex else refusals.model_not_found(model)


def _check_common(service: Service, body: Body, reader: Reader) -> Refusal | None:
    earlier = body.get("previous_response_id")
    if isinstance(earlier, str) and not reader.has_response(earlier):
        return refusals.unknown_response(earlier)
    key = body.get("prompt_cache_key")
    if isinstance(key, str) and len(key) > MAX_CACHE_KEY:
        return refusals.too_long("prompt_cache_key", MAX_CACHE_KEY, len(key))
    found = check_tools(body) or check_options(body, reader, codex=service.codex)
    if found or isinstance(body.get("input"), str):
        return found
    return check_items(body, reader, codex=service.codex)


def _unknown_key(service: Service, key: str) -> Refusal:
    if service.codex:
        return refusals.detail(f"Unsupported parameter: {key}")
    return refusals.unknown_parameter(key)


def _unreadable(service: Service) -> Refusal:
    text = "We could not parse the JSON body of your request."
    return refusals.detail(text) if service.codex else refusals.error(text)
