"""What "write it for me" changes in Codex's config.toml, and how it is taken back. Text in, text out; no I/O.

Two ways, measured with the real Codex: a model provider of our own (0.45 to 0.169), and `openai_base_url`, which keeps
the list of `codex resume` as it was, needs a login saved in Codex, and is read from 0.120 on (`codex_notes`).
"""

from __future__ import annotations

import codecs
import difflib
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.core.license import checked_license_key
from app.platform.client_address import checked_address
from app.platform.codex_config_diff import masked_diff
from app.platform.codex_config_findings import (
    Finding,
    OpenAIAddress,
    OwnProvider,
    Wanted,
    file_findings,
    profile_findings,
    still_naming_us,
)
from app.platform.codex_config_text import (
    CodexConfigUneditable,
    Path,
    config_values,
    decoded,
    lines_of,
    same_values,
    toml_at,
    toml_string,
    value_at,
    with_key,
    with_table,
    without_key,
    without_table,
)
from app.platform.codex_setup import PROVIDER

_PROVIDER_KEY: Path = ("model_provider",)
_ADDRESS_KEY: Path = ("openai_base_url",)
_TABLE: Path = ("model_providers", PROVIDER)
#: Without it Codex reads none of the file (0.45 to 0.169).
_NAME: Path = (*_TABLE, "name")
#: One way to a key excludes the others.
_CREDENTIALS = ("env_key", "experimental_bearer_token", "requires_openai_auth")
#: A program that prints a key: a table of its own, too much to be put back unharmed.
_PRINTED: Path = (*_TABLE, "auth")


@dataclass(frozen=True, slots=True)
class KeyChange:
    """One key of ours, in TOML's spelling; None where there is none."""

    path: Path
    ours: str | None = field(repr=False)
    before: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Memory:
    """All that undoing needs. May hold secrets, the license among them: keep it sealed.

    Attributes:
        sha256: of the file as we leave it.
        existed: whether there was a file before.
        new_table: whether the provider's table is our making.
        keys: that we changed.
        pieces: where our lines are in the new text, those lines, and what stood there before.
    """

    sha256: str
    existed: bool
    new_table: bool
    keys: tuple[KeyChange, ...]
    pieces: tuple[tuple[int, str, str], ...] = field(repr=False)

    def as_data(self) -> dict[str, Any]:
        """For JSON; see `from_data`."""
        return {
            "sha256": self.sha256,
            "existed": self.existed,
            "new_table": self.new_table,
            "keys": [[list(key.path), key.ours, key.before] for key in self.keys],
            "pieces": [list(piece) for piece in self.pieces],
        }

    @staticmethod
    def from_data(data: Mapping[str, Any]) -> Memory:
        """What `as_data` gave."""
        return Memory(
            data["sha256"],
            data["existed"],
            data["new_table"],
            tuple(KeyChange(tuple(path), ours, before) for path, ours, before in data["keys"]),
            tuple((at, new, old) for at, new, old in data["pieces"]),
        )


@dataclass(frozen=True, slots=True)
class ConfigEdit:
    """What would be written.

    Attributes:
        before: the file as it was read; None: there was none.
        after: the file to be.
        diff: for display, secrets masked.
        findings: what may stand in the way.
        memory: for undoing.
        holds_secret: whether we put the license into it.
    """

    before: bytes | None = field(repr=False)
    after: bytes = field(repr=False)
    diff: str
    findings: tuple[Finding, ...]
    memory: Memory
    holds_secret: bool


@dataclass(frozen=True, slots=True)
class ConfigUndo:
    """What would be taken back.

    Attributes:
        before: the file as it was read; None: there was none.
        after: the file to be; None: it is to be removed.
        diff: for display, secrets masked.
        left: keys of ours that say something else by now, so that they stay.
        findings: what needs ours and stays.
    """

    before: bytes | None = field(repr=False)
    after: bytes | None = field(repr=False)
    diff: str
    left: tuple[str, ...]
    findings: tuple[Finding, ...]


def edited(
    before: bytes | None,
    wanted: Wanted,
    *,
    earlier: Memory | None = None,
    profile_files: Mapping[str, bytes] | None = None,
) -> ConfigEdit:
    """The file with our keys in it, and nothing else changed.

    Args:
        before: config.toml; None: there is none.
        wanted: which keys.
        earlier: of an edit that has not been undone; it is undone first, so that `memory` reaches back before both.
        profile_files: Codex's `<name>.config.toml` files by their names.

    Raises:
        InvalidInput: the address or the license cannot be used.
        CodexConfigBroken: the file cannot be read, by Codex neither.
        CodexConfigUneditable: something that is not ours stands in the place of a key.
    """
    start = undone(before, earlier).after if earlier else before
    old = decoded(start or b"")
    values = config_values(old)
    new, keys = old, []
    table = value_at(values, _TABLE)
    own = _own_keys(wanted)
    for path, ours in own.items():
        was = toml_at(old, path) if value_at(values, path) is not None else None
        # What says the same already is the user's.
        if was is not None and value_at(values, path) == _plain(ours):
            continue
        if was is None and ours is None:
            continue
        keys.append(KeyChange(path, ours, was))
    if isinstance(wanted, OwnProvider):
        if table is not None and (not isinstance(table, dict) or value_at(values, _PRINTED) is not None):
            raise _in_the_way(_TABLE if not isinstance(table, dict) else _PRINTED)
        if table is None:
            spelled = {path[-1]: ours for path, ours in own.items() if len(path) > 1 and ours is not None}
            new = with_table(new, _TABLE, spelled)
    for key in keys:
        if table is None and len(key.path) > 1:
            continue
        new = with_key(new, key.path, key.ours) if key.ours is not None else without_key(new, key.path)
    after = _encoded(new, start)
    memory = Memory(
        hashlib.sha256(after).hexdigest(),
        start is not None,
        isinstance(wanted, OwnProvider) and table is None,
        tuple(keys),
        _pieces(old, new),
    )
    secret = wanted.license_key if isinstance(wanted, OwnProvider) else None
    return ConfigEdit(
        before,
        after,
        masked_diff(before, after, secret),
        (*profile_findings(config_values(new), wanted), *file_findings(profile_files or {}, wanted)),
        memory,
        secret is not None,
    )


