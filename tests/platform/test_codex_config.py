"""Our keys in config.toml, over awkward files; and out again, to the byte."""

from __future__ import annotations

import json
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import InvalidInput
from app.platform.codex_config import ConfigEdit, Memory, edited, undone
from app.platform.codex_config_findings import Finding, FindingCode, OpenAIAddress, OwnProvider, Wanted
from app.platform.codex_config_text import CodexConfigBroken, CodexConfigUneditable

URL = "http://127.0.0.1:8787/codex/v1"
KEY = "my-license-of-this-test"
BY_VARIABLE, BY_KEY, ADDRESS = OwnProvider(URL), OwnProvider(URL, KEY), OpenAIAddress(URL)
EVERY = [BY_VARIABLE, BY_KEY, ADDRESS]

OLD_TABLE = (
    '# mine\n\n[model_providers.waystation]\nname = "Old"  # since May\nbase_url = "http://x/v1"\nwire_api = "chat"\n'
    'env_key = "OPENAI_API_KEY"\nrequest_max_retries = 2\n\n# of the headers\n'
    '[model_providers.waystation.http_headers]\nx = "y"\n# end\n'
)
CORPUS = {
    "empty": "",
    "blank": "\n\n",
    "comment": "# nothing yet",
    "plain": 'model = "gpt-5"\n\n# servers\n[mcp_servers.docs]\ncommand = "x" # why\n',
    "only tables": '# about me\n\n# of the table\n[tui]\nx = 1\n[projects."/home/x.y"]\ntrust_level = "trusted"\n',
    "no newline": 'model = "gpt-5"',
    "no newline in table": "[tui]\n  x = 1  ",
    "other provider": "model_provider = 'azure' # work\n\n[model_providers.azure]\nname = 'Azure'\nbase_url = 'https://a'\n",
    "spelling": '"model_provider"   =\t"""azure"""\nb = 0x1F\nc = 1_000\nd = inf\ne = 1979-05-27 07:32:00Z\n',
    "inline": "model_providers = { azure = {name='Azure'}, b = {} } # all\n[tui]\nx = 1\n",
    "inline empty": "model_providers = {}",
    "inline ours": "model_providers = { waystation = {name='o', env_key='K', x=1}, b={} }\n",
    "inline in table": "[model_providers]\nwaystation = {name='o', env_key='K'}\nb = {}\n",
    "dotted": "model_providers.azure.name = 'Azure'\nz = 1\n\n[tui]\nx = 1\n",
    "dotted ours": "z = 1\nmodel_providers.waystation.name='o'\nmodel_providers.waystation.env_key='k'\n[x]\na=1\n",
    "dotted in table": "[model_providers]\nwaystation.name='o'\nwaystation.env_key='k'\nb.name='b'\n[x]\na=1\n",
    "old table": OLD_TABLE,
    "child first": "[model_providers.waystation.http_headers]\na='b'\n[model_providers.waystation]\nname='o'\n[z]\n",
    "child only": "[model_providers.waystation.http_headers]\na='b'\n",
    "out of order": "[model_providers.a]\nname='a'\n[z]\nq=1\n[model_providers.waystation]\nname='o'\n[y]\nr=1\n",
    "array of tables": '[[hooks]]\na = 1\n[[hooks]]\na = 2\n[hooks.x]\nmodel_provider = "no"\n',
    "multi-line": 'notify = [\n "a", # [b]\n [\n  "c"]\n]\ntext = """\n[model_providers.waystation]\n# x\n"""\n[t]\n',
    "unicode": '# 你好\nmodel = "gpt-5" # \U0001f600\u2028\u0085\n["表"]\n"键" = "值"\n',
    "profiles": 'profile = "a"\n[profiles.a]\nmodel_provider = "azure"\n[profiles.b]\nmodel_provider = "b"\n',
    "newer TOML": 'model_providers = {\n  a = {name="x"},\n}\nb = 1\n',
    "secret": '[mcp_servers.a.env]\nAPI_TOKEN = "abc\\"def"\n',
}
FILES = {
    **{name: text.encode() for name, text in CORPUS.items()},
    **{f"{name}, CRLF": text.replace("\n", "\r\n").encode() for name, text in CORPUS.items()},
    **{f"{name}, BOM": b"\xef\xbb\xbf" + text.encode() for name, text in CORPUS.items()},
}
awkward = pytest.mark.parametrize("data", FILES.values(), ids=FILES)
each_way = pytest.mark.parametrize("wanted", EVERY, ids=["variable", "key", "address"])


