"""Changes of single keys in the text of a config.toml, each proved by reading the text again. No I/O.

tomlkit keeps all that it does not touch, but puts new lines behind the comments of the next table, and takes those
comments along when it removes one. So whole lines are put in and taken out here, and tomlkit does the rest: values,
inline tables and dotted keys. Whichever way, a change counts only if the new text reads as the old one with just that
change.
"""

from __future__ import annotations

import codecs
import copy
import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from typing import Any, TypeAlias

import tomlkit
from tomlkit.exceptions import TOMLKitError

from app.core.errors import WaystationError

Path: TypeAlias = tuple[str, ...]
"""Of a key, from the top. Bare keys only."""

_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_AT = re.compile(r" ?\(?at line (\d+),? col(?:umn)? \d+\)?")
# tomlkit trips over some texts that it has just changed.
_TOMLKIT_ERRORS = (TOMLKitError, ValueError, LookupError, TypeError, AttributeError, RecursionError)


class CodexConfigBroken(WaystationError):
    """The file is no TOML, or not in UTF-8; the details are the `line` and, once it is known, the `path`."""

    code = "codex_config_broken"


class CodexConfigUneditable(WaystationError):
    """The file has something in the place of a key of ours which is not to be changed; its detail is the `key`."""

    code = "codex_config_uneditable"


def decoded(data: bytes) -> str:
    """The text of a file, without a byte order mark.

    Raises:
        CodexConfigBroken: it is not in UTF-8.
    """
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise CodexConfigBroken(
            f"Codex's config.toml is not in UTF-8 at line {line}. Save it as UTF-8 in your editor and try again; "
            "nothing was changed.",
            line=line,
        ) from None


def config_values(text: str) -> dict[str, Any]:
    """What the text says.

    Raises:
        CodexConfigBroken: nothing that could be read.
    """
    return _reader(text)(text)


def same_values(one: str, other: str) -> bool:
    """Whether two texts say the same."""
    try:
        return _canonical(config_values(one)) == _canonical(config_values(other))
    except CodexConfigBroken:
        return False


def value_at(values: Mapping[str, Any], path: Path) -> Any:
    """The value of a key; None when it is not there."""
    found: Any = values
    for part in path:
        if not isinstance(found, Mapping) or part not in found:
            return None
        found = found[part]
    return found


def toml_at(text: str, path: Path) -> str:
    """The value of a key that is there, as it is spelled in the text.

    Raises:
        CodexConfigUneditable: it is not a single value.
    """
    try:
        item = _container(tomlkit.parse(text), path)[path[-1]]
        spelled = str(item.as_string())
        if value_at(config_values(text), path) == tomlkit.value(spelled).unwrap() != {}:
            return spelled
    except _TOMLKIT_ERRORS:
        pass
    raise _uneditable(path)


def toml_string(value: str) -> str:
    """A string as TOML spells it."""
    return tomlkit.string(value).as_string()


def with_key(text: str, path: Path, spelled: str) -> str:
    """The text with this value for a key, in its old place or a new one. The table that it belongs to is there.

    Raises:
        CodexConfigUneditable: that cannot be done without touching something else.
    """
    value = tomlkit.value(spelled).unwrap()

    def change(values: dict[str, Any]) -> None:
        value_at(values, path[:-1])[path[-1]] = value

    there = value_at(config_values(text), path) is not None
    return _first_right(text, path, change, _with_key(text, path, spelled, there))


def without_key(text: str, path: Path) -> str:
    """The text without a key that is there.

    Raises:
        CodexConfigUneditable: that cannot be done without touching something else.
    """

    def change(values: dict[str, Any]) -> None:
        del value_at(values, path[:-1])[path[-1]]

    return _first_right(text, path, change, _without_key(text, path))


