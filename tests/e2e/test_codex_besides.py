"""What the real Codex asks for besides turns, through a real Waystation: its model list, and searches."""

import re
from collections.abc import AsyncIterator

import orjson
import pytest

from app.practice.catalogue import codex_list, etag
from app.practice.recorder import ReceivedRequest
from app.practice.server import PracticeUpstream
from tests.e2e.codex import EXEC, NEWEST, Shell, check_tool_turn, codex_shell
from tests.e2e.program import Run, Waystation

AROUND_A_PROXY = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
#: One of those that only some accounts have.
DENIED = "gpt-6-luna"


@pytest.fixture
async def shell() -> AsyncIterator[Shell]:
    async with codex_shell(NEWEST, AROUND_A_PROXY) as made:
        yield made


async def lead_here(shell: Shell, run: Run, waystation: Waystation) -> None:
    """Codex gets its key by a command: then it asks for the model list, and searches by itself."""
    command = shell.home / "key.sh"
    command.write_text(f"#!/bin/sh\necho {await waystation.license()}\n", encoding="utf-8")
    command.chmod(0o755)
    lines = (
        'model = "gpt-5.5"',
        'model_provider = "here"',
        'web_search = "live"',
        "suppress_unstable_features_warning = true",
        "[features]",
        "standalone_web_search = true",
        "[model_providers.here]",
        'name = "OpenAI"',
        f'base_url = "http://127.0.0.1:{run.port}/codex/v1"',
        'wire_api = "responses"',
        "[model_providers.here.auth]",
        f'command = "{command}"',
    )
    (shell.home / ".codex" / "config.toml").write_text("\n".join([*lines, ""]), encoding="utf-8")


def lists(received: list[ReceivedRequest]) -> list[str | None]:
    """Whose model list was asked for, in order."""
    return [one.account_id for one in received if one.path.partition("?")[0].endswith("/models")]


async def test_codex_keeps_the_list_of_the_account_that_serves_it(
    shell: Shell, waystation: Waystation, serve_with_login: Run, upstream: PracticeUpstream
) -> None:
    first, second = upstream.accounts
    await waystation.import_account(second.auth_json(), "second")
    upstream.deny_model(first, DENIED)
    tags = {
        first.account_id: etag(codex_list(lambda model: model != DENIED)),
        second.account_id: etag(codex_list(lambda _: True)),
    }
    await lead_here(shell, serve_with_login, waystation)
    seen, looked_at = 0, set()
    for _ in range(4):
        done = await shell.run(EXEC)
        news, seen = upstream.received[seen:], len(upstream.received)
        turns = [one for one in news if one.path.endswith("/responses")]
        check_tool_turn(done, turns)
        assert "model metadata" not in done.err.lower()
        assert "failed to decode" not in done.err.lower()
        served = {turn.account_id for turn in turns}
        assert len(served) == 1
        assert len(lists(news)) <= 4
        kept = (shell.home / ".codex" / "models_cache.json").read_bytes()
        if not kept:
            # Codex ended while it wrote the file, which it forgives itself the next time.
            continue
        cached = orjson.loads(kept)
        looked_at.add(cached["etag"])
        # Upstream names it with each answer; where Codex has another one, it asks until it has this.
        assert [cached["etag"]] == [tags[account] for account in served if account is not None]
        assert (DENIED in {row["slug"] for row in cached["models"]}) == (served == {second.account_id})
    assert looked_at == set(tags.values())


async def test_codex_searches_on_the_token_of_its_conversation(
    shell: Shell, waystation: Waystation, serve_with_login: Run, upstream: PracticeUpstream
) -> None:
    await waystation.import_account(upstream.accounts[1].auth_json(), "second")
    await lead_here(shell, serve_with_login, waystation)
    for _ in range(2):
        before = len(upstream.received)
        done = await shell.run(EXEC, prompt='please\ncall: run {"search_query":[{"q":"cats"}]}')
        assert done.code == 0, done.err[-3000:]
        assert "Nothing was searched" in done.out
        # Quotas are asked for, too, some seconds after the start.
        news = [one for one in upstream.received[before:] if not re.search("/usage$|/models", one.path)]
        assert [one.path.rpartition("/codex/")[2] for one in news] == ["responses", "alpha/search", "responses"]
        assert [one.status for one in news] == [200, 200, 200]
        assert len({one.account_id for one in news}) == 1
    assert len({one.account_id for one in upstream.turns}) == 2
