from pytestqt.qtbot import QtBot

from app.desktop.feed import QUIET_LOOKS, QUIET_MS, UNWATCHED_MS, WATCHED_MS, SnapshotFeed
from app.gateway.snapshot import GatewaySnapshot, RunState
from tests.desktop.scripted import ScriptedGateway


def test_only_snapshots_with_another_revision_are_told(qtbot: object) -> None:
    gateway, feed = ScriptedGateway(), SnapshotFeed()
    seen: list[GatewaySnapshot] = []
    feed.changed.connect(seen.append)
    feed.look()
    assert seen == []
    feed.attach(gateway)
    feed.look()
    assert [snapshot.state for snapshot in seen] == [RunState.RUNNING]
    gateway.become(state=RunState.STOPPED)
    feed.look()
    assert [snapshot.state for snapshot in seen] == [RunState.RUNNING, RunState.STOPPED]
    feed.detach()
    gateway.become(state=RunState.RUNNING)
    feed.look()
    assert len(seen) == 2
    assert feed.latest is None


def test_it_looks_by_itself_and_more_often_while_somebody_watches(qtbot: object) -> None:
    gateway, feed = ScriptedGateway(), SnapshotFeed()
    feed.attach(gateway)
    assert WATCHED_MS < UNWATCHED_MS
    feed.set_watched(True)
    gateway.become(state=RunState.STOPPED)
    with qtbot.waitSignal(feed.changed, timeout=WATCHED_MS + 2000):  # type: ignore[attr-defined]
        pass
    feed.detach()


def test_what_is_not_yet_told_is_told_once_by_whoever_looks_and_not_after_the_gateway_has_gone(qtbot: QtBot) -> None:
    gateway, feed = ScriptedGateway(), SnapshotFeed()
    seen: list[GatewaySnapshot] = []
    feed.changed.connect(seen.append)
    feed.attach(gateway)
    gateway.become(state=RunState.STOPPED)
    feed._on_time()
    assert len(seen) == 1
    feed.look()
    assert [snapshot.state for snapshot in seen] == [RunState.RUNNING, RunState.STOPPED]
    qtbot.wait(20)
    assert len(seen) == 2
    gateway.become(state=RunState.RUNNING)
    feed._on_time()
    feed.detach()
    qtbot.wait(20)
    assert len(seen) == 2


def test_it_looks_less_often_while_nothing_happens_and_nobody_watches(qtbot: QtBot) -> None:
    gateway, feed = ScriptedGateway(), SnapshotFeed()
    feed.attach(gateway)

    def quiet() -> int:
        for _ in range(QUIET_LOOKS):
            feed._on_time()
        return feed._timer.interval()

    assert quiet() == QUIET_MS > UNWATCHED_MS >= 1000
    gateway.become(state=RunState.STOPPED)
    feed.look()
    assert feed._timer.interval() == UNWATCHED_MS
    feed.set_watched(True)
    assert quiet() == WATCHED_MS
    feed.set_watched(False)
    assert feed._timer.interval() == UNWATCHED_MS
    assert quiet() == QUIET_MS
    feed.detach()