def with_table(text: str, path: Path, spelled: Mapping[str, str]) -> str:
    """The text with a new table, at its end if the rest allows.

    Raises:
        CodexConfigUneditable: that cannot be done without touching something else.
    """

    def change(values: dict[str, Any]) -> None:
        for part in path[:-1]:
            values = values.setdefault(part, {})
        values[path[-1]] = {key: tomlkit.value(value).unwrap() for key, value in spelled.items()}

    return _first_right(text, path, change, _with_table(text, path, spelled))


def without_table(text: str, path: Path) -> str:
    """The text without a table that is empty; comments below its header stay.

    Raises:
        CodexConfigUneditable: that cannot be done without touching something else.
    """

    def change(values: dict[str, Any]) -> None:
        value_at(values, path[:-1]).pop(path[-1], None)

    return _first_right(text, path, change, _without_table(text, path))


def lines_of(text: str) -> list[str]:
    """The lines with their ends; only what TOML takes for an end of line is one."""
    return _LINE.findall(text)


def newline_of(text: str) -> str:
    """The line end that most lines have."""
    return "\r\n" if text.count("\r\n") * 2 > text.count("\n") else "\n"


def _reader(text: str) -> Callable[[str], dict[str, Any]]:
    """A parser that accepts the text: Python's, or tomlkit for the TOML 1.1 that Codex from 0.100 on reads, too."""
    try:
        tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        try:
            _read_by_tomlkit(text)
        except _TOMLKIT_ERRORS:
            raise _broken(text, str(error)) from None
        return _read_by_tomlkit
    return tomllib.loads


def _read_by_tomlkit(text: str) -> dict[str, Any]:
    return dict(tomlkit.parse(text).unwrap())


def _broken(text: str, said: str) -> CodexConfigBroken:
    at = _AT.search(said)
    # Python's parser names no line when the text ends too early.
    line = int(at[1]) if at else max(1, len(lines_of(text)))
    reason = _AT.sub("", said).removesuffix(" (at end of document)")
    return CodexConfigBroken(
        f"Codex's config.toml is broken at line {line}: {reason}. Codex cannot read it either. Correct that line and "
        "try again; nothing was changed.",
        line=line,
    )


def _uneditable(path: Path) -> CodexConfigUneditable:
    key = ".".join(path)
    return CodexConfigUneditable(
        f"Codex's config.toml has {key} in a form that cannot be changed without touching something else. Change or "
        "remove it by hand and try again; nothing was changed.",
        key=key,
    )


def _first_right(
    text: str, path: Path, change: Callable[[dict[str, Any]], None], candidates: Iterator[Callable[[], str]]
) -> str:
    """The first candidate that reads as the old text with this change, and nothing else."""
    read = _reader(text)
    wanted = read(text)
    try:
        change(wanted)
    except (TypeError, AttributeError):
        # Something else stands where a table is wanted.
        raise _uneditable(path) from None
    # A table of dotted keys is gone with its last key.
    pruned = copy.deepcopy(wanted)
    for end in range(len(path) - 1, 0, -1):
        if value_at(pruned, path[:end]) == {}:
            del value_at(pruned, path[: end - 1])[path[end - 1]]
    right = {_canonical(wanted), _canonical(pruned)}
    for candidate in candidates:
        try:
            found = candidate()
            if _canonical(read(found)) in right:
                return found
        except _TOMLKIT_ERRORS:
            continue
    raise _uneditable(path)


def _canonical(values: dict[str, Any]) -> str:
    """Equal for equal files: unlike `==`, of a NaN too, and not of 1 and true."""
    return json.dumps(values, sort_keys=True, default=repr)


def _container(document: tomlkit.TOMLDocument, path: Path) -> MutableMapping[str, Any]:
    found: Any = document
    for part in path[:-1]:
        found = found[part]
    return found  # type: ignore[no-any-return] # tomlkit's own types end here


