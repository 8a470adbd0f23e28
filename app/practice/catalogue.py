"""The models that the simulated upstream serves, in the two shapes of ``GET …/models``."""

import hashlib
from collections.abc import Callable

import orjson

_EFFORTS = {
    "low": "Fast responses with lighter reasoning",
    "medium": "Balances speed and reasoning depth",
    "high": "Greater reasoning depth for complex problems",
    "xhigh": "Extra high reasoning depth",
    "max": "Maximum reasoning depth",
    "ultra": "Maximum reasoning depth with helpers",
}

_TODAY: tuple[tuple[str, str, str], ...] = (
    ("gpt-6.1-sol", "low", "ultra"),
    ("gpt-6-astra", "low", "ultra"),
    ("gpt-6.1-terra", "low", "ultra"),
    ("gpt-6-sol", "medium", "ultra"),
    ("gpt-6-luna", "medium", "max"),
    ("gpt-5.6-sol", "low", "ultra"),
    ("gpt-5.6-terra", "medium", "ultra"),
    ("gpt-5.6-luna", "medium", "max"),
    ("gpt-5.5", "medium", "xhigh"),
)
"""Name, default effort and highest effort of what Codex 0.169 lists."""

_EARLIER: dict[str, tuple[str, ...]] = {
    "gpt-5": ("minimal", "low", "medium", "high"),
    "gpt-5-mini": ("minimal", "low", "medium", "high"),
    "gpt-5-codex": ("low", "medium", "high"),
    "gpt-5-codex-mini": ("low", "medium", "high"),
    "gpt-5.1": ("none", "low", "medium", "high"),
    "gpt-5.1-codex": ("low", "medium", "high"),
    "gpt-5.1-codex-max": ("low", "medium", "high", "xhigh"),
    "gpt-5.2": ("none", "low", "medium", "high", "xhigh"),
    "gpt-5.2-codex": ("low", "medium", "high", "xhigh"),
    "gpt-5.3-codex": ("low", "medium", "high", "xhigh"),
    "gpt-5.4": ("none", "low", "medium", "high", "xhigh"),
    "gpt-daybreak-blue-latest": ("low", "medium", "high", "xhigh"),
    "gpt-daybreak-red-latest": ("low", "medium", "high", "xhigh"),
    "codex-auto-review": ("low", "medium", "high", "xhigh"),
}
"""What earlier Codex versions ask for by default, and the hidden ones, with the efforts that each takes."""

_API_ONLY = ("gpt-4.1",)
"""What the OpenAI API serves and a subscription does not; they do not reason."""

EFFORTS = ("none", "minimal", *_EFFORTS)
"""Every effort that there is, the weakest first."""

_NAMES = (*(name for name, _, _ in _TODAY), *_EARLIER, *_API_ONLY)
_CREATED = 1_767_225_600


def knows(model: str, *, codex: bool = True) -> bool:
    """Say whether ``model`` is served, by the Codex backend or by the OpenAI API."""
    return model in _NAMES and not (codex and model in _API_ONLY)


def efforts_of(model: str) -> tuple[str, ...]:
    """Return the reasoning efforts that a served model takes; none, if it does not reason."""
    highest = next((last for name, _, last in _TODAY if name == model), None)
    return _up_to(highest) if highest else _EARLIER.get(model, ())


def openai_list(served: Callable[[str], bool]) -> bytes:
    """Return the body of ``GET /v1/models``; ``served`` says which models the caller may use."""
    names = filter(served, _NAMES)
    data = [{"id": name, "object": "model", "created": _CREATED, "owned_by": "openai"} for name in names]
    return orjson.dumps({"object": "list", "data": data})


def codex_list(served: Callable[[str], bool]) -> bytes:
    """Return the body of ``GET …/codex/models``, with every key that Codex 0.169 demands."""
    models = [_codex_entry(index, *row) for index, row in enumerate(_TODAY) if served(row[0])]
    return orjson.dumps({"models": models})


def etag(body: bytes) -> str:
    """Return the weak ETag of a model list."""
    return f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'


def _codex_entry(priority: int, name: str, default: str, highest: str) -> dict[str, object]:
    lite = name != "gpt-5.5"
    return {
        "slug": name,
        "display_name": name.upper(),
        "description": "Practice model / 练习模型",
        "default_reasoning_level": default,
        "supported_reasoning_levels": [{"effort": e, "description": _EFFORTS[e]} for e in _up_to(highest)],
        "shell_type": "unified_exec",
        "visibility": "list",
        "supported_in_api": True,
        "priority": priority,
        "base_instructions": "You are a simulated model. Nothing you say comes from a real one.",
        "default_reasoning_summary": "none",
        "supports_reasoning_summaries": True,
        "support_verbosity": True,
        "default_verbosity": "low",
        "apply_patch_tool_type": "freeform",
        "truncation_policy": {"mode": "tokens", "limit": 10_000},
        "supports_parallel_tool_calls": not lite,
        "context_window": 272_000,
        "experimental_supported_tools": [],
        "input_modalities": ["text", "image"],
        "use_responses_lite": lite,
        **({"tool_mode": "code_mode_only", "multi_agent_version": "v2"} if lite else {}),
    }


def _up_to(highest: str) -> tuple[str, ...]:
    listed = tuple(_EFFORTS)
    return listed[: listed.index(highest) + 1]
