"""A data folder with a long past, for benchmarks: ten thousand sessions and as many requests."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from app.core.policy import MOST_TURNS_PER_TOKEN
from app.core.session import Session
from app.core.turn import Outcome, TurnRow, Usage
from app.gateway.commands import Commands
from app.gateway.gateway import Gateway
from app.store.key_stores import KeyStoreKind
from app.store.store import DATABASE_FILE, Store
from app.upstream.endpoints import UpstreamEndpoints

_CLIENTS = ("codex_cli_rs/0.169.0 (Debian 12.0.0; x86_64) xterm", "OpenAI/Python 2.8.1", "python-httpx/0.28.1")
_MODELS = ("gpt-6.1-sol", "gpt-5-codex", "gpt-5.5", "gpt-5-mini")


@dataclass(frozen=True, slots=True)
class House:
    """What is in it: the license's key, and the ids of the tokens, the API key's last."""

    key: str
    tokens: tuple[str, ...]


async def furnish(
    folder: Path, endpoints: UpstreamEndpoints, logins: list[str], api_key: str, *, rows: int, streams: int, now: float
) -> House:
    """Add tokens and a license by the commands that a user would give, then write down a past.

    Args:
        folder: the data folder.
        endpoints: of upstream.
        logins: texts of `auth.json`.
        api_key: all sessions whose names begin with `stream-` are pinned to it.
        rows: how many sessions and how many requests there are.
        streams: how many sessions are pinned.
        now: Unix seconds.
    """
    gateway = await Gateway.open(folder, endpoints, key_store_kind=KeyStoreKind.FILE, live=False)
    try:
        commands = Commands(gateway, show=lambda: False, quit=lambda: None)

        async def call(name: str, **params: Any) -> Any:
            return await commands.execute(name, params)

        for number, login in enumerate(logins):
            await call("token.import", text=login, label=f"Login {number + 1}")
        await call("token.add", api_key=api_key, label="Key")
        await call("pool.policy", turns_per_token=MOST_TURNS_PER_TOKEN)
        tokens = tuple(token["id"] for token in await call("token.list"))
        made = await call("license.default")
        for name in ("Laptop", "Night job", "Colleague"):
            await call("license.create", label=name)
    finally:
        await gateway.close()
    store = await Store.open(folder / DATABASE_FILE)
    try:
        random = Random(7)
        for number in range(rows):
            pinned = number < streams
            at = now - 60 - 80_000 * number / rows
            token = tokens[-1] if pinned else random.choice(tokens)
            session = Session(
                id=f"s-{number:08x}",
                license_id=made["id"],
                names=(f"stream-{number}" if pinned else f"0199{random.getrandbits(96):024x}",),
                home_token_id=token,
                current_token_id=token,
                created_at=at - random.uniform(0, 4000),
                last_active_at=at,
                turns=random.randint(1, 60),
                moves=random.choice((0, 0, 0, 1, 2)),
                pinned=pinned,
                client=random.choice(_CLIENTS),
                model=random.choice(_MODELS),
                input_tokens=random.randint(9_000, 900_000),
                cached_tokens=random.randint(0, 9_000),
                output_tokens=random.randint(100, 90_000),
            )
            store.save_session(session)
            store.save_turn(_turn(session, number, random))
            if number % 1_000 == 999:
                # More than it would hold back are given up.
                await store.flush()
        await store.flush()
    finally:
        await store.close()
    return House(made["key"], tokens)


def _turn(session: Session, number: int, random: Random) -> TurnRow:
    digest = f"{random.getrandbits(256):064x}"
    failed = number % 40 == 0
    return TurnRow(
        id=f"r-{number:016x}",
        started_at=session.last_active_at,
        endpoint=random.choice(("responses", "chat/completions")),
        license_id=session.license_id,
        session_id=session.id,
        token_id=session.current_token_id,
        client=session.client,
        peer="127.0.0.1",
        model=session.model,
        effort=random.choice(("low", "high", None)),
        stream=True,
        status=502 if failed else 200,
        error="upstream_unreachable" if failed else None,
        outcome=Outcome.FAILED if failed else Outcome.COMPLETED,
        first_byte_ms=random.uniform(300, 2400),
        total_ms=random.uniform(2_500, 60_000),
        request_bytes=random.randint(9_000, 900_000),
        response_bytes=random.randint(9_000, 90_000),
        request_sha256=digest,
        sent_sha256=digest,
        edits=(),
        usage=None if failed else Usage(session.input_tokens, session.cached_tokens, session.output_tokens, 0),
        note="kept",
    )
