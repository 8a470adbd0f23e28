"""A token with a proxy of its own: the real Codex's turns, and the refresh, go through it; the other token's do not."""

import ssl

import pytest

from app.practice.server import PracticeUpstream
from tests.e2e.codex import NEWEST
from tests.e2e.conftest import Make
from tests.e2e.talking import conversation, keep_secret, sealed_by, served
from tests.e2e.test_restart import two_tokens
from tests.upstream.small_proxy import PASSWORD, SmallProxy, running


@pytest.mark.parametrize("kind", ["http", "socks5"])
async def test_turns_and_refreshes_go_by_the_tokens_own_proxy(
    kind: str, make_waystation: Make, upstream: PracticeUpstream
) -> None:
    # A name, since that is what a proxy should be asked for.
    origin = f"http://localhost:{upstream.port}"
    waystation = make_waystation(
        {
            "WAYSTATION_CHATGPT_BASE_URL": upstream.chatgpt_base_url.replace("127.0.0.1", "localhost"),
            "WAYSTATION_AUTH_ISSUER": origin,
        }
    )
    waystation.secrets.add(PASSWORD)
    run = await waystation.serve()
    ids = await two_tokens(waystation, upstream)
    proxied, other = upstream.accounts
    proxy = SmallProxy(kind, upstream.port, login=True)
    async with running(proxy, ssl.create_default_context()):
        await waystation.ok("token", "change", ids[proxied.label], "--proxy", "-", stdin=proxy.address)
        await waystation.ok("token", "disable", ids[other.label])
        async with conversation(waystation, upstream, NEWEST) as talk:
            assert served(await talk.well()) == [(proxied.label, 200)] * 2
            upstream.revoke(proxied)
            assert served(await talk.well()) == [(None, 401), (proxied.label, 200), (proxied.label, 200)]
            assert [one.status for one in upstream.refreshes(proxied)] == [200]
            keep_secret(waystation, upstream)
            assert set(proxy.asked) == {f"localhost:{upstream.port}"}
            by_proxy = len(proxy.asked)

            await waystation.ok("token", "enable", ids[other.label])
            await waystation.ok("token", "disable", ids[proxied.label])
            moved = await talk.well()
            assert served(moved) == [(other.label, 200)] * 2
            assert [sealed_by(turn, proxied) for turn in moved] == [0, 0]
            assert len(proxy.asked) == by_proxy

    # The proxy has ended. The token is tried first, nothing of it goes directly, and the other one serves.
    await waystation.ok("token", "enable", ids[proxied.label])
    await waystation.ok("pool", "set", "--strategy", "in-order")
    # Anew, so that no connection is left of it.
    await run.quit()
    await waystation.serve("--port", str(run.port))
    async with conversation(waystation, upstream, NEWEST) as talk:
        assert served(await talk.well()) == [(other.label, 200)] * 2
    assert f"token {ids[proxied.label]} failed: upstream_unreachable" in waystation.logs
    shown = {item["label"]: item["proxy"] for item in await waystation.json("token", "list")}
    assert shown == {proxied.label: f"{kind}://127.0.0.1:{proxy.port}", other.label: None}
