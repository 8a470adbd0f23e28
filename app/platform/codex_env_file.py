"""Our lines in Codex's `.env`: the license, and NO_PROXY; and how they are taken back. Bytes in, bytes out; no I/O.

Measured with the real Codex 0.42, 0.45, 0.80, 0.100, 0.120, 0.140 and 0.169, each by `codex exec` and in its terminal
interface: `$CODEX_HOME/.env` is read for a provider's `env_key`, and wins over a variable of the environment. Of two
lines with one name the last wins. CRLF, blanks, quotes, `export`, a comment behind the value, bytes that are no UTF-8
and any mode are fine; a line that makes no sense is passed over, an open quote swallows the rest of the file, a byte
order mark becomes part of the first name, an empty value counts as none, and nothing of a file in UTF-16 is read. A
`.env` in the working folder is not read. So ours come first, and have quotes only where blanks need them. Like any
variable of Codex's environment, they are seen by the commands that Codex runs for the model.

0.45 and 0.169 take NO_PROXY and the proxies from there, too, before they make a connection; an empty value counts there
as one, and single quotes keep all within as it is.
"""

from __future__ import annotations

import base64
import codecs
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from app.core.errors import WaystationError

_LINE = re.compile(rb"[^\n]*\n|[^\n]+")
_ASSIGNS = re.compile(rb"[ \t]*(?:export[ \t]+)?([A-Za-z_][\w.]*)[ \t]*=[ \t]*(.*)", re.DOTALL)
_QUOTED = re.compile(rb"'([^']*)'|\"([^\"]*)\"|([^\s#]*)")
_PLAIN = re.compile(r"[A-Za-z0-9._~+/=:,*@\[\]-]*")


class CodexEnvUnreadable(WaystationError):
    """The `.env` is in UTF-16, of which Codex reads nothing; its detail is the `path`, once that is known."""

    code = "codex_env_unreadable"


@dataclass(frozen=True, slots=True)
class EnvMemory:
    """All that undoing needs. Holds no license of ours, but perhaps a secret of the user.

    Attributes:
        name: of the variable.
        value_sha256: of the value that we wrote.
        existed: whether there was a file before.
        before: the line that ours took the place of, with its end; empty: ours is a new one.
        joined: whether the line before ours had no end until we came.
    """

    name: str
    value_sha256: str
    existed: bool
    before: bytes = field(repr=False)
    joined: bool

    def as_data(self) -> dict[str, Any]:
        """For JSON; see `from_data`."""
        return {
            "name": self.name,
            "value_sha256": self.value_sha256,
            "existed": self.existed,
            "before": base64.b64encode(self.before).decode(),
            "joined": self.joined,
        }

    @staticmethod
    def from_data(data: Mapping[str, Any]) -> EnvMemory:
        """What `as_data` gave."""
        before = base64.b64decode(data["before"])
        return EnvMemory(data["name"], data["value_sha256"], data["existed"], before, data["joined"])


@dataclass(frozen=True, slots=True)
class EnvUndo:
    """What would be taken back: the file to be, None if it is to be removed; and whether the line stays, changed."""

    after: bytes | None = field(repr=False)
    left: bool


@dataclass(frozen=True, slots=True)
class LinesUndo:
    """What would be taken back of several lines.

    Attributes:
        after: the file to be; None if it is to be removed.
        left: the names whose lines stay, since they say something else by now.
        taken: how many lines go.
    """

    after: bytes | None = field(repr=False)
    left: tuple[str, ...]
    taken: int


def lines_edited(before: bytes | None, values: Mapping[str, str]) -> tuple[bytes | None, tuple[EnvMemory, ...]]:
    """The file with these variables, the last of them on top; memories of those that were not so already.

    Raises:
        CodexEnvUnreadable: it is in UTF-16.
    """
    memories: list[EnvMemory] = []
    for name, value in values.items():
        before, memory = env_edited(before, name, value)
        memories += [memory] if memory else []
    return before, tuple(memories)


def lines_undone(now: bytes | None, memories: Sequence[EnvMemory]) -> LinesUndo:
    """The file without our lines, and with what stood in their places; every other byte as it is.

    Raises:
        CodexEnvUnreadable: it is in UTF-16.
    """
    left: list[str] = []
    taken = 0
    for memory in reversed(memories):
        undo = env_undone(now, memory)
        left += [memory.name] if undo.left else []
        taken += undo.after != now
        now = undo.after
    return LinesUndo(now, tuple(left), taken)


