"""What the simulated model says: short, marked as practice, and the same for the same request.

* a question is echoed, in Chinese if it contains Chinese;
* "你是什么模型" and "what model are you" are answered with the model and its reasoning effort;
* a line ``run: <command>`` makes Codex run the command, then the answer quotes its output; several
  such lines run one after the other;
* a line ``call: <tool> <JSON>`` calls that tool of the request; several such lines call in parallel, unless
  ``parallel_tool_calls`` is false;
* a ``tool_choice`` that demands a call gets one whose arguments fit the tool's schema;
* a line ``refuse: <text>`` is refused with that text;
* a line ``search: <query>`` searches the web, if ``web_search`` is offered, and cites a page;
* a line ``thoughts: <n>`` gives the reasoning summary that many parts;
* a line ``words: <n>`` makes the answer that many words long;
* a line ``slowly: <seconds>`` makes the turn take about that long, 60 at most;
* a JSON schema in ``text.format`` gets an object that fits it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from app.practice.question import Question, effort_of, read
from app.practice.samples import sample
from app.practice.tools import ToolCall, forced_call, named_call, offered_names, shell_call

_QUOTED = 300
_MOST_WORDS = 200_000
_MOST_THOUGHTS = 20


@dataclass(frozen=True)
class Answer:
    """What a turn says: ``calls``, or a ``refusal``, or ``text``, after having thought ``thoughts``.

    ``search`` is the query of a search of the web before that; the text then cites a page.
    """

    thoughts: tuple[str, ...]
    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    refusal: str = ""
    search: str = ""


def answer(body: Mapping[str, Any]) -> Answer:
    """Return the answer to the last user message of ``body``."""
    question = read(body)
    thoughts = _thoughts(question)
    calls = _next_calls(body, question)
    if calls:
        return Answer(thoughts, calls=calls)
    refusal = next(iter(question.lines("refuse")), "")
    if refusal:
        return Answer(thoughts, refusal=refusal)
    text = _text(body, question)
    wanted = (body.get("text") or {}).get("format") if isinstance(body.get("text"), dict) else None
    if isinstance(wanted, dict) and wanted.get("type") == "json_schema":
        text = orjson.dumps(sample(wanted.get("schema") or {}, text)).decode()
    elif isinstance(wanted, dict) and wanted.get("type") == "json_object":
        text = orjson.dumps({"practice": True, "answer": text}).decode()
    searches = question.lines("search") if "web_search" in offered_names(body) else []
    return Answer(thoughts, text=text, search=next(iter(searches), ""))


def _thoughts(question: Question) -> tuple[str, ...]:
    number = next((int(n) for n in question.lines("thoughts") if n.isdigit()), 1)
    first = (
        "**练习：想一想**\n\n这里没有真正的推理。"
        if question.chinese
        else "**Practising a thought**\n\nNo real reasoning happens here."
    )
    more = (f"**第 {n} 步**" if question.chinese else f"**Step {n}**" for n in range(2, number + 1))
    return (first, *more)[:_MOST_THOUGHTS]


def _next_calls(body: Mapping[str, Any], question: Question) -> tuple[ToolCall, ...]:
    """Return the calls that are due: those after as many as outputs came back."""
    # After a compaction the outputs are gone: calling again would go on for ever.
    if body.get("tool_choice") == "none" or question.compacted:
        return ()
    steps: list[tuple[ToolCall, ...]] = [
        (made,) for command in question.lines("run") if (made := shell_call(body, command))
    ]
    named = [line.partition(" ") for line in question.lines("call")]
    made_of_names = (named_call(body, name, arguments.strip()) for name, _, arguments in named)
    calls = tuple(filter(None, made_of_names))
    steps += [calls] if body.get("parallel_tool_calls") is not False else [(call,) for call in calls]
    done = len(question.outputs)
    for step in steps:
        if done < len(step):
            return step[done:]
        done -= len(step)
    forced = forced_call(body, _shorten(question.text.strip()))
    return (forced,) if forced else ()


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
        return f"【练习】您问的是：“{asked}”。{_about_attachments(question)}这是模拟上游的回答，背后没有真正的模型。"
    return (
        f"[practice] You asked: “{asked}”. {_about_attachments(question)}"
        "This is the simulated upstream; there is no real model behind it."
    )


def _about_attachments(question: Question) -> str:
    """Name everything attached, so that nothing can get lost on the way unseen."""
    if not question.attachments:
        return ""
    images = [str(one) for one in question.attachments if one.image]
    files = [str(one) for one in question.attachments if not one.image]
    if question.chinese:
        shown = [f"图片 {len(images)} 张", *(f"（{one}）" for one in images)]
        shown += [f"，文件 {len(files)} 个", *(f"（{one}）" for one in files)]
        return f"附件：{''.join(shown)}。"
    shown = [f"images {len(images)}", *(f"({one})" for one in images)]
    return f"Attached: {' '.join(shown)}, {' '.join([f'files {len(files)}', *(f'({one})' for one in files)])}. "


def _about_output(question: Question) -> str:
    quoted = _shorten(question.outputs[-1].strip())
    if question.chinese:
        return f"【练习】命令已经运行，输出是：\n{quoted}{_about_attachments(question)}"
    shown = _about_attachments(question).rstrip()
    return f"[practice] The tool ran. Its output:\n{quoted}" + (f" {shown}" if shown else "")


def _long(words: int, chinese: bool) -> str:
    if chinese:
        return "".join(f"第{n}句。" for n in range(words))
    return " ".join(f"word{n}" for n in range(words))


def _shorten(text: str) -> str:
    return text if len(text) <= _QUOTED else f"{text[:_QUOTED]}…"
