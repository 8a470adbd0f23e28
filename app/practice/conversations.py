"""What the visitors of practice mode say: conversations that grow turn by turn, in the dialects of three clients.

Everything here is made up, and the same for the same seed. Nothing of it is ever shown: a gateway shows who asked,
never what. Sizes are what matters: a prompt that grows, so that most of it can come from a cache.
"""

import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

import orjson

CODEX, LAPTOP, NIGHT_JOB = "codex", "laptop", "night job"
"""The visitors: Codex on this computer, a colleague's program, and a job that runs by itself."""

Headers = dict[str, str]

_NAMESPACE = uuid.UUID("7b0c1f0e-0000-4000-8000-766973697473")
_PASTED = "This line stands for a line of a file that somebody has pasted into a practice conversation.\n"
_INSTRUCTIONS = "You are practising. This line stands for one line of a client's long instructions.\n" * 240


@dataclass(frozen=True, slots=True)
class Request:
    """One turn to be sent. ``leaves_after`` is the pieces of the answer after which the client hangs up, or None.

    With ``socket`` the client would rather have a WebSocket.
    """

    path: str
    headers: Headers
    body: bytes = field(repr=False)
    leaves_after: int | None = None
    socket: bool = False


def conversation_name(seed: str, visitor: str, number: int) -> str:
    """Return what a visitor calls its conversation with this number, from 0; the night job has one name for all."""
    if visitor == NIGHT_JOB:
        return "nightly-report"
    return str(uuid.uuid5(_NAMESPACE, f"{seed}/{visitor}/{number}"))


class Conversation(ABC):
    """One conversation: what was said so far. ``pace`` multiplies the seconds that answers are asked to take."""

    models: tuple[tuple[str, str], ...] = ()
    """Models with the effort that is asked of each; a conversation keeps one of them."""
    turns = (12, 22)
    """How many turns it has, at least and at most."""

    def __init__(self, name: str, random: Random, pace: float) -> None:
        self.name = name
        self.left = random.randint(*self.turns)
        self._random = random
        self._pace = pace
        self._model, self._effort = random.choice(self.models)
        self._said: list[dict[str, Any]] = []
        self._asked = 0

    def next(self) -> Request:
        """Return the next turn."""
        self.left -= 1
        self._asked += 1
        random = self._random
        long = self._asked % 6 == 3
        words = random.randint(90, 120) if long else random.randint(12, 45)
        seconds = (random.uniform(6.0, 9.0) if long else random.uniform(0.8, 3.2)) * self._pace
        pasted = _PASTED * random.choice((2, 5, 9, 30, 70))
        self._said.append(self._question(f"{pasted}words: {words}\nslowly: {seconds:.3f}"))
        return self._request(random.randint(6, 20) if random.random() < 0.06 else None)

    def heard(self, answer: bytes) -> None:
        """Take in the whole body of an answer."""
        self._said += self._answers(answer)

    @abstractmethod
    def _question(self, text: str) -> dict[str, Any]: ...

    @abstractmethod
    def _request(self, leaves_after: int | None) -> Request: ...

    @abstractmethod
    def _answers(self, answer: bytes) -> Iterator[dict[str, Any]]: ...


class CodexConversation(Conversation):
    """As Codex 0.169 asks: streaming, with its reasoning sealed, and all of it sent back with the next turn."""

    models = (("gpt-6.1-sol", "low"), ("gpt-6-luna", "medium"), ("gpt-5.5", "high"))

    def _question(self, text: str) -> dict[str, Any]:
        return _message("user", "input_text", text)

    def _request(self, leaves_after: int | None) -> Request:
        content = {
            "model": self._model,
            "input": [_message("developer", "input_text", _INSTRUCTIONS), *self._said],
            "tool_choice": "auto",
            "parallel_tool_calls": False,
            "reasoning": {"effort": self._effort, "summary": "auto"},
            "store": False,
            "stream": True,
            "include": ["reasoning.encrypted_content"],
            "prompt_cache_key": self.name,
        }
        headers = {
            "User-Agent": "codex_cli_rs/0.169.0 (practice) xterm",
            "originator": "codex_cli_rs",
            "session-id": self.name,
            "thread-id": self.name,
            "Accept": "text/event-stream",
        }
        socket = leaves_after is None and self._asked % 4 == 2
        return Request("/responses", headers, orjson.dumps(content), leaves_after, socket)

    def _answers(self, answer: bytes) -> Iterator[dict[str, Any]]:
        for event in _events(answer):
            if event.get("type") == "response.output_item.done":
                yield event["item"]


class ChatConversation(Conversation):
    """As a program with the official Python library asks: chat completions, with an alias that names the effort."""

    models = (("gpt-5-codex-high", ""), ("gpt-5-high", ""), ("gpt-5-codex-medium", ""), ("gpt-5.5", ""))

    def _question(self, text: str) -> dict[str, Any]:
        return {"role": "user", "content": text}

    def _request(self, leaves_after: int | None) -> Request:
        stream = leaves_after is not None or self._random.random() < 0.7
        content: dict[str, Any] = {
            "model": self._model,
            "messages": [{"role": "system", "content": _INSTRUCTIONS[:4_000]}, *self._said],
        }
        if stream:
            content |= {"stream": True, "stream_options": {"include_usage": True}}
        headers = {"User-Agent": "OpenAI/Python 2.8.1", "X-Stainless-Lang": "python", "x-session-id": self.name}
        return Request("/chat/completions", headers, orjson.dumps(content), leaves_after)

    def _answers(self, answer: bytes) -> Iterator[dict[str, Any]]:
        chunks = list(_events(answer)) if answer.startswith((b"data:", b":")) else [orjson.loads(answer)]
        parts = [part for chunk in chunks for part in chunk.get("choices") or []]
        said = "".join((part.get("delta") or part.get("message") or {}).get("content") or "" for part in parts)
        yield {"role": "assistant", "content": said}


class JobConversation(Conversation):
    """As a script asks: plain responses without a stream; every report begins anew under the same name."""

    models = (("gpt-5-mini", "low"),)
    turns = (8, 12)

    def _question(self, text: str) -> dict[str, Any]:
        return _message("user", "input_text", text)

    def _request(self, leaves_after: int | None) -> Request:
        content = {
            "model": self._model,
            "instructions": _INSTRUCTIONS[:8_000],
            "input": self._said,
            "reasoning": {"effort": self._effort},
            "store": False,
            "stream": False,
            "prompt_cache_key": self.name,
        }
        return Request("/responses", {"User-Agent": "python-httpx/0.28.1"}, orjson.dumps(content))

    def _answers(self, answer: bytes) -> Iterator[dict[str, Any]]:
        for item in orjson.loads(answer).get("output") or []:
            if item.get("type") == "message":
                yield item


def _message(role: str, kind: str, text: str) -> dict[str, Any]:
    return {"type": "message", "role": role, "content": [{"type": kind, "text": text}]}


def _events(stream: bytes) -> Iterator[dict[str, Any]]:
    for line in stream.splitlines():
        if line.startswith(b"data: {"):
            yield orjson.loads(line.removeprefix(b"data: "))
