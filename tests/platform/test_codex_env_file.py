"""Our line in Codex's .env; and out again, to the byte."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.platform.codex_env_file import (
    CodexEnvUnreadable,
    EnvMemory,
    env_edited,
    env_undone,
    env_value,
    env_values,
    lines_edited,
    lines_undone,
)

NAME, KEY = "WAYSTATION_LICENSE", "ws-a.b~c+d/e=f_g-1"
_LINES = st.sampled_from(
    [
        b"A=1",
        b"",
        b"# note",
        b"export B='two words' # why",
        b"no sense",
        b"C=\xe9",
        f"{NAME}=older".encode(),
        f"  export {NAME} = 'older' # mine".encode(),
        f"{NAME}_2=x".encode(),
        f"{NAME}=".encode(),
        b"\xef\xbb\xbf",
    ]
)


def stored(memory: EnvMemory) -> EnvMemory:
    return EnvMemory.from_data(json.loads(json.dumps(memory.as_data())))


@given(st.lists(_LINES, max_size=6), st.booleans(), st.booleans(), st.booleans())
def test_undoing_is_exact_for_any_file(lines: list[bytes], crlf: bool, cut: bool, mark: bool) -> None:
    end = b"\r\n" if crlf else b"\n"
    data = (b"\xef\xbb\xbf" if mark else b"") + b"".join(line + end for line in lines)
    data = data.removesuffix(end) if cut else data

    after, memory = env_edited(data, NAME, KEY)

    assert env_value(after, NAME) == KEY
    assert memory is not None
    assert env_undone(after, stored(memory)).after == data
    later = after + (b"" if not after or after.endswith(b"\n") else end) + b"# later" + end
    undo = env_undone(later, stored(memory))
    assert undo.after is not None
    assert not undo.left
    assert undo.after.endswith(b"# later" + end)
    assert b"".join(undo.after.split()).removesuffix(b"#later") == b"".join(data.split())


@given(st.lists(_LINES | st.sampled_from([b"NO_PROXY='a b'", b"no_proxy=c"]), max_size=6), st.booleans(), st.booleans())
def test_of_two_lines_undoing_is_exact_too(lines: list[bytes], cut: bool, mark: bool) -> None:
    data = (b"\xef\xbb\xbf" if mark else b"") + b"".join(line + b"\n" for line in lines)
    data = data.removesuffix(b"\n") if cut else data

    after, memories = lines_edited(data, {"NO_PROXY": "x y,127.0.0.1", NAME: KEY})

    values = env_values(after)
    assert (values["NO_PROXY"], values[NAME]) == ("x y,127.0.0.1", KEY)
    undo = lines_undone(after, [stored(memory) for memory in memories])
    assert (undo.after, undo.left, undo.taken) == (data, (), 2)


def test_a_new_file_of_two_lines_goes_with_them() -> None:
    after, memories = lines_edited(None, {"NO_PROXY": "a b", NAME: KEY})
    assert after == f"{NAME}={KEY}\nNO_PROXY='a b'\n".encode()
    assert lines_undone(after, memories).after is None
    changed = after.replace(b"a b", b"mine")
    undo = lines_undone(changed, memories)
    assert (undo.after, undo.left, undo.taken) == (b"NO_PROXY='mine'\n", ("NO_PROXY",), 1)


def test_the_last_line_of_a_name_comes_last() -> None:
    data = b"A=1\nB='2'\nexport A=\n# C=3\n\xef\xbb\xbfD=4\n"
    assert list(env_values(data).items()) == [("B", "2"), ("A", "")]
    assert env_values(None) == {}


def test_a_new_file_goes_unless_something_else_is_in_it() -> None:
    after, memory = env_edited(None, NAME, KEY)
    assert (after, memory is not None) == (f"{NAME}={KEY}\n".encode(), True)
    assert memory is not None
    assert env_undone(after, memory).after is None
    assert env_undone(after + b"A=1\n", memory).after == b"A=1\n"
    assert env_undone(None, memory).after is None
    empty, memory = env_edited(b"", NAME, KEY)
    assert memory is not None
    assert env_undone(empty, memory).after == b""


def test_a_value_of_the_users_is_left_and_told() -> None:
    _, memory = env_edited(b"A=1\n", NAME, KEY)
    assert memory is not None
    theirs = f"A=1\n{NAME}=mine\n".encode()
    undo = env_undone(theirs, memory)
    assert (undo.after, undo.left) == (theirs, True)
    undo = env_undone(b"A=1\n", memory)
    assert (undo.after, undo.left) == (b"A=1\n", False)


@pytest.mark.parametrize("line", [f"{NAME}={KEY}", f"export {NAME}='{KEY}'", f'{NAME} = "{KEY}" # mine'])
def test_what_says_so_already_is_the_users(line: str) -> None:
    data = f"{line}\r\nA=1\r\n".encode()
    assert env_edited(data, NAME, KEY) == (data, None)


def test_the_last_of_several_lines_is_the_one_that_counts() -> None:
    data = f"{NAME}={KEY}\n{NAME}=other\n".encode()
    assert env_value(data, NAME) == "other"
    assert env_edited(data, NAME, KEY)[0] == f"{NAME}={KEY}\n{NAME}={KEY}\n".encode()
    assert env_value(f"{NAME}=".encode(), NAME) is None
    assert env_value(None, NAME) is None


def test_what_we_remember_holds_no_license_of_ours() -> None:
    _, memory = env_edited(b"A=1\n", NAME, KEY)
    assert memory is not None
    assert KEY not in json.dumps(memory.as_data()) + repr(memory)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_refused(encoding: str) -> None:
    _, memory = env_edited(None, NAME, KEY)
    assert memory is not None
    for attempt in (lambda data: env_edited(data, NAME, KEY), lambda data: env_undone(data, memory)):
        with pytest.raises(CodexEnvUnreadable):
            attempt("A=1\n".encode(encoding))
