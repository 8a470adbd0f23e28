"""Signing in from the command line, with a browser that this test plays, and a turn of the real Codex on that token."""

import re

import aiohttp
import pytest

from app.practice.server import PracticeUpstream
from tests.e2e.codex import NEWEST
from tests.e2e.program import Run, Waystation
from tests.e2e.talking import conversation, keep_secret, served

pytestmark = pytest.mark.fixed_ports

ADDRESS = re.compile(r"https?://\S+/oauth/authorize\?\S+")
CODE = re.compile(r"^  (\w+-\w+)$", re.MULTILINE)


async def test_signing_in_with_the_browser_makes_a_token_that_serves(
    waystation: Waystation, serve: Run, upstream: PracticeUpstream
) -> None:
    account = upstream.accounts[1]
    run = await waystation.start("token", "sign-in", "--no-browser", "--label", "mine")
    url = (await run.wait_for(lambda: ADDRESS.search(run.out), "the address"))[0]
    assert "prompt=login" in url
    async with aiohttp.ClientSession() as browser:
        async with browser.get(url) as page:
            choices = await page.text()
        assert account.email in choices
        # What the link on that page says.
        async with browser.get(f"{url}&practice_account={account.email}") as back:
            assert back.status == 200
            assert back.url.port in (1455, 1457)
    assert await run.wait_end() == 0, run.err
    assert account.email not in run.out
    await check_serves(waystation, upstream, account.label)


async def check_serves(waystation: Waystation, upstream: PracticeUpstream, label: str) -> None:
    """The one token there is serves Codex, and can be refreshed: it is a whole login."""
    keep_secret(waystation, upstream)
    (token,) = await waystation.json("token", "list")
    assert token["label"] == "mine"
    assert token["state"] == "ready"
    async with conversation(waystation, upstream, NEWEST) as talk:
        assert served(await talk.well()) == [(label, 200)] * 2


async def test_signing_in_by_device_code_makes_a_token_that_serves(
    waystation: Waystation, serve: Run, upstream: PracticeUpstream
) -> None:
    upstream.sign_in.device_interval = 1
    account = upstream.accounts[0]
    run = await waystation.start("token", "sign-in", "--device", "--label", "mine")
    code = (await run.wait_for(lambda: CODE.search(run.out), "the code"))[1]
    upstream.approve_device(code, account)
    assert await run.wait_end() == 0, run.err
    await check_serves(waystation, upstream, account.label)
