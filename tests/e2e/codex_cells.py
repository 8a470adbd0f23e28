"""One version of the real Codex CLI, set up by one of the ways that people have, and a conversation with it."""

import re
import struct
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum

from tests.e2e.codex import FREELY, VERSIONS, Shell, codex_shell
from tests.support.done import Done

AROUND_A_PROXY = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}

_TROUBLE = re.compile(r"warn|error|deprecat|reconnect|retry|falling back|failed|stream disconnected", re.IGNORECASE)
# What Codex says whoever serves it: about every local compaction, and in 0.100 about every resumed conversation.
_OWN_WORDS = ("Heads up: Long ", "state db missing rollout path for thread")


class Way(StrEnum):
    """How Codex is led here."""

    ENVIRONMENT = "environment pair and saved key"
    OWN_PROVIDER = "own provider"
    ADDRESS = "openai_base_url and saved key"
    PROFILE = "profile file"


def serves(way: Way, version: str) -> bool:
    """Whether this version can be led here in this way (the reference's section 2, seen again here)."""
    since = {Way.ADDRESS: "0.120.0", Way.PROFILE: "0.140.0"}.get(way)
    if way is Way.ENVIRONMENT:
        return _number(version) < _number("0.120.0")
    return since is None or _number(version) >= _number(since)


def cells(*, serving: bool) -> list[tuple[Way, str]]:
    """All pairs of a way and a version that do, or do not, lead here."""
    return [(way, version) for way in Way for version in VERSIONS if serves(way, version) is serving]


class Cell:
    """A person's Codex: configured, and in one conversation, which may not have begun."""

    def __init__(self, shell: Shell, way: Way, version: str, address: str, key: str) -> None:
        self.shell = shell
        self.way = way
        self.version = version
        self._address = address
        self._key = key
        self.codex_home = shell.home / ".codex"
        self.picture = shell.home / "work" / "picture.png"
        self.picture.write_bytes(_png())

    def configure(self, **own: object) -> None:
        """Write Codex's files as the guide has them, with settings of the user's own at the top."""
        lines = [f"{name} = {value}" for name, value in own.items()]
        if self.way is Way.OWN_PROVIDER:
            lines += ['model_provider = "waystation"', *self._provider]
        if self.way is Way.ADDRESS:
            lines.append(f'openai_base_url = "{self._address}"')
        (self.codex_home / "config.toml").write_text("\n".join([*lines, ""]), encoding="utf-8")
        if self.way is Way.PROFILE:
            profile = self.codex_home / "waystation.config.toml"
            profile.write_text("\n".join(['model_provider = "waystation"', *self._provider, ""]), encoding="utf-8")
        if self.way in (Way.OWN_PROVIDER, Way.PROFILE):
            (self.codex_home / ".env").write_text(f"WAYSTATION_LICENSE={self._key}\n", encoding="utf-8")
        else:
            self.shell.env["OPENAI_API_KEY"] = self._key
        if self.way is Way.ENVIRONMENT:
            self.shell.env["OPENAI_BASE_URL"] = self._address

    async def sign_in(self) -> None:
        """Save the key in Codex, where the way needs that."""
        if self.way in (Way.OWN_PROVIDER, Way.PROFILE):
            return
        by_pipe = 'printf "%s" "$OPENAI_API_KEY" | codex login --with-api-key'
        old = 'codex login --api-key "$OPENAI_API_KEY"'
        done = await self.shell.run(old if self.version == "0.42.0" else by_pipe)
        assert done.code == 0, done.err

    async def ask(self, prompt: str, arguments: str = "") -> Done:
        """One turn: the first begins the conversation, the others go on with it in a new process."""
        return await self.shell.run(self.command(arguments), prompt=prompt)

    def command(self, arguments: str = "") -> str:
        """What is typed for one turn; the prompt is in ``$PROMPT``."""
        profile = "-p waystation" if self.way is Way.PROFILE else ""
        again = f"resume {self.conversation}" if self.conversation else ""
        return f'{FREELY} {profile} {again} "$PROMPT" {arguments}'

    @property
    def conversation(self) -> str:
        """Its id, from the file that Codex keeps it in: 0.42 does not print it. Empty before it has begun."""
        kept = [path.stem[-36:] for path in (self.codex_home / "sessions").rglob("rollout-*.jsonl")]
        assert len(kept) < 2, kept
        return "".join(kept)

    @property
    def _provider(self) -> list[str]:
        return [
            "[model_providers.waystation]",
            'name = "Waystation"',
            f'base_url = "{self._address}"',
            'env_key = "WAYSTATION_LICENSE"',
            'wire_api = "responses"',
        ]


@asynccontextmanager
async def cell(way: Way, version: str, address: str, key: str, proxy: str | None = None) -> AsyncIterator[Cell]:
    """A Codex of its own, configured and signed in; ``proxy`` takes what it wants from elsewhere."""
    async with codex_shell(version, AROUND_A_PROXY) as shell:
        # Codex warns of a home below the folder for temporary files.
        temporary = shell.home / "tmp"
        temporary.mkdir()
        shell.env["TMPDIR"] = str(temporary)
        for name in [name for name in shell.env if proxy and name.lower().endswith("s_proxy")]:
            shell.env[name] = str(proxy)
        made = Cell(shell, way, version, address, key)
        made.configure()
        await made.sign_in()
        yield made


def complaints(done: Done, *, also: str = "") -> list[str]:
    """The lines with which Codex warns or complains, without those that are not about who serves it."""
    allowed = (*_OWN_WORDS, *([also] if also else []))
    lines = (done.err + done.out).splitlines()
    return [line for line in lines if _TROUBLE.search(line) and not any(words in line for words in allowed)]


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _png() -> bytes:
    """A blue square."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress((b"\0" + bytes((40, 120, 200)) * 8) * 8)
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
