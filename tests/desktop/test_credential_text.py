from pathlib import Path

import pytest

from app.core.errors import InvalidInput
from app.desktop.credential_text import MAX_BYTES, read_auth_json, recognised

JWT = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1c2VyLTEifQ.c2lnbmF0dXJl"


@pytest.mark.parametrize("text", [JWT, f"  {JWT}\n", f"Bearer {JWT}", f'"{JWT}"'])
def test_an_access_token_is_recognised(text: str) -> None:
    found = recognised(text)
    assert (found.command, found.params) == ("token.add", {"access_token": JWT})


@pytest.mark.parametrize("text", ["sk-abcdefgh12345678", "\n sk-proj-abc_def-12345678 \n"])
def test_an_api_key_is_recognised(text: str) -> None:
    found = recognised(text)
    assert (found.command, found.params) == ("token.add", {"api_key": text.strip()})


def test_the_text_of_an_auth_json_is_recognised() -> None:
    found = recognised('\n{"tokens": {"access_token": "x"}}\n')
    assert (found.command, found.params) == ("token.import", {"text": '{"tokens": {"access_token": "x"}}'})


@pytest.mark.parametrize(
    "text", ["", "   ", "hello", "sk-", "a.b.c", "sk-one sk-two-three-four", "https://example.com/a"]
)
def test_anything_else_is_refused_with_what_to_do(text: str) -> None:
    with pytest.raises(InvalidInput, match="Copy a ChatGPT access token"):
        recognised(text)


def test_what_was_recognised_does_not_show_itself() -> None:
    assert JWT not in repr(recognised(JWT))


def test_a_file_is_read_whatever_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "auth.json"
    path.write_bytes(b'{"OPENAI_API_KEY": "sk-\xff"}')
    assert read_auth_json(path).command == "token.import"


def test_a_file_that_is_not_there_or_too_large_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"auth\.json cannot be read"):
        read_auth_json(tmp_path / "auth.json")
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_auth_json(tmp_path)
    large = tmp_path / "large.json"
    large.write_bytes(b"x" * (MAX_BYTES + 1))
    with pytest.raises(InvalidInput, match="too large"):
        read_auth_json(large)
