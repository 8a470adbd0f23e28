"""A process that rotates the one license of a data folder over and over, to be killed by a test.

Says `rotated` on its standard output as soon as a new key is in use.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from app.gateway.gateway import Gateway
from app.store.key_stores import KeyStoreKind
from app.upstream.endpoints import UpstreamEndpoints


async def main(folder: Path) -> None:
    gateway = await Gateway.open(folder, UpstreamEndpoints(), key_store_kind=KeyStoreKind.FILE, live=False)
    made = await gateway.licenses.create("Ann", None)
    while True:
        await gateway.licenses.rotate(made.license.id)
        print("rotated", flush=True)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
