"""Owning a data folder: the lock, the gateway, and the control channel for as long as the process runs."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from app.commandline.collecting import collecting_in_quiet
from app.commandline.options import InstanceOptions
from app.gateway.commands import Commands
from app.gateway.control import ControlServer
from app.gateway.gateway import Gateway
from app.gateway.handle import LoopHandle
from app.platform.instance import InstanceLock, announce
from app.platform.ports import port_owner


@asynccontextmanager
async def owned_gateway(
    options: InstanceOptions, lock: InstanceLock, show: Callable[[], bool], quit: Callable[[], None]
) -> AsyncIterator[LoopHandle]:
    """Open the gateway (not yet listening) and its control channel.

    The caller has acquired the lock; it is released at the end, after the last write.
    """
    try:
        gateway = await Gateway.open(
            options.data_dir,
            options.endpoints,
            key_store_kind=options.key_store_kind,
            strict=options.strict,
            port_owner=port_owner,
            release_feed=options.release_feed,
        )
        try:
            commands = Commands(gateway, show, quit)
            secret = secrets.token_urlsafe(32)
            control = ControlServer(commands, secret)
            try:
                announce(options.data_dir, await control.start(), secret)
                async with collecting_in_quiet(lambda: bool(gateway.state.active)):
                    yield LoopHandle(gateway, commands)
            finally:
                await control.stop()
        finally:
            await gateway.close()
    finally:
        lock.release()
