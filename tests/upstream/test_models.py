"""Model lists: when upstream is asked, and what is believed of its answer."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.credential import ChatGPTLogin, TokenSecrets
from app.core.token import Token, TokenKind
from app.practice.refusals import detail
from app.practice.server import PracticeUpstream
from app.upstream.client import Upstream
from app.upstream.endpoints import UpstreamEndpoints
from app.upstream.models import AFTER_FAILURE_S, FRESH_S, ModelLists, model_names


async def test_a_list_is_asked_for_again_only_after_a_while(practice: PracticeUpstream) -> None:
    now = 1000.0
    account = practice.accounts[0]
    token = Token("t-1", TokenKind.CHATGPT, "i", "l", None, None, account.account_id, None, True, 0.0)
    login = TokenSecrets(ChatGPTLogin(account.access_token))
    upstream = Upstream(UpstreamEndpoints(practice.chatgpt_base_url, practice.openai_base_url), patience_s=0.0)
    lists = ModelLists(upstream, lambda: now)

    async def ask() -> int:
        assert "gpt-6.1-sol" in await lists.names([(token, login)])
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
    await upstream.close()


def test_names_are_read_from_both_shapes() -> None:
    assert model_names(b'{"object":"list","data":[{"id":"a"},{"id":7},{},"x",{"id":"b"}]}') == ("a", "b")
    codex = {"models": [{"slug": "a", "visibility": "list"}, {"slug": "b", "visibility": "hide"}, {"slug": "c"}]}
    assert model_names(orjson.dumps(codex)) == ("a", "c")


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"models":{}}', b'{"data":"x"}'])
def test_what_is_no_list_is_not_believed(body: bytes) -> None:
    assert model_names(body) is None


@given(st.binary(max_size=200))
def test_any_answer_is_a_list_or_none(body: bytes) -> None:
    found = model_names(body)
    assert found is None or all(isinstance(name, str) for name in found)
