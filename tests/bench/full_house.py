"""A data folder whose store is full: as many turns as it may hold, and a hundred thousand sessions."""

from __future__ import annotations

import asyncio
import shutil
import time
from dataclasses import replace
from pathlib import Path
from random import Random

from app.core.session import Session
from app.core.turn import TurnRow, Usage
from app.store.store import DATABASE_FILE, MAX_AGE_S, MAX_BYTES, Store
from tests.store import samples

SESSIONS = 100_000
#: Turns of a store that somebody has used for a while.
ORDINARY_TURNS, ORDINARY_SESSIONS = 2_000, 200
#: So many sessions are called as the clients of a load call theirs, evenly spread over the past.
CALLED = 200
#: Turns written at once.
_STEP = 2_000
_CLIENTS = ("codex_cli_rs/0.169.0 (Debian 12.0.0; x86_64) xterm", "OpenAI/Python 2.8.1", "python-httpx/0.28.1")
_MODELS = ("gpt-5.5-codex", "gpt-5-codex", "gpt-5-mini")


def fill_house(house: Path, folder: Path, *, full: bool) -> None:
    """Copy a house, and write a past of 30 days into the copy.

    Args:
        house: what is copied; with tokens and a license.
        folder: the copy.
        full: up to what the store may hold, else an ordinary one.
    """
    shutil.copytree(house, folder)
    asyncio.run(_fill(folder / DATABASE_FILE, full=full))


async def _fill(path: Path, *, full: bool) -> None:
    random, now = Random(7), time.time()
    count = SESSIONS if full else ORDINARY_SESSIONS
    store = await Store.open(path)
    try:
        tokens = [stored.token.id for stored in await store.tokens()]
        # The one that there is, and four that somebody has deleted since.
        licenses = [(await store.licenses())[0].license.id, *(f"l-{number}" for number in range(4))]
        # Numbered by their age, the last active one first. The last hour is left out: there the loads' turns will be.
        apart = max(count // CALLED, 1)
        for number in reversed(range(count)):
            name = f"bench-{number // apart}" if number % apart == 0 else f"0199{random.getrandbits(96):024x}"
            at = now - 3600 - (MAX_AGE_S - 2 * 3600) * number / count
            store.save_session(_session(number, name, at, random.choice(tokens), licenses[0]))
            if number % _STEP == 0:
                await store.flush()
        # By time, as they would have come; how many there is room for is known when a step is written.
        wanted = ORDINARY_TURNS
        if full:
            before = await store.size_bytes()
            await _turns(store, random, [now - MAX_AGE_S + 1800] * _STEP, tokens, licenses, count)
            each = (await store.size_bytes() - before) / _STEP
            # A little less: what is over goes at the first upkeep.
            wanted = int((0.97 * MAX_BYTES - before) / each) - _STEP
        span = (MAX_AGE_S - 2 * 3600) / wanted
        for begin in range(0, wanted, _STEP):
            times = [now - MAX_AGE_S + 3600 + span * number for number in range(begin, min(begin + _STEP, wanted))]
            await _turns(store, random, times, tokens, licenses, count)
    finally:
        await store.close()


async def _turns(
    store: Store, random: Random, times: list[float], tokens: list[str], licenses: list[str], sessions: int
) -> None:
    for at in times:
        session_id = f"s-{random.randrange(sessions):08x}"
        store.save_turn(_turn(at, random, session_id, random.choice(tokens), random.choice(licenses)))
    await store.flush()


def _session(number: int, name: str, at: float, token: str, license_id: str) -> Session:
    return Session(
        id=f"s-{number:08x}",
        license_id=license_id,
        names=(name,),
        home_token_id=token,
        current_token_id=token,
        created_at=at - 600,
        last_active_at=at,
        turns=3,
        client=_CLIENTS[number % len(_CLIENTS)],
        model=_MODELS[number % len(_MODELS)],
        input_tokens=90_000,
        cached_tokens=9_000,
        output_tokens=4_000,
    )


def _turn(at: float, random: Random, session_id: str, token: str, license_id: str) -> TurnRow:
    digest = f"{random.getrandbits(256):064x}"
    return replace(
        samples.turn(0, started_at=at, client=_CLIENTS[0]),
        id=f"r-{int(at):08x}-{random.getrandbits(48):012x}",
        license_id=license_id,
        session_id=session_id,
        token_id=token,
        model=_MODELS[0],
        request_sha256=digest,
        sent_sha256=digest,
        usage=Usage(random.randint(9, 90_000), 800, random.randint(9, 9_000), 50),
    )
