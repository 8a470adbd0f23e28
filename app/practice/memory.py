"""What the simulated services remember between turns: prompt caches, ciphertexts, turn states, responses."""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

SESSION_HEADERS = ("session-id", "session_id", "thread-id", "thread_id")
"""Request headers that choose the cache slot, in order of preference."""

_SEAL_MARK = "gAAAAApractice"
_STATE_MARK = "practice-turn"
_FILE_MARK = "file-practice"
_KEPT = 10_000


@dataclass(frozen=True)
class PromptSize:
    """The tokens of a request: all of them, and how many came from the cache."""

    total: int
    cached: int


def tokens_in(text: str | bytes) -> int:
    """Return a plausible number of tokens: four bytes each, at least one."""
    raw = text.encode() if isinstance(text, str) else text
    return max(1, len(raw) // 4)


class PromptCache:
    """Remembers, per caller and session, the prompt of the last turn.

    Unlike the real service it counts prefixes of any length, so that short tests see it work.
    """

    def __init__(self) -> None:
        self._slots: OrderedDict[tuple[str, str], list[bytes]] = OrderedDict()

    def measure(self, owner: str, session: str | None, body: Mapping[str, Any]) -> PromptSize:
        """Count the prompt of ``body`` against the last one of ``session``, then remember it.

        Without a session nothing is ever cached.
        """
        segments, sizes = _segments(body)
        cached = 0
        if session is not None:
            known = self._slots.pop((owner, session), [])
            for mine, theirs, size in zip(segments, known, sizes, strict=False):
                if mine != theirs:
                    break
                cached += size
            self._slots[owner, session] = segments
            while len(self._slots) > _KEPT:
                self._slots.popitem(last=False)
        total = sum(sizes)
        # The last token of a prompt is always computed.
        return PromptSize(total, min(cached, total - 1))


def _segments(body: Mapping[str, Any]) -> tuple[list[bytes], list[int]]:
    head = [body.get("model"), body.get("instructions"), body.get("tools")]
    given = body.get("input")
    items = given if isinstance(given, list) else [given]
    raw = [orjson.dumps(part, option=orjson.OPT_SORT_KEYS) for part in (*head, *items)]
    return [hashlib.sha256(part).digest() for part in raw], [tokens_in(part) for part in raw]


class Seals:
    """Issues ciphertexts, turn states and files that only their owner may send back."""

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._count = 0

    def seal(self, owner: str) -> str:
        """Return a new ``encrypted_content`` of ``owner``."""
        self._count += 1
        tail = hashlib.sha256(f"{self._seed}/{owner}/{self._count}".encode()).hexdigest()
        return f"{_SEAL_MARK}_{owner}_{self._count}_{tail * 2}"

    def owns(self, owner: str, sealed: str) -> bool:
        """Say whether ``sealed`` was issued to ``owner``."""
        return sealed.startswith(f"{_SEAL_MARK}_{owner}_")

    def turn_state(self, owner: str) -> str:
        """Return a new ``x-codex-turn-state`` of ``owner``."""
        self._count += 1
        return f"{_STATE_MARK}.{owner}.{self._count}"

    def owns_turn_state(self, owner: str, state: str) -> bool:
        """Say whether ``state`` was issued to ``owner``."""
        return state.startswith(f"{_STATE_MARK}.{owner}.")

    def file(self, owner: str) -> str:
        """Return the id of a new file of ``owner``."""
        self._count += 1
        return f"{_FILE_MARK}-{owner}-{self._count}"

    def owns_file(self, owner: str, file_id: str) -> bool:
        """Say whether the file is one of ``owner``."""
        return file_id.startswith(f"{_FILE_MARK}-{owner}-")


class Responses:
    """Which responses the OpenAI API keeps for whom, so that they can be continued."""

    def __init__(self) -> None:
        self._owners: OrderedDict[str, str] = OrderedDict()

    def add(self, owner: str, response_id: str) -> None:
        """Keep a response for ``owner``; the oldest go when there are too many."""
        self._owners[response_id] = owner
        while len(self._owners) > _KEPT:
            self._owners.popitem(last=False)

    def owns(self, owner: str, response_id: str) -> bool:
        """Say whether the response was given to ``owner``."""
        return self._owners.get(response_id) == owner


@dataclass(frozen=True)
class Reader:
    """What one caller can read: ciphertexts, files and responses of its own."""

    owner: str
    seals: Seals
    responses: Responses
    null_codes: bool = False
    """Whether the refusal of a ciphertext leaves its code null."""
    sees_summaries: bool = True
    """Whether the caller may ask for summaries of reasoning."""

    def reads(self, sealed: str) -> bool:
        """Say whether a ciphertext was issued to the caller."""
        return self.seals.owns(self.owner, sealed)

    def has_file(self, file_id: str) -> bool:
        """Say whether the caller uploaded a file."""
        return self.seals.owns_file(self.owner, file_id)

    def has_response(self, response_id: str) -> bool:
        """Say whether the caller can continue a response."""
        return self.responses.owns(self.owner, response_id)


class Ids:
    """Identifiers that are the same for the same seed and order of requests."""

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._count = 0

    def new(self, prefix: str) -> str:
        """Return ``prefix_`` and 48 hexadecimal digits."""
        self._count += 1
        digits = hashlib.sha256(f"{self._seed}/{prefix}/{self._count}".encode()).hexdigest()[:48]
        return f"{prefix}_{digits}"
