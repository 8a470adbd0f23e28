"""Getting a command to whoever owns the data folder, or carrying it out when nobody does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.commandline.control_client import ask
from app.commandline.importing import modules_read
from app.commandline.options import InstanceOptions, instance_options
from app.core.errors import InstanceRunning, InstanceUnreachable, InvalidInput
from app.platform.instance import InstanceLock, announced, is_owned

#: How long to wait for an instance that is just starting or ending, or for another single command.
#: Longer than a keyring may take that asks the user to unlock it, in seconds.
_PATIENCE_S = 40.0
#: Who takes a connection and is silent for so long hangs; asking again would only take as long again.
_HANGS_S = 5.0
_PAUSE_S = 0.05

#: Gives a command to the owner of the data folder; returns its result.
Deliver = Callable[[str, dict[str, Any]], Any]

#: Stands for "nobody owns the data folder": the lock is ours now.
NOBODY = object()


def ask_owner(lock: InstanceLock, data_dir: Path, name: str, params: dict[str, Any]) -> Any:
    """Ask the running instance; `NOBODY`, with the lock acquired, when there is none.

    Raises:
        InstanceUnreachable: somebody holds the lock, but does not answer.
        RemoteError: the instance refused.
    """
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            lock.acquire()
            return NOBODY
        except InstanceRunning as running:
            failure: InstanceRunning | InstanceUnreachable = running
        info = announced(data_dir)
        if info is not None:
            asked = time.monotonic()
            try:
                return ask(info, name, params)
            except InstanceUnreachable as unreachable:
                failure = unreachable
                if time.monotonic() - asked > _HANGS_S:
                    raise
        if time.monotonic() > deadline:
            raise failure
        time.sleep(_PAUSE_S)


def carry_out(data_dir: Path, environ: Mapping[str, str], name: str, params: dict[str, Any]) -> Any:
    """Have a command carried out, by the running instance or on the data folder itself.

    Raises:
        WaystationError: as the command says, or when the folder's owner does not answer.
    """
    lock = InstanceLock(data_dir)
    answer = ask_owner(lock, data_dir, name, params)
    if answer is not NOBODY:
        return answer
    try:
        return asyncio.run(_once(data_dir, environ, name, params))
    finally:
        lock.release()


def wait_until_ended(data_dir: Path, within_s: float, pause: Callable[[float], None] = time.sleep) -> bool:
    """Whether nobody owns the data folder any more, at the latest after `within_s` seconds."""
    deadline = time.monotonic() + within_s
    # Practice takes its folder away when it ends: taking the lock would make some of it again.
    while is_owned(data_dir):
        if time.monotonic() > deadline:
            return False
        pause(_PAUSE_S)
    return True


@dataclass(frozen=True, slots=True)
class Conversation:
    """Several commands to one instance.

    Attributes:
        call: carries a command out, and returns its result.
        ended: set when the instance was asked to end meanwhile.
    """

    call: Callable[[str, dict[str, Any]], Awaitable[Any]]
    ended: asyncio.Event = field(default_factory=asyncio.Event)


@asynccontextmanager
async def conversation(data_dir: Path, environ: Mapping[str, str]) -> AsyncIterator[Conversation]:
    """Speak with the running instance; when there is none, be one for as long as this takes.

    Raises:
        WaystationError: the folder's owner does not answer, or the folder cannot be used.
    """
    lock = InstanceLock(data_dir)
    # The lock is taken on the thread; it belongs to the process.
    if await asyncio.to_thread(ask_owner, lock, data_dir, "status", {}) is not NOBODY:

        async def call(name: str, params: dict[str, Any]) -> Any:
            info = announced(data_dir)
            if info is None:
                raise InstanceUnreachable("The Waystation that was running has ended.")
            return await asyncio.to_thread(ask, info, name, params)

        yield Conversation(call)
        return
    with modules_read():
        from app.commandline.owner import owned_gateway

    try:
        options = instance_options(data_dir, environ)
        _refuse_memory(options)
        ended = asyncio.Event()
        async with owned_gateway(options, lock, show=lambda: False, quit=ended.set) as handle:
            yield Conversation(lambda name, params: handle.call(name, **params), ended)
    finally:
        lock.release()


async def _once(data_dir: Path, environ: Mapping[str, str], name: str, params: dict[str, Any]) -> Any:
    with modules_read():
        from app.gateway.commands import Commands
        from app.gateway.gateway import Gateway

    options = instance_options(data_dir, environ)
    if name in ("token.add", "token.import", "backup.import"):
        _refuse_memory(options)
    gateway = await Gateway.open(
        data_dir,
        options.endpoints,
        key_store_kind=options.key_store_kind,
        strict=options.strict,
        live=False,
        release_feed=options.release_feed,
    )
    try:
        commands = Commands(gateway, show=lambda: False, quit=lambda: None)
        return await commands.execute(name, params)
    finally:
        await gateway.close()


def _refuse_memory(options: InstanceOptions) -> None:
    from app.store.key_stores import KeyStoreKind

    if options.key_store_kind is KeyStoreKind.MEMORY:
        raise InvalidInput(
            "With WAYSTATION_KEY_STORE=memory a token is kept as long as Waystation runs, and it does not run now. "
            "Start it first, for instance by `waystation serve`."
        )
