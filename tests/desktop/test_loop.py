"""The desktop's loop: timers that are due run in their order and never early; those that are cancelled are gone."""

import asyncio
import gc
import select
import socket
import threading
import weakref
from collections.abc import Coroutine, Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

from app.desktop.loop import DesktopLoop
from app.desktop.socket_watch import EpollWatch, NotifierWatch
from app.gateway.listen import listening_sockets

# What Linux has.
EPOLL = [EpollWatch] if hasattr(select, "epoll") else []


@pytest.fixture(params=[*EPOLL, NotifierWatch])
def loop(qapp: QApplication, request: pytest.FixtureRequest) -> Iterator[DesktopLoop]:
    made = DesktopLoop(qapp, request.param)
    asyncio.set_event_loop(made)
    yield made
    made.close()
    asyncio.set_event_loop(None)


def done(loop: DesktopLoop, work: Coroutine[Any, Any, None]) -> None:
    loop.run_until_complete(asyncio.wait_for(work, 20))


def ticking(number: int) -> tuple[QTimer, asyncio.Event]:
    """A timer of the window's, each 5 ms, and what is set after so many ticks: a busy machine takes longer for them."""
    ticked = asyncio.Event()
    left = iter(range(1, number))
    timer = QTimer()
    timer.timeout.connect(lambda: next(left, None) or ticked.set())
    timer.start(5)
    return timer, ticked


class Callback:
    def __call__(self) -> None:
        raise AssertionError("it was cancelled")


def test_a_cancelled_timer_is_gone_long_before_it_would_be_due(loop: DesktopLoop) -> None:
    async def work() -> None:
        callbacks = [Callback() for _ in range(5_000)]
        seen = [weakref.ref(callback) for callback in callbacks]
        timers = [loop.call_later(3600, callback) for callback in callbacks]
        for timer in timers:
            timer.cancel()
        del callbacks, timers, timer
        gc.collect()
        assert sum(callback() is not None for callback in seen) <= 200
        assert len(loop._due) <= 200

    done(loop, work())


def test_timers_run_in_the_order_in_which_they_are_due_and_never_early(loop: DesktopLoop) -> None:
    async def work() -> None:
        ran: list[tuple[int, float]] = []
        began = loop.time()
        delays = [30, 10, 20, 1, 25, 5]
        for delay in delays:
            loop.call_later(delay / 1000, lambda delay=delay: ran.append((delay, loop.time() - began)))
        await asyncio.sleep(0.05)
        assert [delay for delay, _ in ran] == sorted(delays)
        assert all(at >= delay / 1000 for delay, at in ran)

    done(loop, work())


def test_only_what_is_still_wanted_runs(loop: DesktopLoop) -> None:
    async def work() -> None:
        ran: list[str] = []
        first = loop.call_later(0.005, ran.append, "first")
        loop.call_at(loop.time() + 0.01, ran.append, "second")
        soon = loop.call_soon(ran.append, "soon")
        # Due at the same time as the one that cancels it.
        later = loop.call_later(0.02, ran.append, "later")
        loop.call_at(later.when() - 0.000_1, later.cancel)
        first.cancel()
        soon.cancel()
        await asyncio.sleep(0.04)
        assert ran == ["second"]

    done(loop, work())


def test_timeouts_end_what_takes_too_long_and_nothing_else(loop: DesktopLoop) -> None:
    async def work() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await asyncio.Event().wait()
        for _ in range(300):
            async with asyncio.timeout(600):
                await asyncio.sleep(0)
        assert len(loop._due) <= 200

    done(loop, work())


def test_callbacks_keep_their_context(loop: DesktopLoop) -> None:
    async def work() -> None:
        name = ContextVar[str]("name")
        name.set("mine")
        heard: list[str] = []
        loop.call_later(0.001, lambda: heard.append(name.get()))
        loop.call_soon(lambda: heard.append(name.get()))
        name.set("another")
        await asyncio.sleep(0.02)
        assert heard == ["mine", "mine"]

    done(loop, work())


def test_what_comes_on_many_sockets_is_read_and_answered(loop: DesktopLoop) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(line.upper())
        writer.close()

    async def ask(port: int, number: int) -> None:
        for _ in range(5):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
            for word in ("one", "two" * 40_000):
                writer.write(f"{word} {number}\n".encode())
                assert await reader.readuntil() == f"{word} {number}\n".upper().encode()
            writer.close()
            await writer.wait_closed()

    async def work() -> None:
        async with await asyncio.start_server(answer, "127.0.0.1", 0, limit=1 << 20) as server:
            port = server.sockets[0].getsockname()[1]
            await asyncio.gather(*(ask(port, number) for number in range(20)))

    done(loop, work())
    assert len(loop._sockets) <= 1


