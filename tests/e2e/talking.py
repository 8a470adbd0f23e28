"""A conversation with the real Codex over several commands, and what upstream saw of it, account by account."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import zstandard

from app.practice.accounts import PracticeAccount
from app.practice.recorder import ReceivedRequest
from app.practice.server import PracticeUpstream
from tests.e2e.codex import FREELY, Shell, codex_shell
from tests.e2e.program import Waystation
from tests.support.done import Done

# The versions whose wire differs: the oldest, one in the middle, the newest.
SOME_VERSIONS = ("0.45.0", "0.120.0", "0.169.0")

_SESSION = re.compile(r"session id: (\S+)")
_TURN = re.compile(r"turn r-[\w-]+ responses ")
# The command of a tool that runs until the test lets it: between two requests of one turn.
WAITING_TOOL = "run: while [ ! -e go ]; do sleep 0.05; done; rm go; echo marker-$((40+2))"
TOOL = "run: echo marker-$((40+2))"


class Talk:
    """One conversation in one shell."""

    def __init__(self, shell: Shell, upstream: PracticeUpstream) -> None:
        self._shell = shell
        self._upstream = upstream
        self._id = ""
        self._seen = len(upstream.turns)

    async def ask(self, prompt: str) -> Done:
        """One turn: the first begins the conversation, the others go on with it."""
        # Codex 0.45 takes what follows `resume --last` for an id.
        again = f"resume {self._id}" if self._id else ""
        script = f'source {self._shell.home}/pasted; {FREELY} {again} "$PROMPT"'
        done = await self._shell.run(script, prompt=prompt)
        found = _SESSION.search(done.err + done.out)
        self._id = found[1] if found else self._id
        return done

    async def well(self, prompt: str = TOOL) -> list[ReceivedRequest]:
        """One turn that ends well, with a tool whose output is quoted; the requests that upstream got for it."""
        return self.check(await self.ask(prompt))

    def check(self, done: Done) -> list[ReceivedRequest]:
        """The turn that has just ended went well; the requests that upstream got for it."""
        assert done.code == 0, f"{done.out}\n{done.err[-3000:]}"
        assert "marker-42" in done.out, f"{done.out}\n{done.err[-3000:]}"
        for word in ("stream error", "reconnecting", "retrying"):
            assert word not in done.err.lower(), done.err[-3000:]
        return self.news()

    def news(self) -> list[ReceivedRequest]:
        """The requests that upstream got since this was last asked."""
        turns = self._upstream.turns
        new, self._seen = turns[self._seen :], len(turns)
        return new

    def release(self) -> None:
        """Let the waiting tool end."""
        (self._shell.home / "work" / "go").touch()


@asynccontextmanager
async def conversation(
    waystation: Waystation, upstream: PracticeUpstream, version: str, *, license: str | None = None
) -> AsyncIterator[Talk]:
    """A shell that is set up for this gateway, and a conversation in it that has not begun."""
    key = () if license is None else ("--license", license)
    text = await waystation.ok("setup", "codex", "--shell", "bash", *key)
    async with codex_shell(version) as shell:
        (shell.home / "pasted").write_text(text, encoding="utf-8")
        yield Talk(shell, upstream)


def parsed(request: ReceivedRequest) -> dict[str, Any]:
    """The JSON of a request."""
    packed = request.header("content-encoding") == "zstd"
    raw = zstandard.ZstdDecompressor().decompressobj().decompress(request.body) if packed else request.body
    found: dict[str, Any] = json.loads(raw)
    return found


def sealed_by(request: ReceivedRequest, account: PracticeAccount) -> int:
    """How much sealed reasoning of this account a request carries."""
    items = (item for item in parsed(request)["input"] if item.get("type") == "reasoning")
    return sum(f"_{account.owner}_" in (item.get("encrypted_content") or "") for item in items)


def served(turns: list[ReceivedRequest]) -> list[tuple[str | None, int]]:
    """Of each request, who was asked and what the answer was."""
    return [(turn.label, turn.status) for turn in turns]


def posts(waystation: Waystation) -> int:
    """How many turns its clients have sent that have ended, counted in the log."""
    return len(_TURN.findall(waystation.logs))


def keep_secret(waystation: Waystation, upstream: PracticeUpstream) -> None:
    """What the sign-in service has issued meanwhile must turn up nowhere either."""
    for account in upstream.accounts:
        newest = upstream.newest(account)
        waystation.secrets |= {newest.access_token, newest.refresh_token, newest.id_token}
