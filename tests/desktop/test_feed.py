from app.desktop.feed import UNWATCHED_MS, WATCHED_MS, SnapshotFeed
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
