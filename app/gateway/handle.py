"""The handle by which a desktop holds a gateway, wherever its loop runs."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any, Protocol

from app.gateway.commands import Commands
from app.gateway.gateway import Gateway
from app.gateway.snapshot import GatewaySnapshot


class GatewayHandle(Protocol):
    """Commands that can be awaited, and immutable snapshots."""

    async def call(self, command: str, **params: Any) -> Any:
        """Carry out a command of `Commands`; raises its `WaystationError`."""

    def snapshot(self) -> GatewaySnapshot:
        """What is true now; an equal revision means that nothing changed."""

    @property
    def active_turns(self) -> int:
        """How many turns run at this very moment, which no snapshot need know yet."""


class LoopHandle:
    """A gateway in the caller's own loop."""

    def __init__(self, gateway: Gateway, commands: Commands) -> None:
        self._gateway = gateway
        self._commands = commands
        self._latest: GatewaySnapshot | None = None

    async def call(self, command: str, **params: Any) -> Any:
        """See `GatewayHandle`."""
        return await self._commands.execute(command, params)

    def snapshot(self) -> GatewaySnapshot:
        """See `GatewayHandle`; made anew only when something changed."""
        state = self._gateway.state
        if self._latest is not None and _rest_ended(self._latest, state.clock.now()):
            # Time alone has changed something.
            state.changed()
        if self._latest is None or self._latest.revision != state.revision:
            self._latest = self._gateway.snapshot()
        return self._latest

    @property
    def active_turns(self) -> int:
        """See `GatewayHandle`."""
        return len(self._gateway.state.active)


def _rest_ended(seen: GatewaySnapshot, now: float) -> bool:
    return any(token.rest_until is not None and token.rest_until <= now for token in seen.tokens)


class ThreadedGateway:
    """An asynchronous context manager that runs another one on a thread with a loop of its own.

    Args:
        open_instance: makes the context manager whose value is the inner handle; it is entered and left
            on the thread's loop.
        new_loop: makes the thread's loop.
    """

    def __init__(
        self,
        open_instance: Callable[[], AbstractAsyncContextManager[GatewayHandle]],
        new_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop,
    ) -> None:
        self._open_instance = open_instance
        self._new_loop = new_loop
        self._loop: asyncio.AbstractEventLoop | None = None
        self._inner: GatewayHandle | None = None
        self._leave = asyncio.Event()
        self._thread: threading.Thread | None = None
        self._published: GatewaySnapshot | None = None
        self._asked = False
        self._abandoned = False
        self._living: asyncio.Task[Any] | None = None

    async def __aenter__(self) -> GatewayHandle:
        """Start the thread and wait until the gateway is open; raises what opening raised.

        Whoever is cancelled while waiting leaves no thread behind.
        """
        caller = asyncio.get_running_loop()
        opened: asyncio.Future[None] = caller.create_future()
        self._closed: asyncio.Future[None] = caller.create_future()

        def settle(future: asyncio.Future[None], error: BaseException | None) -> None:
            if not future.done():
                future.set_result(None) if error is None else future.set_exception(error)

        def tell(future: asyncio.Future[None], error: BaseException | None = None) -> None:
            caller.call_soon_threadsafe(settle, future, error)

        async def live() -> None:
            self._living = asyncio.current_task()
            self._loop = asyncio.get_running_loop()
            if self._abandoned:
                return
            async with self._open_instance() as handle:
                self._inner = handle
                self._published = handle.snapshot()
                tell(opened)
                await self._leave.wait()

        def run() -> None:
            try:
                with asyncio.Runner(loop_factory=self._new_loop) as runner:
                    runner.run(live())
            except asyncio.CancelledError:
                # Only a caller that was cancelled itself cancels us.
                tell(self._closed)
            except BaseException as error:
                # One of the two has somebody who waits for it.
                tell(opened, error)
                tell(self._closed, None if self._inner is None else error)
            else:
                tell(self._closed)

        self._thread = threading.Thread(target=run, name="gateway")
        self._thread.start()
        try:
            await opened
        except asyncio.CancelledError:
            self._abandoned = True
            if self._loop is not None and self._living is not None:
                self._loop.call_soon_threadsafe(self._living.cancel)
            await asyncio.wait([self._closed])
            raise
        except BaseException:
            # The thread still has to say that it has ended; this loop must be there to hear it.
            await asyncio.wait([self._closed])
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the gateway on its loop, and wait for the thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._leave.set)
        await self._closed

    async def call(self, command: str, **params: Any) -> Any:
        """See `GatewayHandle`."""
        if self._loop is None or self._inner is None:
            raise RuntimeError("the gateway's thread has not been entered")
        work = asyncio.run_coroutine_threadsafe(self._carried_out(self._inner, command, params), self._loop)
        return await asyncio.wrap_future(work)

    def snapshot(self) -> GatewaySnapshot:
        """See `GatewayHandle`; as of the last look or the last command, whichever was later."""
        if self._published is None or self._loop is None:
            raise RuntimeError("the gateway's thread has not been entered")
        if not self._asked:
            self._asked = True
            # The loop may have ended just now; then the last snapshot stands.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._publish)
        return self._published

    @property
    def active_turns(self) -> int:
        """See `GatewayHandle`; read across threads, for it is but the length of a mapping."""
        return self._inner.active_turns if self._inner is not None else 0

    async def _carried_out(self, inner: GatewayHandle, command: str, params: dict[str, Any]) -> Any:
        try:
            return await inner.call(command, **params)
        finally:
            self._publish()

    def _publish(self) -> None:
        self._asked = False
        if self._inner is not None:
            self._published = self._inner.snapshot()
