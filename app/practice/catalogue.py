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

_EARLIER = (
    "gpt-5",
    "gpt-5-mini",
    "gpt-5-codex",
    "gpt-5-codex-mini",
    "gpt-5.1",
    "gpt-5.1-codex",
    "gpt-5.1-codex-max",
    "gpt-5.2",
    "gpt-5.2-codex",
    "gpt-5.3-codex",
    "gpt-5.4",
    "gpt-daybreak-blue-latest",
    "gpt-daybreak-red-latest",
    "codex-auto-review",
)
"""What earlier Codex versions ask for by default, and the hidden ones."""

_NAMES = (*(name for name, _, _ in _TODAY), *_EARLIER)
_CREATED = 1_767_225_600


def knows(model: str) -> bool:
    """Say whether ``model`` is served."""
    return model in _NAMES


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
    efforts = list(_EFFORTS)[: list(_EFFORTS).index(highest) + 1]
    lite = name != "gpt-5.5"
    return {
        "slug": name,
        "display_name": name.upper(),
        "description": "Practice model / 练习模型",
        "default_reasoning_level": default,
        "supported_reasoning_levels": [{"effort": e, "description": _EFFORTS[e]} for e in efforts],
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
