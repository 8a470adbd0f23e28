from pathlib import Path

import pytest

from app.core.errors import InvalidInput
from app.desktop.credential_text import MAX_BYTES, read_login_file, recognised

JWT = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1c2VyLTEifQ.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    "text",
    [
        JWT,
        f"  {JWT}\n",
        f"Bearer {JWT}",
        f'"{JWT}"',
        f"{JWT}\n{JWT}",
        "sk-abcdefgh12345678",
        "\n sk-proj-abc_def-12345678 \n",
        "rt_abcdefghijklmnopqrstuvwxyz",
        '\n{"tokens": {"access_token": "x"}}\n',
        '[{"refresh_token": "rt_abcdefghijklmnop"}]',
        "{",
    ],
)
def test_what_holds_logins_or_is_meant_to_is_taken_as_it_is(text: str) -> None:
    assert recognised(text).text == text.strip().strip('"')


@pytest.mark.parametrize("text", ["", "   ", "hello", "a.b.c", "hello sk-abcdefgh12345678", "https://example.com/a"])
def test_anything_else_is_refused_with_what_to_do(text: str) -> None:
    with pytest.raises(InvalidInput, match="Copy a ChatGPT access token"):
        recognised(text)


def test_what_was_recognised_does_not_show_itself() -> None:
    assert JWT not in repr(recognised(JWT))


def test_a_file_is_read_whatever_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "auth.json"
    path.write_bytes(b'{"OPENAI_API_KEY": "sk-\xff"}')
    assert read_login_file(path).name == "auth.json"


def test_a_file_that_is_not_there_or_too_large_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"auth\.json cannot be read"):
        read_login_file(tmp_path / "auth.json")
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_login_file(tmp_path)
    large = tmp_path / "large.json"
    large.write_bytes(b"x" * (MAX_BYTES + 1))
    with pytest.raises(InvalidInput, match="too large"):
        read_login_file(large)
