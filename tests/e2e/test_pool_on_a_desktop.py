"""A limit in mid-conversation, and waiting for its end, with the gateway on a thread of its own beside the window."""

from collections.abc import Iterator

import pytest

from app.practice.server import PracticeUpstream
from tests.e2e.codex import NEWEST
from tests.e2e.screen import Make, Screen, desktop_on
from tests.e2e.talking import conversation, posts, served
from tests.e2e.test_restart import two_tokens
from tests.support.desktop_session import DesktopSession

pytestmark = [pytest.mark.timeout(120), pytest.mark.fixed_ports]


@pytest.fixture(scope="module")
def desktop_session() -> Iterator[DesktopSession]:
    with DesktopSession() as session:
        yield session


async def test_codex_goes_on_past_a_limit_and_waits_for_the_last_one(
    desktop_session: DesktopSession, make_waystation: Make, upstream: PracticeUpstream
) -> None:
    desktop = await desktop_on(Screen(desktop_session), make_waystation, env={"WAYSTATION_PLACEMENT": "thread"})
    waystation = desktop.waystation
    await two_tokens(waystation, upstream)
    async with conversation(waystation, upstream, NEWEST) as talk:
        (first, _) = await talk.well()
        old, new = sorted(upstream.accounts, key=lambda account: account.label != first.label)
        upstream.exhaust(old, resets_in=3600)
        assert served(await talk.well()) == [(old.label, 429), (new.label, 200), (new.label, 200)]

        before = posts(waystation)
        upstream.exhaust(new, resets_in=7)
        assert served(await talk.well()) == [(new.label, 429), (new.label, 200), (new.label, 200)]
        assert posts(waystation) == before + 2
        assert "waits at the station" in waystation.logs
    await waystation.close()