def undone(before: bytes | None, memory: Memory) -> ConfigUndo:
    """The file without our keys, and with what stood in their places.

    Where the file is as we left it, every byte is as it was before. Else only keys that still hold our value are
    taken back.

    Raises:
        CodexConfigBroken: the file cannot be read, by Codex neither.
        CodexConfigUneditable: a key cannot be taken back without touching something else.
    """
    if before is None:
        return ConfigUndo(None, None, "", (), ())
    now = decoded(before)
    left: list[str] = []
    if hashlib.sha256(before).hexdigest() == memory.sha256:
        lines = lines_of(now)
        for at, new, old in reversed(memory.pieces):
            lines[at : at + len(lines_of(new))] = [old]
        text = "".join(lines)
    else:
        text, left = _taken_back(now, memory)
        # Where our lines are still whole, what stood there comes back as it was spelled and laid out.
        whole = _put_back(now, memory)
        if whole is not None and same_values(whole, text):
            text = whole
    after = _encoded(text, before)
    empty = not text.strip() and not memory.existed
    values = config_values(text)
    still = () if value_at(values, _TABLE) is not None else still_naming_us(values)
    return ConfigUndo(
        before, None if empty else after, masked_diff(before, None if empty else after), tuple(left), still
    )


def _own_keys(wanted: Wanted) -> dict[Path, str | None]:
    url = toml_string(checked_address(wanted.base_url).url)
    if isinstance(wanted, OpenAIAddress):
        return {_ADDRESS_KEY: url}
    own: dict[str, str | None] = {
        "name": toml_string("Waystation"),
        "base_url": url,
        "wire_api": toml_string("responses"),
        **dict.fromkeys(_CREDENTIALS),
    }
    if wanted.license_key is None:
        own["env_key"] = toml_string(wanted.variable)
    else:
        own["experimental_bearer_token"] = toml_string(checked_license_key(wanted.license_key))
    return {_PROVIDER_KEY: toml_string(PROVIDER), **{(*_TABLE, key): value for key, value in own.items()}}


def _plain(spelled: str | None) -> Any:
    return None if spelled is None else config_values(f"key = {spelled}")["key"]


def _taken_back(text: str, memory: Memory) -> tuple[str, list[str]]:
    """Key by key, in a file that somebody has changed since."""
    left: list[str] = []
    # First what comes back, so that no table is gone before its turn; the name last.
    for key in sorted(memory.keys, key=lambda key: (key.before is None, key.path == _NAME)):
        values = config_values(text)
        now = value_at(values, key.path)
        if now != _plain(key.ours):
            # What the user has taken out is not brought back.
            if now is not None:
                left.append(".".join(key.path))
        elif key.before is not None:
            if value_at(values, key.path[:-1]) is not None:
                text = with_key(text, key.path, key.before)
        elif now is not None:
            if memory.new_table and key.path == _NAME and len(value_at(values, _TABLE)) > 1:
                left.append(".".join(key.path))
            else:
                text = without_key(text, key.path)
    if memory.new_table and value_at(config_values(text), _TABLE) == {}:
        text = without_table(text, _TABLE)
    return text, left


def _in_the_way(path: Path) -> CodexConfigUneditable:
    key = ".".join(path)
    return CodexConfigUneditable(
        f"Codex's config.toml has {key}, which is not Waystation's. Rename or remove it and try again; nothing was "
        "changed.",
        key=key,
    )


def _encoded(text: str, before: bytes | None) -> bytes:
    marked = before is not None and before.startswith(codecs.BOM_UTF8)
    return (codecs.BOM_UTF8 if marked else b"") + text.encode()


def _put_back(text: str, memory: Memory) -> str | None:
    """With the old lines in the place of ours; None when ours are not all there, each once."""
    marked = f"\n{text}"
    for _, new, old in memory.pieces:
        if not new or marked.count(f"\n{new}") != 1:
            return None
        marked = marked.replace(f"\n{new}", f"\n{old}")
    return marked[1:]


def _pieces(old: str, new: str) -> tuple[tuple[int, str, str], ...]:
    before, after = lines_of(old), lines_of(new)
    steps = difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    return tuple((j1, "".join(after[j1:j2]), "".join(before[i1:i2])) for tag, i1, i2, j1, j2 in steps if tag != "equal")
