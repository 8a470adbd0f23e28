"""The data folder of a benchmark: logins of nobody, one license, an address, and room for all its turns at once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from app.core.policy import MOST_TURNS_PER_TOKEN
from app.gateway.commands import Commands
from app.gateway.gateway import Gateway
from app.practice.accounts import sample_accounts
from app.store.key_stores import KeyStoreKind
from app.upstream.endpoints import UpstreamEndpoints


def build_house(folder: Path, upstream_base_url: str, port: int, *, streams: int) -> str:
    """Make the folder by the commands that a user would give; returns the license's key.

    Args:
        folder: the data folder.
        upstream_base_url: with /codex at its end.
        port: where the gateway shall listen.
        streams: how many turns are to run at once; a token serves only so many.
    """
    return asyncio.run(_build(folder, upstream_base_url, port, streams))


async def _build(folder: Path, upstream_base_url: str, port: int, streams: int) -> str:
    endpoints = UpstreamEndpoints(upstream_base_url, upstream_base_url, upstream_base_url)
    gateway = await Gateway.open(folder, endpoints, key_store_kind=KeyStoreKind.FILE, live=False)
    try:
        commands = Commands(gateway, show=lambda: False, quit=lambda: None)
        sample = sample_accounts()[0]
        # Half as many again: they need not be spread quite evenly.
        for number in range(-(-streams * 3 // (MOST_TURNS_PER_TOKEN * 2))):
            account = replace(
                sample, email=f"bench-{number}@example.com", account_id=f"bench-{number}", user_id="bench"
            )
            await commands.execute("token.import", {"text": account.auth_json()})
        await commands.execute("pool.policy", {"turns_per_token": MOST_TURNS_PER_TOKEN})
        # A start is what keeps the address.
        await commands.execute("gateway.start", {"host": "127.0.0.1", "port": port})
        return str((await commands.execute("license.default", {}))["key"])
    finally:
        await gateway.close()
