"""The real Codex 0.169 asks for an image, and searches, beside its turns."""

from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest

from app.practice.server import PracticeUpstream
from tests.practice.test_real_codex import codex_run, login_config


@pytest.fixture
async def upstream() -> AsyncIterator[PracticeUpstream]:
    server = PracticeUpstream()
    await server.start()
    yield server
    await server.stop()


async def ask(upstream: PracticeUpstream, home: Path, prompt: str) -> str:
    (home / "auth.json").write_text(upstream.accounts[0].auth_json())
    config = [*login_config(upstream), 'model="gpt-5.5"', "features.standalone_web_search=true", 'web_search="live"']
    options = [part for entry in config for part in ("-c", entry)]
    arguments = ["exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", *options, prompt]
    done = await codex_run("0.169.0", home, arguments, {})
    assert done.code == 0, done.out
    return done.out


async def test_codex_has_an_image_made(upstream: PracticeUpstream, tmp_path: Path) -> None:
    printed = await ask(upstream, tmp_path, 'please\ncall: imagegen {"prompt":"a cat"}')
    (asked,) = [record for record in upstream.received if record.path.endswith("/images/generations")]
    assert (asked.status, asked.account_id) == (200, upstream.accounts[0].account_id)
    assert orjson.loads(asked.body)["prompt"] == "a cat"
    assert "images 1 (PNG" in printed
    (saved,) = (tmp_path / "generated_images").rglob("*.png")
    assert saved.read_bytes().startswith(b"\x89PNG")


async def test_codex_searches(upstream: PracticeUpstream, tmp_path: Path) -> None:
    printed = await ask(upstream, tmp_path, 'please\ncall: run {"search_query":[{"q":"cats"}]}')
    (asked,) = [record for record in upstream.received if record.path.endswith("/alpha/search")]
    assert asked.status == 200
    assert orjson.loads(asked.body)["commands"] == {"search_query": [{"q": "cats"}]}
    assert "Nothing was searched" in printed
    # Neither has a header that names the session: only this one does, inside.
    assert asked.header("session-id") is None
    assert "session_id" in orjson.loads(asked.header("x-codex-turn-metadata") or "")