def test_no_piece_waits_until_another_one_is_acknowledged(loop: DesktopLoop) -> None:
    """The server relies on it: it tells no connection so itself."""

    async def work() -> None:
        told: list[int] = []

        def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            sock: socket.socket = writer.get_extra_info("socket")
            told.append(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        (sock,) = listening_sockets("127.0.0.1", 0)
        async with await asyncio.start_server(answer, sock=sock):
            reader, writer = await asyncio.open_connection(*sock.getsockname())
            await reader.read()
            writer.close()
        assert len(told) == 1
        assert told[0]

    done(loop, work())


def test_a_watch_may_end_while_it_tells_of_something(loop: DesktopLoop) -> None:
    async def work() -> None:
        for _ in range(500):
            ours, theirs = socket.socketpair()
            heard = asyncio.Event()

            def hear(ours: socket.socket = ours, heard: asyncio.Event = heard) -> None:
                loop.remove_reader(ours)
                loop.add_reader(ours, hear)
                loop.remove_reader(ours)
                ours.close()
                heard.set()

            loop.add_reader(ours, hear)
            theirs.send(b"x")
            await heard.wait()
            theirs.close()

    done(loop, work())


def test_what_is_ready_and_wanted_no_more_is_not_told(loop: DesktopLoop) -> None:
    async def work() -> None:
        pairs = [socket.socketpair() for _ in range(6)]
        told: list[int] = []

        def hear(number: int) -> None:
            told.append(number)
            for ours, _ in pairs:
                loop.remove_reader(ours)

        for number, (ours, theirs) in enumerate(pairs):
            loop.add_reader(ours, hear, number)
            theirs.send(b"x")
        await asyncio.sleep(0.02)
        assert len(told) == 1
        for ours, theirs in pairs:
            ours.close()
            theirs.close()

    done(loop, work())


def test_everybody_is_told_however_many_are_always_ready(loop: DesktopLoop) -> None:
    async def work() -> None:
        pairs = [socket.socketpair() for _ in range(150)]
        told: set[int] = set()
        all_told = asyncio.Event()

        def hear(number: int) -> None:
            # Nothing is read: it stays ready.
            told.add(number)
            if len(told) == len(pairs):
                all_told.set()

        for number, (ours, theirs) in enumerate(pairs):
            loop.add_reader(ours, hear, number)
            theirs.send(b"x")
        await all_told.wait()
        for ours, theirs in pairs:
            loop.remove_reader(ours)
            ours.close()
            theirs.close()

    done(loop, work())


def test_a_descriptor_that_was_closed_while_watched_can_be_watched_again(loop: DesktopLoop) -> None:
    async def work() -> None:
        ours, theirs = socket.socketpair()
        number = ours.fileno()
        loop.add_reader(ours, lambda: None)
        ours.close()
        again, other = socket.socketpair()
        assert number in (again.fileno(), other.fileno())
        heard = asyncio.Event()
        loop.add_reader(number, heard.set)
        (other if again.fileno() == number else again).send(b"x")
        await heard.wait()
        loop.remove_reader(number)
        for one in (theirs, again, other):
            one.close()

    done(loop, work())


def test_who_waits_to_write_hears_that_nobody_is_there(loop: DesktopLoop) -> None:
    async def work() -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection(*free.getsockname())

    done(loop, work())


def test_sockets_are_read_while_the_callback_of_one_opens_a_loop_of_its_own(loop: DesktopLoop) -> None:
    async def work() -> None:
        inner = QEventLoop()
        ran: list[str] = []
        closed = asyncio.Event()
        pairs = [socket.socketpair() for _ in range(3)]

        def open_menu() -> None:
            loop.remove_reader(pairs[0][0])
            QTimer.singleShot(5_000, inner.quit)
            pairs[2][1].send(b"x")
            inner.exec()
            ran.append("closed")
            closed.set()

        def read(number: int) -> None:
            ran.append(f"read {number}")
            pairs[number][0].recv(10)
            loop.remove_reader(pairs[number][0])
            if number == 2:
                inner.quit()

        loop.add_reader(pairs[0][0], open_menu)
        for number in (1, 2):
            loop.add_reader(pairs[number][0], read, number)
        for _, theirs in pairs[:2]:
            theirs.send(b"x")
        await closed.wait()
        assert sorted(ran[:2]) == ["read 1", "read 2"]
        assert ran[2:] == ["closed"]
        for ours, theirs in pairs:
            ours.close()
            theirs.close()

    done(loop, work())


def test_a_socket_is_read_and_written_by_its_own_callbacks_and_its_end_concerns_both(loop: DesktopLoop) -> None:
    async def work() -> None:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        heard: list[str] = []
        loop.add_reader(ours, heard.append, "read")
        await asyncio.sleep(0.02)
        assert heard == []
        loop.add_writer(ours, lambda: (loop.remove_writer(ours), heard.append("write")))
        await asyncio.sleep(0.02)
        assert heard == ["write"]
        while True:
            try:
                ours.send(b"x" * 65_536)
            except BlockingIOError:
                break
        loop.add_writer(ours, lambda: (loop.remove_writer(ours), heard.append("write")))
        await asyncio.sleep(0.02)
        assert heard == ["write"]
        theirs.close()
        await asyncio.sleep(0.02)
        assert set(heard[1:]) == {"read", "write"}
        loop.remove_reader(ours)
        ours.close()

    done(loop, work())


def test_the_window_has_its_turns_however_much_comes_on_sockets(loop: DesktopLoop) -> None:
    async def work() -> None:
        timer, ticked = ticking(5)
        pairs = [socket.socketpair() for _ in range(40)]

        def hear() -> None:
            # It is never read, so that it is always there.
            until = loop.time() + 0.000_5
            while loop.time() < until:
                pass

        for ours, theirs in pairs:
            loop.add_reader(ours, hear)
            theirs.send(b"x")
        await asyncio.wait_for(ticked.wait(), 15)
        for ours, theirs in pairs:
            loop.remove_reader(ours)
            ours.close()
            theirs.close()
        timer.stop()

    done(loop, work())


@pytest.mark.parametrize("loop", EPOLL, indirect=True)
def test_what_cannot_be_waited_for_is_refused_and_not_kept(loop: DesktopLoop, tmp_path: Path) -> None:
    before = len(loop._sockets)
    with (tmp_path / "file").open("w") as file, pytest.raises(PermissionError):
        loop.add_reader(file, lambda: None)
    assert len(loop._sockets) == before


def test_every_socket_is_read_although_some_are_always_ready(loop: DesktopLoop) -> None:
    async def work() -> None:
        pairs = [socket.socketpair() for _ in range(60)]
        heard = [0] * len(pairs)

        def hear(number: int) -> None:
            heard[number] += 1
            until = loop.time() + 0.000_5
            while loop.time() < until:
                pass

        for number, (ours, theirs) in enumerate(pairs):
            loop.add_reader(ours, hear, number)
            theirs.send(b"x")
        await asyncio.sleep(0.3)
        for ours, theirs in pairs:
            loop.remove_reader(ours)
            ours.close()
            theirs.close()
        assert min(heard) > 0
        assert max(heard) <= 3 * min(heard)

    done(loop, work())


def test_other_threads_can_call(loop: DesktopLoop) -> None:
    async def work() -> None:
        heard: list[int] = []
        all_heard = asyncio.Event()

        def hear(number: int) -> None:
            heard.append(number)
            if len(heard) == 4_000:
                all_heard.set()

        def call() -> None:
            for number in range(1_000):
                loop.call_soon_threadsafe(hear, number)

        threads = [threading.Thread(target=call) for _ in range(4)]
        for thread in threads:
            thread.start()
        await all_heard.wait()
        for thread in threads:
            thread.join()
        assert sorted(heard) == sorted([*range(1_000)] * 4)
        assert await asyncio.gather(*(asyncio.to_thread(lambda number=number: number) for number in range(30)))

    done(loop, work())


def test_a_loop_is_not_closed_while_a_thread_calls(loop: DesktopLoop, monkeypatch: pytest.MonkeyPatch) -> None:
    # Else Qt might be taken down while the thread is in it, and the process would crash at its end.
    calling, ended = threading.Event(), threading.Event()

    class Slow:
        def emit(self) -> None:
            calling.set()
            ended.wait(0.2)
            ended.set()

    monkeypatch.setattr(loop._bell, "rung", Slow())
    thread = threading.Thread(target=loop.call_soon_threadsafe, args=(int,))
    thread.start()
    assert calling.wait(20)
    loop.close()
    assert ended.is_set()
    thread.join(20)
    loop.call_soon_threadsafe(int)


def test_what_waits_goes_on_while_a_callback_opens_a_loop_of_its_own(loop: DesktopLoop) -> None:
    async def work() -> None:
        inner = QEventLoop()
        ran: list[str] = []

        def open_menu() -> None:
            QTimer.singleShot(5_000, inner.quit)
            loop.call_later(0.01, lambda: loop.call_soon(inner.quit))
            inner.exec()
            ran.append("closed")

        loop.call_soon(open_menu)
        loop.call_soon(ran.append, "meanwhile")
        ours, theirs = socket.socketpair()
        theirs.send(b"x")
        loop.add_reader(ours, lambda: (loop.remove_reader(ours), ran.append("read")))
        await asyncio.sleep(0.05)
        assert ran == ["meanwhile", "read", "closed"]
        ours.close()
        theirs.close()

    done(loop, work())


def test_the_window_has_its_turns_however_much_there_is_to_do(loop: DesktopLoop) -> None:
    async def work() -> None:
        timer, ticked = ticking(10)
        over = loop.time() + 15.0

        def busy() -> None:
            if not ticked.is_set() and loop.time() < over:
                loop.call_soon(busy)

        for _ in range(20):
            busy()
        await asyncio.wait_for(ticked.wait(), 15)
        timer.stop()

    done(loop, work())