def stored(edit: ConfigEdit) -> Memory:
    """The memory as it comes back from where it was kept."""
    return Memory.from_data(json.loads(json.dumps(edit.memory.as_data())))


def values(data: bytes) -> dict[str, object]:
    return tomllib.loads(data.decode("utf-8-sig"))


@each_way
@awkward
def test_our_keys_go_in_and_come_out_to_the_byte(data: bytes, wanted: Wanted) -> None:
    edit = edited(data, wanted)

    text = edit.after.decode("utf-8-sig")
    assert edit.after.startswith(b"\xef\xbb\xbf") == data.startswith(b"\xef\xbb\xbf")
    if b"\r\n" in data:
        assert text.replace("\r\n", "").count("\n") == 0
    assert (data.endswith(b"\n") or data in (b"", b"\xef\xbb\xbf")) == text.endswith("\n")
    if "a = {name=" not in text:
        found = values(edit.after)
        if isinstance(wanted, OpenAIAddress):
            assert found == {**values(data), "openai_base_url": URL}
        else:
            ours = found["model_providers"]["waystation"]  # type: ignore[index] # a dict
            assert found["model_provider"] == "waystation"
            assert (ours["name"], ours["base_url"], ours["wire_api"]) == ("Waystation", URL, "responses")
            assert ours.get("experimental_bearer_token") == wanted.license_key
            assert ours.get("env_key") == (None if wanted.license_key else "WAYSTATION_LICENSE")
    undo = undone(edit.after, stored(edit))
    assert undo.after == data
    assert (undo.left, undo.findings) == ((), ())


@each_way
@awkward
def test_of_every_line_of_the_user_that_holds_no_key_of_ours_each_byte_stays(data: bytes, wanted: Wanted) -> None:
    edit = edited(data, wanted)
    ours = ("model_provider", "waystation", "name", "base_url", "wire_api", "env_key", "model_providers")
    old, new = (text.removeprefix(b"\xef\xbb\xbf").splitlines(keepends=True) for text in (data, edit.after))
    for line in old:
        # The bracket that closes an inline table moves up to what is put into it.
        if line.endswith(b"\n") and line.strip() != b"}" and not any(key.encode() in line for key in ours):
            assert line in new


@each_way
@awkward
def test_after_codex_has_added_to_the_file_only_our_keys_are_taken_back(data: bytes, wanted: Wanted) -> None:
    edit = edited(data, wanted)
    newline = b"\r\n" if b"\r\n" in data else b"\n"
    added = newline.join([b"", b'[projects."/work"]', b'trust_level = "trusted"', b""])
    joint = b"" if edit.after.endswith(b"\n") else newline

    undo = undone(edit.after + joint + added, stored(edit))

    assert undo.left == ()
    assert undo.after is not None
    if "a = {name=" not in data.decode():
        assert values(undo.after) == values(data + newline + added)
    assert undo.after.replace(newline, b"") == (data + added).replace(newline, b"")


@each_way
def test_a_file_that_we_made_goes_unless_something_else_is_in_it(wanted: Wanted) -> None:
    edit = edited(None, wanted)
    assert undone(edit.after, stored(edit)).after is None
    more = edit.after + b'\n[projects."/work"]\ntrust_level = "trusted"\n'
    undo = undone(more, stored(edit))
    assert undo.after is not None
    assert undo.after.strip() == b'[projects."/work"]\ntrust_level = "trusted"'
    assert undone(None, stored(edit)).after is None


def test_an_empty_file_stays_one() -> None:
    edit = edited(b"", ADDRESS)
    assert edit.after == f'openai_base_url = "{URL}"\n'.encode()
    assert undone(edit.after, stored(edit)).after == b""


