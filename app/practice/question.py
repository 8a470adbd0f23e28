"""Reading a request: who asked what, what came back from tools, which files are attached."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from app.practice.attachments import Attachment, attached

_CONTEXT = ("<environment_context>", "<user_instructions>", "# AGENTS.md instructions")
"""How messages begin that Codex adds in the user's name."""

_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_SECONDS = re.compile(r"[0-9]{1,4}(?:\.[0-9]{1,3})?")
_SLOWEST = 60.0


@dataclass(frozen=True)
class Question:
    """The last thing the user said, and what happened since."""

    text: str
    outputs: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    compacted: bool = False
    """Whether what happened since has been compacted away."""

    @property
    def chinese(self) -> bool:
        """Say whether the question contains Chinese characters."""
        return bool(_CHINESE.search(self.text))

    @property
    def slowly(self) -> float:
        """Return how many seconds the turn shall take, by a line ``slowly:``; 0 when there is none."""
        given = next((line for line in self.lines("slowly") if _SECONDS.fullmatch(line)), "0")
        return min(float(given), _SLOWEST)

    def lines(self, keyword: str) -> list[str]:
        """Return what follows ``keyword:`` at the start of each line that has it."""
        pattern = re.compile(rf"^[ \t]*{keyword}[:：][ \t]*(\S.*?)[ \t]*$", re.MULTILINE)
        return pattern.findall(self.text)


def read(body: Mapping[str, Any]) -> Question:
    """Return the question in a request that the rules have let through."""
    given = body.get("input")
    if isinstance(given, str):
        return Question(given)
    items = [item for item in given or [] if isinstance(item, dict)]
    place = _last_user_message(items)
    if place is None:
        return Question("")
    parts = _parts(items[place].get("content"))
    texts = [str(part.get("text", "")) for part in parts if part.get("type") == "input_text"]
    later = items[place + 1 :]
    outputs = [item for item in later if _is_output(item)]
    shown = [*parts, *(part for item in outputs for part in _parts(item.get("output")))]
    return Question(
        text="\n".join(texts),
        outputs=tuple(_output(item) for item in outputs),
        compacted=any(item.get("type") in ("compaction", "compaction_summary") for item in later),
        attachments=attached(shown),
    )


def effort_of(body: Mapping[str, Any]) -> str:
    """Return the reasoning effort asked for; ``medium`` when none is."""
    reasoning = body.get("reasoning")
    found = reasoning.get("effort") if isinstance(reasoning, dict) else None
    return found if isinstance(found, str) else "medium"


def _last_user_message(items: list[dict[str, Any]]) -> int | None:
    fallback: int | None = None
    for place in range(len(items) - 1, -1, -1):
        item = items[place]
        if item.get("role") != "user" or (item.get("type") or "message") != "message":
            continue
        fallback = place if fallback is None else fallback
        first = next((str(part.get("text", "")) for part in _parts(item.get("content"))), "")
        if not first.lstrip().startswith(_CONTEXT):
            return place
    return fallback


def _parts(content: Any) -> list[dict[str, Any]]:
    if isinstance(content, str):
        return [{"type": "input_text", "text": content}]
    return [part for part in content or [] if isinstance(part, dict)]


def _is_output(item: dict[str, Any]) -> bool:
    return item.get("type") in ("function_call_output", "custom_tool_call_output")


def _output(item: dict[str, Any]) -> str:
    found = item.get("output")
    if isinstance(found, str):
        try:
            # Codex 0.45 with gpt-5 wraps the text of a command in an object.
            inner = orjson.loads(found)
        except orjson.JSONDecodeError:
            return found
        return str(inner["output"]) if isinstance(inner, dict) and "output" in inner else found
    return "\n".join(str(part.get("text", "")) for part in _parts(found) if part.get("text"))
