"""A plain HTTP client of the practice upstream."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

import aiohttp
import orjson

from app.practice.accounts import PracticeAccount
from app.practice.server import PracticeUpstream

Headers = dict[str, str]


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def user(text: str) -> dict[str, Any]:
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}


def codex_body(question: str = "hi", /, **changes: Any) -> dict[str, Any]:
    """Return a body that the Codex backend accepts; a change to None removes the key."""
    body = {
        "model": "gpt-5.5",
        "instructions": "",
        "input": [user(question)],
        "reasoning": {"effort": "high", "summary": "auto"},
        "include": ["reasoning.encrypted_content"],
        "store": False,
        "stream": True,
    }
    return {key: value for key, value in (body | changes).items() if value is not None}


@dataclass
class Answer:
    """An answer that was read to its end."""

    status: int
    headers: Headers
    body: bytes
    events: list[dict[str, Any]] = field(default_factory=list)

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)

    @property
    def text(self) -> str:
        return "".join(e["delta"] for e in self.events if e["type"] == "response.output_text.delta")

    @property
    def types(self) -> list[str]:
        return [event["type"] for event in self.events]

    @property
    def last(self) -> dict[str, Any]:
        return self.events[-1]

    def items(self) -> list[dict[str, Any]]:
        return [e["item"] for e in self.events if e["type"] == "response.output_item.done"]


def read_events(body: bytes) -> list[dict[str, Any]]:
    """Read server-sent events and check that ``event:`` and the JSON name the same type."""
    found = []
    for block in body.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n\n")[:-1]:
        lines = dict(line.split(b": ", 1) for line in block.split(b"\n"))
        event = orjson.loads(lines[b"data"])
        assert lines[b"event"].decode() == event["type"]
        found.append(event)
    return found


class Client:
    """Asks a practice upstream, as one of its accounts or as its API key."""

    def __init__(self, upstream: PracticeUpstream) -> None:
        self.upstream = upstream
        self.session = aiohttp.ClientSession(
            auto_decompress=False, timeout=aiohttp.ClientTimeout(total=20), trust_env=False
        )

    async def __aenter__(self) -> "Client":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.session.close()

    def login(self, account: PracticeAccount | None = None) -> Headers:
        """Return the headers of an account; the first one by default."""
        who = account or self.upstream.accounts[0]
        return {"Authorization": f"Bearer {who.access_token}", "chatgpt-account-id": who.account_id}

    async def codex(
        self,
        body: Any = None,
        *,
        account: PracticeAccount | None = None,
        headers: Headers | None = None,
        path: str = "/responses",
    ) -> Answer:
        """Post to the Codex backend."""
        url = self.upstream.chatgpt_base_url + path
        return await self._post(url, codex_body() if body is None else body, self.login(account) | (headers or {}))

    async def openai(self, body: Any, *, headers: Headers | None = None, path: str = "/responses") -> Answer:
        """Post to the OpenAI API."""
        key = {"Authorization": f"Bearer {self.upstream.api_keys[0].key}"}
        return await self._post(self.upstream.openai_base_url + path, body, key | (headers or {}))

    async def get(self, url: str, headers: Headers) -> Answer:
        async with self.session.get(url, headers=headers) as response:
            return Answer(response.status, _lower(response.headers), await response.read())

    async def _post(self, url: str, body: Any, headers: Headers) -> Answer:
        raw = body if isinstance(body, bytes) else orjson.dumps(body)
        async with self.session.post(url, data=raw, headers=headers) as response:
            content = await response.read()
            streamed = response.status == 200 and content.startswith(b"event:")
            events = read_events(content) if streamed else []
            return Answer(response.status, _lower(response.headers), content, events)


def _lower(headers: Mapping[str, str]) -> Headers:
    return {name.lower(): value for name, value in headers.items()}