def test_the_new_lines_look_as_written_by_hand() -> None:
    assert edited(CORPUS["plain"].encode(), BY_VARIABLE).after.decode() == (
        'model = "gpt-5"\nmodel_provider = "waystation"\n\n# servers\n[mcp_servers.docs]\ncommand = "x" # why\n\n'
        f'[model_providers.waystation]\nname = "Waystation"\nbase_url = "{URL}"\nwire_api = "responses"\n'
        'env_key = "WAYSTATION_LICENSE"\n'
    )
    assert edited(OLD_TABLE.encode(), BY_KEY).after.decode() == (
        'model_provider = "waystation"\n\n# mine\n\n[model_providers.waystation]\n'
        f'experimental_bearer_token = "{KEY}"\nname = "Waystation"  # since May\nbase_url = "{URL}"\n'
        'wire_api = "responses"\nrequest_max_retries = 2\n\n# of the headers\n'
        '[model_providers.waystation.http_headers]\nx = "y"\n# end\n'
    )


def test_a_key_that_the_user_has_changed_is_left_and_told() -> None:
    edit = edited(CORPUS["other provider"].encode(), BY_VARIABLE)
    theirs = edit.after.replace(b'"waystation" # work', b"'mine' # work").replace(URL.encode(), b"http://elsewhere/v1")

    undo = undone(theirs, stored(edit))

    assert undo.left == ("model_provider", "model_providers.waystation.base_url", "model_providers.waystation.name")
    assert undo.after is not None
    # Codex reads no file with a provider that has no name.
    assert values(undo.after)["model_providers"] == {
        "azure": {"name": "Azure", "base_url": "https://a"},
        "waystation": {"name": "Waystation", "base_url": "http://elsewhere/v1"},
    }


def test_what_stood_before_comes_back_in_its_spelling_after_other_changes() -> None:
    edit = edited(OLD_TABLE.encode(), BY_KEY)
    undo = undone(b"# new\n" + edit.after, stored(edit))
    assert undo.after is not None
    assert b'env_key = "OPENAI_API_KEY"\n' in undo.after
    assert b'name = "Old"  # since May\n' in undo.after
    assert values(undo.after) == values(OLD_TABLE.encode())


def test_what_the_user_has_taken_out_is_not_brought_back() -> None:
    edit = edited(b"model_provider = 'azure'\n", BY_VARIABLE)
    undo = undone(edit.after.split(b"[")[1].join([b"[", b""]), stored(edit))
    assert undo.after is not None
    assert b"model_provider " not in undo.after
    assert undo.left == ()


@awkward
def test_the_second_edit_remembers_what_was_before_the_first(data: bytes) -> None:
    first = edited(data, BY_KEY)
    second = edited(first.after, ADDRESS, earlier=stored(first))
    assert second.after == edited(data, ADDRESS).after
    assert undone(second.after, stored(second)).after == data


def test_the_same_edit_again_changes_nothing() -> None:
    first = edited(None, BY_VARIABLE)
    again = edited(first.after, BY_VARIABLE, earlier=first.memory)
    assert (again.after, again.diff) == (first.after, "")
    assert undone(again.after, again.memory).after is None


def test_secrets_are_in_no_diff_and_in_no_repr() -> None:
    old = b'[mcp_servers.a.env]\nAPI_TOKEN = "abc\\"defg"\nheaders = { Authorization = "Basic hijk" }'
    edit = edited(old, BY_KEY)
    undo = undone(edit.after, edit.memory)
    shown = edit.diff + undo.diff + repr((edit, undo, BY_KEY))
    for secret in (KEY, "defg", "hijk"):
        assert secret not in shown
    assert edit.holds_secret
    assert "+experimental_bearer_token = " in edit.diff
    assert '-experimental_bearer_token = "…"' in undo.diff
    assert not edited(old, BY_VARIABLE).holds_secret


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"a = 1\na = 2\n", 2),
        (b"[a]\nx = 1\n[a]\n", 3),
        (b"a = 1\nb = \n", 2),
        (b'a = 1\nb = "x\n', 2),
        (b"a = 1\nb = '''x\n", 2),
        (b"a = 1\r\n\xff = 2\r\n", 2),
        ("a = 1\n".encode("utf-16"), 1),
        (b"a = 1\n\x00\n", 2),
        (b"a = " + b"[" * 5000, 1),
    ],
)
def test_a_broken_file_is_named_with_its_line(data: bytes, line: int) -> None:
    edit = edited(None, BY_VARIABLE)
    for attempt in (lambda: edited(data, BY_VARIABLE), lambda: undone(data, edit.memory)):
        with pytest.raises(CodexConfigBroken, match=f"at line {line}") as broken:
            attempt()
        assert broken.value.details["line"] == line


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[model_provider]\na = 1\n", "model_provider"),
        ("model_providers = 1\n", "model_providers.waystation"),
        ("[model_providers]\nwaystation = 1\n", "model_providers.waystation"),
        ("[[model_providers.waystation]]\na = 1\n", "model_providers.waystation"),
        ('[model_providers.waystation.auth]\ncommand = "x"\n', "model_providers.waystation.auth"),
    ],
)
def test_something_else_in_the_place_of_a_key_is_refused(text: str, key: str) -> None:
    with pytest.raises(CodexConfigUneditable) as refused:
        edited(text.encode(), BY_VARIABLE)
    assert refused.value.details["key"] == key


