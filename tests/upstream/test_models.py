"""Model lists: when upstream is asked, and what is believed of its answer."""

import asyncio
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.credential import ChatGPTLogin, TokenSecrets
from app.core.errors import WaystationError
from app.core.models import OfferedModel
from app.core.token import Token, TokenKind
from app.practice.refusals import detail, refusal
from app.practice.script import Turn
from app.practice.server import PracticeUpstream
from app.upstream.client import Upstream
from app.upstream.endpoints import UpstreamEndpoints
from app.upstream.errors import ModelsRefused, UpstreamTimeout
from app.upstream.models import AFTER_FAILURE_S, FRESH_S, ModelLists, offered_models


async def test_a_list_is_asked_for_again_only_after_a_while(practice: PracticeUpstream) -> None:
    now = 1000.0
    account = practice.accounts[0]
    token = Token("t-1", TokenKind.CHATGPT, "i", "l", None, None, account.account_id, None, True, 0.0)
    login = TokenSecrets(ChatGPTLogin(account.access_token))
    upstream = Upstream(UpstreamEndpoints(practice.chatgpt_base_url, practice.openai_base_url), patience_s=0.0)
    lists = ModelLists(upstream, lambda: now)

    async def ask(*, at_once: bool = False) -> int:
        offered = await lists.offered(token, login, at_once=at_once)
        assert offered is not None
        assert OfferedModel("gpt-5.5", ("low", "medium", "high", "xhigh")) in offered
        return len(practice.received)

    assert await ask() == 1
    now += FRESH_S - 1
    assert await ask() == 1
    now += 2
    assert await ask() == 2
    now += FRESH_S + 1
    practice.script(detail("Down", 500), on="models")
    assert await ask() == 3
    now += AFTER_FAILURE_S - 1
    assert await ask() == 3
    now += 2
    assert await ask() == 4
    assert await ask(at_once=True) == 5
    assert await ask() == 5
    lists.keep({"t-1"})
    assert await ask() == 5
    lists.keep({"t-2"})
    assert await ask() == 6
    await upstream.close()


@pytest.mark.parametrize(
    ("turn", "problem"),
    [
        (detail("Down", 500), ModelsRefused),
        (refusal(200, "<html>"), ModelsRefused),
        (refusal(304, b""), ModelsRefused),
        (Turn(header_delay=9.0), UpstreamTimeout),
    ],
)
async def test_why_there_is_no_list_is_known_until_there_is_one(
    practice: PracticeUpstream, monkeypatch: pytest.MonkeyPatch, turn: Any, problem: type[WaystationError]
) -> None:
    monkeypatch.setattr("app.upstream.models._ANSWER_S", 0.3)
    account = practice.accounts[0]
    token = Token("t-1", TokenKind.CHATGPT, "i", "l", None, None, account.account_id, None, True, 0.0)
    upstream = Upstream(UpstreamEndpoints(practice.chatgpt_base_url, practice.openai_base_url), patience_s=0.0)
    lists = ModelLists(upstream)
    login = TokenSecrets(ChatGPTLogin(account.access_token))
    practice.script(turn, on="models")
    assert lists.problem("t-1") is None
    assert await lists.offered(token, login) is None
    found = lists.problem("t-1")
    assert isinstance(found, problem)
    assert account.access_token not in str(found)
    assert await lists.offered(token, login, at_once=True)
    assert lists.problem("t-1") is None
    await upstream.close()


async def test_several_that_want_it_at_once_ask_together(practice: PracticeUpstream) -> None:
    account = practice.accounts[0]
    token = Token("t-1", TokenKind.CHATGPT, "i", "l", None, None, account.account_id, None, True, 0.0)
    upstream = Upstream(UpstreamEndpoints(practice.chatgpt_base_url, practice.openai_base_url), patience_s=0.0)
    lists = ModelLists(upstream)
    login = TokenSecrets(ChatGPTLogin(account.access_token))
    await lists.offered(token, login)
    await asyncio.gather(*(lists.offered(token, login, at_once=True) for _ in range(4)))
    assert len(practice.received) == 2
    await upstream.close()


def test_models_are_read_from_both_shapes() -> None:
    openai = b'{"object":"list","data":[{"id":"a"},{"id":7},{},"x",{"id":"b"},{"id":"a"},{"id":"has space"}]}'
    assert offered_models(openai) == (OfferedModel("a"), OfferedModel("b"))
    levels = [{"effort": "low", "description": ""}, {"effort": "max"}, {"effort": 3}, "x", {"effort": "low"}]
    codex = {
        "models": [
            {"slug": "a", "visibility": "list", "supported_reasoning_levels": levels},
            {"slug": "b", "visibility": "hide"},
            {"slug": "c", "supported_reasoning_levels": "none"},
            {"slug": ["d"]},
        ]
    }
    assert offered_models(orjson.dumps(codex)) == (OfferedModel("a", ("low", "max")), OfferedModel("c"))


#: As OpenAI's list of an organisation had them in 2025 and 2026.
OTHERS = (
    "text-embedding-3-small",
    "text-embedding-ada-002",
    "tts-1-hd",
    "gpt-4o-mini-tts",
    "whisper-1",
    "dall-e-3",
    "omni-moderation-latest",
    "gpt-4o-realtime-preview",
    "gpt-realtime",
    "gpt-audio",
    "gpt-4o-audio-preview",
    "gpt-4o-transcribe",
    "gpt-image-1",
    "chatgpt-image-latest",
    "sora-2-pro",
    "gpt-4o-search-preview",
    "gpt-5-search-api",
    "gpt-3.5-turbo-instruct",
    "babbage-002",
    "davinci-002",
)
CHATTING = ["gpt-5", "gpt-5-codex", "gpt-5.1-codex-max", "gpt-4.1", "gpt-4o", "o3", "o4-mini", "o3-deep-research"]


def test_of_an_api_key_only_models_that_answer_are_offered() -> None:
    body = orjson.dumps({"data": [{"id": id} for id in (*OTHERS, *CHATTING, "ft:gpt-4.1:org::x1")]})
    offered = offered_models(body)
    assert offered is not None
    assert [model.name for model in offered] == [*CHATTING, "ft:gpt-4.1:org::x1"]


def test_a_list_without_end_is_cut() -> None:
    offered = offered_models(orjson.dumps({"data": [{"id": f"m{number}"} for number in range(5000)]}))
    assert offered is not None
    assert len(offered) == 500


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"models":{}}', b'{"data":"x"}'])
def test_what_is_no_list_is_not_believed(body: bytes) -> None:
    assert offered_models(body) is None


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 9) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(("models", "data", "slug", "id", "supported_reasoning_levels", "effort")), inner, max_size=4
        )
    ),
    max_leaves=20,
)


@given(st.binary(max_size=200) | st.builds(orjson.dumps, st.fixed_dictionaries({"models": _JSON}) | _JSON))
def test_any_answer_is_a_list_or_none(body: bytes) -> None:
    found = offered_models(body)
    assert found is None or all(isinstance(model, OfferedModel) and model.name for model in found)
