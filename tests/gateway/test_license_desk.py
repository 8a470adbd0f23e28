"""What happens to licenses when several things are done to them at once."""

import asyncio
from dataclasses import replace
from pathlib import Path

from app.gateway.gateway import Gateway
from app.store.key_stores import KeyStoreKind
from app.store.store import DATABASE_FILE, Store
from app.upstream.endpoints import UpstreamEndpoints


async def test_a_revoked_license_stays_revoked_while_uses_are_written_down(tmp_path: Path) -> None:
    gateway = await Gateway.open(tmp_path, UpstreamEndpoints(), key_store_kind=KeyStoreKind.MEMORY)
    try:
        made = [(await gateway.licenses.create(None, None)).license for _ in range(5)]
        for item in made:
            gateway.state.licenses[item.id] = replace(item, last_used_at=1.0)
        await asyncio.gather(gateway.licenses.save_uses(), gateway.licenses.revoke(made[-1].id))
        # A second look at the file, as after a crash: closing writes everything once more.
        seen = await Store.open(tmp_path / DATABASE_FILE)
        stored = {item.license.id: item.license for item in await seen.licenses()}
        await seen.close()
        assert stored[made[-1].id].revoked_at is not None
        assert stored[made[0].id].last_used_at == 1.0
    finally:
        await gateway.close()
