"""What the simulated model says: short, marked as practice, and the same for the same request.

* a question is echoed, in Chinese if it contains Chinese;
* "你是什么模型" and "what model are you" are answered with the model and its reasoning effort;
* a line ``run: <command>`` makes Codex run the command, then the answer quotes its output; several
  such lines run one after the other;
* a line ``call: <tool> <JSON>`` calls that tool of the request;
* a line ``words: <n>`` makes the answer that many words long;
* a line ``slowly: <seconds>`` makes the turn take about that long, 60 at most;
* a JSON schema in ``text.format`` gets an object that fits it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from app.practice.question import Question, effort_of, read
from app.practice.tools import ToolCall, named_call, shell_call

_QUOTED = 300
_MOST_WORDS = 200_000


@dataclass(frozen=True)
class Answer:
    """What a turn says: either ``text``, or ``call``, after having thought ``thought``."""

    thought: str
    text: str = ""
    call: ToolCall | None = None


def answer(body: Mapping[str, Any]) -> Answer:
    """Return the answer to the last user message of ``body``."""
    question = read(body)
    thought = (
        "**练习：想一想**\n\n这里没有真正的推理。"
        if question.chinese
        else ("**Practising a thought**\n\nNo real reasoning happens here.")
    )
    call = _next_call(body, question)
    if call:
        return Answer(thought, call=call)
    text = _text(body, question)
    wanted = (body.get("text") or {}).get("format") if isinstance(body.get("text"), dict) else None
    if isinstance(wanted, dict) and wanted.get("type") == "json_schema":
        text = orjson.dumps(_sample(wanted.get("schema") or {}, text)).decode()
    elif isinstance(wanted, dict) and wanted.get("type") == "json_object":
        text = orjson.dumps({"practice": True, "answer": text}).decode()
    return Answer(thought, text=text)


def _next_call(body: Mapping[str, Any], question: Question) -> ToolCall | None:
    """Return the call that is due: as many outputs came back as calls were made."""
    # After a compaction the outputs are gone: calling again would go on for ever.
    if body.get("tool_choice") == "none" or question.compacted:
        return None
    calls: list[ToolCall] = []
    for command in question.lines("run"):
        made = shell_call(body, command)
        calls += [made] if made else []
    for line in question.lines("call"):
        name, _, arguments = line.partition(" ")
        made = named_call(body, name, arguments.strip())
        calls += [made] if made else []
    done = len(question.outputs)
    return calls[done] if done < len(calls) else None


def _text(body: Mapping[str, Any], question: Question) -> str:
    if question.outputs:
        return _about_output(question)
    number = next((int(n) for n in question.lines("words") if n.isdigit()), 0)
    if number:
        return _long(min(number, _MOST_WORDS), question.chinese)
    lowered = question.text.lower()
    if "什么模型" in question.text:
        return f"【练习】我是 {body.get('model')}，推理强度 {effort_of(body)}。这是模拟上游的回答，背后没有真正的模型。"
    if "what model" in lowered or "which model" in lowered:
        return (
            f"[practice] I am {body.get('model')} at reasoning effort {effort_of(body)}. "
            "This is the simulated upstream; there is no real model behind it."
        )
    return _echo(question)


def _echo(question: Question) -> str:
    asked = _shorten(question.text.strip())
    if question.chinese:
        attached = f"附件：图片 {question.images} 张，文件 {len(question.files)} 个"
        files = f"（{'、'.join(question.files)}）" if question.files else ""
        extra = f"{attached}{files}。" if question.images or question.files else ""
        return f"【练习】您问的是：“{asked}”。{extra}这是模拟上游的回答，背后没有真正的模型。"
    attached = f" Attached: images {question.images}, files {len(question.files)}"
    files = f" ({', '.join(question.files)})" if question.files else ""
    extra = f"{attached}{files}." if question.images or question.files else ""
    return f"[practice] You asked: “{asked}”.{extra} This is the simulated upstream; there is no real model behind it."


def _about_output(question: Question) -> str:
    quoted = _shorten(question.outputs[-1].strip())
    if question.chinese:
        return f"【练习】命令已经运行，输出是：\n{quoted}"
    return f"[practice] The tool ran. Its output:\n{quoted}"


def _long(words: int, chinese: bool) -> str:
    if chinese:
        return "".join(f"第{n}句。" for n in range(words))
    return " ".join(f"word{n}" for n in range(words))


def _shorten(text: str) -> str:
    return text if len(text) <= _QUOTED else f"{text[:_QUOTED]}…"


def _sample(schema: Mapping[str, Any], text: str, depth: int = 0) -> object:
    """Return a value that fits the plain parts of a JSON schema; strings get ``text``."""
    if "enum" in schema:
        return schema["enum"][0]
    if "const" in schema:
        return schema["const"]
    for key in ("anyOf", "oneOf"):
        if schema.get(key):
            return _sample(schema[key][0], text, depth + 1)
    kind = schema.get("type", "object")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        if depth > 8:
            return {}
        return {key: _sample(part, text, depth + 1) for key, part in (schema.get("properties") or {}).items()}
    if kind == "array":
        return [_sample(schema.get("items") or {"type": "string"}, text, depth + 1)]
    if kind == "string":
        limit = schema.get("maxLength")
        return text[:limit] if isinstance(limit, int) else text
    if kind in ("integer", "number"):
        return schema.get("minimum", 1)
    return None if kind == "null" else True
