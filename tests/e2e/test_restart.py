"""What is remembered across restarts, and what happens without the token that a session had."""

import asyncio
from collections import Counter

import aiohttp
import pytest

from app.practice.server import PracticeUpstream
from tests.e2e.codex import NEWEST, VERSIONS, check_tool_turn, codex_shell
from tests.e2e.program import Run, Waystation, until
from tests.platform.codex_gateway import CODEX_EXEC
from tests.support.ports import free_port

# The store writes in batches; what is older than this is on the disk.
BATCH_TIME = 1.5


class Talk:
    """A plain client's conversations with a gateway."""

    def __init__(self, run: Run, key: str, upstream: PracticeUpstream) -> None:
        self._url = f"{run.address}/responses"
        self._headers = {"Authorization": f"Bearer {key}"}
        self._upstream = upstream

    async def turn(self, session: str) -> str:
        """One turn of a session; the label of the credential that served it."""
        body = {
            "model": "gpt-5",
            "input": [{"type": "message", "role": "user", "content": "hi"}],
            "stream": True,
            "store": False,
            "prompt_cache_key": session,
        }
        async with (
            aiohttp.ClientSession() as client,
            client.post(self._url, json=body, headers=self._headers) as answer,
        ):
            assert answer.status == 200, await answer.text()
            await answer.read()
        label = self._upstream.turns[-1].label
        assert label is not None
        return label


async def two_tokens(waystation: Waystation, upstream: PracticeUpstream) -> dict[str, str]:
    """Both practice accounts' tokens: their ids by the accounts' labels."""
    return {
        account.label: await waystation.import_account(account.auth_json(), account.label)
        for account in upstream.accounts
    }


@pytest.mark.parametrize("end", ["quit", "power cut"])
async def test_a_session_keeps_its_token_across_a_restart(
    end: str, waystation: Waystation, upstream: PracticeUpstream
) -> None:
    port = str(free_port())
    run = await waystation.serve("--port", port)
    await two_tokens(waystation, upstream)
    key = await waystation.license()
    names = [f"conversation-{number}" for number in range(6)]
    before = {name: await Talk(run, key, upstream).turn(name) for name in names}
    assert sorted(Counter(before.values()).values()) == [3, 3]

    if end == "quit":
        await run.quit()
    else:
        await asyncio.sleep(BATCH_TIME)
        await run.kill()
    # The port, too, is remembered.
    run = await waystation.start("serve")
    await run.wait_for(lambda: run.address, "the line of its address")
    assert run.port == int(port)

    # In another order: who comes first must not matter.
    after = {name: await Talk(run, key, upstream).turn(name) for name in reversed(names)}
    assert after == before
    assert {session["turns"] for session in await waystation.json("session", "list")} == {2}


async def test_codex_goes_on_with_its_conversation_after_a_restart(
    waystation: Waystation, upstream: PracticeUpstream
) -> None:
    run = await waystation.serve("--port", str(free_port()))
    await two_tokens(waystation, upstream)
    text = await waystation.ok("setup", "codex", "--shell", "bash")
    async with codex_shell(NEWEST) as shell:
        check_tool_turn(await shell.exec_with(text), upstream.turns)
        await run.quit()
        await waystation.serve("--port", str(run.port))
        # The history carries what the first account has sealed: only that account takes it back.
        resume = f'{CODEX_EXEC} resume --last "and now?"'
        file = shell.home / "pasted"
        file.write_text(text, encoding="utf-8")
        done = await shell.run(f"source {file}; {resume}")

    assert done.code == 0, done.err[-3000:]
    assert [turn.problem for turn in upstream.turns] == ["", "", ""]
    assert len({turn.account_id for turn in upstream.turns}) == 1


async def test_two_sessions_use_two_tokens_with_every_codex(
    waystation: Waystation, serve: Run, upstream: PracticeUpstream
) -> None:
    await two_tokens(waystation, upstream)
    text = await waystation.ok("setup", "codex", "--shell", "bash")
    for version in (VERSIONS[0], NEWEST):
        async with codex_shell(version) as shell:
            await shell.exec_with(text)

    labels = [turn.label for turn in upstream.turns]
    assert labels[0] == labels[1] != labels[2] == labels[3]


async def test_a_disabled_token_serves_no_more_and_its_session_moves(
    waystation: Waystation, serve: Run, upstream: PracticeUpstream
) -> None:
    tokens = await two_tokens(waystation, upstream)
    talk = Talk(serve, await waystation.license(), upstream)
    first = await talk.turn("a-conversation")

    await waystation.ok("token", "disable", tokens[first])
    others = {await talk.turn(name) for name in ("a-conversation", "another", "a-third")}
    assert others == set(tokens) - {first}

    await waystation.ok("token", "enable", tokens[first])
    assert await talk.turn("a-fourth") == first
    # Its home has moved with it.
    assert {await talk.turn("a-conversation")} == others


async def test_a_removed_token_is_gone_and_its_turn_ends_well(
    waystation: Waystation, serve: Run, upstream: PracticeUpstream
) -> None:
    tokens = await two_tokens(waystation, upstream)
    talk = Talk(serve, await waystation.license(), upstream)
    first = await talk.turn("a-conversation")

    await waystation.ok("token", "remove", tokens[first])

    assert await talk.turn("a-conversation") != first
    assert [item["label"] for item in await waystation.json("token", "list")] == list(set(tokens) - {first})


async def test_nothing_of_a_conversation_is_kept(
    waystation: Waystation, serve_with_login: Run, upstream: PracticeUpstream
) -> None:
    waystation.secrets.add("A-Prompt-That-Nobody-Keeps")
    key = await waystation.license()
    body = {"model": "gpt-5-low", "messages": [{"role": "user", "content": "A-Prompt-That-Nobody-Keeps"}]}
    async with (
        aiohttp.ClientSession(headers={"Authorization": key}) as client,
        client.post(f"{serve_with_login.address}/chat/completions", json=body) as answer,
    ):
        assert "A-Prompt-That-Nobody-Keeps" in await answer.text()
    await until(lambda: "chat/completions" in waystation.logs, "the turn's line in the log")
    assert upstream.accounts[0].email not in waystation.logs
    # The fixture looks through log and data folder at the end.