def test_an_unusable_address_or_license_is_refused() -> None:
    for wanted in (OwnProvider("file:///x"), OwnProvider(URL, 'a"b'), OpenAIAddress('http://a/"')):
        with pytest.raises(InvalidInput):
            edited(None, wanted)


def test_what_overrides_ours_is_found_and_left() -> None:
    files = {"work.config.toml": b'model_provider = "azure"\n', "x.config.toml": b"= broken", "y.config.toml": b""}
    found = edited(CORPUS["profiles"].encode(), BY_VARIABLE, profile_files=files).findings
    assert found == (
        Finding(FindingCode.PROFILE_CHOSEN, "profiles.a", "azure"),
        Finding(FindingCode.PROFILE, "profiles.b", "b"),
        Finding(FindingCode.PROFILE_FILE, "work.config.toml", "azure"),
    )
    (other,) = edited(b'model_provider = "azure"\n', ADDRESS).findings
    assert other == Finding(FindingCode.OTHER_PROVIDER, "model_provider", "azure")
    assert edited(b'model_provider = "openai"\n', ADDRESS).findings == ()


def test_after_undoing_a_profile_that_needs_us_is_named() -> None:
    edit = edited(None, BY_VARIABLE)
    undo = undone(edit.after + b'\n[profiles.a]\nmodel_provider = "waystation"\n', edit.memory)
    assert undo.findings == (Finding(FindingCode.STILL_NAMED, "profiles.a", "waystation"),)


_BLOCKS = st.sampled_from(
    [
        "# word\n",
        "\n",
        "  \t\n",
        'model = "x" # y\n',
        "a.b = 1\n",
        "c = [\n 1,\n # z\n]\n",
        "model_provider = 'other'\n",
        'openai_base_url = "http://z"\n',
        "[t]\n",
        "[[u]]\nv = 1\n",
        "[model_providers.waystation]\nname = 'q'\n",
        "[model_providers.b]\nname = 'b'\n",
        "model_providers.c.name = 'c'\n",
        'env_key = "E"\n',
        '[profiles.p]\nmodel_provider = "b"\n',
        's = """\n[t]\nname = 1\n"""\n',
        "\ufeff",
    ]
)


@given(st.lists(_BLOCKS, max_size=9), st.sampled_from(EVERY), st.booleans(), st.booleans(), st.integers(0, 9))
def test_undoing_is_exact_for_any_file(blocks: list[str], wanted: Wanted, crlf: bool, cut: bool, where: int) -> None:
    text = "".join(blocks)
    data = (text.replace("\n", "\r\n") if crlf else text).rstrip("\r\n" if cut else "").encode()
    try:
        edit = edited(data, wanted)
    except (CodexConfigBroken, CodexConfigUneditable):
        return
    assert undone(edit.after, stored(edit)).after == data
    # A comment of the user's anywhere is kept, and nothing is left of ours.
    lines = edit.after.splitlines(keepends=True)
    at = where % (len(lines) + 1)
    changed = b"".join([*lines[:at], b"\n# later\n", *lines[at:]])
    try:
        undo = undone(changed, stored(edit))
    except CodexConfigBroken:
        return
    assert undo.left == ()
    assert undo.after is not None
    if values(changed) == values(edit.after):
        assert values(undo.after) == values(data)
        assert b"# later\n" in undo.after