def env_edited(before: bytes | None, name: str, value: str) -> tuple[bytes, EnvMemory | None]:
    """The file with `name` set to `value`, which has no single quote; the memory is None if it was so already.

    Raises:
        CodexEnvUnreadable: it is in UTF-16.
    """
    data = before or b""
    _refuse_wide(data)
    lines = _LINE.findall(data)
    line = (f"{name}={value}" if _PLAIN.fullmatch(value) else f"{name}='{value}'").encode()
    memory = EnvMemory(name, _sha256(value.encode()), before is not None, b"", joined=False)
    there = [index for index, found in enumerate(lines) if _assigned(found, name) is not None]
    if there:
        at = there[-1]
        if _assigned(lines[at], name) == value.encode():
            return data, None
        after = b"".join([*lines[:at], line, _end_of(lines[at]), *lines[at + 1 :]])
        return after, replace(memory, before=lines[at])
    newline = b"\r\n" if data.count(b"\r\n") * 2 > data.count(b"\n") else b"\n"
    if not data.startswith(codecs.BOM_UTF8):
        # Before everything else, so that no open quote swallows it.
        return line + newline + data, memory
    if not _end_of(lines[0]):
        return data + newline + line, replace(memory, joined=True)
    return b"".join([lines[0], line, newline, *lines[1:]]), memory


def env_undone(now: bytes | None, memory: EnvMemory) -> EnvUndo:
    """The file without our line, and with what stood in its place; every other byte as it is.

    Raises:
        CodexEnvUnreadable: it is in UTF-16.
    """
    if now is None:
        return EnvUndo(None, left=False)
    _refuse_wide(now)
    lines = _LINE.findall(now)
    values = {index: value for index, found in enumerate(lines) if (value := _assigned(found, memory.name)) is not None}
    ours = [index for index, value in values.items() if _sha256(value) == memory.value_sha256]
    if not ours:
        return EnvUndo(now, left=bool(values) and not _is_before(lines, values, memory))
    at = ours[-1]
    old = memory.before
    if old and not _end_of(old) and at + 1 < len(lines):
        old += _end_of(lines[at])
    lines[at] = old
    if memory.joined and at and at + 1 == len(lines):
        lines[at - 1] = lines[at - 1].removesuffix(b"\n").removesuffix(b"\r")
    after = b"".join(lines)
    return EnvUndo(after if after.strip() or memory.existed else None, left=False)


def env_values(data: bytes | None) -> dict[str, str]:
    """What Codex takes from the file, by name; the one that is set last comes last. Empty values are in it."""
    found: dict[str, str] = {}
    for line in _LINE.findall(data or b""):
        if (seen := _ASSIGNS.match(line)) is not None:
            name = seen[1].decode()
            found.pop(name, None)
            found[name] = _value(seen[2]).decode(errors="replace")
    return found


def env_value(data: bytes | None, name: str) -> str | None:
    """The value that Codex finds for a variable in the file; None: none, or an empty one."""
    return env_values(data).get(name) or None


def _is_before(lines: list[bytes], values: Mapping[int, bytes], memory: EnvMemory) -> bool:
    return all(lines[index] == memory.before for index in values)


def _assigned(line: bytes, name: str) -> bytes | None:
    found = _ASSIGNS.match(line)
    return _value(found[2]) if found is not None and found[1] == name.encode() else None


def _value(text: bytes) -> bytes:
    value = _QUOTED.match(text)
    return next((part for part in value.groups() if part is not None), b"") if value else b""


def _end_of(line: bytes) -> bytes:
    return b"\r\n" if line.endswith(b"\r\n") else b"\n" if line.endswith(b"\n") else b""


def _refuse_wide(data: bytes) -> None:
    if b"\0" in data or data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise CodexEnvUnreadable(
            "Codex's .env is in UTF-16, which Codex cannot read either. Save it as UTF-8 and try again; nothing was "
            "changed."
        )


def _sha256(value: bytes) -> str:
    return hashlib.sha256(value).hexdigest()