def _with_key(text: str, path: Path, spelled: str, there: bool) -> Iterator[Callable[[], str]]:
    line = f"{path[-1]} = {spelled}"
    if not there and len(path) == 1:
        yield lambda: _at_top(text, line)
    if not there:
        for index, found in enumerate(lines_of(text)):
            if found.lstrip().startswith("[") and len(path) > 1 and path[-2] in found:
                yield lambda after=index + 1: _put_in(text, after, [line])  # type: ignore[misc] # a default

    def by_tomlkit() -> str:
        document = tomlkit.parse(text)
        _container(document, path)[path[-1]] = tomlkit.value(spelled)
        return _in_its_newlines(text, tomlkit.dumps(document))

    yield by_tomlkit


def _without_key(text: str, path: Path) -> Iterator[Callable[[], str]]:
    lines = lines_of(text)
    key = re.compile(rf"[ \t]*(?:[\w\"'-]+[ \t]*\.[ \t]*)*[\"']?{re.escape(path[-1])}[\"']?[ \t]*=")
    for index, line in enumerate(lines):
        if key.match(line):
            # What `_at_top` puts before everything else has an empty line behind it.
            more = 1 if index == 0 and len(lines) > 1 and not lines[1].strip() else 0
            yield lambda at=index, end=index + 1 + more: "".join(lines[:at] + lines[end:])  # type: ignore[misc]
    yield lambda: _popped(text, path)


def _with_table(text: str, path: Path, spelled: Mapping[str, str]) -> Iterator[Callable[[], str]]:
    lines = lines_of(text)
    block = [f"[{'.'.join(path)}]", *(f"{key} = {value}" for key, value in spelled.items())]
    yield lambda: _put_in(text, len(lines), ["", *block] if lines else block)

    def inline() -> str:
        document = tomlkit.parse(text)
        table = tomlkit.inline_table()
        for key, value in spelled.items():
            table[key] = tomlkit.value(value)
        _container(document, path)[path[-1]] = table
        return _in_its_newlines(text, tomlkit.dumps(document))

    yield inline


def _without_table(text: str, path: Path) -> Iterator[Callable[[], str]]:
    lines = lines_of(text)
    for index, line in enumerate(lines):
        if line.lstrip().startswith("[") and path[-1] in line:
            # The empty line before it is the one that `_with_table` has put there.
            start = index - 1 if index and not lines[index - 1].strip() else index
            yield lambda at=start, end=index + 1: "".join(lines[:at] + lines[end:])  # type: ignore[misc]
    # Dotted keys leave no header behind.
    yield lambda: text
    yield lambda: _popped(text, path)


def _popped(text: str, path: Path) -> str:
    document = tomlkit.parse(text)
    del _container(document, path)[path[-1]]
    return tomlkit.dumps(document)


def _at_top(text: str, line: str) -> str:
    """With a line behind the last key above all tables; where there is none, before everything else."""
    lines = lines_of(text)
    end = next((index for index, found in enumerate(lines) if _is_header(lines, index, found)), len(lines))
    while end and not lines[end - 1].split("#", 1)[0].strip():
        end -= 1
    return _put_in(text, end, [line] if end or not lines else [line, ""])


def _is_header(lines: Sequence[str], index: int, line: str) -> bool:
    """A line that begins with a bracket is one, unless an array or a string is open before it."""
    if not line.lstrip().startswith("["):
        return False
    try:
        config_values("".join(lines[:index]))
    except CodexConfigBroken:
        return False
    return True


def _put_in(text: str, index: int, new: Sequence[str]) -> str:
    lines, newline = lines_of(text), newline_of(text)
    put = newline.join(new)
    if index == len(lines) and text and not text.endswith("\n"):
        return f"{text}{newline}{put}"
    return "".join([*lines[:index], put, newline, *lines[index:]])


def _in_its_newlines(old: str, new: str) -> str:
    """tomlkit ends the lines that it makes with a line feed."""
    if newline_of(old) == "\r\n":
        before = set(lines_of(old))
        new = "".join(line if line in before else re.sub(r"\r?\n\Z", "\r\n", line) for line in lines_of(new))
    return new if old.endswith("\n") or not old else new.removesuffix("\n").removesuffix("\r")
